"""An input that each step adds as it is, beside a decay with the step in it, is one that is held."""

import pytest

from natrium.analysis.doctor import read_script

DECAYED = """
import math
dt, tau, v, i, trace = 0.5, 20.0, 0.0, 0.3, []
decay = {decay}
for n in range(400):
    v = decay * v + {added}
    if v >= 1.0:
        v = 0.0
    trace.append(v)
"""


@pytest.mark.parametrize(
    ("decay", "scheme", "lost"),
    [("math.exp(-dt / tau)", "exponential", 0.024690087971667), ("1 - dt / tau", "euler", 0.025)],
)
def test_what_a_step_adds_is_an_input_that_is_held(tmp_path, decay, scheme, lost):
    path = tmp_path / "script.py"
    path.write_text(DECAYED.format(decay=decay, added="i"))
    (reading,) = read_script(path)
    assert reading.replay.off == -1
    assert not reading.faults
    assert reading.scheme.key.startswith(scheme)
    assert ("input-per-step", 6) in [(one.key, one.line) for one in reading.rules]
    assert reading.model is not None
    assert reading.model.neuron.tau_m == pytest.approx(20.0)
    assert reading.model.stimulus(5.0) == pytest.approx(0.3 / lost)


LEVEL = """
import math
dt, v, theta, spikes = 0.1, -65.0, -50.0, []
theta_0 = -50.0
fade = math.exp(-dt / 30.0)
for n in range(900):
    theta = theta_0 + theta * fade
    v += dt / 10.0 * (-65.0 - v + 25.0)
    if v >= theta:
        v = -65.0
        spikes.append(n * dt)
"""


def test_a_level_that_is_added_in_each_step_is_no_input(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(LEVEL)
    (reading,) = read_script(path)
    assert "input-per-step" not in [one.key for one in reading.findings]


LAYER = """
import numpy as np
class Layer:
    def __init__(self, n, dt=1e-3):
        self.alpha, self.beta = np.exp(-dt / 5e-3), np.exp(-dt / 20e-3)
        self.syn, self.mem = np.zeros(n), np.zeros(n)
    def forward(self, spikes):
        self.syn = self.alpha * self.syn + spikes
        self.mem = self.beta * self.mem + (1 - self.beta) * self.syn
        out = self.mem > 1.0
        self.mem = self.mem - out * 1.0
        return out
rng = np.random.default_rng(3)
layer, raster = Layer(2), np.zeros((400, 2))
for k in range(400):
    raster[k] = layer.forward(np.array([0.9, 1.2]) * (rng.random(2) < 0.4))
"""


def test_what_a_layer_is_sent_in_a_step_is_one_input(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(LAYER)
    (reading,) = read_script(path)
    assert reading.replay.off == -1
    assert not reading.faults
    assert reading.scheme.key != "other"
    assert reading.model is not None


def test_what_is_scaled_by_the_step_is_as_it_was(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(DECAYED.format(decay="math.exp(-dt / tau)", added="(1 - decay) * 40.0 * i"))
    (reading,) = read_script(path)
    assert "input-per-step" not in [one.key for one in reading.findings]
    assert reading.model is not None
    assert reading.model.stimulus(5.0) == pytest.approx(12.0)
