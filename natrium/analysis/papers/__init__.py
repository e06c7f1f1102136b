"""Published results reproduced: a file per paper, one row per claim."""
