"""What a script's text tells beside its run."""
