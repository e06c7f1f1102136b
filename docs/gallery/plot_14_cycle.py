"""
Periodic firing
===============

The cycle from reset to reset, and by how much a push at each phase advances the next spike.
"""

import natrium
from natrium.figures import plot_cycle

cycle = natrium.limit_cycle(natrium.notebook.lif_na().neuron, 10.0)
figure = plot_cycle(cycle, natrium.phase_response(cycle))
