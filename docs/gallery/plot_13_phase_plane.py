"""
The phase plane
===============

Nullclines, equilibria, the saddle's manifolds, threshold and reset, and the model's own course.
"""

import natrium
from natrium.figures import plot_phase_planes

figure = plot_phase_planes(natrium.phase_plane(natrium.notebook.lif_na().neuron, 10.0))
