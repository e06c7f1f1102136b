"""Faults that no model means, told without a claim: small scripts, and the one line that is wrong in each."""

import pytest

from natrium.analysis.doctor import read_script

CURRENTS = """
dt, v, blocked = 0.1, -70.0, -1.0
t_ref = 3.0
for k in range(600):
    t = k * dt
    if t < blocked:
        v = -72.0
        continue
    i_leak = 0.1 * (v + 70.0)
    v = v + dt * (2.0 - i_leak)
    if v >= -55.0:
        v = -72.0
        blocked = t + t_ref
"""

COUNTED = """
dt, v, wait = 0.1, -70.0, 0
t_ref = 3.0  # ms
n_ref = int(round(t_ref / dt))
for k in range(600):
    if wait > 0:
        wait -= 1
        v = -72.0
        continue
    v = v + dt * (-70.0 - v + 20.0) / 10.0
    if v >= -55.0:
        v = -72.0
        wait = n_ref
"""

SINCE = """
dt, v, since = 0.1, -70.0, 1e9
t_ref = 3.0
for k in range(600):
    since += dt
    if since <= t_ref:
        v = -72.0
        continue
    v = v + dt * (-70.0 - v + 20.0) / 10.0
    if v >= -55.0:
        v = -72.0
        since = 0.0
"""

EVENTS = """
from scipy.integrate import solve_ivp
t_ref, theta, rest, after = 3.0, -55.0, -70.0, -72.0
def rhs(t, y):
    return [(rest - y[0] + 25.0) / 10.0]
def spike(t, y):
    return y[0] - theta
spike.terminal = True
begin, state, ts = 0.0, [rest], []
while begin < 60.0:
    sol = solve_ivp(rhs, (begin, 60.0), state, events=spike, max_step=0.5, rtol=1e-8)
    ts.extend(sol.t)
    if sol.status != 1:
        break
    ts.append(sol.t[-1] + t_ref)
    begin = sol.t[-1] + t_ref
    state = [after]
"""

LAST = """
dt, v, last = 0.1, -70.0, -1e9
t_ref = 3.0
for k in range(600):
    now = k * dt
    if now - last <= t_ref:
        v = -72.0
        continue
    v = v + dt * (-70.0 - v + 40.0) / 10.0
    if v >= -55.0:
        v = -72.0
        last = now
"""

HEUN = """
from math import cosh
dt, v, w = 0.1, -30.0, 0.1
def slope(v, w):
    dv = (90.0 - 2.0 * (v + 60.0) - 8.0 * w * (v + 84.0)) / 20.0
    dw = 0.04 * (0.5 - w) / (1.0 / cosh((v - 2.0) / 60.0))
    return dv, dw
for k in range(600):
    a, b = slope(v, w)
    c, d = slope(v + dt * a, w + dt * b)
    v = v + 0.5 * dt * (a + c)
    w = w + 0.5 * dt * (b + d)
"""

# Rates are made before the wait is looked at: one is guarded where it is 0/0, one has two cases.
GUARDED = """
from math import exp
dt, v, m, h, wait = 0.05, -65.0, 0.05, 0.6, 0
t_ref = 2.0  # ms
def opening(v):
    x = v + 40.0
    return 1.0 if abs(x) < 1e-7 else 0.1 * x / (1.0 - exp(-x / 10.0))
def closing(v):
    return 4.0 * exp(-(v + 65.0) / 18.0)
def late(v):
    return 0.1 if v > -67.0 else 0.2
for k in range(1200):
    m, h = m + dt * (opening(v) * (1 - m) - closing(v) * m), h + dt * (0.5 - h) * late(v)
    if wait > 0:
        wait -= 1
        v = -68.0
        continue
    v = v + dt * (2.0 - 0.1 * (v + 65.0) - 5.0 * m**3 * h * (v - 55.0))
    if v >= -20.0:
        v = -68.0
        wait = round(t_ref / dt)
"""

MANY = """
import numpy as np
dt = 0.1
v, left = np.full(3, -70.0), np.zeros(3, dtype=int)
drive = np.array([20.0, 22.0, 25.0])
for k in range(600):
    free = left == 0
    v[free] += dt * (-70.0 - v[free] + drive[free]) / 10.0
    left[~free] -= 1
    fired = v >= -55.0
    v[fired] = -72.0
    left[fired] = 20
"""

ADAPTING = """
dt, v, u, g = 0.1, -70.0, 0.0, 0.0
v_th, v_r, jump, E, tau = -55.0, -65.0, 0.5, 0.0, 5.0
for k in range(600):
    if k % 40 == 10:
        g += 0.4
    u += dt * -u / 40.0
    v += dt * (-70.0 - v - u + 20.0 + g * (E - v)) / 10.0
    g += dt * -g / tau
    if v >= v_th:
        v = v_r
        u += jump
"""

AXON = """
from math import exp
dt, v, n, m = 0.02, -65.0, 0.32, 0.05
for k in range(800):
    a = 0.01 * (v + 55.0) / (1.0 - exp(-(v + 55.0) / 10.0))
    b = 0.125 * exp(-(v + 65.0) / 80.0)
    c = 0.1 * (v + 40.0) / (1.0 - exp(-(v + 40.0) / 10.0))
    d = 4.0 * exp(-(v + 65.0) / 18.0)
    i_k = 36.0 * n**4 * (v + 77.0)
    i_na = 1.0 * m**3 * (v - 50.0)
    v = v + dt * (5.0 - 0.3 * (v + 54.4) - i_na - i_k)
    n = n + dt * (a * (1.0 - n) - b * n)
    m = m + dt * (c * (1.0 - m) - d * m)
"""

SILENT = """
dt, v = 0.1, -70.0
R = 10.0
v_th = -55.0
for k in range(300):
    I = 2.0 if k > 50 else 0.0
    v = v + dt * (-70.0 - v + R * I) / 10.0
    if v >= v_th:
        v = -72.0
"""

# One neuron, three runs: each begins anew.
SWEEP = """
class Cell:
    def __init__(self):
        self.begin()
    def begin(self):
        self.v = -70.0
    def run(self, current, dt=0.1):
        self.begin()
        out = []
        for k in range(300):
            self.v += dt * (-70.0 - self.v + current) / 10.0
            if self.v >= -55.0:
                self.v = -72.0
            out.append(self.v)
        return out
cell = Cell()
rates = [cell.run(height) for height in (10.0, 20.0)]
for height in (12.0, 22.0, 30.0):
    rates.append(cell.run(height))
"""
NESTED = """
dt, v = 0.1, -70.0
for height in (12.0, 22.0, 30.0):
    v = -70.0
    for k in range(300):
        v += dt * (-70.0 - v + height) / 10.0
        if v >= -55.0:
            v = -72.0
"""
# One protocol of two phases: the second goes on from the first.
PHASES = (
    SWEEP.partition("rates =")[0].replace("        self.begin()\n        out", "        out")
    + """
rest = cell.run(0.0)
pulse = cell.run(20.0)
"""
)

LATE = """
dt = 0.1
def run(current, n_ref=20):
    v, wait, out = -70.0, 0, []
    for k in range(len(current)):
        if wait > 0:
            wait -= 1
        else:
            v += dt * (-70.0 - v + current[k]) / 10.0
            if v >= -55.0:
                v, wait = -72.0, n_ref
        out.append(v)
    return out
given = [0.0] * 50 + [25.0] * 400 + [22.0] * 50
v = run(given)
"""

JUMPING = """
dt, v_th, t_ref, v, rest = 0.1, 1.0, 2.0, 0.0, 0.0
kept = []
for k in range(300):
    t = k * dt
    if t > rest:
        v = v + dt * (1.5 - v) / 5.0
        if v >= v_th:
            kept.append(v + 0.5)
            v = 0.0
            rest = t + t_ref
"""

CLIPPED = """
from math import exp
dt, v, n = 0.1, -70.0, 0.2
for k in range(400):
    n = min(n + dt * (0.6 * (1.0 - n) - 0.5 * exp(v / 40.0) * n), 1.0)
    v = v + dt * (-70.0 - v + 45.0 - 0.5 * n * (v + 80.0)) / 10.0
    if v >= -55.0:
        v = -70.0
"""

# What is no current by its name may be either way round: it is wrong where it stands.
LEAK = CURRENTS.replace("i_leak = 0.1 * (v + 70.0)", "leak = -0.1 * (v + 70.0)").replace("- i_leak", "+ leak")

PLANTED = [
    (CURRENTS, "", ""),
    (LEAK, "", ""),
    (CURRENTS, "2.0 - i_leak", "2.0 + i_leak"),  # the current is what the field calls one: its sum is wrong
    (CURRENTS, "0.1 * (v + 70.0)", "0.1 * (-70.0 - v)"),  # it is not
    (LEAK, "-0.1 * (v", "0.1 * (v"),
    (COUNTED, "", ""),
    (COUNTED, "int(round(t_ref / dt))", "int(round(t_ref))"),  # a time, counted as steps
    (COUNTED, "        wait = n_ref", "        wait = int(t_ref * dt)"),  # of nothing, told where it is set
    (SINCE, "", ""),
    (SINCE, "since <= t_ref", "since <= t_ref * dt"),  # what a spike sets is right: what it is held to is not
    (LAST, "", ""),
    (LAST, "last = now", "last = k"),  # the number of a step is no time
    (LAST.replace("range(600)", "range(160)"), "last = now", "last = k"),  # of one spike, too
    (LATE, "", ""),
    (LATE, "current[k]", "current[k - 1]"),  # a function's own name of it
    (SWEEP, "", ""),
    (NESTED, "", ""),
    (PHASES, "", ""),
    (HEUN, "", ""),
    (HEUN, "w + 0.5 * dt * (b + d)", "w + 0.5 * (b + d)"),  # a stage has a step within what it divides by
    (CURRENTS, "t + t_ref", "t + 1000.0 * t_ref"),  # what is held to the end of the run is held too long
    (CURRENTS, "blocked = t + t_ref", "blocked = t_ref"),  # told where it is set, not where it is compared
    (EVENTS, "", ""),
    (EVENTS, "    begin = sol.t[-1] + t_ref", "    begin = sol.t[-1]"),  # a solver goes on at once
    (EVENTS, "    begin = sol.t[-1] + t_ref", "    begin = sol.t[-1] + t_ref / 1000.0"),
    (GUARDED, "", ""),
    (GUARDED, "return 4.0 * exp", "return -4.0 * exp"),  # V runs away, and the rate overflows
    (GUARDED, "round(t_ref / dt)", "round(t_ref)"),
    (GUARDED, "round(t_ref / dt)", "round(t_ref * dt)"),  # no step at all
    (GUARDED, "wait = round(t_ref / dt)", "wait = t_ref"),
    (GUARDED, "wait -= 1", "wait -= 3"),
    (CURRENTS, "blocked = t + t_ref", "blocked = t_ref"),  # it is over before the first spike
    (CURRENTS, "t_ref = 3.0", "t_ref = 300.0"),  # the run has 60 ms
    (LAST, "        last = now", "        last_one = now"),  # which nothing reads
    (MANY, "", ""),
    (MANY, "left[~free] -= 1", "left[free] -= 1"),  # all are held for ever, and none has fired
    (ADAPTING, "", ""),
    (ADAPTING, "g * (E - v)", "g * (v - E)"),
    (ADAPTING, "v >= v_th", "v >= v_r"),
    (
        ADAPTING.replace("- u +", "+").replace("g * (E - v)", "(g - u) * (E - v)"),
        "",
        "",
    ),  # two states make one conductance
    (AXON, "", ""),
    (AXON, "- i_na - i_k", "- i_na + i_k"),  # V runs away and takes the gate along
    (SILENT, "", ""),
    (SILENT, "v_th = -55.0", "v_th = 55.0"),
    (SILENT, "v = -72.0", "v = -52.0"),  # above the threshold
    (JUMPING, "", ""),
    (JUMPING, "v >= v_th", "t >= v_th"),
    (ADAPTING, "v = v_r", "v == v_r"),  # compared, where it should be set
    (CURRENTS, "t + t_ref", "t + (t_ref if blocked < 0.0 else t_ref / 2)"),  # told where it is set
    (CLIPPED, "", ""),
    (CLIPPED, ", 1.0)", ", 0.5)"),  # V, which is tested at a level below, is made of it
    (JUMPING.replace("v = 0.0\n", "v += 0.5\n"), "v >= v_th", "t >= v_th"),
]

# Where something is taken out, the line is one that is left.
TAKEN_OUT = [
    (LAST, "\n        last = now", "if now - last <= t_ref"),
    (GUARDED, "\n        wait -= 1", "if wait > 0"),
    (SILENT, "R * ", "R = 10.0"),
    (SWEEP, "        self.begin()\n        out", "def run"),
    (NESTED, "    v = -70.0\n", "for height"),
    (ADAPTING, "\n        v = v_r", "if v >= v_th"),
]


@pytest.mark.parametrize(("text", "old", "new"), PLANTED)
def test_a_fault_is_named_by_its_line_without_a_claim(tmp_path, text, old, new):
    assert text.count(old) == 1 or not old
    line = text.partition(old)[0].count("\n") + 1 if old else 0
    path = tmp_path / "script.py"
    path.write_text(text.replace(old, new) if old else text)
    (reading,) = read_script(path)
    assert {one.line for one in reading.faults} == ({line} if old else set())


@pytest.mark.parametrize(("text", "out", "told"), TAKEN_OUT)
def test_what_is_left_out_is_told_where_it_is_asked_for(tmp_path, text, out, told):
    assert text.count(out) == text.count(told) == 1
    left = text.replace(out, "        out" if out.endswith("out") else "")
    path = tmp_path / "script.py"
    path.write_text(left)
    (reading,) = read_script(path)
    assert {one.line for one in reading.faults} == {left.partition(told)[0].count("\n") + 1}


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("v = -65.0\nfor k in range(300):\n    v = v + 0.5 * (0.04 * v**2 + 5.0 * v + 160.0)\n", "fault", 3),
        (
            "v = -65.0\nfor k in range(300):\n    v = v + 0.1 * (-60.0 - v) / 5.0\nraise KeyError(3)\n",
            "note",
            4,
        ),
    ],
)
def test_an_error_that_ends_the_run_is_told(tmp_path, text, kind, line):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    assert [(one.kind, one.line) for one in reading.findings if one.key == "run-ends"] == [(kind, line)]
    assert [one.key for one in reading.faults] == (["run-ends"] if kind == "fault" else [])
