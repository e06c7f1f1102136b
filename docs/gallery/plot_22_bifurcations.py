"""
Rests and cycles along the input
================================

Morris and Lecar's cell: firing begins where rest and saddle vanish, and ends at a fold of cycles; from the
Hopf point to there rest and firing are both stable.
"""

import natrium
from natrium.figures import plot_bifurcations
from natrium.model.files.new import template

neuron = natrium.loads(template("morris-lecar")).neuron
figure = plot_bifurcations(natrium.bifurcation_diagram(neuron, between=(0.0, 150.0)))
