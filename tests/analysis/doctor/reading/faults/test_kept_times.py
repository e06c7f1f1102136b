"""Times that a script keeps: those of spikes and samples that are not the run's, and those that are."""

import pytest

from natrium.analysis.doctor import read_script
from tests.analysis.doctor.written import taken

SCRIPT = """
dt, n = 0.1, 400
v, ts, vs, spikes = -70.0, [0.0], [-70.0], []
for k in range(n):
    t = k * dt
    v = v + dt * (-70.0 - v + 25.0) / 10.0
    if v >= -55.0:
        v = -72.0
        spikes.append(t)
    vs.append(v)
    ts.append(t + dt)
"""
OLD = {"spike": "        spikes.append(t)", "time": "    ts.append(t + dt)"}
KEYS = {"spike": "spike-label", "time": "time-axis"}


def faults_of(folder, old, new):
    (folder / "s.py").write_text(SCRIPT.replace(old, new))
    (reading,) = read_script(folder / "s.py")
    return [(one.key, reading.record.source[one.line - 1]) for one in reading.faults]


@pytest.mark.parametrize(
    ("what", "new"),
    [
        ("spike", "        spikes.append(t * dt)"),
        ("spike", "        spikes.append(dt)"),
        ("spike", "        spikes.append(k / dt)"),
        ("time", "    ts.append(t * dt)"),
        ("time", "    ts.append(2 * t)"),
    ],
)
def test_a_time_that_is_none_of_the_run_is_told(tmp_path, what, new):
    assert faults_of(tmp_path, OLD[what], new) == [(KEYS[what], new)]


@pytest.mark.parametrize(
    ("what", "new"),
    [
        ("spike", "        spikes.append(k)"),
        ("spike", "        spikes.append(t + dt)"),
        ("spike", "        spikes.append((t + 0.5 * dt) / 1000.0)"),
        ("spike", "        spikes.append(v)"),
        ("time", "    ts.append(k + 1)"),
        ("time", "    ts.append(1e-3 * (t + dt))"),
        ("time", "    ts.append(round(t + dt, 1))"),
    ],
)
def test_other_units_ends_and_counts_are_no_fault(tmp_path, what, new):
    assert faults_of(tmp_path, OLD[what], new) == []


def test_a_time_with_which_an_axis_does_not_begin_is_told(tmp_path):
    old = "v, ts, vs, spikes = -70.0, [0.0], [-70.0], []"
    new = "v, ts, vs, spikes = -70.0, [-70.0], [-70.0], []"
    assert faults_of(tmp_path, old, new) == [("time-axis", new)]


def test_step_numbers_in_a_comprehension_are_no_labels(tmp_path):
    found = taken(tmp_path, """
        class Cell:
            v = 0.0
            def step(self, I, dt=0.1):
                self.v += dt * (I - self.v) / 10.0
                fired = self.v > 1.0
                if fired:
                    self.v = 0.0
                return fired
        cell = Cell()
        spikes = [k for k in range(900) if cell.step(2.0)]
        """)  # fmt: skip
    assert found.faults == ()
