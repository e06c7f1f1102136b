"""Bounds on functions over intervals hold what these take, and no change of sign is lost."""

import math

import numpy as np
import pytest
import sympy

import natrium
from natrium.analysis.equilibria.enclosure import Enclosure, rewrite_quotients, sign_changes
from natrium.analysis.equilibria.steady_input import steady_input

SODIUM = natrium.notebook.lif_na().neuron


def test_bounds_hold_what_the_functions_take():
    V = sympy.Symbol("V", real=True)
    exprs = [
        sympy.tanh(V / 7) * V**3, sympy.Abs(V - 1) ** 2 / (V**2 + 1), sympy.sin(V) * sympy.cos(2 * V), sympy.sign(V) * V,
        sympy.log(V**2 + 1) - sympy.sqrt(V**2 + 2), 2 ** (V / 10), *natrium.lower(SODIUM.system).system.gates[0].inf.diff(V).args,
    ]  # fmt: skip
    low = np.linspace(-90.0, 50.0, 200)
    high = low + 0.9
    bounds = Enclosure(exprs, V, {})(low, high)
    for expr, bound in zip(exprs, bounds, strict=True):
        values = natrium.model.kernel.lower_expressions((expr,), (V,), "grid")
        for share in (0.0, 0.3, 1.0):
            found = np.broadcast_to(values(low + share * (high - low))[0], low.shape)
            assert np.all((bound.low <= found) & (found <= bound.high))


def test_sign_changes_of_a_polynomial():
    V = sympy.Symbol("V", real=True)
    expr = (V - 1) * (V - 2) ** 2 * (V - 2.001) * (V + 7)
    enclosure = Enclosure([expr, expr.diff(V)], V, {})

    def f(v):
        return (v - 1) * (v - 2) ** 2 * (v - 2.001) * (v + 7)

    np.testing.assert_allclose(sign_changes(enclosure, f, -10.0, 10.0), [-7.0, 1.0, 2.001], atol=1e-12)


def test_waves_are_bounded_by_their_crests_and_ends():
    x = sympy.Symbol("x", real=True)
    low, high = np.array([-3.0, 0.5, 3.0, 4.0, -np.inf]), np.array([-1.0, 1.0, 3.3, 15.0, np.inf])
    for function, array in ((sympy.sin, np.sin), (sympy.cos, np.cos)):
        (bounds,) = Enclosure((function(x),), x, {})(low, high)
        for a, b, least, most in zip(low[:4], high[:4], bounds.low, bounds.high, strict=False):
            values = array(np.linspace(a, b, 10_001))
            assert least <= values.min() <= least + 1e-6
            assert most - 1e-6 <= values.max() <= most
        assert (bounds.low[4], bounds.high[4]) == pytest.approx((-1.0, 1.0))


def test_a_quotient_of_exponentials_holds_one():
    V = sympy.Symbol("V", real=True)
    for c in (sympy.Integer(1), sympy.Float(2.5), sympy.exp(-V) + 3):
        quotient = 4 * V * sympy.exp(V / 3) / (7 * sympy.exp(V / 3) + c)
        written = rewrite_quotients(1 - quotient)
        assert not written.has(sympy.exp(V / 3))
        for at in (-40.0, 0.3, 55.0):
            assert float(written.subs(V, at)) == pytest.approx(float((1 - quotient).subs(V, at)), rel=1e-12)
    assert rewrite_quotients(sympy.exp(V) / (V + 2)) == sympy.exp(V) / (V + 2)


@pytest.mark.parametrize("lowest", [-60.0, -62.0])
def test_a_threshold_that_comes_ever_nearer_to_v_is_met_or_not(lowest):
    """5 log(1 + exp(w)) with w = (V + 60)/5 is over V + 60 by 5 exp(-w), soon less than rounding tells."""
    neuron = natrium.HybridNeuron(
        equations={"V": "(-70 - V + I)/10", "theta": "(low + 5*log(1 + exp((V + 60)/5)) - theta)/5"},
        parameters={"low": lowest},
        initial={"V": -70.0, "theta": -55.0},
        v_thresh="theta",
        reset={"V": -70.0},
    )
    met = [] if lowest == -60.0 else [-60.0 - 5.0 * math.log(math.expm1(-(lowest + 60.0) / 5.0))]
    assert list(steady_input(neuron).crossings(-100.0, 220.0)) == pytest.approx(met, abs=1e-11)


def test_a_pole_is_no_change_of_sign():
    V = sympy.Symbol("V", real=True)
    expr = (V - 3) / (V - 1)
    enclosure = Enclosure([expr, expr.diff(V)], V, {})
    assert sign_changes(enclosure, lambda v: (v - 3.0) / (v - 1.0), -10.0, 10.0) == pytest.approx([3.0])
