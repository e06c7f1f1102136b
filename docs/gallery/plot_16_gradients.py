"""
Gradients of spike times
========================

By how much each spike moves with each parameter.
"""

import natrium
from natrium.figures import plot_gradients

figure = plot_gradients(natrium.spike_time_gradients(natrium.notebook.lif_na()))
