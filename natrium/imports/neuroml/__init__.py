"""NeuroML 2 channels, read as plain XML."""
