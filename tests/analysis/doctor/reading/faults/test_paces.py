"""A clock that goes on by something else than a step is told by its line."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

SCRIPT = """
dt, tau, t_ref = 0.5, 20.0, 3.0
def current(t):
    return 30.0 if t >= 10.0 else 0.0
v, last = -65.0, -1e9
for k in range(200):
    t = k * dt
    if t - last < t_ref:
        v = -70.0
        continue
    v += dt * (-65.0 - v + current(k * dt)) / tau
    if v >= -50.0:
        v, last = -70.0, t
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("t = k * dt\n", "t = k * dt * dt\n", 7),
        ("t = k * dt\n", "t = k / dt\n", 7),
        ("current(k * dt)", "current(k * dt * dt)", 11),
        ("t = k * dt\n", "t = k * dt\n    half = int(k * dt / 2)\n", 0),
        ("t >= 10.0", "t / dt >= 20", 0),
        ("t >= 10.0", "t / 2 >= 5.0", 0),
    ],
)
def test_a_time_with_the_step_twice_in_it_is_told(tmp_path, old, new, line):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new))
    reading = read(traced(path), solve=False)
    assert {one.line for one in reading.faults} == ({line} if line else set())
