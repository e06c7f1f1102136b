"""Of several runs, and of loops that drive one another: which is read, and what is told of the others."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.analysis.doctor.trace import trace_script
from natrium.model import Constant, Model, Neuron, Simulation, Step

RUNS = """
v, dt, rates = -70.0, 0.1, []
for height in (12.0, 20.0, 30.0):
    v = -70.0
    for k in range(300):
        v += dt * (-70.0 - v + height) / 10.0
        if v >= -55.0:
            v = -72.0
    rates.append(v)
"""


OF_OBJECTS = """
class Neuron:
    def __init__(self, tau):
        self.tau, self.v = tau, -70.0

class Bench:
    def __init__(self, neuron, height):
        self.neuron, self.height = neuron, height

    def run(self, dt=0.1):
        trace = []
        for k in range(300):
            self.neuron.v += dt * (-70.0 - self.neuron.v + self.height) / self.neuron.tau
            if self.neuron.v >= -55.0:
                self.neuron.v = -72.0
            trace.append(self.neuron.v)
        return trace

{neurons}
for one in benches:
    trace = one.run()
"""


@pytest.mark.parametrize(
    ("neurons", "told"),
    [
        ("benches = [Bench(Neuron(tau), 20.0) for tau in (10.0, 12.0, 15.0)]", []),
        ("one = Neuron(9.0)\nbenches = [Bench(one, high) for high in (20.0, 25.0, 30.0)]", ["state-left"]),
    ],
)
def test_runs_of_neurons_of_their_own_begin_anew_and_those_of_one_neuron_do_not(tmp_path, neurons, told):
    path = tmp_path / "script.py"
    path.write_text(OF_OBJECTS.format(neurons=neurons))
    found = read(trace_script(path), solve=False)
    assert [one.key for one in found.faults] == told


@pytest.mark.parametrize("heights", ["12.0, 20.0, 30.0", "20.0, 12.0, 5.0"])
@pytest.mark.parametrize(("left_out", "told"), [("", []), ("    v = -70.0\n", [("state-left", 3)])])
def test_a_run_that_the_one_before_has_left_elsewhere_is_told_by_what_should_begin_it(
    tmp_path, left_out, told, heights
):
    """Whichever of them the claim is of: the run that it is held against may begin as it should."""
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-55.0, v_reset=-72.0),
        stimulus=Step(amplitude=20.0),
        simulation=Simulation(t_end=30.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    text = RUNS.replace("12.0, 20.0, 30.0", heights)
    path.write_text(text.replace(left_out, "") if left_out else text)
    reading = read(traced(path, claim=claim), claim=claim, solve=False)
    assert [(one.key, one.line) for one in reading.faults] == told


SWEEP = """
class Cell:
    def __init__(self):
        self.begin()
    def begin(self):
        self.v, self.wait = -70.0, 0
    def step(self, amp, dt):
        if self.wait > 0:
            self.wait -= 1
            return 0
        self.v += dt * (-70.0 - self.v + 40.0 * amp) / 20.0
        if self.v >= -50.0:
            self.v, self.wait = -60.0, 20
            return 1
        return 0
cell, counts = Cell(), []
for amp in (0.2, 0.8, 1.2, 0.6):
    cell.begin()
    n = 0
    for k in range(400):
        n += cell.step(amp, 0.1)
    counts.append(n)
"""


@pytest.mark.parametrize("entry", [2, 3, 4])
def test_of_a_sweep_the_run_with_the_claims_input_is_read(tmp_path, entry):
    claim = Model(
        neuron=Neuron(tau_m=20.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-50.0, v_reset=-60.0),
        stimulus=Constant(40.0 * (0.2, 0.8, 1.2, 0.6)[entry - 1]),
        simulation=Simulation(t_end=40.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    for text, lines in ((SWEEP, []), (SWEEP.replace("-70.0 - self.v", "-75.0 - self.v"), [11])):
        path.write_text(text)
        (found,) = read_script(path, claim)
        assert [one.line for one in found.faults] == lines
        assert lines or found.record.runs == (entry, 4)


def test_an_input_read_late_is_told_of_a_run_of_a_sweep(tmp_path):
    """What the script keeps of its input is that of the last run."""
    text = (
        "import numpy as np\ndef run(I, dt=0.1):\n    v, n = 0.0, 0\n    for k in range(len(I)):\n"
        "        v = v + dt * (I[k - 1] - v) / 10.0\n        if v > 1.0:\n            v, n = 0.0, n + 1\n"
        "    return n\nfor amp in (0.8, 1.5, 2.0):\n    I = np.zeros(600)\n    I[100:500] = amp\n    run(I)\n"
    )
    claim = Model(
        neuron=Neuron(tau_m=10.0, tau_ref=0.0, v_rest=0.0, v_thresh=1.0, v_reset=0.0),
        stimulus=Step(1.5, start=10.0, stop=50.0),
        simulation=Simulation(t_end=60.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    for wrong, lines in ((text.replace("k - 1", "k"), []), (text, [5])):
        path.write_text(wrong)
        reading = read(traced(path, claim=claim), claim=claim, solve=False)
        assert [one.line for one in reading.faults] == lines


SENT = """
def cell(dt):
    v, silent = -65.0, 0
    while True:
        drive = yield v, silent
        if silent > 0:
            silent -= 1
            continue
        v = v + dt * (-65.0 - v + drive) / 20.0
        if v >= -50.0:
            v, silent = -70.0, 25

def main():
    unit, vs = cell(0.1), []
    next(unit)
    for k in range(900):
        v, waits = unit.send(24.0 if k * 0.1 >= 10.0 else 0.0)
        vs.append(v)

main()
"""


def test_a_generator_steps_when_the_loop_asks_that_sends_it_its_input(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SENT)
    reading = read(traced(path), solve=False)
    assert reading.record.input == "drive"
    assert set(reading.meant.inputs) == {0.0, 24.0}
    assert reading.faults == ()


@pytest.mark.parametrize(("most", "told"), [(200, True), (1000, False)])
def test_a_run_that_is_longer_than_what_is_traced_is_told(tmp_path, most, told):
    path = tmp_path / "long.py"
    path.write_text(
        "v, trace = -70.0, []\nfor k in range(900):\n    v += 0.1 * (-70.0 - v + 20.0) / 10.0\n"
        "    if v >= -55.0:\n        v = -72.0\n    trace.append(v)\n"
    )
    found = read(trace_script(path, max_steps=most), solve=False)
    notes = {one.key: one.said for one in found.findings}
    assert ("part-read" in notes) is told
    assert ("that was read" in found.summary()[0]) is told
    if told:
        assert notes["part-read"].endswith("steps of 900.")
