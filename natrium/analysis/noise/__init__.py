"""Firing under noise: statistics of intervals, closed forms."""
