"""Cells of which other states follow from V only implicitly: by formula, and by all equations at once."""

import attrs
import numpy as np
import pytest
from scipy.optimize import brentq, root

import natrium
from natrium.analysis.equilibria.curve import equilibria, equilibrium_at, equilibrium_curve
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.excitability.rheobase import rheobase
from natrium.model import lower

CUBIC = natrium.HybridNeuron(
    equations={"V": "V**2 - w + I", "w": "V - w - w**3/3"},
    initial={"V": -1.0, "w": -0.5},
    v_thresh=30.0,
    reset={"V": -5.0},
)
PAIR = natrium.HybridNeuron(  # a soma that fires, and a dendrite whose current rectifies inward
    equations={
        "V": "-0.1*(V + 65) - 4/(1 + exp(-(V + 35)/5))*h*(V - 55) - 4*n*(V + 90) + 0.2*(W - V) + I",
        "W": "-0.1*(W + 65) - 0.1/(1 + exp((W + 75)/8))*(W + 90) + 0.2*(V - W)",
        "h": "(1/(1 + exp((V + 45)/6)) - h)/1.5",
        "n": "(1/(1 + exp(-(V + 20)/9)) - n)/4",
    },
    initial={"V": -65.0, "W": -65.0, "h": 0.9, "n": 0.01},
    v_thresh=-10.0,
)


def test_the_fold_is_where_a_formula_says():
    # V = w + w^3/3, so that I = w - V^2: greatest where 2 V (1 + w^2) = 1.
    w = brentq(lambda w: 2.0 * (w + w**3 / 3.0) * (1.0 + w**2) - 1.0, 0.0, 1.0, xtol=1e-15)
    V = w + w**3 / 3.0
    (fold,) = equilibrium_curve(CUBIC).folds
    assert (pytest.approx(V, abs=1e-12), pytest.approx(w - V**2, abs=1e-14)) == (fold.V, fold.I)
    found = rheobase(CUBIC)
    assert (found.cause, found.value, found.confirmed) == ("fold", fold.I, True)


def test_the_curve_goes_through_what_is_isolated_at_one_input():
    for one in equilibria(PAIR, -5.0):
        along = equilibrium_at(PAIR, one.V)
        assert pytest.approx(-5.0, abs=1e-9) == along.I
        assert along.state == pytest.approx(one.state, abs=1e-9)


def test_a_scheme_rests_where_its_gates_do():
    up, down = "0.01*(V + 55)/(1 - exp(-(V + 55)/10))", "0.125*exp(-(V + 65)/80)"
    moves = [(f"n{k}", f"n{k + 1}", f"{4 - k}*{up}") for k in range(4)]
    moves += [(f"n{k + 1}", f"n{k}", f"{k + 1}*{down}") for k in range(4)]
    scheme = natrium.Scheme([f"n{k}" for k in range(5)], moves, ["n4"])
    sodium = attrs.evolve(natrium.CHANNELS["hh_sodium"], g=100.0, E=50.0)
    potassium = attrs.evolve(natrium.CHANNELS["hh_potassium"], g=2.0, E=-77.0)
    by_gates = natrium.Neuron(
        tau_m=3.0, v_rest=-54.4, v_init=-70.0, v_thresh=-20.0, channels=[sodium, potassium]
    )
    cell = attrs.evolve(by_gates, channels=[sodium, natrium.Channel("K", 2.0, -77.0, scheme=scheme)])
    true, curve = equilibrium_curve(by_gates), equilibrium_curve(cell)
    assert (len(curve.folds), len(curve.hopf)) == (len(true.folds), len(true.hopf)) == (2, 2)
    for one, other in zip((*curve.folds, *curve.hopf), (*true.folds, *true.hopf), strict=True):
        assert pytest.approx((other.V, other.I), abs=1e-8) == (one.V, one.I)
    resting = [[rest.V for rest in equilibria(one, -8.5)] for one in (cell, by_gates)]
    assert resting[0] == pytest.approx(resting[1], abs=1e-9)
    alone = [attrs.evolve(one, channels=one.channels[1:], v_thresh=-45.0) for one in (cell, by_gates)]
    least = [rheobase(one) for one in alone]
    assert least[0].value == pytest.approx(least[1].value, abs=1e-9)
    assert least[0].cause == least[1].cause == "threshold"


def test_where_rates_are_too_far_apart_for_bounds_the_curve_is_searched():
    gated = [f"{f}*exp(V/{k})" for f, k in ((1e5, 9.0), (3.0, 30.0), (1e-4, 12.0))]
    moves = [("A", "B", gated[0]), ("B", "C", gated[1]), ("C", "D", gated[2]), ("D", "E", "2.0")]
    moves += [
        ("B", "A", "40.0"),
        ("C", "B", "1e-3*exp(-V/15)"),
        ("D", "C", "1e-5"),
        ("E", "D", "1e4*exp(-V/9)"),
    ]
    moves += [("A", "E", "1e-4"), ("E", "A", "exp(V/40)")]
    channel = natrium.Channel("X", 30.0, -80.0, scheme=natrium.Scheme(list("ABCDE"), moves, ["B"]))
    cell = natrium.Neuron(channels=[channel])
    steady, V = held_input(cell), np.linspace(-90.0, 0.0, 7)
    shares = np.array([channel.scheme.steady(v) for v in V]).T
    I, states = steady.along(V)
    assert states[1:] == pytest.approx(shares[1:], abs=1e-10)
    assert pytest.approx(V + 70.0 - 30.0 * shares[1] * (-80.0 - V), abs=1e-9) == I
    for fold in equilibrium_curve(cell).folds:
        assert steady(fold.V, 1) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
def test_the_rheobase_of_two_compartments():
    """The fold by SciPy's search for a state and a direction in which all equations stand still."""
    kernel = lower(PAIR.system)

    def flow(state, I):
        return np.array(kernel.event_rhs(state[0] - PAIR.origin, *state[1:], I, *PAIR.system.values))

    def both(z):
        state, I, q = z[:4], z[4], z[5:]
        step = 1e-5 * q
        slope = (flow(state + step, I) - flow(state - step, I)) / 2e-5
        return [*flow(state, I), *slope, q @ q - 1.0]

    found = rheobase(PAIR)
    start = equilibrium_at(PAIR, found.V).state
    q = equilibrium_at(PAIR, found.V + 1e-3).state - start
    end = root(both, [*start, found.value, *(q / np.linalg.norm(q))], tol=1e-13)
    assert (found.cause, found.confirmed) == ("fold", True)
    assert found.value == pytest.approx(end.x[4], abs=1e-9)
    assert pytest.approx(end.x[0], abs=1e-4) == found.V


def test_what_cannot_be_followed_is_refused():
    cell = natrium.HybridNeuron(
        equations={"V": "-V + w + I", "w": "w - w**3 + V"}, initial={"V": 0.0, "w": 0.0}, v_thresh=5.0
    )
    with pytest.raises(natrium.UnsupportedModel, match="followed along it"):
        equilibrium_curve(cell)  # w turns back twice
