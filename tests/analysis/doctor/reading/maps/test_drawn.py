"""Spikes that are drawn before they are reset: for a step, or for some of the time that V waits."""

from tests.analysis.doctor.written import taken

DRAWN_FOR_A_WHILE = """
import math
dt, v, last, trace = 0.1, -60.0, -math.inf, []
for k in range(1200):
    t = dt * k
    if t - last < 0.5:
        v = 20.0
    elif t - last < 5.0:
        v = -65.0
    else:
        v = v + dt * (-60.0 - v + 16.0) / 10.0
        if v >= -50.0:
            v, last = 20.0, t
    trace.append(v)
"""

DRAWN_WHERE_IT_IS_FOUND = """
import numpy as np
dt, level, top = 0.1, -50.0, 0.0
V = np.zeros(1000)
V[0] = -60.0
for k in range(999):
    if V[k] <= level:
        V[k + 1] = V[k] + dt * (-60.0 - V[k] + 20.0) / 20.0
    elif V[k] != top:
        V[k + 1] = top
    else:
        V[k + 1] = -70.0
"""


def test_a_spike_may_be_drawn_for_some_of_its_wait(tmp_path):
    reading = taken(tmp_path, DRAWN_FOR_A_WHILE)
    assert reading.faults == ()
    neuron = reading.meant.model.neuron
    assert (neuron.v_reset, neuron.v_thresh, neuron.tau_ref) == (-65.0, -50.0, 5.0)


def test_a_spike_that_is_seen_a_step_late_is_one_spike_though_it_is_drawn(tmp_path):
    reading = taken(tmp_path, DRAWN_WHERE_IT_IS_FOUND)
    assert reading.faults == ()
    assert reading.meant.model.neuron.v_reset == -70.0
    spikes = [k for k, v in enumerate(reading.record.samples[:, 0]) if v == 0.0]
    assert [round(10 * t) for t in reading.spike_times] == spikes
    assert "threshold-before" in {one.key for one in reading.findings}


DRAWN_UNDER_ARRIVALS = """
import numpy as np
rng = np.random.default_rng(8)
dt, n = 0.1, 1500
more, less = (rng.random((2, n)) < [[0.09], [0.02]]).astype(int)
v, ge, gi = np.full(n, -70.0), np.zeros(n), np.zeros(n)
wait = 0.0
for k in range(1, n):
    ge[k] = ge[k - 1] * (1 - dt / 4.0) + 1.5 * more[k]
    gi[k] = gi[k - 1] * (1 - dt / 8.0) + 1.1 * less[k]
    if wait > 0:
        v[k] = -70.0
        wait -= dt
        continue
    into = ge[k - 1] / 9.0 * v[k - 1] + gi[k - 1] / 9.0 * (v[k - 1] + 80.0)
    v[k] = v[k - 1] + dt / 12.0 * (-70.0 - v[k - 1] - into)
    if v[k] >= -52.0:
        v[k] = 15.0
        wait = 2.0
"""


def test_arrivals_at_two_synapses_are_no_part_of_the_reset(tmp_path):
    reading = taken(tmp_path, DRAWN_UNDER_ARRIVALS)
    assert reading.maps.spikes.size > 2
    assert {kick.state for kick in reading.maps.kicks} == {"ge", "gi"}
    assert set(reading.maps.resets) == {"v"}
    assert reading.data()["no_model"] is None
