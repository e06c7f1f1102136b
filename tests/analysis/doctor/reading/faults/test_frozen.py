"""A gate that never moves is told where the script should move it, however it is written."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from tests.analysis.doctor.written import taken

LOOP = """
import numpy as np
dt, v, w, u = 0.1, -70.0, 0.2, 0.6
for k in range(80):
    dw = 0.02 * np.exp(v / 40.0) * (1.0 - w) - 0.3 * w
    du = 0.07 * np.exp(-v / 40.0) * (1.0 - u) - 0.4 * u
    i_w = 2.0 * w * u * (-80.0 - v)
    w = w + dt * dw
    u = u + dt * du
    v = v + dt * (-70.0 - v + 40.0 + i_w) / 10.0
    w = np.clip(w, 0, 1)
    u = np.clip(u, 0, 1)
    if v >= -55.0:
        v = -72.0
"""

ARRAYS = """
import numpy as np
n, dt = 80, 0.1
v, w, u = np.full(n, -70.0), np.full(n, 0.2), np.full(n, 0.6)
for i in range(1, n):
    w[i] = w[i - 1] + dt * (0.02 * np.exp(v[i - 1] / 40.0) * (1.0 - w[i - 1]) - 0.3 * w[i - 1])
    u[i] = u[i - 1] + dt * (0.07 * np.exp(-v[i - 1] / 40.0) * (1.0 - u[i - 1]) - 0.4 * u[i - 1])
    v[i] = v[i - 1] + dt * (-30.0 - v[i - 1] + 2.0 * w[i - 1] * u[i - 1] * (-80.0 - v[i - 1])) / 10.0
    if v[i] >= -55.0:
        v[i] = -72.0
"""

VECTOR = """
import numpy as np
def slopes(y):
    v, w, u = y
    dw = 0.02 * np.exp(v / 40.0) * (1.0 - w) - 0.3 * w
    du = 0.07 * np.exp(-v / 40.0) * (1.0 - u) - 0.4 * u
    return np.array([(-30.0 - v + 2.0 * w * u * (-80.0 - v)) / 10.0, dw, du])
y, dt = np.array([-70.0, 0.2, 0.6]), 0.1
for k in range(80):
    y = y + dt * slopes(y)
    if y[0] >= -55.0:
        y[0] = -72.0
"""

FROZEN = [
    (LOOP, "    u = u + dt * du\n", "", 8),  # left out: beside what moves the other
    (LOOP, "u = u + dt * du", "u_new = u + dt * du", 9),
    (LOOP, "du = 0.07 * np.exp(-v / 40.0) * (1.0 - u) - 0.4 * u", "du = 0.0", 6),
    (ARRAYS, ARRAYS.splitlines()[6] + "\n", "", 6),
    (ARRAYS, ARRAYS.splitlines()[6].strip(), "u[i] = u[i - 1]", 7),
    (VECTOR, "dw, du]", "dw, 0.0]", 7),
    (VECTOR, VECTOR.splitlines()[5].strip(), "du = 0 * u", 6),
]


def held(path, text, claim):
    path.write_text(text)
    return read(traced(path, claim=claim), claim=claim, solve=False)


DEAR = [pytest.param(*one, marks=pytest.mark.slow) for one in FROZEN[1:]]


@pytest.mark.parametrize(("text", "old", "new", "line"), [FROZEN[0], *DEAR])
def test_a_gate_that_never_moves_is_told_where_it_should_be_moved(tmp_path, text, old, new, line):
    path = tmp_path / "script.py"
    claim = held(path, text, None).model
    assert held(path, text, claim).faults == ()
    assert text.count(old) == 1
    reading = held(path, text.replace(old, new), claim)
    assert [(one.key, one.line) for one in reading.faults] == [("gate-frozen", line)]
    assert "u never moves: it stays at 0.6 " in reading.faults[0].said


@pytest.mark.slow
def test_a_steady_state_in_the_place_of_a_gate_is_no_frozen_one(tmp_path):
    path = tmp_path / "script.py"
    claim = held(path, LOOP, None).model
    rates = "(0.07 * np.exp(-v / 40.0)) / (0.07 * np.exp(-v / 40.0) + 0.4)"
    reading = held(path, LOOP.replace("u = u + dt * du", f"u = {rates}"), claim)
    assert "gate-frozen" not in {one.key for one in reading.faults}
    assert reading.faults


AXON = """
from math import exp
def alpha_m(v): return 0.1 * (v + 40.0) / (1.0 - exp(-(v + 40.0) / 10.0))
def beta_m(v): return 4.0 * exp(-(v + 65.0) / 18.0)
def alpha_y(v): return 0.07 * exp(-(v + 65.0) / 20.0)
def beta_y(v): return 1.0 / (1.0 + exp(-(v + 35.0) / 10.0))
dt, v, m, y, N = 0.02, -65.0, 0.05, 0.6, 200
for k in range(N):
    m = m + dt * (alpha_m(v) * (1.0 - m) - beta_m(v) * m)
    y = y + dt * (alpha_y(v) * (1.0 - y) - beta_y(v) * y)
    v = v + dt * (5.0 - 0.3 * (v + 54.4) - 40.0 * m**3 * y * (v - 50.0))
"""
M, Y = AXON.splitlines(keepends=True)[8:10]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (AXON, []),
        (AXON.replace(Y, ""), [9]),  # after m's line y's is missing
        (AXON.replace(M, ""), [9]),  # before y's line m's is missing
        (AXON.replace(Y, "    y = y\n"), [10]),
        (AXON.replace(Y, "    m = min(max(m, 0.0), 1.0)\n"), [9]),  # a clip moves nothing
        # A part that stays as it is, and has no rates, is a number.
        (AXON.replace(Y, "").replace("y * (", "part * (").replace("m, y, N", "m, part, N"), []),
    ],
)
def test_a_gate_that_no_step_moves_is_told(tmp_path, text, lines):
    assert [one.line for one in taken(tmp_path, text).faults] == lines
