"""A clock and the step's number beside it are one clock."""

import pytest

from natrium.analysis.doctor.reading.script import traced
from natrium.analysis.doctor.reading.verdict import read

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
