"""The one stage that reads its input at another's time is told; an input held over the step is no fault."""

import pytest

from tests.analysis.doctor.written import taken

STAGED = """
from math import cos
dt, v = 0.2, -70.0
def f(v, t):
    drive = 20.0 + 3.0 * cos(0.3 * t)
    return (-70.0 - v + drive) / 12.0
for k in range(200):
    t = k * dt
    k1 = f(v, t)
    k2 = f(v + 0.5 * dt * k1, t + 0.5 * dt)
    k3 = f(v + 0.5 * dt * k2, t + dt / 2)
    k4 = f(v + dt * k3, t + dt)
    v += dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6
    if v > -50.0:
        v = -70.0
"""
NAMED = """
from math import cos
dt, v, base, size, tau = 0.2, -70.0, 20.0, 3.0, 12.0
times = [dt * k for k in range(201)]
def wave(t):
    return base + size * cos(0.3 * t)
for k in range(200):
    u = v + 0.5 * dt * (-70.0 - v + wave(times[k])) / tau
    v = v + dt * (-70.0 - u + wave(times[k] + 0.5 * dt)) / tau
    if v > -50.0:
        v = -70.0
"""
HELD = STAGED.replace("t + 0.5 * dt)", "t)").replace("t + dt / 2)", "t)").replace("t + dt)", "t)")


@pytest.mark.parametrize(
    ("text", "old", "new", "lines"),
    [
        (STAGED, "", "", []),
        (HELD, "", "", []),
        (STAGED, "k3, t + dt)", "k3, t)", [12]),
        (STAGED, "t + 0.5 * dt)", "t)", [10]),
        (STAGED, "t + dt / 2)", "t + dt)", [11]),
        (NAMED, "", "", []),
        (NAMED, "times[k] + 0.5", "times[k - 1] + 0.5", [9]),  # half a step before the step
    ],
)
def test_a_stage_reads_its_input_at_its_own_time(tmp_path, text, old, new, lines):
    assert [one.line for one in taken(tmp_path, text.replace(old, new) if old else text).faults] == lines
