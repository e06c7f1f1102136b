"""What is read besides arithmetic: tables, and comparisons by which a branch is chosen."""

import numpy as np
import pytest
import sympy

import natrium
from natrium.model.expressions.expression import as_expression

V = sympy.Symbol("V", real=True)


def test_a_table_is_straight_lines_between_its_points():
    at, values = [-80.0, -40.0, 0.0, 25.0, 60.0], [1.5, 3.0, 3.0, 0.25, 2.0]
    text = "table(V, -80, 1.5, -40, 3, 0, 3, 25, 0.25, 60, 2)"
    curve, V = as_expression(text, "V"), np.linspace(-120.0, 90.0, 421)
    assert curve.written()(V) == pytest.approx(np.interp(V, at, values), abs=1e-14)
    here = sympy.Symbol("V", real=True)
    slopes = [
        float(curve.symbolic.diff(here).subs(here, v).evalf()) for v in (-90.0, -60.0, -20.0, 10.0, 70.0)
    ]
    assert slopes == pytest.approx([0.0, 0.0375, 0.0, -0.11, 0.0], abs=1e-15)
    assert as_expression(str(curve), "V") == curve


@pytest.mark.parametrize(
    "text", ["table(V, 0, 1, 0, 2)", "table(V, 0, 1, V, 2)", "table(V, 0, 1, -5, 2, 5, 1)"]
)
def test_a_table_rises_in_V(text):
    with pytest.raises(natrium.ModelError, match=r"V_1 < V_2 < ..., got"):
        as_expression(text, "V")


@pytest.mark.parametrize(
    "text", ["table(V)", "table(V, 0, 1)", "table(V, 0, 1, 2)", "table(V, 0, 1, 2, x=1)"]
)
def test_what_is_no_table(text):
    with pytest.raises(natrium.ModelError, match="'table'"):
        as_expression(text, "V")


def test_a_single_point_counts_for_nothing():
    trap = "where(V == -35, 0.5, 0.05*(V + 35)/(1 - exp(-(V + 35)/10)))"
    other = "0.05*(V + 35)/(1 - exp(-(V + 35)/10)) if V != -35 else 0.5"
    plain = as_expression("0.05*(V + 35)/(1 - exp(-(V + 35)/10))", "V")
    for text in (trap, other):
        rate = as_expression(text, "V")
        assert rate.symbolic == plain.symbolic
        assert rate.written()(np.array([-35.0, -34.0])).tolist() == [0.5, plain.written()(-34.0)]
    assert r"V = -35" in as_expression(trap, "V").latex
    assert as_expression("where(1 == 1, V, 2)", "V").symbolic == V
    assert as_expression("where(1 == 2 or V != 3, V, 2)", "V").symbolic == V


@pytest.mark.parametrize(
    ("text", "variable"), [("where(floor(t) == 2, 1, 0)", "t"), ("where(sign(V) == 1, 1, 0)", "V")]
)
def test_what_is_equal_on_a_stretch_is_compared_otherwise(text, variable):
    with pytest.raises(natrium.ModelError, match="write <, <=, > or >="):
        as_expression(text, variable)
