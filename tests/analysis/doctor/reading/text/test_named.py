"""Numbers that a text gives names to."""

import pytest

from natrium.analysis.doctor.reading.text.named import (
    compared,
    foregone,
    idle,
    numbers_named,
    reads,
    undriven,
    unread,
)
from tests.analysis.doctor.written import taken

SOURCE = """
E_L, V_r = -65.0, -70.0
count = 0
class Cell:
    def __init__(self, wait, tau=5.0):
        self.wait = wait
        self.tau = tau
        self.steps = round(wait / 0.1)
    def step(self, v):
        return v - (v - E_L) / self.tau
for k in range(3):
    count += 1
""".splitlines()


def test_names_have_their_numbers_where_they_are_set_once():
    assert numbers_named(SOURCE) == {"E_L": -65.0, "V_r": -70.0, "tau": 5.0}


def test_what_is_set_and_never_read_is_named():
    assert unread(SOURCE) == {"V_r": (2, -70.0), "count": (3, 0.0), "wait": (6, None)}
    assert idle(SOURCE) == {"V_r": 2, "wait": 6, "steps": 8, "k": 11, "count": 3}
    assert compared(SOURCE, "v") == 0
    assert compared(["if a:", "    b = self.v > 2 * c"], "v") == compared(["", "1 < v"], "v") == 2
    assert reads(SOURCE)["E_L"] == 1


LEAK = """
g_L, E_L, C, V, dt = 0.3, -60.0, 1.0, -65.0, 0.1
for k in range(200):
    I_L = CURRENT
    V += dt * (5.0 - I_L) / C
"""


@pytest.mark.parametrize(
    ("current", "told"),
    [
        ("g_L * (V - E_L)", None),
        ("g_L", (4, "I_L", "E_L")),
        ("g_L * V", (4, "I_L", "E_L")),
        ("0.3 * V", None),
        ("g_L * (V - E_l)", None),
    ],
)
def test_a_reversal_that_nothing_reads_is_told_where_its_conductance_is(current, told):
    assert undriven(tuple(LEAK.replace("CURRENT", current).split("\n")), "V") == told


def test_what_is_counted_from_0_may_have_a_reversal_of_0():
    text = LEAK.replace("CURRENT", "g_L * V").replace("-60.0", "0.0")
    assert undriven(tuple(text.split("\n")), "V") is None


def test_it_is_a_fault_of_the_script(tmp_path):
    (found,) = taken(tmp_path, LEAK.replace("CURRENT", "g_L * V")).faults
    assert (found.key, found.line) == ("reversal-unread", 4)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("(t >= on) & (t < 80.0)", []),
        ("(t >= on) | (t < 80.0)", [(2, "(t >= on) | (t < 80.0)", True)]),
        ("(t < on) | (t >= 80.0)", []),
        ("(t < on) & (t >= 80.0)", [(2, "(t < on) & (t >= 80.0)", False)]),
        ("t > 80.0 or t < 20", []),
        ("t > 80.0 or u < 90", []),
    ],
)
def test_what_comes_out_alike_whatever_is_compared(condition, told):
    assert list(foregone(("on = 20.0", f"x = {condition}"))) == told
