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


TWO_CLOCKS = """
import numpy as np

moments = np.arange(0.0, 200.0, 0.1)
u, marks, t_ref = np.zeros(moments.size), [], 4.0
for k in range(1, moments.size):
    if u[k - 1] > 1.0:
        u[k] = 0.0
        marks.append(moments[k - 1])
    elif marks and moments[k] - marks[-1] < t_ref:
        u[k] = 0.0
    else:
        u[k] = u[k - 1] + 0.1 * (1.3 - u[k - 1]) / 14.0
"""


def test_a_wait_told_by_two_clocks_is_its_time(tmp_path):
    found = taken(tmp_path, TWO_CLOCKS)
    refractory = found.data()["rules"]["refractory"]
    assert refractory["counted_by"] == "clock"
    assert refractory["nominal_ms"] == pytest.approx(4.0)
    assert found.meant.model.neuron.tau_ref == pytest.approx(4.0)


CROSSED = """
import numpy as np

dt, t_ref, u, free_at, fired = 0.2, 3.0, -70.0, -1.0, []
fade = np.exp(-dt / 16.0)
for k in range(1000):
    now = k * dt
    if now < free_at:
        u = -70.0
        continue
    new = -46.0 + (u + 46.0) * fade
    if new >= -52.0:
        crossed = now + dt * (-52.0 - u) / (new - u)
        fired.append(crossed)
        free_at = crossed + t_ref
        u = -70.0
    else:
        u = new
"""


def test_a_wait_from_a_crossing_within_the_step_is_its_time(tmp_path):
    found = taken(tmp_path, CROSSED)
    assert set(found.data()["equations"]) == {"du/dt"}
    refractory = found.data()["rules"]["refractory"]
    assert refractory["counted_by"] == "clock"
    assert refractory["nominal_ms"] == pytest.approx(3.0, abs=0.2)
    assert found.meant.model.neuron.tau_ref == pytest.approx(3.0)
