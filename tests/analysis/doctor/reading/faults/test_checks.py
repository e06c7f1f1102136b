"""Gates and slopes of which a step makes what no model means: told by the line that is to blame."""

import pytest

from tests.analysis.doctor.written import taken

TWO_GATES = """
from math import exp
dt, V, h, n = 0.02, -65.0, 0.6, 0.32
for k in range(600):
    dVdt = 8.0 - 0.3 * (V + 54.4) - 36.0 * n**4 * (V + 77.0) - 2.0 * h * (V - 50.0)
    dhdt = 0.07 * exp(-(V + 65.0) / 20.0) * (1.0 - h) - h / (1.0 + exp(-(V + 35.0) / 10.0))
    dndt = 0.1 * (1.0 - n) / (1.0 + exp(-(V + 40.0) / 10.0)) - 0.125 * exp(-(V + 65.0) / 80.0) * n
    V += dt * dVdt
    h += dt * dhdt
    n += dt * dndt
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("n = 0.02, -65.0, 0.6, 0.32", "n = 0.02, -65.0, 0.6, 1.32", ("gate-outside", 3)),
        ("h += dt * dhdt", "h += dt * dndt", ("stage-unused", 9)),
        ("V += dt * dVdt", "V += dt * dhdt", ("stage-unused", 8)),
        ("h += dt * dhdt", "h += dhdt", ("dt-missing", 9)),
        ("* (1.0 - h) - h /", "* h - (1.0 - h) /", ("rate-negative", 6)),
    ],
)
def test_what_is_to_blame_is_told_alone(tmp_path, old, new, told):
    assert taken(tmp_path, TWO_GATES).faults == ()
    assert {(one.key, one.line) for one in taken(tmp_path, TWO_GATES.replace(old, new)).faults} == {told}
