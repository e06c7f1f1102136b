"""
Orders of convergence
=====================

The largest error of a spike against the step, with the order that was observed.
"""

import natrium
from natrium.figures import plot_convergence

truth = natrium.reference(natrium.notebook.lif_na())
exact = {"refractory": "exact", "label": "end", "read": "split"}
methods = [
    natrium.FixedStep(dt=0.1, scheme="euler", label="end"),
    natrium.FixedStep(dt=0.1, scheme="euler", spike_time="linear", **exact),
    natrium.FixedStep(dt=0.1, scheme="heun", spike_time="linear", **exact),
    natrium.FixedStep(dt=0.1, scheme="rk4", spike_time="cubic", **exact),
]
found = [natrium.convergence(method, truth) for method in methods]
figure = plot_convergence(found, "Errors against the step")
