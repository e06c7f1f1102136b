"""What a spike does in a run without one is read from the text of its branch."""

import pytest

from tests.analysis.doctor.written import taken

LOOP = """
dt, tau, t_ref, V_reset = 0.1, 10.0, 3.0, -70.0
n_ref = int(round(t_ref / dt))
v, wait, last, n_spikes = -65.0, 0, -1e9, 0
for k in range(300):
    t = k * dt
    {held}
    v = v + dt * (-65.0 - v + 5.0) / tau
    if v >= -50.0:
        n_spikes += 1
        {fires}
if n_spikes > 3:
    print(n_spikes)
"""
COUNTS = "if wait > 0:\n        wait -= 1\n        continue"
CLOCK = "if t - last < t_ref:\n        continue"

ELEMENTS = """
import numpy as np
dt, a, b, c, d = 0.25, 0.02, 0.2, -65.0, 8.0
v, u = np.zeros(300), np.zeros(300)
v[0], u[0] = -70.0, -14.0
for i in range(299):
    v[i + 1] = v[i] + dt * (0.04 * v[i] ** 2 + 5 * v[i] + 140 - u[i] + 2.0)
    u[i + 1] = u[i] + dt * a * (b * v[i] - u[i])
    if v[i + 1] >= 30:
        v[i + 1] = c
        u[i + 1] += d
        v[i] = 30
"""


@pytest.mark.parametrize(
    ("held", "fires", "tau_ref", "told"),
    [
        (COUNTS, "v, wait = V_reset, n_ref", 3.0, "v = -70, a wait of 3 ms"),
        (COUNTS, "v, wait = V_reset, 25", 2.5, "v = -70, a wait of 2.5 ms"),
        (CLOCK, "v, last = V_reset, t", 3.0, "v = -70, a wait of 3 ms"),
        ("pass", "v = V_reset", 0.0, "v = -70."),
    ],
)
def test_reset_and_wait_are_the_branchs(tmp_path, held, fires, tau_ref, told):
    found = taken(tmp_path, LOOP.format(held=held, fires=fires))
    assert (found.model.neuron.v_reset, found.model.neuron.tau_ref) == (-70.0, tau_ref)
    (note,) = (one for one in found.notes if one.key == "no-spike")
    assert told in note.said
    assert "not known" not in note.said


def test_what_the_text_does_not_tell_is_said(tmp_path):
    found = taken(tmp_path, LOOP.format(held=COUNTS, fires="v, wait = min(v, -70.0), len(str(k))"))
    (note,) = (one for one in found.notes if one.key == "no-spike")
    assert "What it makes of v, how long it waits is not known" in note.said
    assert found.model.neuron.tau_ref == 0.0


def test_other_states_are_raised_where_the_branch_raises_them(tmp_path):
    neuron = taken(tmp_path, ELEMENTS).model.neuron
    assert dict(neuron.reset) == {"V": "-65", "u": "u + 8"}


ARRIVALS = """
import math

def cell(arrivals, tau=12.0, weight=0.4, level=1.0, base=0.0):
    dt, u, marks = 0.1, 0.0, []
    fade = math.exp(-dt / tau)
    for k in range(600):
        u *= fade
        if arrivals and k * dt >= arrivals[0]:
            u += weight
            arrivals.pop(0)
        if u > level:
            u = base
            marks.append(k * dt)
    return marks

cell([10.0, 20.0, 45.0])
"""


def test_a_reset_to_zero_is_read_and_arrivals_may_add_up(tmp_path):
    found = taken(tmp_path, ARRIVALS)
    said = {one.key: one.said for one in found.findings}
    assert said["no-spike"].endswith("it makes u = 0.")
    assert not any("Nothing reaches" in one for one in said.values())
