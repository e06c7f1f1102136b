"""
Over two parameters
===================

A cell with an M-current: where it rests, fires, or can do either, by its input and the current's conductance.
"""

import natrium
from natrium.figures import plot_map

cell = natrium.Neuron(
    tau_m=20.0, tau_ref=3.0, v_rest=-68.0, v_thresh=-50.0, v_reset=-62.0, refractory="clamp",
    channels=[
        natrium.Channel("M", 1.5, -90.0, [natrium.Gate(
            "w", inf="1/(1 + exp(-(V + 42)/9))",
            tau="400/(3.3*exp((V + 42)/20) + exp(-(V + 42)/20))",
        )]),
    ],
)  # fmt: skip
figure = plot_map(natrium.parameter_map(cell, x=("I", (15.0, 45.0)), y=("g_M", (0.0, 2.0)), rows=5))
