"""The original script's scheme and its kin."""
