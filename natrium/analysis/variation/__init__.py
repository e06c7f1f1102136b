"""Derivatives of runs by states and parameters, and what they are good for: gradients, fits."""
