"""A clock and the step's number beside it are one clock."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from tests.analysis.doctor.written import taken

SCRIPT = """
import numpy as np
dt, n, rest, hold = 0.1, 400, -70.0, 2.0
time = np.arange(n) * dt
v = np.full(n + 1, rest)
until = -1
for k in range(n):
    now = time[k]
    if k < until:
        v[k + 1] = rest
    else:
        v[k + 1] = v[k] + dt * (rest - v[k] + (25.0 if now >= 3.0 else 0.0)) / 10.0
    if v[k + 1] >= -55.0:
        v[k + 1] = rest
        until = k + 1 + {count}
"""


@pytest.mark.parametrize(("count", "held"), [("round(hold / dt)", 20), ("round(hold)", 2)])
def test_a_wait_in_steps_beside_a_time_is_a_refractory_period(tmp_path, count, held):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(count=count))
    reading = read(traced(path), solve=False)
    assert reading.replay.off < 0
    assert reading.maps.moving == ("v",)
    assert set(reading.maps.hold.steps) == {held}
    assert reading.maps.hold.way == "clock"
    assert reading.model.neuron.tau_ref == pytest.approx(0.1 * held, abs=0.11)  # a step more or less


SIDE_BY_SIDE = """
import numpy as np
dt, n_ref = 0.2, 10
height = np.array([1.0, 1.5, 1.9])
v, last = np.full(3, -64.0), np.full(3, -100)
for k in range(300):
    current = height * (k * dt >= 10.0)
    v = np.where(k - last > n_ref, v + (-(v + 64.0) + 12.0 * current) / 16.0 * dt, -66.0)
    fired = v >= -50.0
    v[fired], last[fired] = -66.0, k
"""


@pytest.mark.parametrize(("old", "new", "lines"), [("", "", []), ("height * (", "height * dt * (", [8])])
def test_the_number_of_a_step_times_the_step_is_a_time(tmp_path, old, new, lines):
    found = taken(tmp_path, SIDE_BY_SIDE.replace(old, new) if old else SIDE_BY_SIDE)
    assert [one.line for one in found.faults] == lines
    assert found.scheme.key == ("other" if lines else "euler")
