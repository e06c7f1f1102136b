"""Taylor series in native code, many runs in lanes."""
