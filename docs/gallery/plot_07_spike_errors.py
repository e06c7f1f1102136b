"""
The error of each spike
=======================

Along a train of spikes, method by method.
"""

import natrium
from natrium.figures import plot_spike_errors

study = natrium.compare(natrium.notebook.lif_na())
figure = plot_spike_errors(study, "Error of each spike")
