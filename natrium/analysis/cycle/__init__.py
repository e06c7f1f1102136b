"""Periodic firing: return maps, cycles, orbits, phase responses."""
