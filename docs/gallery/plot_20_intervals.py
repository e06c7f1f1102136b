"""
Intervals under noise
=====================

The distribution of intervals between spikes, and its mean and variability with 95 % of resamples.
"""

import matplotlib.pyplot as plt
import numpy as np

import natrium
from natrium.figures import plot_intervals

neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
noise = natrium.Noise(16.0, intensity=10.0, tau=0.0, step=0.5, seed=0)
runs = natrium.simulate_many(
    neuron, noise, t_end=2000.0, parameters={"seed_0": np.arange(20)}, solver="closed-form"
)
_, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
plot_intervals(natrium.interval_statistics(runs, t_start=100.0), ax).legend(frameon=False)
