"""NEURON's language for channels, NMODL, read through NEURON's own parser."""
