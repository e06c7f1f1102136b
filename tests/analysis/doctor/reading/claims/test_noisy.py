"""A script that draws noise beside a model that has it: told by its law."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import Model, Neuron, Noise, Simulation

SCRIPT = """
import numpy as np
np.random.seed(3)
dt, tau, rest, theta = 1e-4, 0.02, -0.070, -0.054
mu, sigma = 0.0145, 0.002
v = np.full(3000, rest)
for i in range(2999):
    noise = sigma * np.sqrt(2 * dt / tau) * np.random.randn()
    v[i + 1] = v[i] + dt * (rest - v[i] + mu) / tau + noise
    if v[i + 1] >= theta:
        v[i + 1] = -0.065
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", set()),
        ("sqrt(2 * dt", "sqrt(dt", {("noise-scaled", 8)}),
        ("mu, sigma = 0.0145", "mu, sigma = 0.0154", {("number-differs", 5)}),
    ],
    ids=("sound", "scaled", "mean"),
)
def test_white_noise_is_held_against_the_claims_by_its_law(tmp_path, old, new, told):
    """Its mean is in the script's equation; no seed gives the numbers that the other drew."""
    claim = Model(
        neuron=Neuron(tau_m=20.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-54.0, v_reset=-65.0),
        stimulus=Noise(mean=14.5, intensity=2.0 * 40.0**0.5, tau=0.0, step=0.1, seed=1),
        simulation=Simulation(t_end=300.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new) if old else SCRIPT)
    faults = read(traced(path), claim=claim, solve=False).faults
    assert {(one.key, one.line) for one in faults} == told
