"""A method that leaves out what its base's does is told where it begins; other lines of rules, where they are."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.text.overrides import overriding
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

CELLS = """
class Leaky:
    def __init__(self):
        self.u, self.left, self.z = -65.0, 0, 0.0
    def on_spike(self):
        self.u = -70.0
        self.left = 20
    def tick(self, drive):
        if self.left > 0:
            self.left -= 1
        else:
            self.u += 0.1 * (-65.0 - self.u + drive - self.z) / 10.0
        self.z -= 0.1 * self.z / 40.0
        if self.u >= -50.0:
            self.on_spike()
class Tiring(Leaky):
    def on_spike(self):
        super().on_spike()
        self.z += 1.0
cell = Tiring()
trace = []
for k in range(600):
    cell.tick(24.0)
    trace.append(cell.u)
"""
GIVEN = """
rest, after = -65.0, -70.0
def go_on(v, until, k):
    if k < until:
        return after, until
    v = v + 0.1 * (rest - v + 24.0) / 10.0
    if v >= -50.0:
        return after, k + 21
    return v, until
v, until, trace = rest, 0, []
for k in range(600):
    v, until = go_on(v, until, k)
    trace.append(v)
"""
COUNTED = """
rest, after, dt, t_ref = -65.0, -70.0, 0.1, 2.0
v, until, trace = rest, -1, []
for k in range(600):
    if k < until:
        v = after
    else:
        v = v + dt * (rest - v + 24.0) / 10.0
        if v >= -50.0:
            v = after
            until = k + 1 + int(round(t_ref / dt))
    trace.append(v)
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "line"),
    [
        (CELLS, "        super().on_spike()\n", "", 17),
        (GIVEN, "return after, k + 21", "return rest, k + 21", 8),
        (COUNTED, "k < until", "k <= until", 5),
    ],
    ids=("method", "return", "comparison"),
)
def test_what_a_spike_leaves_undone_is_told_by_its_line(tmp_path, text, old, new, line):
    assert text.count(old) == 1
    path = tmp_path / "cells.py"
    path.write_text(text)
    claim = read(traced(path), solve=False).model
    assert read_script(path, claim)[0].faults == ()
    path.write_text(text.replace(old, new))
    (reading,) = read_script(path, claim)
    assert {one.line for one in reading.faults} == {line}


def test_a_method_that_leaves_the_reset_out_is_told_without_a_claim(tmp_path):
    path = tmp_path / "cells.py"
    path.write_text(CELLS.replace("        super().on_spike()\n", "").replace("z += 1.0", "z += 4.0"))
    (reading,) = read_script(path)
    assert {(one.key, one.line) for one in reading.faults} == {("reset-missing", 17)}


def test_a_method_that_calls_or_sets_leaves_nothing_out():
    source = CELLS.splitlines()
    assert overriding(source, "u") == 0
    without = CELLS.replace("super().on_spike()", "pass").splitlines()
    assert overriding(without, "u") == 17
    assert overriding(without, "z") == 0  # the base's leaves it alone
    assert overriding(CELLS.replace("super().on_spike()", "self.u = -60.0").splitlines(), "u") == 0
