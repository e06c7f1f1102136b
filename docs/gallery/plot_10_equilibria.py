"""
Equilibria
==========

Where the neuron stands still under each input, what is stable, and where rest is lost.
"""

import natrium
from natrium.figures import plot_equilibrium_curve

neuron = natrium.notebook.lif_na().neuron
figure = plot_equilibrium_curve(natrium.equilibrium_curve(neuron), natrium.rheobase(neuron))
