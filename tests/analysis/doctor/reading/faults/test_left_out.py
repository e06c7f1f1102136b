"""What is computed in each step and read by nothing."""

import pytest

from natrium.analysis.doctor import read_script

CURRENTS = """
import math
def slope(v, n, w, I):
    {0}_leak = 0.1 * (v + 70.0)
    {0}_K = 0.5 * n * (v + 90.0)
    {0}_M = 0.3 * w * (v + 90.0)
    return I - {0}_leak - {0}_K - {0}_M
dt, v, n, w, vs = 0.1, -70.0, 0.1, 0.0, []
for k in range(600):
    dv = slope(v, n, w, 3.0)
    n = n + dt * (1.0 / (1.0 + math.exp(-(v + 40.0) / 5.0)) - n) / 4.0
    w = w + dt * (1.0 / (1.0 + math.exp(-(v + 45.0) / 10.0)) - w) / 60.0
    v = v + dt * dv
    vs.append(v)
"""
BESIDE = """
dt, v, spikes = 0.1, -70.0, []
for k in range(900):
    iLeak = 0.1 * (v + 70.0)
    iIn = 2.5 if k > 50 else 0.0
    iTotal = iIn - iLeak
    v = v + dt * (iIn - iLeak)
    if v >= -50.0:
        v = -70.0
"""
MOVING = """
dt, v, theta0, theta, spikes = 0.1, -70.0, -50.0, -50.0, []
for k in range(1500):
    theta = theta + dt * (theta0 - theta) / 30.0
    v = v + dt * (-70.0 - v + 25.0) / 10.0
    if v >= theta:
        v = -70.0
        theta = theta + 2.0
        spikes.append(k * dt)
"""


OUTSIDE = """
E_leak, E_th, R, I_ext = -70.0, -50.0, 10.0, 2.5
I_min = (E_th - E_leak) / R
I_used = I_ext * 1.0
dt, v = 0.1, -70.0
tau = R * 2.0
def steps(v):
    for k in range(900):
        v = v + dt * (E_leak - v + R * I_used) / tau
        if v >= E_th:
            v = -70.0
    return v
steps(v)
"""


def faults(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    return [(one.key, one.line) for one in reading.faults]


@pytest.mark.parametrize("name", ["I", "i", "curr"])
def test_a_current_that_is_left_out_of_the_sum_is_told_there(tmp_path, name):
    sound = CURRENTS.format(name)
    assert faults(tmp_path, sound) == []
    assert faults(tmp_path, sound.replace(f" - {name}_M\n", "\n")) == [("stage-unused", 7)]
    assert faults(tmp_path, sound.replace(f" - {name}_leak - ", " - ")) == [("stage-unused", 7)]


def test_a_sum_that_is_not_used_is_no_term(tmp_path):
    assert faults(tmp_path, BESIDE) == []


def test_a_threshold_that_moves_and_is_not_compared_is_told_at_the_comparison(tmp_path):
    assert faults(tmp_path, MOVING) == []
    assert faults(tmp_path, MOVING.replace("v >= theta:", "v >= theta0:")) == [("threshold-unread", 6)]


def test_what_is_computed_once_beside_others_of_its_kind_is_no_part_of_a_step(tmp_path):
    assert faults(tmp_path, OUTSIDE) == []
