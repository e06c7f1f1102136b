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


COLOURED = Model(
    neuron=Neuron(tau_m=20.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-54.0, v_reset=-65.0),
    stimulus=Noise(mean=14.0, sigma=4.0, tau=5.0, step=0.1, seed=1),
    simulation=Simulation(t_end=150.0, dt=0.1),
)
BY_EULER = """
import numpy as np
rng = np.random.default_rng(5)
dt, tau, rest, theta = 0.1, 20.0, -70.0, -54.0
mu = 14.0
sigma = 4.0
tau_n = 5.0
v, x = np.full(1500, rest), np.full(1500, mu)
for i in range(1499):
    x[i + 1] = x[i] + (mu - x[i]) * dt / tau_n + sigma * np.sqrt(2 * dt / tau_n) * rng.standard_normal()
    v[i + 1] = v[i] + dt * (rest - v[i] + x[i]) / tau
    if v[i + 1] >= theta:
        v[i + 1] = -65.0
"""
EXACT = """
import numpy as np
rng = np.random.default_rng(5)
dt, tau, rest, theta = 0.1, 20.0, -70.0, -54.0
mu, sigma, tau_n = 14.0, 4.0, 5.0
keep = np.exp(-dt / tau_n)
v, eta = rest, 0.0
for i in range(1500):
    eta = keep * eta + sigma * np.sqrt(1 - keep**2) * rng.normal()
    v += dt * (rest - v + mu + eta) / tau
    if v >= theta:
        v = -65.0
"""


@pytest.mark.parametrize(
    ("script", "old", "new", "told"),
    [
        (BY_EULER, "", "", set()),
        (EXACT, "", "", set()),
        (BY_EULER, "x[i]) / tau", "x[i + 1]) / tau", set()),
        (BY_EULER, "mu = 14.0", "mu = 12.0", {("noise-mean", 5)}),
        (BY_EULER, "sigma = 4.0", "sigma = 6.0", {("noise-scaled", 6)}),
        (BY_EULER, "tau_n = 5.0", "tau_n = 50.0", {("noise-tau", 7)}),
        (BY_EULER, "* dt / tau_n +", "* dt +", {("noise-tau", 10)}),
        (BY_EULER, "sqrt(2 * dt", "sqrt(dt", {("noise-scaled", 10)}),
        (EXACT, "1 - keep", "1 + keep", {("noise-scaled", 9)}),
        (EXACT, "rest - v", "rest + v", {("leak-away", 10)}),
    ],
)
def test_noise_with_a_memory_is_the_input_that_the_claim_has(tmp_path, script, old, new, told):
    """By Euler's step or exactly, with the mean in it or beside it, read before or after it moves."""
    path = tmp_path / "script.py"
    path.write_text(script.replace(old, new) if old else script)
    found = read(traced(path), claim=COLOURED, solve=False)
    assert {(one.key, one.line) for one in found.faults} == told
    assert not {one.key for one in found.findings} & {"extra-state", "noise-by-dt"}


def test_without_a_claim_such_noise_is_a_state(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(BY_EULER)
    assert set(read(traced(path), solve=False).data()["equations"]) == {"dv/dt", "dx/dt"}
