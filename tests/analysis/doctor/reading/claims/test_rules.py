"""The rules of a script held against a claim's."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import Constant, Model, Neuron, Simulation


def test_steps_that_rounding_adds_to_some_waits_are_a_rule(tmp_path):
    path = tmp_path / "script.py"
    text = (
        "dt, v, last = 1e-4, -0.065, -1.0\nfor k in range(2500):\n    t = k * dt\n    if t - last < 0.004:\n"
    )
    text += "        v = -0.06\n        continue\n    v += dt * (-0.065 - v + 0.024) / 0.015\n"
    text += "    if v > -0.048:\n        v = -0.06\n        last = t + dt\n"
    path.write_text(text)
    reading = read(traced(path), solve=False)
    assert len(set(reading.maps.hold.steps)) == 2
    claim = Model(
        neuron=Neuron(tau_m=15.0, tau_ref=4.0, v_rest=-65.0, v_thresh=-48.0, v_reset=-60.0),
        stimulus=Constant(24.0),
        simulation=Simulation(t_end=250.0, dt=0.1),
    )
    assert read(traced(path), claim=claim, solve=False).faults == ()


WAITS = {
    "names": """
dt, t_ref, v, left = 0.1, 4.0, -65.0, 0
n_ref = int(round(t_ref / dt))
for k in range(1500):
    if left > 0:
        left -= 1
        v = -60.0
        continue
    v += dt * (-65.0 - v + 24.0) / 15.0
    if v >= -48.0:
        v = -60.0
        left = n_ref
""",
    "seconds": """
dt, t_ref, v, left = 1e-4, 4e-3, -65e-3, 0
n_ref = int(round(t_ref / dt))
for k in range(1500):
    if left > 0:
        left -= 1
        v = -60e-3
        continue
    v += dt * (-65e-3 - v + 24e-3) / 15e-3
    if v >= -48e-3:
        v = -60e-3
        left = n_ref
""",
    "an object": """
class Cell:
    def __init__(self, dt): self.dt, self.t_ref, self.v, self.left = dt, 4.0, -65.0, 0; self.n_ref = round(self.t_ref / dt)
    def step(self):
        if self.left > 0:
            self.left -= 1
            self.v = -60.0
            return
        self.v += self.dt * (-65.0 - self.v + 24.0) / 15.0
        if self.v >= -48.0:
            self.v = -60.0
            self.left = self.n_ref
cell, vs = Cell(0.1), []
for k in range(1500):
    cell.step()
    vs.append(cell.v)
""",
}


@pytest.mark.parametrize("style", WAITS)
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("t_ref / dt)", "t_ref / dt) + 1", "n_ref = "),
        ("t_ref / dt)", "t_ref / dt) * 2", "n_ref = "),
        ("n_ref\n", "n_ref - 3\n", "left = "),
        ("", "", ""),
    ],
    ids=["one step more", "twice as many", "fewer at the spike", "sound"],
)
def test_a_wait_is_told_where_it_is_made_another(tmp_path, style, old, new, line):
    text = WAITS[style].replace(old, new)
    path = tmp_path / "script.py"
    path.write_text(text)
    claim = Model(
        neuron=Neuron(tau_m=15.0, tau_ref=4.0, v_rest=-65.0, v_thresh=-48.0, v_reset=-60.0),
        stimulus=Constant(24.0),
        simulation=Simulation(t_end=150.0, dt=0.1),
    )
    told = [(one.key, one.line, one.sure) for one in read(traced(path), claim=claim, solve=False).faults]
    places = [at for at, each in enumerate(text.splitlines(), start=1) if line and line in each]
    assert told == [("refractory-length", at, line == "n_ref = ") for at in places[-1:]]


RISING = """
def current(t):
    return 0.0 if t < 5.0 else 14.0 + 0.05 * t

dt, t, v, trace = 0.25, 0.0, -65.0, []
for k in range(400):
    v += dt * (-65.0 - v + current(t)) / 10.0
    if v >= -50.0:
        v = -70.0
    t += dt
    trace.append(v)
"""


@pytest.mark.parametrize(("old", "new", "line"), [("", "", 0), ("current(t))", "current(t - dt))", 7)])
def test_an_input_that_moves_in_every_step_tells_that_it_is_read_late(tmp_path, old, new, line):
    path = tmp_path / "script.py"
    path.write_text(RISING)
    claim = read(traced(path), solve=False).model
    path.write_text(RISING.replace(old, new) if old else RISING)
    (reading,) = read_script(path, claim)
    assert [(one.key, one.line) for one in reading.faults] == ([("input-late", line)] if line else [])


SINCE = """
dt, hold, v, last = 0.1, 4.0, -65.0, -100.0
times = [k * dt for k in range(1201)]
for k in range(1200):
    if times[k] - last < 2 * hold:
        v = -60.0
        continue
    v += dt * (-65.0 - v + 24.0) / 15.0
    if v >= -48.0:
        v = -60.0
        last = times[k + 1]
"""


def test_a_wait_since_the_end_of_the_step_that_fires_is_told_where_it_is_compared(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SINCE)
    claim = Model(
        neuron=Neuron(tau_m=15.0, tau_ref=4.0, v_rest=-65.0, v_thresh=-48.0, v_reset=-60.0),
        stimulus=Constant(24.0),
        simulation=Simulation(t_end=120.0, dt=0.1),
    )
    told = [(one.key, one.line) for one in read(traced(path), claim=claim, solve=False).faults]
    assert told == [("refractory-length", 5)]
