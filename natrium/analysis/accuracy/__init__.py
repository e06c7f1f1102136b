"""How far a script is from the truth, and what accuracy costs."""
