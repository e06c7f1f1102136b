"""How long a script waits after a spike, by its own clock and its own count."""

from __future__ import annotations

import pytest

from tests.analysis.doctor.written import taken

OWN_CLOCK = """
    class Cell:
        def __init__(self):
            self.v, self.t, self.fired = -70.0, 0.0, -1e9

        def step(self, current, dt=0.1, t_ref=3.0):
            {first}
            if self.t - self.fired < t_ref:
                self.v = -70.0
                return self.v
            self.v += dt * (-70.0 - self.v + current) / 10.0
            if self.v > -55.0:
                self.v = -70.0
                self.fired = {kept}
            {last}
            return self.v

    cell = Cell()
    trace = [cell.step(25.0) for _ in range(300)]
    """


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [("self.t += dt", "pass", "self.t"), ("self.t = self.t + dt", "pass", "self.t + 0.0 * dt")],
    ids=["time-first", "time-rebound"],
)
def test_own_clock(tmp_path, first, last, kept):
    """What is kept at a spike is the time that the step has come to: the wait is the parameter's."""
    found = taken(tmp_path, OWN_CLOCK.format(first=first, last=last, kept=kept))
    assert found.meant.refractory.meant(0.1) == 3.0
    assert found.model.neuron.tau_ref == 3.0
