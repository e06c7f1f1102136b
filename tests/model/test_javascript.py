"""The kernel's form for a page; what it computes is held against natrium in tests/explore."""

import sympy

from natrium.model.branches import choose
from natrium.model.expressions.exprel import exprel, whole_exp
from natrium.model.javascript import javascript

V, g = sympy.symbols("V g", real=True)


def written(*expressions, saturated=True):
    return javascript(expressions, {"y": [V], "p": [g]}, saturated)


def test_numbers_have_all_their_digits_and_no_division():
    assert "(0.3333333333333333)*y[0]" in written(sympy.Rational(1, 3) * V)
    assert "0.1234567890123456" in written(sympy.Float(0.12345678901234567) * V)


def test_functions_are_the_page_s_own():
    assert "o[0] = exprel(y[0], 1);" in written(exprel(V).diff(V))
    assert "o[0] = ex(y[0] + 1800);" in written(whole_exp(V + 1800))
    assert "Math.exp(y[0])" in written(sympy.exp(V), saturated=False)
    assert "Math.tanh(y[0])" in written(sympy.tanh(V))


def test_a_branch_is_a_choice():
    assert "o[0] = (y[0] >= 0 ? p[0] : y[0]);" in written(choose(V, g, V))


def test_what_expressions_share_is_computed_once():
    code = written(sympy.exp(V) * g, sympy.exp(V) + 1)
    assert code.count("ex(y[0])") == 1
    assert code.endswith("return o}")
