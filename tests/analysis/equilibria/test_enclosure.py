"""Bounds on functions over intervals hold what these take, and no change of sign is lost."""

import numpy as np
import pytest
import sympy

import natrium
from natrium.analysis.equilibria.enclosure import Enclosure, sign_changes

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
