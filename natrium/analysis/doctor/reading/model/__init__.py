"""What maps mean: equations, currents, rules, units; a model."""
