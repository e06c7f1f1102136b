"""Imported channels held against NEURON itself."""
