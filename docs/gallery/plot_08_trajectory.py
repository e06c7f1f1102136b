"""
A run
=====

V with its spikes, the gates and the input.
"""

import matplotlib.pyplot as plt

import natrium
from natrium.figures import plot_trajectory

run = natrium.run(natrium.notebook.lif_na2())
plot_trajectory(run, gates=True, input=True, fig=plt.figure(figsize=(7.0, 5.5), layout="constrained"))
