"""Inputs that a loop sets by its clock, after it has read them."""

import pytest

from tests.analysis.doctor.written import equations, taken

SWITCHED = """
R, C, h, I, V, level, fired = 10.0, 1.0, 0.1, {first}, 0.0, 12.0, []
for k in range(600):
    t = k * h
    V = V + h * (-V / (R * C) + I / C)
    if V >= level:
        V = 0.0
        fired.append(t + h)
    {line}
    {more}
"""


@pytest.mark.parametrize(
    ("first", "line", "more", "currents"),
    [
        ("2.0", "if t >= 30.0: I = 0.0", "", [2.0, 0.0]),
        ("0.0", "if t > 10.0: I = 1.5", "", [0.0, 1.5]),
        ("1.5", "if t > 15.0: I = 3.0", "if t > 40.0: I = 0.0", [1.5, 3.0, 0.0]),
    ],
)
def test_a_current_that_the_clock_sets_is_the_input(tmp_path, first, line, more, currents):
    found = taken(tmp_path, SWITCHED.format(first=first, line=line, more=more))
    assert list(equations(found)) == ["dV/dt"]
    assert list(dict.fromkeys(found.record.inputs.tolist())) == currents
    assert found.scheme.key == "euler"
    assert found.faults == ()


def test_a_current_that_a_spike_sets_is_a_state(tmp_path):
    found = taken(tmp_path, SWITCHED.format(first="2.0", line="if V == 0.0: I = 1.0", more=""))
    assert "I" in found.record.states
