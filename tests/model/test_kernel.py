"""Lowering: both forms of one expression agree, keep every digit, and are made once per structure."""

import math
from typing import Any

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.expressions.exprel import EXP_LIMIT, exprel
from natrium.model.kernel import FASTEST_GATE, lower_expressions
from tests.model.expressions.trees import Tree, constants, in_doubles, nodes, render, trees

x, y = sympy.symbols("x y", real=True)
NEURON = natrium.Neuron(channels=[natrium.CHANNELS["notebook_sodium_1"], natrium.CHANNELS["hh_potassium"]])


def both(expr: Any, *values: float, saturated: bool = True) -> tuple[float, float]:
    symbols = (x, y)[: len(values)]
    (one,) = lower_expressions((expr,), symbols, "scalar", saturated)(*values)
    (many,) = lower_expressions((expr,), symbols, "grid", saturated)(*(np.array([v]) for v in values))
    return one, float(np.broadcast_to(many, 1)[0])


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (x + y, 3.5), (x * y, 2.5), (x**y, 2.5), (y / x, 0.4), (sympy.exp(x / y), math.exp(2.5)),
        (sympy.sqrt(x), math.sqrt(2.5)),
        (sympy.log(x), math.log(2.5)), (sympy.sin(x), math.sin(2.5)), (sympy.cos(x), math.cos(2.5)),
        (sympy.tanh(x), math.tanh(2.5)),
        (sympy.Abs(-x), 2.5), (sympy.pi * x, math.pi * 2.5), (exprel(x), math.expm1(2.5) / 2.5),
        (x ** sympy.Rational(1, 3), 2.5 ** (1 / 3)),
        (exprel(x, 1), (2.5 * math.exp(2.5) - math.expm1(2.5)) / 6.25), (sympy.Integer(3), 3.0),
        (sympy.E * x, math.e * 2.5),
    ],
    ids=str,
)  # fmt: skip
def test_both_forms_give_the_value(expr: sympy.Expr, value: float) -> None:
    assert both(expr, 2.5, 1.0) == pytest.approx((value, value), rel=3e-16)


@pytest.mark.parametrize(
    "number", [0.1, 1 / 3, 0.1 + 0.2, 1e-300, 1.7976931348623157e308, 5e-324, math.pi, 2.0**53 - 1]
)
def test_numbers_keep_every_digit(number: float) -> None:
    assert both(sympy.Float(number), 1.0) == (number, number)
    assert both(sympy.Float(number) + 0 * x, 1.0) == (number, number)


def test_rationals_are_one_literal() -> None:
    assert both(sympy.Rational(1, 3) * x, 1.0) == (1 / 3, 1 / 3)
    assert both(sympy.Rational(-65, 18) + x, 0.0) == (-65 / 18, -65 / 18)


@given(trees, st.floats(-150.0, 150.0))
@example(("/", "V", ("+", "2", ("/", "1", "V"))), 0.0)
@settings(max_examples=100, deadline=None)
def test_forms_agree_on_arithmetic(tree: Tree, v: float) -> None:
    if not all(np.isfinite(in_doubles(node, 0.0)) for node in constants(tree)):
        return
    try:
        expression = natrium.Expression(render(tree))
    except natrium.ModelError:
        return
    if expression.symbolic.has(sympy.zoo, sympy.nan):
        return
    with np.errstate(all="ignore"):
        (many,) = lower_expressions((expression.symbolic,), (expression.symbol,), "grid")(np.array([v]))
    try:
        (one,) = lower_expressions((expression.symbolic,), (expression.symbol,))(v)
    except (ZeroDivisionError, OverflowError):
        # Arrays may go on through an infinity to a number: V/(2 + 1/V) at 0.
        assert not np.all(np.isfinite([*many, *(in_doubles(node, v) for node in nodes(tree))]))
        return
    assert np.allclose(many, one, rtol=1e-13, atol=0.0, equal_nan=True)


def test_exponential_saturates_where_asked() -> None:
    top = math.exp(EXP_LIMIT)
    assert both(sympy.exp(x), 1e300) == (top, top)
    assert both(sympy.exp(x) * sympy.exp(y) * sympy.exp(x + y), 1e5, 1e5) == pytest.approx((top**3, top**3))
    assert both(sympy.exp(x), 300.0, saturated=False) == pytest.approx((math.exp(300.0),) * 2)
    with pytest.raises(OverflowError):
        lower_expressions((sympy.exp(x),), (x,), "scalar", False)(1000.0)


def test_nested_lists_keep_their_shape() -> None:
    rows = lower_expressions(((x, y), (x + y, 1 + 0 * x)), (x, y))(2.0, 3.0)
    assert rows == [[2.0, 3.0], [5.0, 1]]


def test_same_expressions_are_lowered_once() -> None:
    assert lower_expressions((x + y,), (x, y)) is lower_expressions((x + y,), (x, y))
    assert lower_expressions((x + y,), (x, y)) is not lower_expressions((x + y,), (x, y), "grid")


def test_scalar_form_gives_plain_floats() -> None:
    kernel = natrium.lower(NEURON.system)
    state = NEURON.initial_state()
    rates = kernel.event_rhs(*state, 10.0, *kernel.parameters)
    assert [type(rate) for rate in rates] == [float] * 4
    assert [type(value) for value in (*kernel.steady(-60.0), *kernel.relaxation(-60.0))] == [float] * 6


def test_kernel_is_made_once_and_is_frozen() -> None:
    kernel = natrium.lower(NEURON.system)
    assert natrium.lower(natrium.Neuron(channels=NEURON.channels).system) is kernel
    assert kernel.event_rhs is kernel.event_rhs
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        kernel.system = NEURON.system  # type: ignore[misc]  # the point of the test


def test_neurons_of_one_structure_share_their_functions() -> None:
    """Other values of the parameters are other arguments, not other functions."""
    scaled = [attrs.evolve(channel, g=3 * channel.g, E=channel.E - 5) for channel in NEURON.channels]
    other = natrium.Neuron(20.0, 1.0, -65.0, -50.0, scaled, v_reset=-60.0, refractory="clamp")
    one, two = natrium.lower(NEURON.system), natrium.lower(other.system)
    assert one is not two
    assert one.parameters != two.parameters
    for name in ("event_rhs", "stiff_rhs", "stiff_jacobian", "steady", "relaxation"):
        assert getattr(one, name) is getattr(two, name), name


def test_kernel_matches_the_equations() -> None:
    """Worked out by hand from the rates as Hodgkin and Huxley wrote them."""
    V, m, h, n, current = -47.3, 0.31, 0.42, 0.53, 7.5
    kernel = natrium.lower(NEURON.system)
    J, u = current - (NEURON.v_thresh - NEURON.v_rest), V - NEURON.v_thresh
    exp = math.exp
    am, bm = 0.1 * (V + 40) / (1 - exp(-(V + 40) / 10)), 4 * exp(-(V + 65) / 18)
    ah, bh = 0.07 * exp(-(V + 65) / 20), 1 / (1 + exp(-(V + 35) / 10))
    an, bn = 0.01 * (V + 55) / (1 - exp(-(V + 55) / 10)), 0.125 * exp(-(V + 65) / 80)
    ionic = 120.0 * m**3 * h * (50.0 - V) + 120.0 * n**4 * (-77.0 - V)
    expected = [
        (-(V + 70.0) + current + ionic) / 10.0,
        am * (1 - m) - bm * m,
        ah * (1 - h) - bh * h,
        an * (1 - n) - bn * n,
    ]
    for function in (kernel.event_rhs, kernel.stiff_rhs):
        assert function(u, m, h, n, J, *kernel.parameters) == pytest.approx(expected, rel=1e-12)
    assert kernel.steady(V) == pytest.approx([am / (am + bm), ah / (ah + bh), an / (an + bn)], rel=1e-12)
    assert kernel.relaxation(V) == pytest.approx([am + bm, ah + bh, an + bn], rel=1e-12)


def test_stiff_form_holds_back_the_fastest_gates() -> None:
    kernel = natrium.lower(NEURON.system)
    state = (-1e5, 0.5, 0.5, 0.5)
    free = kernel.event_rhs(*state, 0.0, *kernel.parameters)
    held = kernel.stiff_rhs(*state, 0.0, *kernel.parameters)
    assert abs(free[1]) > 1e90
    assert max(map(abs, held[1:])) <= FASTEST_GATE
    assert held[0] == free[0]
    assert np.all(np.isfinite(kernel.stiff_jacobian(*state, 0.0, *kernel.parameters)))


def test_of_a_branch_the_side_alone_that_is_taken_is_evaluated():
    """What occurs twice on a side is not computed ahead of the choice."""
    side = natrium.Expression("where(V > 0, log(V)**2 + log(V), 1 + V)").symbolic
    scalar = lower_expressions((side,), (sympy.Symbol("V", real=True),))
    assert scalar(-1.0) == [0.0]
    assert scalar(math.e) == pytest.approx([2.0], rel=1e-15)
