"""Coefficients of equations are simplified as far as that can be of use, and no further."""

import sympy

from natrium.analysis.doctor.reading.model.forms import simple_form, without_pace

V = sympy.Symbol("V", real=True)


def rates(v):
    """Opening and closing, as decimals make them: of large whole numbers."""
    tenth, part = sympy.Rational("0.10000000000000001"), sympy.Rational("0.055555555555555559")
    return (v + 40) * tenth / (1 - sympy.exp(-(v + 40) * tenth)), 4 * sympy.exp(-(v + 65) * part)


def test_what_cancels_is_cancelled_whatever_functions_it_has():
    opening, closing = rates(V)
    assert sympy.expand(simple_form((50 - V) * (opening + closing) / (closing + opening)) - 50 + V) == 0
    assert simple_form((V**2 - 1) / (V - 1)) == V + 1
    assert simple_form(sympy.sqrt(V + 90) * 3 / sympy.sqrt(V + 90)) == 3


def test_exponentials_of_different_slopes_are_not_made_powers_of_one():
    """As powers of one they have hundreds of them, and end never."""
    opening, closing = rates(V)
    large = sympy.Rational(24151439002901658052551728607056687282030750019643, 10**50)
    expr = (
        large * (50 - V) / (7 * (opening * (large - V / 7) - closing * (large + V)) + opening / 3 - closing)
    )
    assert abs((simple_form(expr) / expr - 1).subs(V, -51).evalf(30)) < 1e-20


def test_a_target_divided_by_what_its_pace_is_multiplied_by_is_a_sum_of_currents():
    """Multiplied out as they stand, rates of three gates make a million terms."""
    n = sympy.Symbol("n", real=True)
    opening, closing = rates(V)
    steady = 35 * (opening / (opening + closing)) ** 3
    G = sympy.Rational(1, 10) + steady * n + 9 * n**4
    found = without_pace((V - (steady * n * 55 - 9 * 90 * n**4) / G) * -G, {n})
    assert not sympy.denom(found).free_symbols & {n}
    sum_ = steady * n * (55 - V) - 9 * n**4 * (V + 90) - V / 10
    assert abs((found / sum_ - 1).subs({V: -51, n: sympy.Rational(3, 10)}).evalf(30)) < 1e-20
    assert sympy.expand(found).coeff(n, 4).subs(V, 0) == -810


def test_a_fraction_that_is_meant_stays_as_it_stands():
    n = sympy.Symbol("n", real=True)
    meant = n / (n + 2) * (V + 90) - V / sympy.exp(n)
    assert without_pace(meant, {n}) == meant
