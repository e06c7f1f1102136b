"""Two things in each other's place are told where they got there: in a call, an assignment, at the start."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.claims.crossed import begun_crossed, crossed
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced

OBJECT = """
class Current:
    def __init__(self, g, E, x0):
        self.g, self.E = g, E
        self.x = x0

    def inward(self, v, open_):
        return self.g * open_ ** 2 * (self.E - v)

settings = {"tau": 12.0, "rest": -70.0}
tau, rest = settings["tau"], settings["rest"]
dt, v = 0.1, -70.0
slow = Current(0.4, -85.0, 0.1)
for k in range(400):
    opening = slow.x
    dv = (rest - v + 20.0 + slow.inward(v, opening)) / tau
    slow.x = slow.x + dt * (0.3 - slow.x) / 30.0
    v = v + dt * dv
    if v >= -55.0:
        v = -75.0
"""

GATES = """
import numpy as np

def alpha(v):
    return 0.05 * np.exp((v + 60.0) / 30.0)

def beta(v):
    return 0.2 * np.exp(-(v + 60.0) / 40.0)

def current(v, n, h):
    return 3.0 * n ** 2 * h * (v + 80.0)

def steady(v):
    return alpha(v) / (alpha(v) + beta(v)), 0.6

dt = 0.05
n0, h0 = steady(-65.0)
y = np.array([-65.0, n0, h0])
for k in range(300):
    v, n, h = y
    dv = (-65.0 - v + 15.0 - current(v, n, h)) / 8.0
    dn = alpha(v) * (1.0 - n) - beta(v) * n
    dh = (0.4 - h) / 25.0
    y = y + dt * np.array([dv, dn, dh])
"""

PLANTED = [
    (OBJECT, "Current(0.4, -85.0, 0.1)", "Current(-85.0, 0.4, 0.1)"),
    (OBJECT, "self.g, self.E = g, E", "self.g, self.E = E, g"),
    (OBJECT, "tau, rest = settings", "rest, tau = settings"),
    (GATES, "current(v, n, h)) / 8.0", "current(v, h, n)) / 8.0"),  # not in the function, that is right
    (GATES, "alpha(v) * (1.0 - n) - beta(v) * n", "beta(v) * (1.0 - n) - alpha(v) * n"),
    (GATES, "n0, h0 = steady", "h0, n0 = steady"),
]


@pytest.mark.parametrize(("text", "old", "new"), PLANTED)
def test_what_is_exchanged_is_told_where_it_got_there(tmp_path, text, old, new):
    assert text.count(old) == 1
    path = tmp_path / "script.py"
    path.write_text(text)
    claim = read(traced(path), solve=False).model
    assert read_script(path, claim)[0].faults == ()
    path.write_text(text.replace(old, new))
    (reading,) = read_script(path, claim)
    assert {one.line for one in reading.faults} == {text.partition(old)[0].count("\n") + 1}


def test_a_line_is_told_by_names_alone_where_it_is_one():
    assert crossed(["a, b = p.b, p.a"], "a", "b") == 1
    assert crossed(["a, b = p.a, p.b"], "a", "b") == 0
    assert crossed(["def f(x, y): pass", "f(y, x)", "f(y, x)"], "x", "y") == 0
    assert crossed(["f(x=y, y=x)"], "x", "y") == 1
    assert crossed(["def f(u, t, x, y): pass", "odeint(f, 0.0, ts, args=(y, x))"], "x", "y") == 2


@pytest.mark.parametrize(
    ("unpacked", "put", "line"),
    [
        ("m0, n0 = begin()", "[v0, n0, m0]", 3),  # the function gives n first
        ("n0, m0 = begin()", "[v0, m0, n0]", 4),
    ],
)
def test_starts_are_in_a_wrong_order_where_they_are_taken_apart_or_put_together(unpacked, put, line):
    source = ["def begin():", "    return a_n / b_n, a_m / b_m", unpacked, f"y = {put}"]
    assert begun_crossed(source, "n", "m") == line
