"""
Locking tongues
===============

Where a leaky neuron locks to a sine, over its period and amplitude. From 3 mV on V may turn back just below
the threshold, and locking ends where it grazes.
"""

import numpy as np

import natrium
from natrium.figures import plot_tongues

neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
drive = natrium.Sine(3.0, frequency=50.0, offset=18.0)
ratios = [(1, 2), (2, 3), (1, 1), (3, 2), (2, 1)]
figure = plot_tongues(
    natrium.locking_tongues(neuron, drive, np.linspace(0.5, 4.5, 9), between=(8.0, 56.0), ratios=ratios)
)
