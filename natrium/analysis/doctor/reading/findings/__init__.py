"""What is found in a script, where it stands, and what it moves."""
