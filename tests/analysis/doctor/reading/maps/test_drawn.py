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
