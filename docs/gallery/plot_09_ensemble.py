"""
Many runs
=========

A raster and rates of one neuron under two hundred inputs.
"""

import matplotlib.pyplot as plt
import numpy as np

import natrium
from natrium.figures import plot_ensemble

neuron = natrium.notebook.lif_na().neuron
runs = natrium.simulate_many(neuron, t_end=300.0, grid={"I": np.linspace(0.0, 40.0, 200)})
plot_ensemble(runs, fig=plt.figure(figsize=(7.0, 5.0), layout="constrained"))
