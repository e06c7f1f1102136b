"""States kept in arrays of whole numbers."""

import pytest

from tests.analysis.doctor.written import equations, taken

LOOP = """
import numpy as np
n, dt, tau, rest = 200, 0.5, 10, -65
v = {made}
for k in range(1, n):
    v[k] = v[k - 1] + dt * (rest - v[k - 1] + 90.0) / tau
    if v[k] >= -50:
        v[k] = rest
"""
CELLS = """
import numpy as np
class Cells:
    def __init__(self):
        self.v = np.array([{start}] * 3)
    def step(self, drive, dt):
        self.v[:] = self.v + dt * (-65.0 - self.v + drive) / 10.0
        self.v[self.v >= -50] = -65
cells = Cells()
for k in range(150):
    cells.step(90.0, 0.5)
"""
COUNTED = """
import numpy as np
n, dt = 150, 0.1
v, wait = np.full((2, n), -65.0), np.zeros(2, dtype=int)
for k in range(1, n):
    wait = np.maximum(wait - 1, 0)
    v[:, k] = np.where(wait > 0, -65.0, v[:, k - 1] + dt * (-65.0 - v[:, k - 1] + 25.0) / 2.0)
    fired = v[:, k] >= -50.0
    v[fired, k] = -65.0
    wait[fired] = 2.0 / dt
"""


@pytest.mark.parametrize(
    ("text", "line", "flow"),
    [
        (LOOP.format(made="np.full(n, rest)"), 4, "(rest - v + 90)/tau"),
        (LOOP.format(made="np.zeros(n, dtype=int) + rest"), 6, "(rest - v + 90)/tau"),
        (CELLS.format(start="-65"), 5, "(-65 - self.v[0] + drive)/10"),
    ],
    ids=["full", "sum", "attribute"],
)
def test_a_state_in_an_array_of_whole_numbers_is_told_by_the_line_that_makes_it(tmp_path, text, line, flow):
    found = taken(tmp_path, text)
    faults = [(one.key, one.line) for one in found.findings if one.kind == "fault"]
    assert faults == [("whole-state", line)]
    assert flow in equations(found).values()


@pytest.mark.parametrize(
    "text",
    [LOOP.format(made="np.full(n, float(rest))"), CELLS.format(start="-65.0"), COUNTED],
    ids=["full", "attribute", "count"],
)
def test_what_is_kept_in_floats_or_is_a_count_is_none(tmp_path, text):
    assert not [one.key for one in taken(tmp_path, text).findings if one.kind == "fault"]
