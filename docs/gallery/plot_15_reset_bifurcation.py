"""
Firing against the reset
========================

The intervals to which an adaptive exponential neuron settles, for each of its resets: periods double, and
chaos sets in (Touboul & Brette 2008, doi 10.1007/s00422-008-0267-4).
"""

import numpy as np

import natrium
from natrium.figures import plot_reset_bifurcation

cell = natrium.HybridNeuron(
    equations={
        "V": "(-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_T)/Delta_T) - w + I)/C",
        "w": "(a*(V - E_L) - w)/tau_w",
    },
    parameters={
        "C": 281.0, "g_L": 30.0, "E_L": -70.6, "V_T": -50.4, "Delta_T": 2.0,
        "a": 4.0, "tau_w": 40.0, "b": 80.0, "v_reset": -48.0,
    },
    initial={"V": -70.6, "w": 0.0},
    v_thresh=-40.4,
    reset={"V": "v_reset", "w": "w + b"},
)  # fmt: skip
resets = np.linspace(-48.3, -47.7, 61)
figure = plot_reset_bifurcation(
    natrium.reset_bifurcation(
        cell, 800.0, "v_reset", resets, transient=30, count=24, follow=True, lyapunov=False
    )
)
