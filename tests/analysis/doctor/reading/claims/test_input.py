"""What is wrong in what a script makes its input of is told in the function that makes it."""

import pytest

from natrium.analysis.doctor import read_script
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Model, Neuron, Ramp, Simulation, Sine, Step

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


def test_what_multiplies_the_input_may_stand_in_the_claims_equation(tmp_path):
    """The script's input is all that the clock makes of V's equation, R*I(t); the claim's is I."""
    text = """
import numpy as np
from scipy.integrate import solve_ivp
R, tau, E = 50.0, 10.0, -65.0
def current(t):
    return 0.35 + 0.1 * np.sin(0.2 * np.pi * t)
def rhs(t, y):
    return [(E - y[0] + R * current(t)) / tau]
sol = solve_ivp(rhs, (0.0, 40.0), [E], t_eval=np.arange(0.0, 40.0, 0.1), rtol=1e-8)
"""
    claim = Model(
        neuron=HybridNeuron(
            equations={"V": "(E - V + R*I)/tau"},
            parameters={"E": -65.0, "R": 50.0, "tau": 10.0},
            initial={"V": -65.0},
        ),
        stimulus=Sine(0.1, 100.0, offset=0.35),
        simulation=Simulation(t_end=39.9, dt=0.1),
    )
    path = tmp_path / "script.py"
    for wrong, lines in ((text, set()), (text.replace("(E - y", "(2 * E - y"), {8})):
        path.write_text(wrong)
        (reading,) = read_script(path, claim)
        assert {one.line for one in reading.faults} == lines


DENDRITE = """
gs, gd, gc, Cs, Cd, E, I_s = 6.0, 5.0, 10.0, 120.0, 80.0, -65.0, 0.0
dt, v, u, wait = 0.1, E, E, 0
for k in range(1200):
    I_d = 400.0 if 20.0 <= k * dt < 90.0 else 0.0
    dv = (-gs * (v - E) + gc * (u - v) + I_s) / Cs
    du = (-gd * (u - E) - gc * (u - v) + I_d) / Cd
    v = v + dt * dv
    u = u + dt * du
    if wait > 0:
        wait -= 1
        v = -60.0
    elif v >= -50.0:
        v = -60.0
        wait = 20
"""
TWO_PARTS = HybridNeuron(
    equations={"V": "(-gs*(V - E) + gc*(U - V))/Cs", "U": "(-gd*(U - E) - gc*(U - V) + I)/Cd"},
    parameters={"gs": 6.0, "gd": 5.0, "gc": 10.0, "Cs": 120.0, "Cd": 80.0, "E": -65.0},
    initial={"V": -65.0, "U": -65.0},
    v_thresh=-50.0,
    reset={"V": "-60"},
    tau_ref=2.0,
    refractory={"V": "hold", "U": "free"},
)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "", 0),
        ("u - v) + I_d", "u - v) - I_d", 7),
        pytest.param("+ I_d) / Cd", "+ I_d) / Cs", 7, marks=pytest.mark.slow),
    ],
)
def test_the_input_may_reach_another_state_than_v(tmp_path, old, new, line):
    assert not old or DENDRITE.count(old) == 1
    claim = Model(
        neuron=TWO_PARTS,
        stimulus=Step(amplitude=400.0, start=20.0, stop=90.0),
        simulation=Simulation(t_end=120.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    path.write_text(DENDRITE.replace(old, new) if old else DENDRITE)
    reading = read(traced(path), claim=claim, solve=False)
    assert {one.line for one in reading.faults} == ({line} if line else set())
    assert reading.model is not None
    system = reading.model.neuron.system
    assert [system.input in one.free_symbols for one in system.rhs] == [False, True]
