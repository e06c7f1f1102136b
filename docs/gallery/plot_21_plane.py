"""
A plane of one's own
====================

One plane in an axis that is given: FitzHugh and Nagumo's cell, from its template.
"""

import matplotlib.pyplot as plt

import natrium
from natrium.figures import plot_phase_plane
from natrium.model.files.new import template

neuron = natrium.loads(template("fitzhugh-nagumo")).neuron
_, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
plot_phase_plane(natrium.phase_plane(neuron, 0.5), ax)
