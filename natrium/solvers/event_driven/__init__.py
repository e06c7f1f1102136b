"""SciPy's steps, piece by piece, with every threshold crossing found."""
