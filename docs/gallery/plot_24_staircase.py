"""
Devil's staircase
=================

Spikes per period of a sine against its period: firing is locked on plateaus, whose ends are followed.
"""

import natrium
from natrium.figures import plot_staircase

neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
drive = natrium.Sine(3.0, frequency=50.0, offset=18.0)
figure = plot_staircase(natrium.devils_staircase(neuron, drive, between=(8.0, 46.0), points=121, highest=3))
