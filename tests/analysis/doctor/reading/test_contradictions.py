"""Numbers and signs of small scripts that cannot all be meant: the one line that is wrong in each."""

import pytest

from tests.analysis.doctor.written import taken

EXACT = """
from math import exp
dt, tau, tau_w, v, w = 0.1, 12.0, 80.0, -70.0, 0.0
keep = exp(-dt / tau)
fade = exp(-dt / tau_w)
for k in range(600):
    v = keep * v + (1.0 - keep) * (-70.0 + 25.0 - w)
    w *= fade
    if v >= -54.0:
        v = -73.0
        w += 0.5
"""

PLANTED = [
    (EXACT, "", ""),
    (EXACT, "keep = exp(-dt / tau)", "keep = exp(dt / tau)"),
    (EXACT, "exp(-dt / tau_w)", "exp(dt / tau_w)"),
    (EXACT.replace("fade = exp(-dt", "fade = 1.0 / exp(dt"), "", ""),
]


@pytest.mark.parametrize(("text", "old", "new"), PLANTED)
def test_a_fault_is_named_by_its_line(tmp_path, text, old, new):
    assert text.count(old) == 1 or not old
    lines = [text.partition(old)[0].count("\n") + 1] if old else []
    found = taken(tmp_path, text.replace(old, new) if old else text)
    assert [one.line for one in found.faults] == lines
