"""A script in SI units whose claim is in mV, ms, pA and nS."""

import numpy as np
import pytest

from natrium.analysis.doctor.reading.claims.scales import Scales, prefix_of, scales_of
from natrium.analysis.doctor.reading.verdict import read
from natrium.analysis.doctor.script import traced
from natrium.model import HybridNeuron, Model, Simulation, Spikes, Step

ADAPTING = """
C, g, E, level, back = 150e-12, 9e-9, -0.065, -0.048, -0.058
a, b, tau_w = 3e-9, 40e-12, 0.08
E_s, tau_s, jump = 0.0, 5e-3, 2e-9
dt, v, w, s = 1e-4, -0.065, 0.0, 0.0
for k in range(1500):
    i_ext = 0.3e-9 if k >= 200 else 0.0
    dv = (-g * (v - E) - s * (v - E_s) - w + i_ext) / C
    dw = (a * (v - E) - w) / tau_w
    ds = -s / tau_s
    v, w, s = v + dt * dv, w + dt * dw, s + dt * ds
    if k % 400 == 100:
        s = s + jump
    if v >= level:
        v = back
        w = w + b
"""
CLAIM = Model(
    neuron=HybridNeuron(
        equations={
            "V": "(-g*(V - E) - s*(V - E_s) - w + I)/C",
            "w": "(a*(V - E) - w)/tau_w",
            "s": "-s/tau_s",
        },
        parameters={
            "C": 150.0, "g": 9.0, "E": -65.0, "a": 3.0, "tau_w": 80.0, "E_s": 0.0, "tau_s": 5.0, "b": 40.0,
        },
        initial={"V": -65.0, "w": 0.0, "s": 0.0},
        v_thresh=-48.0,
        reset={"V": "-58", "w": "w + b"},
    ),
    stimulus=[
        Step(amplitude=300.0, start=20.0),
        Spikes(times=(10.1, 50.1, 90.1, 130.1), weight=2.0, target="s"),
    ],
    simulation=Simulation(t_end=150.0, dt=0.1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "", 0),
        ("- w + i_ext", "+ w + i_ext", 8),
        ("b, tau_w = 3e-9, 40e-12", "b, tau_w = 3e-9, 60e-12", 3),
        pytest.param("a, b, tau_w = 3e-9", "a, b, tau_w = 30e-9", 3, marks=pytest.mark.slow),
        pytest.param("i_ext = 0.3e-9", "i_ext = 0.3e-8", 7, marks=pytest.mark.slow),
        pytest.param("ds = -s / tau_s", "ds = -s / tau_w", 10, marks=pytest.mark.slow),
        pytest.param("jump = 0.0, 5e-3, 2e-9", "jump = 0.0, 5e-3, 4e-9", 13, marks=pytest.mark.slow),
    ],
)
def test_states_and_input_are_held_against_the_claims_in_its_units(tmp_path, old, new, line):
    assert not old or ADAPTING.count(old) == 1
    path = tmp_path / "script.py"
    path.write_text(ADAPTING.replace(old, new) if old else ADAPTING)
    reading = read(traced(path), claim=CLAIM, solve=False)
    assert {one.line for one in reading.faults} == ({line} if line else set())


@pytest.mark.parametrize(
    ("ratio", "prefix"), [(1e12, 1e12), (1e-3 * (1 + 1e-12), 1e-3), (20.0, 1.0), (None, 1.0)]
)
def test_a_unit_is_another_by_a_prefix(ratio, prefix):
    assert prefix_of(ratio) == prefix


def test_what_decays_has_the_unit_that_it_has_in_the_equation_of_v():
    x, i = np.array([1.0, 2.0, 1.0]), np.array([3.0, 3.0, 4.0])
    at = {"s": 1, "input": 2, "V": 0}

    def flows(scales):
        return {"V": -5.0 * x * scales.units["s"] / 1e9 + scales.factor * i, "s": -x / 4.0}

    own = {"V": 7.0 - 5.0 * x + 1e3 * i, "s": -x / 4.0}  # the 7 is at fault
    found = scales_of(
        own, Scales({"V": 1e3, "s": 1.0}, 1.0), flows, lambda flow, label: flow[at[label]] - flow[:1]
    )
    assert found.units == {"V": 1e3, "s": 1e9}
    assert found.factor == 1e3


LENT = """
dt, tau, R, rest, theta, tau_s, J = 0.1, 20.0, 50.0, -65.0, -50.0, 6.0, 0.25
v, s, arrivals = rest, 0.0, (50, 60, 62, 64, 66, 300, 310, 320)
for k in range(600):
    ds, dv = -s / tau_s, (rest - v + R * s) / tau
    v, s = v + dt * dv, s + dt * ds
    if k in arrivals:
        s += J
    if v >= theta:
        v = -60.0
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("", "", 0), ("J = 0.1, 20.0, 50.0", "J = 0.1, 20.0, 500.0", 2), ("rest - v + R", "-60.0 - v + R", 5)],
)
def test_a_state_that_the_claim_counts_in_another_unit_by_one_of_the_scripts_numbers(
    tmp_path, old, new, line
):
    """A synaptic current in nA, where the claim has R times it in mV."""
    claim = Model(
        neuron=HybridNeuron(
            equations={"V": "(-65 - V + s)/20", "s": "-s/6"},
            initial={"V": -65.0, "s": 0.0},
            v_thresh=-50.0,
            reset={"V": "-60"},
        ),
        stimulus=Spikes(times=(5.1, 6.1, 6.3, 6.5, 6.7, 30.1, 31.1, 32.1), weight=12.5, target="s"),
        simulation=Simulation(t_end=60.0, dt=0.1),
    )
    path = tmp_path / "script.py"
    path.write_text(LENT.replace(old, new) if old else LENT)
    faults = read(traced(path), claim=claim, solve=False).faults
    assert {one.line for one in faults} == ({line} if line else set())
