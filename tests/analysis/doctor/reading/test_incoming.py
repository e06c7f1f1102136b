"""Spikes that come in before a step or after it, and those of a claim."""

import numpy as np
import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.script import traced
from natrium.analysis.doctor.reading.verdict import read

SCRIPT = """
dt, tau, tau_s, rest, theta, t_ref = 0.1, 10.0, 4.0, -65.0, -60.0, 1.0
arriving = {10, 15, 20, 24, 28, 100, 101, 140, 200, 203, 206, 209, 212, 260}
others = {50, 60, 150}
w, steps_ref = 7.0, int(round(t_ref / dt))
V, x, s, left = rest, 0.0, 0.0, 0
trace = []
for k in range(300):
    if k in arriving:
        x += w
    if left > 0:
        left -= 1
    else:
        V += dt * (rest - V + s) / tau
        if V >= theta:
            V = rest
            left = steps_ref
    x, s = x - dt * x / tau_s, s + dt * (x - s) / tau_s
    trace.append(V)
"""
LATE = SCRIPT.replace("    if k in arriving:\n        x += w\n", "").replace(
    "    trace.append(V)", "    if k + 1 in arriving:\n        x += w\n    trace.append(V)"
)
ORDERS = {"before": (SCRIPT, True), "after": (LATE, False)}


@pytest.fixture(scope="module")
def claim(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "script.py"
    path.write_text(SCRIPT)
    return read(traced(path), solve=False).model


@pytest.mark.parametrize("order", ORDERS)
def test_spikes_come_in_before_a_step_or_after_it(tmp_path, order):
    text, early = ORDERS[order]
    path = tmp_path / "script.py"
    path.write_text(text)
    reading = read(traced(path), solve=False)
    (kick,) = reading.maps.kicks
    assert kick.early is early
    assert np.all(kick.weights == 7.0)
    (train,) = [one for one in reading.model.stimulus.parts if one.kind == "spikes"]
    assert (train.target, train.weight) == ("x", 7.0)
    steps = [10, 15, 20, 24, 28, 100, 101, 140, 200, 203, 206, 209, 212, 260]  # held ones and firing ones too
    assert train.times == pytest.approx([0.1 * k for k in steps], abs=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("", "", None, 0),
        ("        x += w", "        s += w", "spikes-target", 10),
        pytest.param("w, steps_ref = 7.0", "w, steps_ref = 9.0", "spikes-weight", 5, marks=pytest.mark.slow),
        pytest.param("if k in arriving", "if k in others", "spikes-times", 9, marks=pytest.mark.slow),
        pytest.param("        x += w", "        pass", "spikes-missing", 14, marks=pytest.mark.slow),
    ],
)
def test_spikes_that_come_in_are_held_against_the_claims(claim, tmp_path, old, new, key, line):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new))
    (reading,) = read_script(path, claim)
    assert {one.key for one in reading.faults} == ({key} if key else set())
    assert {one.line for one in reading.faults} == ({line} if key else set())
