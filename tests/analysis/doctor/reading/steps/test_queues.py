"""Lists of ages of spikes, from which the oldest are dropped."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from natrium.analysis.doctor.reading.steps.queues import without_queues
from natrium.analysis.doctor.trace import trace_script
from tests.analysis.doctor.written import equations, taken

AGES = """
    import numpy as np
    np.random.seed(4)
    dt, rest, tau, top, longest, n = 0.5, -66.0, 12.0, -50.0, 60, 500
    comes = np.random.rand(n) > 0.93
    shape = np.arange(longest + 2) * np.exp(-np.arange(longest + 2) / 5.0) / 4.0
    ages, V, Vs = np.array([], dtype=int), rest, []
    for k in range(n):
        if {arrives}:
            ages = np.concatenate([ages, [1]])
        g = np.sum(shape[ages])
        if np.any(ages):
            ages = ages + 1
            if ages[0] == longest:
                ages = ages[1:]
        V = V + dt * (rest - V + g * (0.0 - V) + 20.0) / tau
        if V > top:
            V = rest
        Vs.append(V)
"""


def test_ages_of_spikes_that_come_in_are_no_states(tmp_path: Path) -> None:
    found = taken(tmp_path, AGES.format(arrives="comes[k]"))
    assert equations(found) == {"dV/dt": "(rest - V - g*V + 20)/tau"}
    assert found.spike_times.size > 2
    assert not found.faults


@pytest.mark.parametrize(("arrives", "goes"), [("comes[k]", True), ("k and V == rest", False)])
def test_ages_of_the_cells_own_spikes_stay(tmp_path: Path, arrives: str, goes: bool) -> None:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(AGES.format(arrives=arrives)))
    record = trace_script(path)
    left = without_queues(record)
    assert any(name.startswith("ages") for name in record.states)
    assert any(name.startswith("ages") for name in left.states) is not goes
