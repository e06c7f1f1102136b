"""exprel, the function behind removable singularities, against mpmath; the exponential that saturates."""

import math
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from natrium.model.expressions.exprel import (
    EXP_LIMIT,
    exprel,
    exprel_array,
    exprel_scalar,
    saturated_exp,
    saturated_exp_array,
)
from tests.model.expressions.meaning import CONTEXT, exprel_by_integral

ORDERS = (0, 1, 2, 3)
DIGITS = 1e-14
SMALL = [sign * 10.0**power for power in (-300, -100, -20, -16, -12, -8, -5, -3, -2, -1) for sign in (1, -1)]
MIDDLE = [
    sign * x for x in (0.3, 0.7, 1.0, 2.0, 3.5, 8.0, 15.0, 39.88822607535845, 60.0, 230.0) for sign in (1, -1)
]
LARGE = [-300.0, -745.2, -1e3, -1e4, -1e5, -1e6]
x = sympy.Symbol("x", real=True)


def relative_error(value: float, x: float, n: int) -> float:
    exact = exprel_by_integral(CONTEXT.mpf(x), n)
    return float(abs((CONTEXT.mpf(value) - exact) / exact))


@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("x", [0.0, *SMALL, *MIDDLE, *LARGE])
def test_value_agrees_with_mpmath(n: int, x: float) -> None:
    assert relative_error(exprel_scalar(x, n), x, n) < DIGITS
    assert relative_error(float(exprel_array(np.array([x]), n)[0]), x, n) < DIGITS
    assert relative_error(float(exprel_array(x, n)), x, n) < DIGITS


@given(st.floats(-1e3, EXP_LIMIT), st.sampled_from(ORDERS))
@settings(max_examples=150, deadline=None)
def test_value_agrees_everywhere(x: float, n: int) -> None:
    assert relative_error(exprel_scalar(x, n), x, n) < DIGITS
    assert relative_error(float(exprel_array(np.array([x]), n)[0]), x, n) < DIGITS


@pytest.mark.parametrize("n", ORDERS)
def test_value_at_zero_is_exact(n: int) -> None:
    assert exprel_scalar(0.0, n) == exprel_scalar(-0.0, n) == 1 / (n + 1)
    assert exprel_array(np.array([0.0, -0.0]), n).tolist() == [1 / (n + 1)] * 2
    assert exprel(sympy.S.Zero, n) == sympy.Rational(1, n + 1)


def test_first_order_is_the_default() -> None:
    assert exprel_scalar(0.7) == exprel_scalar(0.7, 0)
    assert exprel(x) != exprel(x, 1)
    assert exprel(0) == 1


@pytest.mark.parametrize("n", ORDERS)
def test_grid_and_scalar_agree_and_nothing_warns(n: int) -> None:
    grid = np.concatenate([np.linspace(-1000, 1000, 4001), np.array([0.0, 1e300, -1e300, 1.7e308, -1.7e308])])
    many = exprel_array(grid, n)
    one = np.array([exprel_scalar(float(value), n) for value in grid])
    assert np.all(np.isfinite(many))
    assert np.allclose(many, one, rtol=DIGITS, atol=0.0)
    assert np.all(np.diff(many[:4001]) >= 0.0)  # it never falls
    assert np.all(many >= 0.0)


@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("point", [-230.0, -7.5, -1e-8, 0.0, 1e-8, 3.25, 40.0])
def test_each_order_is_the_derivative_of_the_one_below(n: int, point: float) -> None:
    slope = CONTEXT.diff(lambda s: exprel_by_integral(s, n), point)
    assert exprel(x, n).diff(x) == exprel(x, n + 1)
    assert exprel_scalar(point, n + 1) == pytest.approx(float(slope), rel=3 * DIGITS)


def test_chain_rule() -> None:
    inner = -(x + 40) / 10
    assert (exprel(inner).diff(x) + exprel(inner, 1) / 10).subs(x, 3) == 0
    assert (exprel(inner).diff(x, 2) - exprel(inner, 2) / 100).subs(x, 3) == 0


@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("digits", [15, 40])
def test_sympy_evaluates_it_with_the_digits_asked_for(n: int, digits: int) -> None:
    for point in (sympy.Rational(7, 3), sympy.Rational(-31, 10), sympy.Rational(1, 10**9)):
        exact = exprel_by_integral(CONTEXT.mpf(point.p) / point.q, n)
        with mpmath.workdps(60):
            value = mpmath.mpf(exprel(point, n).evalf(digits)._mpf_)
            assert abs(value - mpmath.mpf(exact._mpf_)) < mpmath.mpf(10) ** (2 - digits) * value
    assert exprel(x, n).evalf() == exprel(x, n)


def test_sympy_knows_that_it_is_positive() -> None:
    assert exprel(x).is_positive
    assert exprel(x, 2).is_positive
    assert exprel(x).is_real
    assert exprel(sympy.Symbol("z")).is_positive is None


def test_latex_form() -> None:
    assert sympy.latex(exprel(x)) == r"\operatorname{exprel}\left(x\right)"
    assert sympy.latex(exprel(x, 2)) == r"\operatorname{exprel}_{2}\left(x\right)"
    assert sympy.latex(exprel(x) ** 3) == r"\operatorname{exprel}^{3}\left(x\right)"


@pytest.mark.parametrize("function", [saturated_exp, saturated_exp_array, exprel_scalar, exprel_array])
def test_nothing_overflows(function: Any) -> None:
    top = function(EXP_LIMIT)
    for value in (EXP_LIMIT, 230.1, 709.7, 710.0, 1e4, 1e100, 1.7976931348623157e308):
        assert function(value) == top
    for value in (-1e4, -1e100, -1.7976931348623157e308):
        assert 0.0 <= function(value) <= 1e-4
    assert math.isnan(function(math.nan))


def test_saturated_exponential_is_the_exponential_below_its_limit() -> None:
    points = np.linspace(-700.0, EXP_LIMIT, 1001)
    assert saturated_exp_array(points).tolist() == np.exp(points).tolist()
    assert [saturated_exp(float(point)) for point in points] == [math.exp(point) for point in points]
    assert saturated_exp(EXP_LIMIT) ** 3 < math.inf  # as the comment at EXP_LIMIT promises
