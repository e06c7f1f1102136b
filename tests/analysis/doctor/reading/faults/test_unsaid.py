"""Numbers that the text gives and the equations do not have: told by the line, without a claim."""

import pytest

from tests.analysis.doctor.written import taken

LEAKY = """
from math import exp
dt, v = 0.1, -70.0
R = 10.0
tau_m = 20.0
keep = exp(-dt / tau_m)
for k in range(300):
    v = v + dt * (-(v + 70.0) + R * 2.5) / tau_m
    if v >= -50.0:
        v = -70.0
"""
STEP = "v = v + dt * (-(v + 70.0) + R * 2.5) / tau_m"
KEPT = "keep = exp(-dt / tau_m)"
EXACT = "v = -45.0 + (v + 45.0) * keep"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([(KEPT, ""), ("tau_m\n", "R\n")], [("time-constant-unread", 8)]),
        ([(KEPT, ""), (" / tau_m\n", "\n")], [("time-constant-unread", 8)]),
        ([(STEP, EXACT), (KEPT, "keep = exp(-dt)")], [("time-constant-unread", 6)]),
        ([], []),
        ([(STEP, EXACT)], []),
        ([(KEPT, ""), ("tau_m\n", "20.0\n")], []),
        ([(KEPT, "C = 3.0"), (" / tau_m\n", " / (R * C)\n")], []),
    ],
    ids=["resistance", "none", "decay", "sound", "exact", "number", "capacitance"],
)
def test_a_time_constant_that_nothing_reads_is_told_where_another_stands(tmp_path, changes, told):
    text = LEAKY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    assert [(one.key, one.line) for one in taken(tmp_path, text).faults] == told


GATED = """
from math import exp
dt, V, n = 0.05, -65.0, 0.3
for k in range(300):
    inf = 1.0 / (1.0 + exp(-(V + 40.0) / 5.0))
    IK = 2.0 * n**4 * (V + 80.0)
    V = V + dt * (12.0 - IK - 0.5 * (V + 60.0))
    n = n + dt * (inf - n) / 3.0
"""
LATER = """
from math import exp
dt, V, n = 0.05, -65.0, 0.3
for k in range(300):
    n = n + dt * (1.0 / (1.0 + exp(-(V + 40.0) / 5.0)) - n) / 3.0
    IK = 2.0 * n**4 * (V + 80.0)
    V = V + dt * (12.0 - IK - 0.5 * (V + 60.0))
"""


@pytest.mark.parametrize(
    ("new", "line"),
    [("2.0 * n*4", 6), ("2.0*n*3", 6), ("n*4", 6), ("4*n", 0), ("2.0 * n", 0), ("2.0 * n**3", 0)],
)
@pytest.mark.parametrize("text", [GATED, LATER], ids=["at-once", "gates-first"])
def test_a_power_that_is_written_as_a_factor_is_told(tmp_path, text, new, line):
    found = taken(tmp_path, text.replace("2.0 * n**4", new))
    assert [(one.key, one.line) for one in found.faults] == ([("power", line)] if line else [])
