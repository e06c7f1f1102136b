"""Equilibria of states that need each other: as found along V where that can be, and by searches from many starts."""

import numpy as np
import pytest
import sympy
from scipy.optimize import brentq, root

import natrium
from natrium.analysis.equilibria import coupled
from natrium.analysis.equilibria.coupled import rests
from natrium.analysis.equilibria.curve import equilibria, equilibrium_at, equilibrium_curve
from natrium.analysis.equilibria.steady_input import coupled_states
from natrium.model import lower

SODIUM, TWO = natrium.notebook.lif_na().neuron, natrium.notebook.lif_na2().neuron
# A soma and a dendrite that carry calcium, each pumped out by a law that saturates, and what reads it.
COUPLED = natrium.HybridNeuron(
    equations={
        "V": "-(V + 65) + 3/(1 + exp(-(V + 30)/9))*(50 - V) + 0.5*(W - V) + I",
        "W": "-(W + 65) + 2/(1 + exp(-(W + 30)/9))*(50 - W) + 0.5*(V - W) - 3*c**2/(1 + c**2)*(W + 90)",
        "n": "(1/(1 + exp(-(W + 50)/8)) - n**3)/5",
        "c": "0.02/(1 + exp(-(W + 30)/9))*(120 - W) - 0.1*c - 0.2*c**3",
        "a": "tanh(c) - a - 0.1*b**3",
        "b": "a*c - b - 0.2*tanh(d)",
        "d": "2*tanh(d) + 0.1*a - d + 0.1*e",
        "e": "0.01*V - e + 0.2*tanh(d*b)",
    },
    initial=dict.fromkeys("VWncabde", 0.1),
)


@pytest.mark.parametrize("neuron", [SODIUM, TWO], ids=["sodium", "two"])
@pytest.mark.parametrize("I", [-10.0, 0.0, 5.0])
def test_isolated_together_they_are_those_found_along_v(neuron, I):
    found, expected = rests(neuron, I, -300.0, 300.0), equilibria(neuron, I)
    assert [one.proven for one in found] == [True] * len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.state == pytest.approx(other.state, abs=1e-11)


def test_states_are_eliminated_once_for_all_inputs_and_values(monkeypatch):
    asked = []

    def counted(system):
        asked.append(system)
        return coupled_states(system)

    monkeypatch.setattr(coupled, "coupled_states", counted)
    cell = natrium.HybridNeuron(
        equations={"V": "-V + k*W + I", "W": "V - W - tanh(W)/7"},
        parameters={"k": 0.5},
        initial={"V": 0.0, "W": 0.0},
    )
    for k in (0.5, 0.25):
        for I in (0.0, 1.0):
            assert len(rests(cell.changed({"k": k}), I, -10.0, 10.0)) == 1
    assert len(asked) == 1


@pytest.mark.slow
def test_eight_states_that_need_each_other():
    rhs = lower(COUPLED.system).event_rhs
    origin, values = COUPLED.origin, COUPLED.system.values

    def flow(state):
        return rhs(state[0] - origin, *state[1:], 0.0, *values)

    found = equilibria(COUPLED, 0.0)
    assert {one.kind for one in found} == {"saddle", "stable node"}
    for one in found:
        assert np.abs(flow(one.state)).max() < 1e-11
        assert np.all((one.box[:, 0] < one.state) & (one.state < one.box[:, 1]))
    rng = np.random.default_rng(2)
    low, high = np.array([[-70, -70, 0, 0, -1, -1, -3, -2], [50, 50, 1, 3, 2, 2, 3, 2]])
    seen = set()
    for _ in range(200):
        end = root(flow, rng.uniform(low, high), tol=1e-12)
        if end.success and np.abs(end.fun).max() < 1e-10:
            distances = [np.abs(one.state - end.x).max() for one in found]
            assert min(distances) < 1e-7
            seen.add(int(np.argmin(distances)))
    assert len(seen) == len(found)


# P. F. Pinsky, J. Rinzel, J. Comput. Neurosci. 1 (1994) 39-60: soma V and dendrite W, both from rest.
C = "exp((W - 10)/11 - (W - 6.5)/27)/18.975"
SODIUM_M = "(0.32*(13.1 - V)/(exp((13.1 - V)/4) - 1))"
PINSKY = natrium.HybridNeuron(
    equations={
        "V": f"(-0.1*V - 30*({SODIUM_M}/({SODIUM_M} + 0.28*(V - 40.1)/(exp((V - 40.1)/5) - 1)))**2*h*(V - 120)"
        " - 15*n*(V + 15) + 4.2*(W - V) + 2*I)/3",
        "W": "(-0.1*W - 10*s**2*(W - 140) - 0.8*q*(W + 15) - 15*c*min(Ca/250, 1)*(W + 15) + 4.2*(V - W))/3",
        "h": "0.128*exp((17 - V)/18)*(1 - h) - 4/(1 + exp((40 - V)/5))*h",
        "n": "0.016*(35.1 - V)/(exp((35.1 - V)/5) - 1)*(1 - n) - 0.25*exp(0.5 - 0.025*V)*n",
        "s": "1.6/(1 + exp(-0.072*(W - 65)))*(1 - s) - 0.02*(W - 51.1)/(exp((W - 51.1)/5) - 1)*s",
        "c": f"where(W < 50, {C}, 2*exp((6.5 - W)/27))*(1 - c) - where(W < 50, 2*exp((6.5 - W)/27) - {C}, 0)*c",
        "q": "min(0.00002*Ca, 0.01)*(1 - q) - 0.001*q",
        "Ca": "-1.3*s**2*(W - 140) - 0.075*Ca",
    },
    initial={"V": -10.0, "W": -10.0, "h": 1.0, "n": 0.0, "s": 0.006, "c": 0.004, "q": 0.002, "Ca": 0.1},
    v_thresh=50.0,
)


def test_two_compartments_need_each_other_and_nothing_else():
    assert [state.name for state in coupled_states(PINSKY.system)[0]] == ["V", "W"]
    rest, *others = equilibria(PINSKY, -1.0)
    assert (rest.kind, rest.below_threshold) == ("stable node", True)
    rhs = lower(PINSKY.system).event_rhs
    for one in (rest, *others):
        flow = rhs(one.V - PINSKY.origin, *one.state[1:], -1.0, *PINSKY.system.values)
        assert np.abs(flow).max() < 1e-11
        assert one.kind != "undecided"  # q has a pole at Ca = -50, which is none


def test_at_the_input_of_a_fold_the_pair_is_undecided_and_beside_it_decided():
    cell = natrium.HybridNeuron(
        equations={"V": "V**2 - w + I", "w": "V - w - w**3/3"},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=30.0,
        reset={"V": -5.0},
    )
    # V = w + w^3/3, so that I = w - V^2: greatest where 2 V (1 + w^2) = 1.
    w = brentq(lambda w: 2.0 * (w + w**3 / 3.0) * (1.0 + w**2) - 1.0, 0.0, 1.0, xtol=1e-15)
    V = w + w**3 / 3.0
    at = w - V**2
    (pair,) = equilibria(cell, at)
    assert pair.kind == "undecided"
    assert pair.box[1] == pytest.approx([w, w], abs=1e-4)
    assert pytest.approx(V, abs=1e-5) == pair.V
    assert len(equilibria(cell, at - 1e-6)) == 2
    assert equilibria(cell, at + 1e-6) == ()
    assert [one.below_threshold for one in equilibria(cell, at - 1e-6)] == [True, True]


def test_the_curve_of_any_number_of_states_goes_through_what_is_isolated_at_one_input():
    curve = equilibrium_curve(COUPLED)
    for I in (-10.0,):
        found = equilibria(COUPLED, I)
        places = sorted({round(one.V, 6): one.V for one in found}.values())
        along = np.flatnonzero(np.diff(np.sign(curve.I - I)) != 0)
        assert len(along) == len(places)
        for k, V in zip(along, places, strict=True):
            on_curve = equilibrium_at(COUPLED, V)
            assert curve.V[k] <= V <= curve.V[k + 1]
            assert pytest.approx(I, abs=1e-8) == on_curve.I
            assert min(np.abs(on_curve.state - one.state).max() for one in found) < 1e-8


# A calcium current and potassium currents whose rates have no value, or a pole, where calcium would be below zero.
INFLUX = natrium.Channel("Ca", 0.5, 120.0, [natrium.Gate("m", 2, inf="1/(1 + exp(-(V + 45)/6))", tau="1.5")])
READING = [
    "1/(1 + exp(-(40*log10(Ca) + 160 + V)/15))",
    "Ca**2/(Ca**2 + 3e-8)*1/(1 + exp(-V/20))",
    "Ca/(Ca + 2e-4*exp(-V/15))",
]


@pytest.mark.parametrize("inf", READING)
def test_calcium_is_not_below_zero(inf):
    reads = natrium.Channel("K", 5.0, -85.0, [natrium.Gate("n", inf=inf, tau="2")])
    pool = natrium.Calcium(rest=1e-4, tau=20.0, factor=1e-5, channels=["Ca"])
    neuron = natrium.Neuron(channels=[INFLUX, reads], calcium=pool, v_thresh=-50.0)
    V, Ca = sympy.symbols("V Ca", real=True)
    n, m = (natrium.Gate("x", inf=one, tau="1").inf.symbolic for one in (inf, "1/(1 + exp(-(V + 45)/6))"))
    current = 0.5 * m**2 * (120 - V)
    held = sympy.lambdify(V, V + 70 - current - 5 * n.subs(Ca, 1e-4 + 2e-4 * current) * (-85 - V))
    grid = np.linspace(-100.0, 119.0, 877)
    for I in (0.0, 20.0):
        left = np.array([held(v) for v in grid]) - I
        places = np.flatnonzero(np.diff(np.sign(left)))
        expected = [brentq(lambda v, I=I: held(v) - I, grid[k], grid[k + 1], xtol=1e-12) for k in places]
        assert [one.V for one in equilibria(neuron, I)] == pytest.approx(expected, abs=1e-9)
    assert equilibrium_curve(neuron).gates[-1].min() >= 0.0


def test_calcium_that_is_read_and_carried_is_looked_for_above_zero():
    carries = natrium.Channel(
        "Ca",
        2.0,
        gates=[
            natrium.Gate("m", inf="1/(1 + exp(-(V + 30)/6))", tau="1"),
            natrium.Gate("h", inf="0.001/(0.001 + Ca)"),
        ],
        ghk=natrium.Ions(valence=2, inside="Ca", outside=2.0, celsius=34.0),
    )
    pool = natrium.Calcium(rest=5e-5, tau=100.0, factor=1e-6, channels=["Ca"])
    (one,) = equilibria(natrium.Neuron(channels=[carries], calcium=pool), 0.0)
    assert one.stable
    assert one.gates["Ca"] > 5e-5
