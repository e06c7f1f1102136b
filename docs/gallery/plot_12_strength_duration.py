"""
Strength and duration
=====================

The least pulse that makes a resting cell fire.
"""

import numpy as np

import natrium
from natrium.figures import plot_strength_duration

neuron = natrium.notebook.lif_na().neuron
figure = plot_strength_duration(natrium.strength_duration(neuron, np.geomspace(0.1, 100.0, 16)))
