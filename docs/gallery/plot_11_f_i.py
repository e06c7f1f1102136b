"""
Rate against input
==================

The steady rate, with the law of its onset.
"""

import numpy as np

import natrium
from natrium.figures import plot_f_i

neuron = natrium.notebook.lif_na().neuron
figure = plot_f_i(natrium.f_i_curve(neuron, np.linspace(4.0, 25.0, 22)), natrium.onset(neuron))
