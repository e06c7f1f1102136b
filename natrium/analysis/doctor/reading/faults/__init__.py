"""Faults and costs that are seen without a claim."""
