"""Firing followed, not sampled: branches of cycles in a parameter, their births and deaths."""
