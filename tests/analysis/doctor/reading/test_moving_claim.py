"""A claim whose threshold moves with a state of its own."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.model import Constant, HybridNeuron, Model, Simulation

SCRIPT = """
dt, tau, E, th0, tau_th, jump = 0.1, 12.0, -70.0, -52.0, 40.0, 4.0
V, th = E, th0
trace, fired = [], []
for k in range(800):
    V, th = V + dt * (E - V + 26.0) / tau, th + dt * (th0 - th) / tau_th
    if V >= th:
        V = E
        th += jump
        fired.append((k + 1) * dt)
    trace.append(V)
"""
CLAIM = Model(
    neuron=HybridNeuron(
        equations={"V": "(E - V + I)/tau", "th": "(th0 - th)/tau_th"},
        parameters={"E": -70.0, "tau": 12.0, "th0": -52.0, "tau_th": 40.0},
        initial={"V": -70.0, "th": -52.0},
        v_thresh="th",
        reset={"V": "E", "th": "th + 4"},
    ),
    stimulus=Constant(26.0),
    simulation=Simulation(t_end=80.0, dt=0.1),
)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "", 0),
        ("if V >= th:", "if V >= th + 1.0:", 7),
        pytest.param("(th0 - th) / tau_th", "(th0 - th) / tau", 6, marks=pytest.mark.slow),
        pytest.param("jump = 0.1, 12.0, -70.0, -52.0, 40.0, 4.0", "jump = 0.1, 12.0, -70.0, -52.0, 40.0, 5.0", 2,
                     marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_threshold_that_moves_is_held_against_the_claims(tmp_path, old, new, line):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new))
    (reading,) = read_script(path, CLAIM)
    assert {one.line for one in reading.faults} == ({line} if line else set())
