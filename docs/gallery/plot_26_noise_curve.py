"""
Rate and regularity without runs
================================

An exponential neuron under white noise: the Fokker-Planck equation, and a few runs beside it.
"""

import numpy as np

import natrium
from natrium.figures import plot_noise_curve
from natrium.model.files.new import template

model = natrium.loads(template("exponential"))
noise = natrium.Noise(0.0, intensity=4.0, tau=0.0, step=0.1, seed=0)
curve = natrium.noise_curve(model.neuron, noise, np.linspace(2.0, 12.0, 9), runs=10, t_end=8000.0)
figure = plot_noise_curve(curve)
