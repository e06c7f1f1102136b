"""Text and SymPy: what is read, how it is written down, and its smooth form."""
