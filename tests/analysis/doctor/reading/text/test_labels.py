"""Of an input that ends early the line is named that writes it down."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.text.labels import drawn_early, made_beside
from natrium.analysis.doctor.reading.text.written import data_line
from natrium.model import Model, Neuron, Simulation, Step

SCRIPT = """
def drive(dt, total):
    values = [0.0] * int(2.0 / dt) + [20.0] * int(10.0 / dt){more}
    for k in range(int(total / dt)):
        yield values[k] if k < len(values) else 0.0

dt, v, tau, rest = 0.1, -65.0, 10.0, -65.0
def step(current):
    global v
    v += dt / tau * (rest - v + current)
    if v >= -50.0:
        v = rest
    return v

course = [step(one) for one in drive(dt, 25.0)]
"""


def test_a_piece_that_lacks_is_told_where_the_others_are_written(tmp_path):
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-65.0, v_thresh=-50.0),
        stimulus=[Step(20.0, start=2.0, stop=12.0), Step(12.0, start=12.0)],
        simulation=Simulation(t_end=25.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    for more, lines in ((" + [12.0] * int(13.0 / dt)", set()), ("", {3})):
        path.write_text(SCRIPT.format(more=more))
        (reading,) = read_script(path, claim)
        assert {one.line for one in reading.faults} == lines


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pulses = [(2.0, 5.0)]\nx = sum(a for a, b in pulses)", 2),
        ("amps = [1.0, 2.0]\ntry:\n    x = amps[k]\nexcept IndexError:\n    x = 0.0", 5),
        ("amps = [1.0, 2.0]\nif k < len(amps):\n    x = amps[k]\nelse:\n    x = 0.0", 5),
    ],
)
def test_the_list_is_found_from_what_is_read_where_it_has_ended(text, line):
    assert data_line(text.splitlines(), line) == 1


def test_of_two_lists_none_is_chosen():
    assert data_line(["a = [1.0]", "b = [2.0]", "x = a[k] + b[k]"], 3) == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1.0\ndx = x - y\nx = x + dt * dx", 2),
        ("dx = 3.0\nx = x + dt * dx", 2),  # a number is no slope
        ("dx = y\nif x > y:\n    dx = 2 * y\nx = x + dt * dx", 4),
    ],
)
def test_what_a_state_goes_on_by_is_made_in_one_line(text, line):
    assert made_beside(text.splitlines(), text.count("\n") + 1) == line


SWEPT = """
def step(v):
    return v + 0.1 * (20.0 - v)
def run(n):
    vs = [0.0]
    {loop}:
        vs.append(step(vs[-1]))
    return vs
drives, rates = range(5), []
for drive in drives:
    rates.append(len(run(9)))
plot(drives, rates)
"""


@pytest.mark.parametrize("loop", ["for k in range(n)", "while len(vs) < n"])
def test_what_a_sweep_keeps_of_its_runs_is_no_sample(loop):
    assert drawn_early(tuple(SWEPT.format(loop=loop).splitlines()), 3) is None
