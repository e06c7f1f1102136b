"""What no model means and the text alone tells, each by its line."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

GATED = """
import numpy as np
from scipy.integrate import odeint
def slopes(y, t):
    v, n, w = y
    dv = -65.0 - v + 20.0 - 3.0 * n - w
    dn = 0.1 * (1.0 / (1.0 + np.exp(-(v + 50.0) / 5.0)) - n)
    dw = 0.05 * (0.2 * (v + 65.0) - w)
    return [dv, dn, dw]
sol = odeint(slopes, [-65.0, 0.05, 0.0], np.linspace(0.0, 60.0, 601))
"""
CHANCES = """
import random
random.seed(4)
dt, rate, v, trace = 0.5, 40.0, -65.0, []
for k in range(300):
    if random.random() < rate * dt / 1000.0:
        v += 4.0
    v += dt * (-65.0 - v + 17.0) / 10.0
    if v >= -50.0:
        v = -65.0
    trace.append(v)
"""
HALF = """
import math
dt, v, w = 0.1, -60.0, 0.0
def stim(t):
    return 25.0 + 5.0 * math.sin(0.3 * t)
for k in range(400):
    I_now = stim(k * dt)
    I_half = stim((k + 0.5) * dt)
    v_half = v + 0.5 * dt * (-65.0 - v - w + I_now) / 10.0
    dv = dt * (-65.0 - v_half - w + I_half) / 10.0
    dw = dt * (0.1 * (v + 65.0) - w) / 50.0
    v += dv
    w += dw
    if v >= -50.0:
        v = -65.0
"""
SWEEP = """
dt, counts = 0.1, []
v, left, n = -65.0, 0, 0
for level in (14.0, 17.0, 19.0):
    v, left, n = -65.0, 0, 0
    for k in range(500):
        if left > 0:
            left -= 1
            continue
        v += dt * (-65.0 - v + level) / 10.0
        if v >= -50.0:
            v, left = -70.0, 20
            n += 1
    counts.append(n)
"""
OPENS = """
from math import exp
dt, v, m, h = 0.02, -65.0, 0.05, 0.6
for k in range(900):
    am, bm = 0.1 * (v + 40.0) / (1.0 - exp(-(v + 40.0) / 10.0)), 4.0 * exp(-(v + 65.0) / 18.0)
    ah, bh = 0.07 * exp(-(v + 65.0) / 20.0), 1.0 / (1.0 + exp(-(v + 35.0) / 10.0))
    v += dt * (9.0 - 0.3 * (v + 54.4) - 30.0 * m**3 * h * (v - 50.0))
    m += dt * (am * (1.0 - m) - bm * m)
    h += dt * (ah * (1.0 - h) - bh * h)
"""
RATES = """
from math import exp
def rates(v):
    an, bn = 0.01 * (v + 55.0) / (1.0 - exp(-(v + 55.0) / 10.0)), 0.125 * exp(-(v + 65.0) / 80.0)
    ah, bh = 0.07 * exp(-(v + 65.0) / 20.0), 1.0 / (1.0 + exp(-(v + 35.0) / 10.0))
    return an, bn, ah, bh
dt, v, n, h = 0.02, -65.0, 0.3, 0.6
for k in range(400):
    an, bn, ah, bh = rates(v)
    v += dt * (9.0 - 0.3 * (v + 54.4) - 3.6 * n**4 * h * (v + 77.0))
    n += dt * (an * (1.0 - n) - bn * n)
    h += dt * (ah * (1.0 - h) - bh * h)
"""
PLANTED = [
    (RATES, "return an, bn, ah, bh", "return ah, bh, an, bn"),
    (RATES, "an, bn, ah, bh = rates", "an, ah, bn, bh = rates"),
    (GATED, "    v, n, w = y", "    v, w, n = y"),
    (GATED, "return [dv, dn, dw]", "return [dv, dw, dn]"),
    (CHANCES, "rate * dt / 1000.0", "rate * dt"),
    (HALF, "w + I_half) / 10.0", "w + I_now) / 10.0"),
    (HALF, "    w += dw", "    w += dw * dt"),
    (SWEEP, "    v, left, n = -65.0, 0, 0\n    for", "    left, n = 0, 0\n    for"),
    (OPENS, "bm * m)", "bm * m)"),
    (OPENS, "(am * (1.0 - m) - bm", "(am - bm"),
]


@pytest.mark.parametrize(("text", "old", "new"), PLANTED)
def test_it_is_told_by_its_line_alone(tmp_path, text, old, new):
    assert text.count(old) == 1
    path = tmp_path / "script.py"
    line = text.partition(old)[0].count("\n") + 1
    for script, lines in ((text, set()), (text.replace(old, new), {line} if new != old else set())):
        path.write_text(script)
        assert {one.line for one in read(traced(path), solve=False).faults} == lines
