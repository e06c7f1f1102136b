"""What the clock sets a state to, and what saturates, comes in as it did in the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.doctor.written import equations, taken

SYNAPSE = """
    import numpy as np
    dt, tau_s, tau, E_s, rest, n = 0.05, 3.0, 12.0, 0.0, -68.0, 800
    arrives = np.zeros(n, dtype=bool)
    arrives[[90, 240, 300, 520]] = True
    s, v, vs = 0.0, rest, []
    for k in range(n):
        t = k * dt
        {before}
        v += dt * (rest - v + 1.5 * s * (E_s - v)) / tau
        s += -dt * s / tau_s
        {after}
        vs.append(v)
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if abs(t - 10.0) < 1e-6: s = 0.8", "pass"),
        ("pass", "if k == 200: s = 0.8"),
        ("if arrives[k]: s += 0.4 * (1.0 - s)", "pass"),
        ("pass", "if arrives[k]: s += 0.4 * (1.0 - s)"),
    ],
)
def test_what_moves_a_synapse_now_and_then_comes_in_as_it_did(
    tmp_path: Path, before: str, after: str
) -> None:
    found = taken(tmp_path, SYNAPSE.format(before=before, after=after))
    assert equations(found) == {
        "dv/dt": "(rest - v + 1.5*s*(E_s - v))/tau",
        "ds/dt": "-s/tau_s",
    }
    assert not found.faults
    (kick,) = found.maps.kicks
    assert kick.state == "s"
    assert kick.steps.tolist() == ([90, 240, 300, 520] if "arrives" in before + after else [200])
    assert np.all((kick.weights > 0.0) & (kick.weights < 0.81))
    assert found.model is not None


def test_what_is_another_equation_from_a_time_on_is_none(tmp_path: Path) -> None:
    text = SYNAPSE.format(before="if arrives[k]: s += 0.1", after="if t > 25.0: s += 2.0 * dt * s / tau_s")
    found = taken(tmp_path, text)
    assert [one.key for one in found.faults] == ["equation-changes"]


TWO = """
    import numpy as np
    dt, rest, tau, tau_t, tau_s, low, high = 0.02, -65.0, 20.0, 4.0, 9.0, -54.0, 30.0
    n = 6000
    V1, V2, th1, th2, s1, s2 = (np.zeros(n) for _ in range(6))
    V1[0], V2[0], th1[0], th2[0] = rest, -60.0, low, low
    g1, g2 = 0.5 * s1[0], 0.5 * s2[0]
    for k in range(n - 1):
        V1[k + 1] = V1[k] + dt * (rest - V1[k] + g1 * (-75.0 - V1[k]) + 25.0) / tau
        V2[k + 1] = V2[k] + dt * (rest - V2[k] + g2 * (-75.0 - V2[k]) + 23.0) / tau
        th1[k + 1] = low + (th1[k] - low) * np.exp(-dt / tau_t)
        th2[k + 1] = low + (th2[k] - low) * np.exp(-dt / tau_t)
        s1[k + 1] = s1[k] * np.exp(-dt / tau_s)
        s2[k + 1] = s2[k] * np.exp(-dt / tau_s)
        g1, g2 = 0.5 * s1[k + 1], 0.5 * s2[k + 1]
        if V1[k + 1] > th1[k + 1]:
            V1[k + 1], th1[k + 1] = rest, high
            s2[k + 1] += 0.5 * (1.0 - s2[k + 1])
        if V2[k + 1] > th2[k + 1]:
            V2[k + 1], th2[k + 1] = rest, high
            s1[k + 1] += 0.5 * (1.0 - s1[k + 1])
"""


def test_of_two_neurons_with_thresholds_that_move_one_is_read_and_the_other_drives_it(tmp_path: Path) -> None:
    found = taken(tmp_path, TWO)
    assert equations(found) == {
        "dV1/dt": "(rest - V1 + 0.5*s1*(-75 - V1) + 25)/tau",
        "dth1/dt": "-((th1 - low)/tau_t)",
        "ds1/dt": "-(s1/tau_s)",
    }
    assert not found.faults
    (kick,) = found.maps.kicks
    samples = found.record.samples[:, found.record.states.index("s1")]
    jumps = np.flatnonzero(np.diff(samples) > 0.0)
    assert kick.state == "s1"
    assert kick.steps.tolist() == jumps.tolist()
    assert found.maps.spikes.size >= 3
