"""Periodic input: what fires in step with it, where that begins and ends, and what an input's pulse does."""
