"""Native code from the symbolic model: Taylor series in vector lanes, through LLVM."""
