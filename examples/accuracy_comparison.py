"""How far is your own Euler class from the truth, and how fast does it get nearer?

Put your class in place of `MyNeuron`: all that is asked of it is ``update(dt, current) -> V``.
Writes a figure into the folder given (by default ``accuracy_example``).
"""

import math
import sys
from pathlib import Path

import numpy as np

import natrium
from natrium.figures import plot_convergence


class MyNeuron:
    """A leaky integrate-and-fire neuron with one sodium channel, by forward Euler."""

    def __init__(self):
        self.V, self.m, self.h, self.held = -70.0, 0.0, 1.0, 0

    def update(self, dt, current):
        if self.held > 0:
            self.held -= 1
            return self.V
        V, m, h = self.V, self.m, self.h
        a_m = 0.1 * (V + 40) / (1 - math.exp(-(V + 40) / 10))
        a_h, b_h = 0.07 * math.exp(-(V + 65) / 20), 1 / (1 + math.exp(-(V + 35) / 10))
        self.m += dt * (a_m * (1 - m) - 4 * math.exp(-(V + 65) / 18) * m)
        self.h += dt * (a_h * (1 - h) - b_h * h)
        self.V += dt * (-(V + 70) + current + 120 * m**3 * h * (50 - V)) / 10
        if self.V >= -55:
            self.V, self.held = -70.0, round(2.0 / dt)
        return self.V


def my_spikes(dt):
    """Run it and give the times at which it was reset, labelled by the end of the step."""
    neuron, spikes, before = MyNeuron(), [], 0
    for k in range(round(100.0 / dt)):
        neuron.update(dt, 10.0 if k * dt >= 20.0 else 0.0)
        if neuron.held > before:
            spikes.append((k + 1) * dt)
        before = neuron.held
    return spikes


model = natrium.Model(
    neuron=natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"]]),
    stimulus=natrium.Step(10.0, start=20.0),
    simulation=natrium.Simulation(t_end=100.0),
)
truth = natrium.reference(model)
for time, error in zip(truth.spike_times, truth.spike_time_errors, strict=True):
    print(f"true spike: {time:.9f} ± {error:.0e} ms")

steps = (0.1, 0.079, 0.063, 0.05, 0.04, 0.0313, 0.025, 0.02, 0.0157, 0.0125, 0.01)
mine = natrium.convergence(my_spikes, truth, steps, name="my Euler class")
for row in mine.table():
    print(f"dt = {row['dt_ms']:<6g} ms   largest error {row['spike_error_ms']:.4f} ms")
print(f"observed order {mine.order.value:.2f} ± {mine.order.uncertainty:.2f}")

better = natrium.FixedStep(
    dt=0.1, scheme="rk4", spike_time="cubic", refractory="exact", label="end", read="split", edges="half-open"
)
best = natrium.convergence(better, truth, steps, name="RK4, cubic")
print(f"RK4 with interpolated spikes, dt = {steps[-1]:g} ms: {np.nanmin(best.spike_errors):.1e} ms")

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "accuracy_example")
folder.mkdir(parents=True, exist_ok=True)
plot_convergence([mine, best], "My script and RK4 against the truth").savefig(folder / "accuracy.png")
print(f"figure: {folder / 'accuracy.png'}")
