"""What a claim asks for is told where it stands: starts, orders of states, brackets over two lines, events."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Model, Simulation, Step

GATED = """
import numpy as np
from scipy.integrate import odeint

def rhs(y, t):
    v, n, h = y
    dv = (20.0 - (v + 70.0) - 2.0 * n * h * (v + 80.0)) / 10.0
    dn = 0.02 * np.exp(v / 40.0) * (1.0 - n) - 0.3 * n
    dh = 0.07 * np.exp(-v / 40.0) * (1.0 - h) - 0.4 * h
    return [dv, dn, dh]

t = np.arange(0.0, 20.0, 0.05)
y = odeint(rhs, [-70.0, 0.05, 0.6], t)
"""

EULER = """
dt, v, n, tau = 0.1, -70.0, 0.1, 12.0
for k in range(400):
    n = n + dt * (0.3 - n) / 5.0
    i_n = 2.0 * n * (-80.0 - v)
    dv = (-70.0 - v + 40.0 + i_n) / tau
    v = v + dt * dv
    if v >= -55.0:
        v = -72.0
"""

EVENTS = """
from scipy.integrate import solve_ivp

def rhs(t, y):
    return [(-70.0 - y[0] + 25.0) / 10.0]

def spike(t, y):
    return y[0] + 55.0

spike.terminal = True
begin, v, ts, vs = 0.0, -70.0, [], []
while begin < 60.0:
    sol = solve_ivp(rhs, (begin, 60.0), [v], events=spike, max_step=0.5, rtol=1e-8)
    ts.extend(sol.t)
    vs.extend(sol.y[0])
    if sol.status != 1:
        break
    begin = sol.t[-1] + 3.0
    v = -70.0
"""

WAITS = """
dt, v, since, free = 0.1, -70.0, -100.0, 0
for k in range(600):
    now = (k + 1) * dt
    if now - since > 3.05:
        v = v + dt * (-70.0 - v + 40.0) / 12.0
    if v >= -55.0:
        v = -72.0
        since = now
"""

COUNTS = """
dt, v, free, wait = 0.1, -70.0, 0, 3.0
for k in range(600):
    if k < free:
        continue
    v = v + dt * (-70.0 - v + 40.0) / 12.0
    if v >= -55.0:
        v = -72.0
        free = k + 1 + round(wait / dt)
"""

OUTWARD = EULER.replace("(-80.0 - v)", "(v + 80.0)").replace("+ i_n", "- i_n")

HEUN = """
h, x = 0.02, -1.0
for step in range(900):
    k1 = x * x + 0.5
    k2 = (x + h * k1) ** 2 + 0.5
    x = x + 0.5 * h * (k1 + k2)
    if x > 9.0:
        x = -9.0
"""

RELAXED = """
from math import exp
def steady(v): return 1.0 / (1.0 + exp(-(v + 52.0) / 6.0))
dt, v, n = 0.1, -70.0, 0.05
for k in range(600):
    n = steady(v) + (n - steady(v)) * exp(-dt / 4.0)
    v = v + dt * (22.0 - (v + 70.0) - 2.0 * n * (v + 90.0)) / 10.0
    if v > -48.0:
        v = -62.0
"""

ADAPTS = """
class Cell:
    def __init__(self, reset=-0.065):
        self.v, self.reset, self.wait = -0.07, reset, 0
    def flow(self, drive, dt):
        if self.wait > 0:
            self.wait -= 1
            return
        self.v += dt * (-0.07 - self.v + drive) / 0.01
        if self.v >= -0.05:
            self.spike()
    def spike(self):
        self.v = self.reset
        self.wait = 20

class Tired(Cell):
    def __init__(self, kick=0.002):
        super().__init__()
        self.kick, self.w = kick, 0.0
    def flow(self, drive, dt):
        super().flow(drive - self.w, dt)
        self.w -= dt * self.w / 0.08
    def spike(self):
        super().spike()
        self.w += self.kick

cell, trace = Tired(), []
for k in range(1500):
    cell.flow(0.03, 1e-4)
    trace.append(cell.v)
"""

RISING = """
v, level = -70.0, -55.0
for k in range(900):
    v += 0.1 * (-70.0 - v + 22.0) / 10.0
    level += 0.1 * (-55.0 - level) / 50.0
    if v >= level:
        v = -70.0
        level += 3.0
"""

ARRAY = """
import numpy as np
v = np.full(501, -70.0)
for k in range(500):
    v[k + 1] = v[k] + 0.1 * (-70.0 - v[k] + 25.0) / 10.0
    if v[k + 1] >= -55.0:
        v[k + 1] = -70.0
"""

DRIVEN = """
import numpy as np
drive = np.repeat([0.0, 0.35, 0.5], 300)
R, rest, v = 60.0, -66.0, -66.0
for k in range(900):
    v = (v + 0.1 / 16.0 * (rest + R * drive[k])) / (1.0 + 0.1 / 16.0)
    if v >= -51.0:
        v = -69.0
"""

SUMMED = """
from math import exp
v, trace = -70.0, []
for k in range(600):
    i_leak = 0.1 * (v + 70.0)
    i_exp = 0.1 * 2.0 * exp((v + 52.0) / 2.0)
    dv = (-i_leak + i_exp + 1.9) / 1.0
    v = v + 0.1 * dv
    if v > -40.0:
        v = -65.0
    trace.append(v)
"""

BENT = """
rest, half, gain, trace = -65.0, -50.0, 0.05, []
v = rest
for k in range(600):
    bend = gain * (v - rest) * (v - half)
    v = v + 0.1 * (bend + 9.0) / 10.0
    if v > -30.0:
        v = -62.0
    trace.append(v)
"""

SLOPED = """
import numpy as np
def rhs(y):
    v, w = y
    dv = v - v ** 3 / 3.0 - w + 0.5
    dw = 0.08 * (v + 0.7 - 0.8 * w)
    return np.array([dv, dw])
y, V, dt = np.array([-1.2, -0.62]), [], 0.1
for k in range(900):
    k1 = rhs(y)
    y = y + 0.5 * dt * (k1 + rhs(y + dt * k1))
    V.append(y[0])
"""

PLANTED = [
    (WAITS, "        since = now", "        sinse = now"),  # a name that nothing reads
    (
        COUNTS,
        "k + 1 + round(wait / dt)",
        "round(wait / dt)",
    ),  # the clock that it is compared with is not in it
    (GATED, "[-70.0, 0.05, 0.6]", "[-70.0, 0.6, 0.05]"),  # 0.05 is a step, too
    (GATED, "[dv, dn, dh]", "[dv, dh, dn]"),  # told where they are given back
    (EULER, "40.0 + i_n) / tau", "40.0) / tau + i_n"),  # brackets, though i_n has a line of its own
    (EVENTS, "", ""),  # a threshold written as what is added
    (EVENTS, "begin = sol.t[-1] + 3.0", "begin = sol.t[-1]"),  # told where it is set, not at the start
    (EVENTS, "begin = sol.t[-1] + 3.0", "begin = sol.t[-1] + 0.3"),
    (EVENTS, "    v = -70.0", "    v = rhs(0.0, [-70.0])[0] - 70.0"),
    (OUTWARD, "40.0 - i_n) / tau", "40.0 + i_n) / tau"),  # as the field has it: the sum is wrong
    (EULER, "40.0 + i_n) / tau", "40.0 - i_n) / tau"),  # inward by its own line: the sum is wrong here, too
    (COUNTS, "        v = -72.0", "        v = 72.0"),  # whatever waits, V stays above
    (HEUN, "** 2 + 0.5", "** 2 + 1.5"),  # the other stage is the claim's as it is
    (RELAXED, "return 1.0 / (1.0 + exp(-(v + 52.0) / 6.0))", "return 1.0"),  # told where it is made
    (ADAPTS, "reset=-0.065", "reset=0.065"),  # a lost sign is its number's, not what is set to it
    (ADAPTS, "self.w += self.kick", "self.w = self.kick"),  # not where the kick is given
    (RISING, "- v + 22.0", "- v - 22.0"),  # of a threshold that no spike has moved nothing is said
    (ARRAY, "if v[k + 1] >=", "if v[1] >="),  # compared once with what a step makes, and no more
    (DRIVEN, "R * drive[k]", "R"),  # no number stands for an input that varies
    (BENT, "(v - half)", "half"),  # V is lost beside what it is counted from
    (SUMMED, "-i_leak + i_exp", "i_leak + i_exp"),  # the current is as the field has it
    (SLOPED, "0.08 * (v + 0.7 - 0.8 * w)", "0.08"),  # no state any more: told where its slope is
]


@pytest.mark.parametrize(("text", "old", "new"), PLANTED)
def test_a_fault_is_named_by_its_line(tmp_path, text, old, new):
    path = tmp_path / "script.py"
    path.write_text(text)
    claim = read(traced(path), solve=False).model
    line = text.partition(old)[0].count("\n") + 1 if old else 0
    path.write_text(text.replace(old, new) if old else text)
    (reading,) = read_script(path, claim)
    assert {one.line for one in reading.faults} == ({line} if old else set())


SILENT_IN_VOLTS = """
E_l, level, back, tau, dt = -0.07, -0.05, -0.06, 0.02, 1e-4
v, trace = E_l, []
for k in range(500):
    v = v + dt * (E_l - v + 0.012) / tau
    if v >= level:
        v = back
    trace.append(v)
"""


@pytest.mark.parametrize(("unit", "ms"), [(1.0, 1.0), (1e3, 1e3)])
def test_a_start_tells_the_unit_of_a_run_without_a_spike(tmp_path, unit, ms):
    claim = Model(
        neuron=HybridNeuron(
            equations={"V": "(E - V + I)/tau"},
            parameters={"E": -0.07 * unit, "tau": 0.02 * ms},
            initial={"V": -0.07 * unit},
            v_thresh=-0.05 * unit,
            reset={"V": f"{-0.06 * unit!r}"},
        ),
        stimulus=Step(amplitude=0.012 * unit),
        simulation=Simulation(t_end=0.05 * ms, dt=1e-4 * ms),
    )
    path = tmp_path / "script.py"
    path.write_text(SILENT_IN_VOLTS)
    reading = read(traced(path), claim=claim, solve=False)
    assert (reading.meant.units.mV, reading.meant.units.ms) == (unit, ms)
    assert reading.faults == ()


IN_ONE_LINE = """
from math import exp

def rhs(y):
    v, n, h = y
    return [(20.0 - v - n * h * (v + 80.0)) / 10.0, exp(v / 40.0) * (1.0 - n) - 0.3 * n, 0.4 - 0.4 * h]

dt, y, vs = 0.1, [-70.0, 0.05, 0.6], []
for k in range(60):
    y = [one + dt * slope for one, slope in zip(y, rhs(y))]
    vs.append(y[0])
late = [k * dt for k in range(1, 60) if vs[k] > vs[k - 1]]
"""


def test_a_slip_among_equations_of_one_line_is_told_for_sure(tmp_path):
    """So that no change of the text is tried: what the line makes of other states is right."""
    path = tmp_path / "script.py"
    path.write_text(IN_ONE_LINE)
    claim = read(traced(path), solve=False).model
    assert read(traced(path), claim=claim, solve=False).faults == ()
    path.write_text(IN_ONE_LINE.replace("0.3 * n", "0.3 * h"))
    (fault,) = read(traced(path), claim=claim, solve=False).faults
    assert (fault.line, fault.sure) == (6, True)


def test_a_step_that_asks_for_what_is_not_there_is_told_first(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(ARRAY.replace("np.full(501", "np.full(451"))
    (reading,) = read_script(path)
    assert [(one.key, one.line) for one in reading.faults] == [("step-fails", 5)]
    stepped = "def step(v):\n    return v + 0.1 * (-70.0 - v + 25.0) / 10.0\nv, vs = -70.0, [0.0] * 300\n"
    path.write_text(stepped + "for k in range(400):\n    v = step(v)\n    vs[k] = v\n")
    (reading,) = read_script(path)
    assert [(one.key, one.line) for one in reading.faults] == [("step-fails", 6)]


def test_half_steps_that_take_each_other_back_move_nothing(tmp_path):
    """The input is made of time, and V's equation has lost it."""
    text = "v, u = -65.0, -13.0\nfor t in range(300):\n    I = 10.0 * (t > 20)\n"
    for _ in range(2):
        text += "    v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + I)\n"
    text += "    u = u + 0.02 * (0.2 * v - u)\n    if v >= 30.0:\n        v, u = -65.0, u + 8.0\n"
    path = tmp_path / "script.py"
    path.write_text(text)
    claim = read(traced(path), solve=False).model
    path.write_text(text.replace("v = v + 0.5", "v = v - 0.5", 1))
    (reading,) = read_script(path, claim)
    assert reading.faults


RHS = """
from math import exp
dt, y, vs = 0.1, (-70.0, 0.05, 0.6), []
def rhs(y):
    v, n, h = y
    dv = (20.0 - (v + 70.0) - 2.0 * n * h * (v + 80.0)) / 10.0
    dn = 0.02 * exp(v / 40.0) * (1.0 - n) - 0.3 * n
    dh = 0.07 * exp(-v / 40.0) * (1.0 - h) - 0.4 * h
    return dv, dn, dh
for k in range(300):
    y = tuple(one + dt * slope for one, slope in zip(y, rhs(y)))
    vs.append(y[0])
"""


def test_a_slope_given_back_twice_is_told_with_a_claim_and_without(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(RHS)
    claim = read(traced(path), solve=False).model
    path.write_text(RHS.replace("dv, dn, dh\n", "dv, dn, dn\n"))
    for one in (claim, None):
        assert {fault.line for fault in read(traced(path), claim=one, solve=False).faults} == {9}


def test_a_state_without_its_step_is_told_whatever_the_step_is_called(tmp_path):
    path = tmp_path / "script.py"
    text = "deltaT, v, n, h = 0.05, -70.0, 0.05, 0.6\nfor k in range(40):\n"
    text += "    v = v + deltaT * (20.0 - (v + 70.0) - 2.0 * n * h * (v + 80.0)) / 10.0\n"
    text += "    n = n + (0.3 * (1.0 - n) - 0.00002 * v * v * n)\n    h = h + deltaT * (0.1 * (1.0 - h) - 0.4 * h)\n"
    path.write_text(text)
    assert [(one.key, one.line) for one in read(traced(path), solve=False).faults] == [("dt-missing", 4)]
