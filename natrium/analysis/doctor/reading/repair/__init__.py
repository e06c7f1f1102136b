"""The smallest change that makes an expression what it should be."""
