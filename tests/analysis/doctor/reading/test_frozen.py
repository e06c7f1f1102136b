"""Gates that nothing moves, told by the line where they should be."""

import pytest

from tests.analysis.doctor.written import taken

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
        # A part that stays as it is, and has no rates, is a number.
        (AXON.replace(Y, "").replace("y * (", "part * (").replace("m, y, N", "m, part, N"), []),
    ],
)
def test_a_gate_that_no_step_moves_is_told(tmp_path, text, lines):
    assert [one.line for one in taken(tmp_path, text).faults] == lines
