"""The rules of a script held against a claim's."""

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
