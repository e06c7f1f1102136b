"""Resets within a right-hand side."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

CELL = """
from scipy.integrate import odeint, solve_ivp
import numpy as np
c, top = -60.0, 30.0
def flow(t, y):
    v, u = y
    {line}
    return [0.03 * (v + 60.0) * (v + 42.0) - u + 12.0, 0.03 * (0.2 * (v + 60.0) - u)]
sol = {call}
"""
CALLS = {
    "solve_ivp": "solve_ivp(flow, (0.0, 4.0), [-60.0, 0.0], max_step=0.1)",
    "odeint": "odeint(flow, [-60.0, 0.0], np.linspace(0.0, 4.0, 41), tfirst=True)",
    "lambda": "solve_ivp(lambda t, y: flow(t, y), (0.0, 4.0), [-60.0, 0.0], max_step=0.1)",
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("if v >= top: v, u = c, u + 4.0", 7),
        ("if y[0] >= top: y[0] = c", 7),
        ("if v > top: v = top", 0),
        ("if t > 2.0: u = u + 0.0", 0),
    ],
)
def test_what_a_right_hand_side_sets_is_forgotten(tmp_path, call, line, told):
    (tmp_path / "script.py").write_text(CELL.format(line=line, call=CALLS[call]))
    found = read(traced(tmp_path / "script.py"), solve=False)
    assert [one.line for one in found.faults if one.key == "reset-in-flow"] == ([told] if told else [])


@pytest.mark.parametrize(("slope", "told"), [("since", [8]), ("0.0", []), ("-since", []), ("v", [])])
def test_a_state_is_not_its_own_slope(tmp_path, slope, told):
    text = """
from scipy.integrate import solve_ivp
def flow(t, y, tau=9.0, held=2.0):
    v, since = y
    if t - since < held:
        return [0.0, 0.0]
    dv = (-60.0 - v + 12.0) / tau
    return [dv, {slope}]
sol = solve_ivp(flow, (0.0, 4.0), [-60.0, -10.0], max_step=0.1)
"""
    (tmp_path / "script.py").write_text(text.format(slope=slope))
    found = read(traced(tmp_path / "script.py"), solve=False)
    assert [one.line for one in found.faults if one.key == "own-slope"] == told
