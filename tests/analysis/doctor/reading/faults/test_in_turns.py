"""What the turns of a loop do that no step should."""

import pytest

from natrium.analysis.doctor import read_script
from tests.analysis.doctor.written import taken

NOISY = """
import numpy as np
dt, vs = 0.1, [-65.0]
{outside}
for k in range(1500):
    {inside}
    xi = np.random.randn()
    v = vs[-1] + dt / 10.0 * (-65.0 - vs[-1] + 14.0 + 9.0 * xi)
    if v > -50.0:
        v = -65.0
    vs.append(v)
"""
BEGUN = """
import numpy as np
dt, n = 0.1, 1200
V = np.{array}
V[0] = {start}
spikes = []
for i in range({first}n):
    V[i] = V[i - 1] + dt / 12.0 * (-70.0 - V[i - 1] + 20.0)
    if V[i] >= -55.0:
        V[i] = -75.0
        spikes.append(i * dt)
"""
KEPT = """
dt, v, vs, spike_times = 0.1, 0.0, [], []
for k in range(900):
    v += dt / 10.0 * (1.4 - v)
    if v >= 1.0:
        v = 0.0
        spike_times.append(k * dt)
    vs.append(v)
"""
FLOORED = """
dt, v, u, vs = 0.05, -65.0, -13.0, []
a = {a}
for k in range(3000):
    v, u = v + dt * (0.04 * v * v + 5 * v + 140 - u + 10.0), u + dt * a * (0.2 * v - u)
    if v >= 30:
        v = -65.0
        u += 8.0
    vs.append(v)
"""
UNITS = """
dt, v, vs = 1e-4, -70e-3, []
tau, R, I = 20e-3, 10e6, 3e-9
v_reset, v_th = -75e-3, {level}
for k in range(1500):
    v += dt / tau * (-70e-3 - v + R * I)
    if v > v_th:
        v = v_reset
    vs.append(v)
"""
SWEPT = """
dt, rates = 0.1, []
w = 0.0
for I in (12.0, 18.0, 24.0, 30.0):
    {begin}
    n = 0
    for k in range(900):
        v += dt / 10.0 * (-65.0 - v + I - w)
        w -= dt / 80.0 * w
        if v >= -50.0:
            v = -65.0
            w += 2.0
            n += 1
    rates.append(n)
"""
AFTER = """
import numpy as np
def run(dt=0.1, n=900):
    V = np.full(n, -65.0)
    for i in range(1, n):
        V[i] = V[i - 1] + dt / 10.0 * (-65.0 - V[i - 1] + 25.0)
    {indent}if V[i] >= -50.0:
    {indent}    V[i] = -65.0
    return V
run()
"""
WINDOW = """
import numpy as np
dt = 0.1
t = np.arange(0, 100, dt)
I = np.zeros(t.size)
I[(t > {begin}) & (t < 80)] = 2.0
V = np.full(t.size, -65.0)
for i in range(1, t.size):
    V[i] = V[i - 1] + dt / 10.0 * (-65.0 - V[i - 1] + 9.0 * I[i - 1])
    if V[i] > -50.0:
        V[i] = -65.0
"""
WHOLE = """
def f(v):
    return (-65.0 - v + 20.0) / 12.0
dt, v, vs, spikes = 0.1, -65.0, [], []
for k in range(1200):
    k1 = f(v)
    k2 = f(v + dt * k1)
    v = v + {share} * k1 + {share} * k2
    if v > -50.0:
        v = -65.0
        spikes.append(k * dt)
    vs.append(v)
"""
SEED = "np.random.seed(3)"


def faults(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    return [(one.key, one.line) for one in reading.faults]


@pytest.mark.parametrize(("outside", "inside", "told"), [(SEED, "", []), ("", SEED, [("seeded-again", 6)])])
def test_random_numbers_begun_anew_in_each_step_are_told(tmp_path, outside, inside, told):
    assert faults(tmp_path, NOISY.format(outside=outside, inside=inside)) == told


@pytest.mark.parametrize(
    ("array", "start", "first", "told"),
    [
        ("zeros(n)", "-70.0", "1, ", []),
        ("zeros(n)", "-70.0", "", [("start-overwritten", 8)]),
        ("full(n, -70.0)", "-70.0", "", []),
    ],
)
def test_a_start_that_the_first_step_sets_anew_is_told(tmp_path, array, start, first, told):
    assert faults(tmp_path, BEGUN.format(array=array, start=start, first=first)) == told


def test_times_of_spikes_kept_in_every_step_are_told(tmp_path):
    assert faults(tmp_path, KEPT) == []
    every = KEPT.replace("        spike_times", "    spike_times")
    assert faults(tmp_path, every) == [("spikes-each-sample", 7)]


@pytest.mark.parametrize(
    ("a", "told"), [("1 / 50", []), ("1 // 50", [("integer-division", 3)]), ("100 // 50 / 100", [])]
)
def test_a_parameter_made_by_whole_numbers_is_told(tmp_path, a, told):
    assert faults(tmp_path, FLOORED.format(a=a)) == told


@pytest.mark.parametrize(("level", "told"), [("-50e-3", []), ("-50", [("threshold-unit", 4)])])
def test_a_threshold_in_another_unit_is_told_where_it_is_given(tmp_path, level, told):
    assert faults(tmp_path, UNITS.format(level=level)) == told


@pytest.mark.parametrize(("begin", "told"), [("v, w = -65.0, 0.0", []), ("v = -65.0", [("state-left", 5)])])
def test_an_adaptation_left_over_by_the_run_before_is_told(tmp_path, begin, told):
    assert faults(tmp_path, SWEPT.format(begin=begin)) == told


@pytest.mark.parametrize(("indent", "told"), [("    ", []), ("", [("threshold-after", 7)])])
def test_a_threshold_that_is_compared_after_the_loop_is_told(tmp_path, indent, told):
    assert faults(tmp_path, AFTER.format(indent=indent)) == told


@pytest.mark.parametrize(("begin", "told"), [("20", []), ("1000 * 20", [("input-never-on", 6)])])
def test_an_input_that_is_set_in_no_element_is_told(tmp_path, begin, told):
    assert faults(tmp_path, WINDOW.format(begin=begin)) == told


@pytest.mark.parametrize(("share", "told"), [("dt / 2", []), ("dt", [("stage-weights", 8)])])
def test_stages_that_are_added_up_whole_are_told(tmp_path, share, told):
    assert faults(tmp_path, WHOLE.format(share=share)) == told


WAITS = """
import numpy as np
dt, tau, V_rest, V_th, t_ref = 0.1, 10.0, -65.0, -50.0, 3.0
V, spikes = np.full(1200, V_rest), []
last = -100.0
I = np.zeros(1200)
I[200:1000] = 20.0
for i in range(1, 1200):
    if i * dt - last < t_ref:
        V[i] = V_rest
        continue
    V[i] = V[i - 1] + dt * (-(V[i - 1] - V_rest) + I[i]) / tau
    if V[i] >= V_th:
        V[i] = V_rest
        last = i * dt
        spikes.append(i * dt)
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1200):\n", "1200):\n    last = -100.0\n", ("set-anew", 9)),
        ("I[i]) / tau", "I[int(i * dt)]) / tau", ("input-never-on", 12)),
    ],
)
def test_what_a_turn_loses_is_told(tmp_path, old, new, told):
    assert taken(tmp_path, WAITS).faults == ()
    assert [(one.key, one.line) for one in taken(tmp_path, WAITS.replace(old, new)).faults] == [told]


def test_what_a_turn_sets_and_asks_for_afterwards_is_its_own(tmp_path):
    found = taken(tmp_path, """
        v, count = 0.0, 0
        for k in range(400):
            fired = False
            v += 0.1 * (15.0 - v) / 10.0
            if v > 10.0:
                v, fired = 0.0, True
            if fired:
                count += 1
        """)  # fmt: skip
    assert found.faults == ()
