"""Models of other simulators, read: NEURON's channels (NMODL), NeuroML's, XPP's equations."""

from natrium.imports.doors import import_model as import_model
