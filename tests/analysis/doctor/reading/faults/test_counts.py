"""Spikes that are counted at every sample, and times of spikes that are step numbers."""

from pathlib import Path

import pytest

from natrium.analysis.doctor.reading.text.counted import counted
from tests.analysis.doctor.written import taken

WAVES = """
import numpy as np
dt, v, w, vs, last, spikes = 0.1, -1.0, -0.5, [], -9.0, []
for k in range(1500):
    v, w = v + dt * (v - v**3 / 3 - w + 0.5), w + dt * 0.08 * (v + 0.7 - 0.8 * w)
    vs.append(v)
"""


@pytest.mark.parametrize(
    "count",
    [
        "for k in range(1, 1500):\n    if vs[k] > 1.0:\n        spikes.append(k * dt)",
        "n_spikes = 0\nfor x in range(1500):\n    if vs[x] >= 1.0: n_spikes += 1",
        "V = np.array(vs)\n\nn_spikes = int(np.sum(V > 1.0))",
        "V = np.array(vs)\n\nn_spikes = len(np.where(V > 1.0)[0])",
    ],
)
def test_a_spike_that_is_counted_at_each_sample_is_told(tmp_path: Path, count: str) -> None:
    (fault,) = taken(tmp_path, WAVES + count).faults
    line = (WAVES + count).splitlines()
    assert fault.key == "spikes-each-sample"
    assert "> 1.0" in line[fault.line - 1] or ">= 1.0" in line[fault.line - 1]


@pytest.mark.parametrize(
    "count",
    [
        "for k in range(1, 1500):\n    if vs[k] > 1.0 and vs[k - 1] <= 1.0:\n        spikes.append(k * dt)",
        "for k in range(1500):\n    if vs[k] > 1.0:\n        spikes.append(k * dt)\n        last = k * dt",
        "for k in range(1500):\n    if k * dt - last > 20.0:\n        if vs[k] > 1.0: spikes.append(k * dt)",
        "above = int(np.sum(np.array(vs) > 1.0))",
        "V = np.array(vs)\nspikes = np.where((V[1:] > 1.0) & (V[:-1] <= 1.0))[0]",
        "V = np.array(vs)\nn_spikes = np.sum(np.diff((V > 1.0).astype(int)) > 0)",
    ],
)
def test_a_crossing_that_is_counted_once_is_none(count: str) -> None:
    assert not list(counted((WAVES + count).splitlines(), {"v", "vs", "V"}))


NUMBERS = """
    import numpy as np
    dt, tau, n, spike_times = 0.1, 10.0, 900, []
    v = np.zeros(n)
    for i in range(1, n):
        v[i] = v[i - 1] + dt * (20.0 - v[i - 1]) / tau
        if v[i] >= 15.0:
            v[i] = 0.0
            spike_times.append({kept})
    {after}
    """


@pytest.mark.parametrize(
    ("kept", "after", "lines"),
    [
        ("i", "print('intervals (ms):', np.diff(spike_times))", [9]),
        ("i", "print(len(spike_times) / (n * dt), spike_times)", [9]),
        ("i * dt", "print('intervals (ms):', np.diff(spike_times))", []),
        ("i", "print('intervals (ms):', dt * np.diff(spike_times))", []),
        ("i", "t = dt * np.arange(n); print(t[spike_times])", []),
        ("i", "at = np.array(spike_times); print(at * dt)", []),
        ("i", "print([one * dt for one in spike_times])", []),
    ],
)
def test_step_numbers_that_are_kept_as_times_are_told(
    tmp_path: Path, kept: str, after: str, lines: list[int]
) -> None:
    found = taken(tmp_path, NUMBERS.format(kept=kept, after=after)).faults
    assert [(one.key, one.line) for one in found] == [("spike-label", line) for line in lines]
