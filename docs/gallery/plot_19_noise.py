"""
Firing under noise
==================

Rate and variability in closed form, and as runs have them.
"""

import numpy as np

import natrium
from natrium.figures import plot_noise

neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
noises = [
    natrium.Noise(mean, intensity=10.0, tau=0.0, step=0.5, seed=0) for mean in np.linspace(8.0, 20.0, 5)
]
statistics = [
    natrium.interval_statistics(
        natrium.simulate_many(
            neuron,
            noise,
            t_end=2000.0,
            parameters={"seed_0": np.arange(20)},
            solver="closed-form",
        ),
        t_start=100.0,
    )
    for noise in noises
]
figure = plot_noise(natrium.analysis.noise_rates(neuron, noises), statistics)
