"""A spike that moves a state on from what it was before the step takes the step back."""

import pytest

from tests.analysis.doctor.written import taken

ELEMENTS = """
import numpy as np
n, dt, b = 400, 0.1, 2.0
V = np.full(n + 1, -65.0)
w = np.zeros(n + 1)
for i in range(n):
    V[i + 1] = V[i] + dt * (-(V[i] + 65.0) - w[i] + 25.0) / 10.0
    w[i + 1] = w[i] - dt * w[i] / 100.0
    if V[i + 1] >= -50.0:
        V[i + 1] = -60.0
        w[i + 1] = {}
"""

ATTRIBUTES = """
class Cell:
    def __init__(self):
        self.v, self.w = -65.0, 0.0

    def step(self, I, dt):
        before = self.w
        self.v += dt * (-(self.v + 65.0) - self.w + I) / 10.0
        self.w += -dt * self.w / 80.0
        if self.v > -50.0:
            self.v = -62.0
            self.w = {}

cell = Cell()
for k in range(400):
    cell.step(25.0, 0.1)
"""

# Where the spike's branch is the only one that moves w, no step was made that it could take back.
APART = """
dt, v, w = 0.1, -65.0, 0.0
for k in range(400):
    new = v + dt * (-(v + 65.0) - w + 25.0) / 10.0
    if new >= -50.0:
        v = -60.0
        w = w + 2.0
    else:
        w = w - dt * w / 100.0
        v = new
"""


@pytest.mark.parametrize(
    ("text", "raised", "line"),
    [
        (ELEMENTS, "w[i] + b", 11),
        (ELEMENTS, "w[i + 1] + b", 0),
        (ATTRIBUTES, "before + 3.0", 12),
        (ATTRIBUTES, "self.w + 3.0", 0),
        (ATTRIBUTES, "3.0", 0),  # a state that every spike sets to one value
        (APART, "", 0),
    ],
)
def test_a_state_raised_from_before_the_step_is_told_by_the_spikes_line(tmp_path, text, raised, line):
    faults = taken(tmp_path, text.format(raised)).faults
    assert [(one.key, one.line) for one in faults] == [("stale-value", line)] * bool(line)
