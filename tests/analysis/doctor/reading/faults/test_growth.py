"""States that nothing brings back, and decays that a step has twice."""

import pytest

from natrium.analysis.doctor import read_script

ADAPTED = """
dt, v, w, spikes = 0.1, -70.0, 0.0, []
tau_w, b = 90.0, 1.5
for k in range(2500):
    v += dt / 15.0 * (-70.0 - v + 24.0 - w)
    w += dt / tau_w * {slope}
    if v >= -52.0:
        v = -62.0
        w += b
        spikes.append(k * dt)
"""
CUBED = """
dt, v, w, vs = 0.02, -1.0, -0.4, []
for k in range(150):
    dv = {slope} - w + 0.5
    dw = 0.08 * (v + 0.7 - 0.8 * w)
    v, w = v + dt * dv, w + dt * dw
    vs.append(v)
"""
DECAYED = """
import math
dt, v, g, vs = 0.1, -70.0, 0.0, []
tau_s = 5.0
for k in range(1200):
    if k % 150 == 20:
        g += 0.3
    g *= math.exp(-dt / tau_s)
    v += dt * (-70.0 - v - g * v) / 20.0{more}
    vs.append(v)
"""


HALVES = """
v, u, vs = -65.0, -13.0, []
for k in range(600):
    v = v + 0.5 * (0.04 * v * v + 5 * v + 140 - u + 10)
    v = v + 0.5 * (0.04 * v * v + 5 * v + 140 - u + 10)
    u = u + 0.02 * (0.2 * v - u)
    if v >= 30:
        v, u = -65.0, u + 8.0
    vs.append(v)
"""
CROSSED = """
import math
dt, v, n, h, vs = 0.05, -65.0, 0.1, 0.6, []
for k in range(1500):
    a, b = 0.1 / (1 + math.exp(-(v + 40) / 9)), 0.1 / (1 + math.exp((v + 40) / 9))
    n = n + dt * (a * (1 - n) - b * {n})
    h = h + dt * (b * (1 - h) - a * h)
    v = v + dt * (2.0 - 0.3 * (v + 60) - 2.0 * n * (v + 80) - 1.0 * h * (v - 20))
    vs.append(v)
"""


def faults(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    (reading,) = read_script(path)
    return [(one.key, one.line) for one in reading.faults]


@pytest.mark.parametrize(
    ("slope", "told"),
    [
        ("(-w)", []),
        ("w", [("decay-sign", 6)]),
        ("(0.2 * (v + 70.0) - w)", []),
        ("(0.2 * (v + 70.0) + w)", [("decay-sign", 6)]),
    ],
)
def test_an_adaptation_that_grows_by_itself_is_told(tmp_path, slope, told):
    assert faults(tmp_path, ADAPTED.format(slope=slope)) == told


@pytest.mark.parametrize(
    ("slope", "told"),
    [
        ("v - v**3 / 3", []),
        ("v + v**3 / 3", [("cubic-sign", 4)]),
        ("v * (v - 0.2) * (v - 1.0)", [("cubic-sign", 4)]),
        ("v * (v - 0.2) * (1.0 - v)", []),
    ],
)
def test_a_cube_that_drives_the_voltage_away_is_told(tmp_path, slope, told):
    assert faults(tmp_path, CUBED.format(slope=slope)) == told


@pytest.mark.parametrize(("more", "told"), [("", []), ("\n    g -= dt * g / tau_s", [("decay-twice", 10)])])
def test_a_decay_that_a_step_has_twice_is_told(tmp_path, more, told):
    assert faults(tmp_path, DECAYED.format(more=more)) == told


def test_a_step_of_two_halves_decays_once(tmp_path):
    assert faults(tmp_path, HALVES) == []


@pytest.mark.parametrize(("n", "told"), [("n", []), ("h", [("gate-crossed", 6)])])
def test_a_gate_that_closes_by_another_is_told(tmp_path, n, told):
    assert faults(tmp_path, CROSSED.format(n=n)) == told


def test_a_model_that_grows_without_end_is_not_solved(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(ADAPTED.format(slope="w"))
    (reading,) = read_script(path)
    assert reading.truth is None
    assert reading.no_truth == "a state of it grows without end"
