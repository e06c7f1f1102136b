"""A slip in the stage of one state alone is told by its line."""

from pathlib import Path

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from tests.analysis.doctor.written import taken

SCRIPT = """
def dv(v, u, I):
    return 0.04 * v * v + 5.0 * v + 140.0 - u + I
def du(v, u):
    return 0.02 * (0.2 * v - u)
h, v, u = 0.1, -70.0, -14.0
vs = []
for k in range(300):
    I = 10.0 if k >= 20 else 0.0
    kv1 = h * dv(v, u, I)
    ku1 = h * du(v, u)
    kv2 = h * dv(v + 0.5 * kv1, u + 0.5 * ku1, I)
    ku2 = h * du(v + 0.5 * kv1, u + 0.5 * ku1)
    kv3 = h * dv(v + 0.5 * kv2, u + 0.5 * ku2, I)
    ku3 = h * du(v + 0.5 * kv2, u + 0.5 * ku2)
    kv4 = h * dv(v + kv3, u + ku3, I)
    ku4 = h * du(v + kv3, u + ku3)
    v += (kv1 + 2.0 * kv2 + 2.0 * kv3 + kv4) / 6.0
    u += (ku1 + 2.0 * ku2 + 2.0 * ku3 + ku4) / 6.0
    if v >= 30.0:
        v = -65.0
        u += 8.0
    vs.append(v)
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("ku3 = h * du(v + 0.5 * kv2, u + 0.5 * ku2)", "ku3 = h * du(v + 0.5 * kv2, u + ku2)", 15),
        ("ku3 = h * du(v + 0.5 * kv2, u + 0.5 * ku2)", "ku3 = h * du(v + 0.5 * kv2, u + 0.7 * ku2)", 15),
        ("u + 0.5 * ku1, I)", "u + 2.0 * ku1, I)", 12),
        ("ku2 = h * du(v + 0.5 * kv1, ", "ku2 = h * du(v, ", 13),
        ("kv3 = h * dv(v + 0.5 * kv2, u + 0.5 * ku2, I)", "kv3 = h * dv(v + 0.5 * kv2, u, I)", 14),
        ("\n", "\n\n", 0),
    ],
)
def test_a_slip_in_the_slope_of_one_state_is_told(tmp_path, old, new, line):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.replace(old, new))
    reading = read(traced(path), solve=False)
    assert {one.line for one in reading.faults} == ({line} if line else set())


VECTOR = """
import numpy as np
def f(y):
    v, u = y
    return np.array([0.04 * v * v + 5.0 * v + 150.0 - u, 0.02 * (0.2 * v - u)])
h, y = 0.1, np.array([-70.0, -14.0])
for k in range(300):
    k1 = f(y)
    k2 = f(y + 0.5 * h * k1)
    k3 = f(y + 0.5 * h * k2)
    k4 = f(y + h * k3)
    y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    if y[0] >= 30.0:
        y[0] = -65.0
        y[1] += 8.0
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("k1 + 2.0 * k2 + 2.0 * k3 + k4", "k1 + 2.0 * k2 + k3 + k4"),  # of all states: their sum is not 1
        ("k1 + 2.0 * k2 + 2.0 * k3 + k4", "k1 + 2.0 * k2 + 2.0 * k2 + k4"),  # one slope in another's place
        ("k1 + 2.0 * k2 + 2.0 * k3 + k4", "k1 + 2.0 * k2 + 2.0 * k3 + k3"),
    ],
)
def test_wrong_weights_of_all_states_are_told(tmp_path, old, new):
    path = tmp_path / "script.py"
    path.write_text(VECTOR.replace(old, new) if old else VECTOR)
    reading = read(traced(path), solve=False)
    assert {one.line for one in reading.faults} == ({12} if old else set())


def test_a_stage_without_a_slope_is_told(tmp_path):
    """Its gates go astray, which follows."""
    path = tmp_path / "script.py"
    path.write_text(VECTOR.replace("f(y + 0.5 * h * k1)", "f(y + 0.5 * h)"))
    assert [(one.line, one.stands) for one in read(traced(path), solve=False).faults] == [(9, "0.5*h")]


HEUN = """
dt, v, w = 0.1, -60.0, 0.0
def slopes(v, w):
    return (-60.0 - v - w + 30.0) / 10.0, (0.5 * (v + 60.0) - w) / 40.0
for k in range(300):
    a, b = slopes(v, w)
    c, d = slopes(v + dt * a, w + dt * b)
    v = v + 0.5 * dt * (a + c)
    w = w + 0.5 * dt * (b + d)
    if v >= -45.0:
        v = -65.0
        w = w + 1.0
"""


@pytest.mark.parametrize(("new", "lines"), [("b + d", set()), ("b + b", {9})])
def test_one_state_may_lack_its_second_slope(tmp_path, new, lines):
    path = tmp_path / "script.py"
    path.write_text(HEUN.replace("b + d", new))
    assert {one.line for one in read(traced(path), solve=False).faults} == lines


HELPED = """
def moved(y, factor, k):
    return [a + factor * b for a, b in zip(y, k)]
def slope(y):
    v, u = y
    return [0.04 * v * v + 5.0 * v + 150.0 - u, 0.02 * (0.2 * v - u)]
def step(y, h):
    k1 = slope(y)
    k2 = slope(moved(y, h / 2, k1))
    k3 = slope(moved(y, h / 2, k2))
    k4 = slope(moved(y, h, k3))
    return [x + h * (a + 2 * b + 2 * c + d) / 6 for x, a, b, c, d in zip(y, k1, k2, k3, k4)]
h, y = 0.1, [-70.0, -14.0]
for k in range(200):
    y = step(y, h)
    if y[0] >= 30.0:
        y = [-65.0, y[1] + 8.0]
"""


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("k3 = slope(moved(y, h / 2, k2))", "k3 = slope(moved(y, h / 2, k1))", "stage-step", 10),
        ("k3 = slope(moved(y, h / 2, k2))", "k3 = slope(moved(y, h, k2))", "stage-step", 10),
        ("k4 = slope(moved(y, h, k3))", "k4 = slope(moved(y, h / 2, k3))", "stage-step", 11),
        ("(a + 2 * b + 2 * c + d) / 6", "(a + b + c + d) / 4", "stage-weights", 12),
        ("(a + 2 * b + 2 * c + d) / 6", "(a + b + c + d) / 6", "stage-weights", 12),
        ("y = step(y, h)", "y = step(y, 0.5 * h)", "", 0),
    ],
)
def test_a_stage_that_a_function_takes_is_told_where_it_is_called(tmp_path, old, new, key, line):
    path = tmp_path / "script.py"
    path.write_text(HELPED.replace(old, new))
    reading = read(traced(path), solve=False)
    assert [(one.key, one.line) for one in reading.faults] == ([(key, line)] if key else [])


SUMMED = """
    dt, v, t, spikes, times = 0.1, -65.0, 0.0, [], []
    def f(v):
        return (25.0 - (v + 65.0)) / 10.0
    for k in range(600):
        {step}
        if v > -50.0:
            v = -70.0
            spikes.append(t)
        times.append(t)
    """


@pytest.mark.parametrize(
    "step",
    [
        "k1 = f(v); k2 = f(v + dt * k1); v = v + dt * (k1 + k2); t += dt",
        "k1 = dt * f(v); k2 = dt * f(v + k1); v += k1 + k2; t += dt",
        "k1 = f(v); p = v + dt * k1; k2 = f(p); v += (k1 + k2) * dt; t += dt",
    ],
)
def test_slopes_that_are_added_up_whole_want_their_half(tmp_path: Path, step: str) -> None:
    (fault,) = taken(tmp_path, SUMMED.format(step=step)).faults
    assert (fault.key, fault.line, fault.should) == ("stage-weights", 6, "1/2 k1 + 1/2 k2")


@pytest.mark.parametrize(
    "step",
    [
        "k1 = f(v); k2 = f(v + dt * k1); v = v + dt / 2 * (k1 + k2); t += dt",
        "p = v + 0.5 * dt * f(v); v = p + 0.5 * dt * f(p); t += dt",
        "v = v + dt * f(v); t += dt; v = v + dt * f(v); t += dt",
    ],
    ids=["Heun's own", "half steps", "two steps, and the clock by both"],
)
def test_slopes_in_a_row_are_no_stages_of_one(tmp_path: Path, step: str) -> None:
    assert not taken(tmp_path, SUMMED.format(step=step)).faults


def test_a_stage_within_a_generator_is_told_by_its_own_line(tmp_path: Path) -> None:
    (fault,) = taken(tmp_path, """
        from itertools import islice
        def neuron(dt):
            v = -60.0
            while True:
                slope = 0.02 * (v + 60.0) * (v + 40.0) + 3.0
                middle = v + dt * slope
                v = v + dt * (0.02 * (middle + 60.0) * (middle + 40.0) + 3.0)
                if v > 30.0:
                    v = -55.0
                yield v
        def main():
            return list(islice(neuron(0.1), 900))
        main()
        """).faults  # fmt: skip
    assert (fault.key, fault.line) == ("stage-step", 7)


ADAPTING = """
def dv(v, z):
    return (0.05 * (v + 65.0) * (v + 50.0) - z + 9.0) / 10.0
def dz(v, z):
    return (0.1 * (v + 65.0) - z) / 40.0
h, v, z = 0.1, -65.0, 0.0
for k in range(300):
    kv, kz = dv(v, z), dz(v, z)
    v_next = v + h * kv
    z_next = z + h * kz
    lv = dv(v_next, z_next)
    lz = dz(v_next, z_next)
    v = v + 0.5 * h * (kv + lv)
    z = z + 0.5 * h * (kz + lz)
"""
DECAYING = """
def dv(v, z):
    return (-65.0 - v - z + 20.0) / 10.0
def dz(z):
    return -z / 40.0
h, v, z = 0.1, -65.0, 5.0
for k in range(300):
    v_mid = v + 0.5 * h * dv(v, z)
    z_mid = z + 0.5 * h * dz(z)
    v = v + h * dv(v_mid, z_mid)
    z = z + h * dz(z_mid)
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "line"),
    [
        (
            ADAPTING,
            "lz = dz(v_next, z_next)",
            "lz = dz(v_next, z)",
            12,
        ),  # what is linear is the midpoint's as well
        (ADAPTING, "", "", 0),
        (DECAYING, "dv(v_mid, z_mid)", "dv(v, z)", 10),  # and v by Euler
        (DECAYING, "", "", 0),
    ],
)
def test_a_stage_that_one_slope_leaves_out_is_told_where_it_is_taken(tmp_path, text, old, new, line):
    reading = taken(tmp_path, text.replace(old, new) if old else text)
    assert {one.line for one in reading.faults} == ({line} if line else set())
