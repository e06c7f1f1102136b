"""How a program is written, where that costs more or less and changes no value."""

import sympy

from natrium.solvers.compiled.taylor.series import _affine

V, x, y = sympy.symbols("V x y", real=True)


def test_a_gate_s_rate_is_one_product_with_its_state() -> None:
    alpha, beta = sympy.exp(V / 9), 1 / (1 + sympy.exp(-V))
    rate = _affine(alpha * (1 - x) - beta * x, (V, x, y))
    assert sum(term.has(x) for term in rate.args) == 1
    assert sympy.expand(rate - (alpha * (1 - x) - beta * x)) == 0


def test_what_another_state_drives_stays_as_it_is() -> None:
    for rate in (x * y - x, y - x, x**2 - V):
        assert _affine(rate, (V, x, y)) == rate
