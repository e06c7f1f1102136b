"""What the samples of a whole script, without its code, say about how they were made."""
