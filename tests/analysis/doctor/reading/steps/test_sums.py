"""What a step gathers and clears again is its input; what it keeps is a state."""

import pytest

from tests.analysis.doctor.written import equations, taken

SENT = """
class Cell:
    def __init__(self):
        self.v, self.i = 0.0, 0.0
    def send(self, i):
        self.i += i
    def step(self, dt):
        self.v += dt * (-self.v + 2.0 * self.i) / 10.0
        fired = self.v >= 1.0
        if fired:
            self.v = 0.0
        self.i = {left}
        return fired
cell, dt, vs = Cell(), 0.1, []
for k in range(300):
    cell.send({first})
    cell.send(0.3)
    cell.step(dt)
    vs.append(cell.v)
"""


@pytest.mark.parametrize("first", ["0.5", "0.4 if k > 100 else 0.5"])
def test_what_is_sent_and_cleared_is_the_input(tmp_path, first):
    found = taken(tmp_path, SENT.format(first=first, left="0.0"))
    assert found.scheme.key == "euler"
    assert list(equations(found)) == ["dv/dt"]
    assert found.faults == ()
    assert found.spike_times.size > 1


def test_what_fades_is_a_state(tmp_path):
    found = taken(tmp_path, SENT.format(first="0.05", left="0.9 * self.i"))
    assert set(found.record.states) == {"self.v", "self.i"}


def test_a_gate_that_is_set_to_nothing_stays(tmp_path):
    """It is read beside itself, as what opens: no sum is."""
    text = """
    dt, v, m = 0.1, -65.0, 0.0
    for k in range(300):
        m = m + dt * (0.2 * (1.0 - m) - 0.1 * m)
        v = v + dt * (-(v + 65.0) / 10.0 + 2.0 * m * (50.0 - v))
        m = 0.0
    """
    assert "m" in taken(tmp_path, text).record.states
