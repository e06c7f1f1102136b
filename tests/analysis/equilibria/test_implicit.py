"""Cells of which other states follow from V only implicitly: by formula, and by all equations at once."""

import numpy as np
import pytest
from scipy.optimize import brentq, root

import natrium
from natrium.analysis.equilibria.curve import equilibria, equilibrium_at, equilibrium_curve
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
