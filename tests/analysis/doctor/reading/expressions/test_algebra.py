"""Derivatives of trees against SymPy's."""

import math

import pytest
import sympy

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.trees import formula, leaf, number
from natrium.analysis.doctor.trace import Node


def op(name, *args):
    return Node(name, tuple(args), math.nan, 1)


V, h, tau = leaf("V", -60.0), leaf("h", 0.1), leaf("tau", 10.0)
TREES = {
    "euler": op("+", V, op("*", h, op("/", op("neg", op("+", V, number(70.0))), tau))),
    "decay": op("*", V, op("exp", op("/", op("neg", h), tau))),
    "quotient": op("/", V, op("+", number(1.0), op("/", h, tau))),
    "power": op("**", op("+", V, op("*", h, V)), number(3.0)),
    "exponent": op("**", tau, op("*", h, number(2.0))),
    "functions": op("*", op("tanh", V), op("sqrt", op("+", tau, op("*", h, op("cosh", h))))),
    "rate": op(
        "/", number(1.0), op("+", number(1.0), op("exp", op("/", op("-", V, number(35.0)), number(10.0))))
    ),
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("by", ["V", "h"])
def test_a_slope_is_sympy_s(name, by):
    algebra = Algebra()
    tree = algebra.canonical(TREES[name])
    found = formula(Slopes(algebra, by).slope(tree))
    wanted = sympy.diff(formula(tree), sympy.Symbol(by, real=True))
    at = {
        sympy.Symbol("V", real=True): -61.5,
        sympy.Symbol("h", real=True): 0.3,
        sympy.Symbol("tau", real=True): 7.0,
    }
    assert float(sympy.N(found.subs(at))) == pytest.approx(
        float(sympy.N(wanted.subs(at))), rel=1e-12, abs=1e-300
    )


@pytest.mark.parametrize("name", TREES)
def test_a_slope_at_zero_is_sympy_s(name):
    algebra = Algebra()
    tree = algebra.canonical(TREES[name])
    found = formula(Slopes(algebra, "h", number(0.0)).slope(tree))
    x = sympy.Symbol("h", real=True)
    wanted = sympy.diff(formula(tree), x).subs(x, 0)
    assert sympy.simplify(found - wanted) == 0


def test_what_zero_multiplies_is_not_derived():
    """An operation without a derivative does not matter where it only comes in at second order."""
    algebra = Algebra()
    tree = op("+", V, op("*", h, op("unknown", op("+", V, h))))
    found = Slopes(algebra, "h", number(0.0)).slope(algebra.canonical(tree))
    assert found.op == "unknown"


def test_stages_add_up():
    """k1 + 2 k2 + 2 k3 + k4 of stages that are the same where dt is zero is six of one."""
    algebra = Algebra()
    stage = algebra.canonical(op("/", V, tau))
    total = algebra.add(algebra.add(stage, algebra.times(2.0, stage)), algebra.times(3.0, stage))
    assert algebra.times(1.0 / 6.0, total) is stage


def test_numbers_that_stand_apart_still_do_where_a_name_is_put_in():
    algebra = Algebra()
    n, moved = leaf("n"), Node("+", (leaf("n"), leaf("dt")), math.nan, 3)

    def formula(of):
        return Node("*", (Node("*", (number(36.0, 2), of), math.nan, 2), number(4.0, 2)), math.nan, 2)

    stage = algebra.replaced(algebra.canonical(formula(moved)), {"dt": number(0.0)})
    assert stage is algebra.canonical(formula(n))
