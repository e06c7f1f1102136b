"""A script's text changed in one place at a time, run and read again: which change makes it the claim's."""
