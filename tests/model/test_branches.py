"""Branches as symbols: what they mean, which side of a surface is taken, how they are taken out."""

import math
import re

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import natrium
from natrium.model.branches import as_choices, choose, has_branches, split_branches
from natrium.model.kernel import lower_expressions

V, w = sympy.symbols("V w", real=True)

# Text, SymPy, and what Python makes of it.
MEANT = [
    ("max(V, 0.02)", sympy.Max(V, 0.02), lambda v: max(v, 0.02)),
    ("min(V, 3, 2*V)", sympy.Min(V, 3, 2 * V), lambda v: min(v, 3.0, 2.0 * v)),
    ("where(V < -40, 0.1, 0.2)", sympy.Piecewise((0.1, V < -40), (0.2, True)), lambda v: 0.1 if v < -40 else 0.2),
    ("where(V <= -40, 0.1, 0.2)", sympy.Piecewise((0.1, V <= -40), (0.2, True)), lambda v: 0.1 if v <= -40 else 0.2),
    ("where(V > -40, V, 2)", sympy.Piecewise((V, V > -40), (2, True)), lambda v: v if v > -40 else 2.0),
    ("where(V >= -40, V, 2)", sympy.Piecewise((V, V >= -40), (2, True)), lambda v: v if v >= -40 else 2.0),
    ("V if -10 < V < 10 else 0", sympy.Piecewise((V, (V > -10) & (V < 10)), (0, True)),
     lambda v: v if -10 < v < 10 else 0.0),
    ("where(V < -10 or V > 10, 1, V)", sympy.Piecewise((1, (V < -10) | (V > 10)), (V, True)),
     lambda v: 1.0 if v < -10 or v > 10 else v),
    ("where(not (V < 0), 1, 2)", sympy.Piecewise((1, ~(V < 0)), (2, True)), lambda v: 1.0 if v >= 0 else 2.0),
    ("heaviside(V + 40)*2", 2 * sympy.Heaviside(V + 40), lambda v: 2.0 if v >= -40 else 0.0),
    ("sign(V)*3", 3 * sympy.sign(V), lambda v: math.copysign(3.0, v)),
    ("abs(V + 40)", sympy.Abs(V + 40), lambda v: abs(v + 40.0)),
    ("where(V > 0, log(abs(V) + 1), sqrt(1 - V))", sympy.Piecewise((sympy.log(abs(V) + 1), V > 0),
     (sympy.sqrt(1 - V), True)), lambda v: math.log(v + 1) if v > 0 else math.sqrt(1 - v)),
    ("max(min(V, 5), where(V > 0, 1, -1))", sympy.Max(sympy.Min(V, 5), sympy.Piecewise((1, V > 0), (-1, True))),
     lambda v: max(min(v, 5.0), 1.0 if v > 0 else -1.0)),
]  # fmt: skip
POINTS = (-77.5, -40.0, -39.9, -10.0, -3.25, 0.01, 1.0, 2.5, 4.0, 33.0)


@pytest.mark.parametrize(("text", "expr", "meant"), MEANT, ids=[text for text, _, _ in MEANT])
def test_text_and_sympy_mean_the_same(text, expr, meant) -> None:
    expression = natrium.Expression(text)
    forms = [
        expression.symbolic,
        as_choices("x", expr),
        natrium.model.expressions.expression.as_expression(expr).symbolic,
    ]
    expected = [meant(v) for v in POINTS]
    assert [float(expression.written()(v)) for v in POINTS] == pytest.approx(expected, rel=1e-15)
    assert expression.written()(np.array(POINTS)) * np.ones(len(POINTS)) == pytest.approx(expected, rel=1e-15)
    for form in forms:
        scalar = lower_expressions((form,), (V,))
        assert [scalar(v)[0] for v in POINTS] == pytest.approx(expected, rel=1e-15)
        grid = lower_expressions((form,), (V,), "grid")
        assert grid(np.array(POINTS))[0] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", [text for text, _, _ in MEANT])
def test_sides_taken_out_leave_a_smooth_expression(text: str) -> None:
    symbolic = natrium.Expression(text).symbolic
    (held,), branches = split_branches([symbolic])
    assert not has_branches(
        *held.replace(lambda e: isinstance(e, choose), lambda e: sympy.Add(*e.args[1:])).atoms()
    )
    sides = tuple(one.side for one in branches)
    function = lower_expressions((held,), (V, *sides))
    surfaces = lower_expressions(tuple(one.surface for one in branches), (V, *sides))
    plain = lower_expressions((symbolic,), (V,))
    for v in POINTS:
        known = [1.0] * len(branches)
        for k in range(len(branches)):
            known[k] = 1.0 if surfaces(v, *known)[k] >= 0.0 else -1.0
        assert function(v, *known)[0] == plain(v)[0]


def test_one_surface_is_one_branch() -> None:
    surfaces = [choose(V - w, V, w), choose(w - V, 1, 2) + abs(V - w)]
    held, branches = split_branches(surfaces)
    assert [one.surface for one in branches] == [V - w]
    assert held[1].atoms(sympy.Symbol) == {V, w, branches[0].side}


def test_a_quotients_absolute_value_is_a_branch_too() -> None:
    size = natrium.Expression("abs(1/(V + 200))").symbolic
    assert has_branches(size)
    assert len(split_branches([size])[1]) == 1


@given(st.floats(-50.0, 50.0), st.floats(-50.0, 50.0))
def test_a_derivative_is_that_of_the_side(v: float, u: float) -> None:
    expr = choose(V - w**2 / 10, sympy.exp(V / 20) * w, V * w)
    slopes = [expr.diff(V), expr.diff(w)]
    expected = [math.exp(v / 20) * u / 20, math.exp(v / 20)] if v - u * u / 10 >= 0 else [u, v]
    assert lower_expressions(tuple(slopes), (V, w))(v, u) == pytest.approx(expected, rel=1e-13)


def test_what_is_decided_is_folded() -> None:
    assert choose(sympy.Integer(3), V, w) == V
    assert choose(sympy.Float(-0.5), V, w) == w
    assert choose(V, w, w) == w
    assert as_choices("x", sympy.Piecewise((V, sympy.true))) == V


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        (sympy.Piecewise((V, V > 0)), "must have a value everywhere: end it with"),
        (sympy.Function("f")(V), "unknown function f"),
        (sympy.gamma(V), "function gamma is not among those that are solved"),
        (sympy.DiracDelta(V), "function DiracDelta"),
        (sympy.Integral(V, V), "cannot evaluate Integral"),
        (sympy.zoo, "must be finite and real"),
        (V + sympy.I, "must be finite and real"),
    ],
    ids=str,
)
def test_what_cannot_be_evaluated_is_named(expr: sympy.Expr, said: str) -> None:
    with pytest.raises(natrium.ModelError, match=re.escape(said)):
        as_choices("dV/dt", expr)


def test_latex_shows_both_sides() -> None:
    assert r"\ge 0" in sympy.latex(choose(V, w, 1))


def test_one_over_branches_is_branches():
    """Else the slope of 1/tau has tau squared, which is zero in doubles where tau is 1e-170."""
    a, b = sympy.exp(-(V**2)), 2 * sympy.exp(-V)
    tau = choose(-V, a, b)
    assert 1 / tau == choose(-V, sympy.exp(V**2), sympy.exp(V) / 2)
    assert 1 / choose(V, sympy.S.Zero, a) != choose(V, sympy.zoo, 1 / a)
    slope = lower_expressions(((3 / tau).diff(V),), (V,))
    assert math.isfinite(slope(-20.0)[0])
    gate = natrium.Gate("h", inf="1/(1 + exp(V/9))", tau="17/exp(0.4*(V/8)**2) if V > 0 else 17")
    neuron = natrium.Neuron(channels=[natrium.Channel("P", 1.0, 250.0, [gate])])
    assert np.all(np.isfinite(natrium.equilibrium_curve(neuron).I))
