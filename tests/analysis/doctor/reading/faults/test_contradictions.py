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

WAITING = """
dt, v_rest, v_r, v_th, t_ref = 0.1, -70.0, -72.0, -55.0, 2.0
def run(current):
    v, last, spikes = v_rest, -100.0, []
    for k, i_ext in enumerate(current):
        if k * dt - last >= t_ref:
            v = v + dt * (v_rest - v + i_ext) / 10.0
        if v > v_th:
            last = k * dt
            v = v_r
            spikes.append(k * dt)
    return spikes
times = run([0.0] * 50 + [25.0] * 500)
"""

# V flows on after a spike, and may not fire; the wait is counted, or kept as a time.
FLOWING = """
dt, v, last = 0.1, -70.0, -1e9
t_ref = 3.0
for k in range(600):
    v += dt * (-70.0 - v + 60.0) / 10.0
    if v >= -55.0 and k * dt - last > t_ref:
        v = -70.0
        last = k * dt
"""
FLOWING_ON = """
def run(dt=0.1, refractory=2.5):
    left, n_ref = 0, int(round(refractory / dt))
    v = -70.0
    for k in range(600):
        v += dt * (-70.0 - v + 60.0) / 10.0
        if left > 0:
            left -= 1
        elif v > -55.0:
            v = -70.0
            left = n_ref
run()
"""

SIDES = """
dt, v, E = 0.1, -70.0, -70.0
for k in range(400):
    leak = 0.1 * (v - E)
    v += dt * (2.5 - leak)
    if v > -55.0:
        v = -75.0
"""

MASKED = """
import numpy as np
dt, t_ref = 0.1, 2.0
v, left = np.full(3, -70.0), np.zeros(3)
drive = np.array([20.0, 22.0, 25.0])
for k in range(300):
    free = left <= 0
    dv = dt * (-70.0 - v + drive) / 10.0
    v = v + dv
    v[~free] = -72.0
    left = np.maximum(left - 1, 0)
    fired = v >= -55.0
    v[fired] = -72.0
    left[fired] = round(t_ref / dt)
"""

# Currents that a sum adds up: inwards all of them, or outwards; then one is what its name says, or is not.
INWARD = """
dt, v, g = 0.1, -70.0, 0.0
for k in range(400):
    if k % 40 == 10:
        g += 0.02
    I_syn = g * (0.0 - v)
    v += dt * (0.1 * (-70.0 - v) + I_syn)
    g -= dt * g / 4.0
    if v > -55.0:
        v = -75.0
"""
OUTWARD = INWARD.replace("(0.0 - v)", "(v - 0.0)").replace("+ I_syn", "- I_syn")

# A threshold that a function has, and a step that looks at it.
ASKED = """
def cell(theta=-55.0, v_reset=-72.0):
    state = {"v": -70.0}
    def fires():
        return state["v"] >= theta
    def step(current, dt):
        state["v"] += dt * (-70.0 - state["v"] + current) / 10.0
        if fires():
            state["v"] = v_reset
    return step, state
step, state = cell()
for k in range(300):
    step(25.0, 0.1)
"""

DRIVEN = """
dt, tau, v, wait = 0.1, 10.0, -70.0, 0
R = 5.0
for k in range(400):
    I = 4.0 if k > 100 else 0.0
    if wait > 0:
        wait -= 1
        v = -75.0
        continue
    v += (-70.0 - v + R * I) * dt / tau
    if v > -55.0:
        v = -75.0
        wait = 20
"""

PLANTED = [
    (DRIVEN, "", ""),
    (DRIVEN, "R = 5.0", "R = 5000.0"),
    (DRIVEN.replace("R = 5.0", "R = 5000.0").replace("4.0 if", "0.004 if"), "", ""),
    (ASKED, "", ""),
    (ASKED, '            state["v"] = v_reset', "            pass"),
    (ASKED, '["v"] >= theta', '["v"] <= theta'),
    (INWARD, "", ""),
    (INWARD, "(0.0 - v)", "(v - 0.0)"),
    (OUTWARD.replace("0.1 * (-70.0 - v)", "-0.1 * (v + 70.0)"), "- I_syn", "+ I_syn"),
    (MASKED, "", ""),
    (SIDES, "", ""),
    (SIDES, "(v - E)", "abs(v - E)"),
    (
        SIDES.replace("2.5 - leak", "2.5 + 0.2 * 2.0 ** (v + 60.0) - leak"),
        "(v - E)",
        "abs(v - E)",
    ),  # an upstroke
    (
        SIDES.replace("0.1 * (v - E)", "-0.1 * abs(v - E)"),
        "",
        "",
    ),  # a piecewise linear cell runs away upwards
    (FLOWING, "", ""),
    (FLOWING, "        last = k * dt", "        last = -1e9"),
    (FLOWING_ON, "", ""),
    (FLOWING_ON, "left = n_ref", "left = n_ref // 10"),
    (WAITING, "", ""),
    (WAITING, "            v = v_r", "            v == v_r"),  # which sets nothing
    (EXACT, "", ""),
    (EXACT, "keep = exp(-dt / tau)", "keep = exp(dt / tau)"),
    (EXACT, "exp(-dt / tau_w)", "exp(dt / tau_w)"),
    (EXACT.replace("fade = exp(-dt", "fade = 1.0 / exp(dt"), "", ""),
]

# Where something is taken out, the line is one that is left.
TAKEN_OUT = [
    (MASKED, "    v[~free] = -72.0\n", "free = left <= 0"),  # a mask that nothing reads
    (FLOWING, "        last = k * dt\n", "and k * dt - last > t_ref"),
    (FLOWING_ON, "            left = n_ref\n", "if left > 0"),  # nothing reads the steps
    (WAITING, "            v = v_r\n", "if v > v_th"),
    (WAITING, "            last = k * dt\n            v = v_r\n", "if v > v_th"),  # a test, and nothing of it
    (WAITING.replace(", v_r,", ",").replace(" -72.0,", ""), "            v = v_r\n", "if v > v_th"),
]


@pytest.mark.parametrize(("text", "old", "new"), PLANTED)
def test_a_fault_is_named_by_its_line(tmp_path, text, old, new):
    assert text.count(old) == 1 or not old
    lines = [text.partition(old)[0].count("\n") + 1] if old else []
    found = taken(tmp_path, text.replace(old, new) if old else text)
    assert [one.line for one in found.faults] == lines


@pytest.mark.parametrize(("text", "out", "told"), TAKEN_OUT)
def test_what_is_left_out_is_told_where_it_is_asked_for(tmp_path, text, out, told):
    assert text.count(out) == text.count(told) == 1
    left = text.replace(out, "")
    found = taken(tmp_path, left)
    assert [one.line for one in found.faults] == [left.partition(told)[0].count("\n") + 1]


ZEROS = """
import numpy as np
rest, level, tau, dt = -65.0, -50.0, 10.0, 0.1
V = np.zeros(400)
BEGIN
for k in range(399):
    V[k + 1] = V[k] + dt * (rest - V[k] + 20.0) / tau
    if V[k + 1] >= level:
        V[k + 1] = rest
"""


def test_a_start_above_the_threshold_is_told_where_it_is_set(tmp_path):
    (found,) = taken(tmp_path, ZEROS.replace("BEGIN", "")).faults
    assert (found.key, found.line) == ("start-above", 4)
    assert taken(tmp_path, ZEROS.replace("BEGIN", "V[0] = rest")).faults == ()


def test_a_step_that_is_too_long_is_no_input_that_is_too_large(tmp_path):
    (found,) = taken(tmp_path, ZEROS.replace("BEGIN", "V[0] = rest").replace("tau, dt = -65.0, -50.0, 10.0",
                     "tau, dt = -65.0, -50.0, 0.01")).faults  # fmt: skip
    assert (found.key, found.line) == ("step-too-long", 3)


POTASSIUM = """
dt, V, n, E_Na, E_K = 0.05, -65.0, 0.3, 50.0, -77.0
for k in range(400):
    V += dt * (10.0 - 2.0 * n * (V - E_K) - 0.01 * (V - E_Na) - 0.3 * (V + 54.0))
    n += dt * (1.0 / (1.0 + 2.718281828**(-(V + 50.0) / 8.0)) - n) / 5.0
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("E_K = 0.05, -65.0, 0.3, 50.0, -77.0", "E_K = 0.05, -65.0, 0.3, 50.0, 77.0", ("reversal-sign", 2)),
        ("E_K = 0.05, -65.0, 0.3, 50.0", "E_K = 0.05, -65.0, 0.3, -90.0", ("reversal-sign", 2)),
        ("(V - E_K)", "(V + E_K)", ("leak-away", 4)),
    ],
)
def test_reversals_have_the_signs_of_their_ions(tmp_path, old, new, told):
    assert taken(tmp_path, POTASSIUM).faults == ()
    assert [(one.key, one.line) for one in taken(tmp_path, POTASSIUM.replace(old, new)).faults] == [told]


def test_an_input_that_is_on_whenever_it_is_asked_is_told(tmp_path):
    text = ZEROS.replace(
        "BEGIN", "V[0] = rest\nt = dt * np.arange(400)\nI = np.where((t > 5) | (t < 30), 20.0, 0.0)"
    )
    (found,) = taken(tmp_path, text.replace("+ 20.0)", "+ I[k])")).faults
    assert (found.key, found.line) == ("condition-foregone", 7)
