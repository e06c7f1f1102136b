"""What is wrong in what a script makes its input of is told in the function that makes it."""

import pytest

from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import Model, Neuron, Ramp, Simulation, Sine

TEXT = """
import math
dt, tau, rest, base, size, f, begin = 0.1, 12.0, -70.0, 14.0, 6.0, 0.025, 5.0

def wave(t):
    return base + size * math.sin(2.0 * math.pi * f * t)

def ramp(t):
    if t < begin:
        return 0.0
    return 0.3 * (t - begin)

v, kept = rest, []
for k in range(600):
    t = k * dt
    v = v + dt * (rest - v + DRIVE(t)) / tau
    if v >= -55.0:
        v = rest
"""
STIMULI = {
    "wave": Sine(6.0, 25.0, offset=14.0),
    "ramp": Ramp(0.3, start=5.0),
}

PLANTED = [
    ("wave", "2.0 * math.pi * f", "math.pi * f"),
    ("wave", "math.pi * f * t", "math.pi * f * t * 10"),
    ("wave", "base + size", "base - size"),
    ("ramp", "0.3 * (t - begin)", "0.3 * t - begin"),
    ("ramp", "0.3 * (t - begin)", "0.03 * (t - begin)"),
]


@pytest.mark.parametrize(("name", "old", "new"), PLANTED)
def test_an_input_is_told_where_it_is_made(tmp_path, name, old, new):
    claim = Model(
        neuron=Neuron(tau_m=12.0, tau_ref=0.0, v_rest=-70.0, v_reset=-70.0, v_thresh=-55.0),
        stimulus=STIMULI[name],
        simulation=Simulation(t_end=60.0, dt=0.1),
    )
    path, text = tmp_path / "script.py", TEXT.replace("DRIVE", name)
    assert text.count(old) == 1
    for wrong, lines in ((text, set()), (text.replace(old, new), {text[: text.index(old)].count("\n") + 1})):
        path.write_text(wrong)
        reading = read(traced(path, claim=claim), claim=claim, solve=False)
        assert {one.line for one in reading.faults} == lines
