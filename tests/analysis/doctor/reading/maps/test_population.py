"""Of neurons side by side a claim is of the one whose input is the claim's, or is it but for a power of ten."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.model import Model, Neuron, Simulation, Step

SCRIPT = """
import numpy as np
dt, tau, rest, theta, n = 0.1, 10.0, -65.0, -50.0, 400
I = np.zeros((3, n))
I[0, 50:] = 26.0
I[1, 50:] = 18.0
I[2, 50:] = 14.0
V = np.full((3, n + 1), rest)
for k in range(n):
    V[:, k + 1] = V[:, k] + dt * (rest - V[:, k] + I[:, k]) / tau
    V[V[:, k + 1] >= theta, k + 1] = rest
"""


@pytest.mark.parametrize(
    ("old", "new", "number", "lines"),
    [
        ("", "", "1", set()),
        ("= 18.0", "= 1.8", "1", {6}),
    ],
    ids=("sound", "scaled"),
)
def test_the_neuron_that_the_claim_is_of_is_read(tmp_path, old, new, number, lines):
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-65.0, v_thresh=-50.0),
        stimulus=Step(18.0, start=5.0),
        simulation=Simulation(t_end=40.0, dt=0.1),
    )
    path = tmp_path / "bank.py"
    path.write_text(SCRIPT.replace(old, new) if old else SCRIPT)
    (reading,) = read_script(path, claim)
    assert {one.line for one in reading.faults} == lines
    assert reading.record.side == number
