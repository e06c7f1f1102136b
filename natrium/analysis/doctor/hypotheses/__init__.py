"""What an object's increments say its equation and its rules are."""
