"""Removable singularities are recognised in whatever way they are written; what is not removable stays."""

import math
from functools import partial

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.expressions.exprel import exprel
from natrium.model.expressions.smooth import _same, denominators, feature_scale, smooth
from natrium.model.kernel import lower_expressions
from natrium.model.rates import V, smooth_rate
from tests.model.expressions.meaning import CONTEXT, exact, meaning, value_of

# Text, singular voltage. Most are ways in which papers and scripts write one Hodgkin-Huxley rate.
REMOVABLE = [
    ("0.1*(V + 40)/(1 - exp(-(V + 40)/10))", -40), ("0.01*(V + 55)/(1 - exp(-(V + 55)/10))", -55),
    ("0.1*(V + 40)/(1 - exp(-0.1*V - 4))", -40), ("(0.1*V + 4)/(1 - exp(-0.1*(V + 40)))", -40),
    ("(4 + V/10)/(1 - exp(-4 - V/10))", -40), ("-0.1*(V + 40)/(exp(-(V + 40)/10) - 1)", -40),
    ("0.1*(-V - 40)/(exp((-V - 40)/10) - 1)", -40), ("0.1*(40 + V)/(1 - exp(-(40 + V)/10))", -40),
    ("(V + 40)/10/(1 - exp(-(V + 40)/10))", -40), ("-(V + 40)/10/expm1(-(V + 40)/10)", -40),
    ("1/((1 - exp(-(V + 40)/10))/(0.1*(V + 40)))", -40), ("0.1*(V + 40)*(1 - exp(-(V + 40)/10))**-1", -40),
    ("0.1*(V + 40)*exp((V + 40)/10)/(exp((V + 40)/10) - 1)", -40),
    ("0.1*(V + 40)/(1 - 1/exp((V + 40)/10))", -40),
    ("0.1*(V + 40)*(1/(1 - exp(-(V + 40)/10)))", -40), ("1e-1*(V + 4e1)/(1 - exp(-(V + 4e1)/1e1))", -40),
    ("(4 + V/10)/(1 - exp(-4)*exp(-V/10))", -40), ("0.1*(V + 40)/(1 - exp(-V/10)/exp(4))", -40),
    ("0.1*(V + 40)/(exp(0) - exp(-(V + 40)/10))", -40), ("0.1*(V + 40)/(-1 + exp(-(V + 40)/10))*-1", -40),
    ("0.2*(V + 40)/(2 - 2*exp(-(V + 40)/10))", -40), ("0.1*(V + 40)/(1 - exp(-(V + 40)/20)**2)", -40),
    ("0.1*(V + 40)/(1 - exp(-(V + 40)/20)*exp(-(V + 40)/20))", -40), ("0.1/exprel(-(V + 40)/10)*10", -40),
    ("0.1*V/(1 - exp(-(V + 40)/10)) + 4/(1 - exp(-(V + 40)/10))", -40),
    ("0.1*(V + 40)/((1 - exp(-(V + 40)/20))*(1 + exp(-(V + 40)/20)))", -40),
    ("0.1*(V + 40)*(1/(exp((V + 40)/10) - 1) + 1)", -40),
    # hyperbolic
    ("0.05*(V + 40)/tanh((V + 40)/20) + 0.05*(V + 40)", -40),
    ("0.05*(V + 40)*(1 + 1/tanh((V + 40)/20))", -40),
    ("0.05*(V + 40)*(tanh((V + 40)/20) + 1)/tanh((V + 40)/20)", -40),
    ("(V + 40)**2/tanh((V + 40)/10)**2", -40),
    ("tanh((V + 40)/10)/(V + 40)", -40), ("(V + 40)/(exp((V + 40)/20) - exp(-(V + 40)/20))", -40),
    ("(V + 40)/(exp((V + 40)/5) - exp(-(V + 40)/20))", -40), ("tanh((V + 40)/9)/(exp((V + 40)/5) - 1)", -40),
    # powers, functions, sums and products of such rates
    ("(0.1*(V + 40)/(1 - exp(-(V + 40)/10)))**2", -40), ("0.01*(V + 40)**2/(1 - exp(-(V + 40)/10))**2", -40),
    ("0.01*(V*V + 80*V + 1600)/(1 - exp(-(V + 40)/10))**2", -40),
    ("(V + 40)**3/(1 - exp(-(V + 40)/10))**3", -40),
    ("0.01*(V + 40)*(V + 40)/((1 - exp(-(V + 40)/10))*(1 - exp(-(V + 40)/10)))", -40),
    ("sqrt(0.1*(V + 40)/(1 - exp(-(V + 40)/10)))", -40), ("(0.1*(V + 40)/(1 - exp(-(V + 40)/10)))**0.5", -40),
    ("exp((V + 40)/(1 - exp(-(V + 40)/10))/100)", -40), ("1 + 0.1*(V + 40)/(1 - exp(-(V + 40)/10))", -40),
    ("1/(0.1*(V + 40)/(1 - exp(-(V + 40)/10)) + 4*exp(-(V + 65)/18))", -40),
    ("0.1*(V+40)/(1-exp(-(V+40)/10))/(0.1*(V+40)/(1-exp(-(V+40)/10)) + 4*exp(-(V+65)/18))", -40),
    ("1/(1 + 1/(0.1*(V + 40)/(1 - exp(-(V + 40)/10))))", -40),
    ("2 - 1/(1 + (V + 40)/(exp((V + 40)/10) - 1))", -40),
    ("0.1*(V + 40)/(1 - exp(-(V + 40)/10)) + 0.01*(V + 55)/(1 - exp(-(V + 55)/10))", -40),
    ("0.1*(V + 40)/(1 - exp(-(V + 40)/10)) + 0.01*(V + 55)/(1 - exp(-(V + 55)/10))", -55),
    ("0.1*(V + 40)/(1 - exp(-(V + 40)/10))*(0.01*(V + 55)/(1 - exp(-(V + 55)/10)))", -55),
    ("(V + 40)*(V + 60)/((1 - exp(-(V + 40)/10))*(1 - exp(-(V + 60)/10)))", -60),
    ("0.1*(V + 40)/(1 - exp(-(V + 40)/10))/(1 + exp(-(V + 30)/9))", -40),
    ("0.1*(V + 40)*exp(-(V + 40)/50)/(1 - exp(-(V + 40)/10))", -40),
    # the other way up, polynomials, other papers' numbers
    ("(exp((V + 40)/10) - 1)/(V + 40)", -40), ("(1 - exp(-(V + 40)/10))/(V + 40)", -40), ("expm1(V/10)/V", 0),
    ("(exp((V + 40)/10) - 1)/(exp((V + 40)/20) - 1)", -40),
    ("(exp(V/10) - exp(-4))/(1 - exp(-(V + 40)/10))", -40),
    ("V/(1 - exp(-V/10))", 0), ("V/expm1(V/10)", 0), ("(V + 40)**2/(V + 40) + 200", -40),
    ("(V*V - 1600)/(V + 40) + 200", -40), ("(V + 40)*(V - 20)/(V + 40) + 200", -40),
    ("(25 - V)/(10*(exp((25 - V)/10) - 1))", 25), ("(10 - V)/(100*(exp((10 - V)/10) - 1))", 10),
    ("0.01*(10 - V)/(exp(1 - V/10) - 1)", 10), ("0.32*(V + 54)/(1 - exp(-(V + 54)/4))", -54),
    ("0.28*(V + 27)/(exp((V + 27)/5) - 1)", -27), ("-0.032*(V + 52)/(exp(-(V + 52)/5) - 1)", -52),
    ("0.182*(V + 35)/(1 - exp(-(V + 35)/9))", -35), ("-0.124*(V + 35)/(1 - exp((V + 35)/9))", -35),
    ("0.1*(V + 40.7)/(1 - exp(-V/10 - 4.07))", -40.7), ("(V + 54.387)/(1 - exp(-(V + 54.387)/9.3))", -54.387),
    ("(V + 35.3)/7.7/(1 - exp(-(V + 35.3)/7.7))", -35.3), ("(V + 100/3)/(1 - exp(-(V + 100/3)/7))", -100 / 3),
]  # fmt: skip
POLES = [
    "1/(V + {})", "1/(V + {})**2", "1/(V + {})**3", "1/(1 - exp(-(V + {})/10))",
    "1/(exp((V + {})/10) - 1)**2",
    "(V + 200)/(1 - exp(-(V + {})/10))", "(V + {} + 1e-6)**2/(1 - exp(-(V + {})/10))",
    "1/expm1((V + {})/10)**2",
    "(V + {})/(1 - exp(-(V + {})/10))**2", "(V + {})**2/(1 - exp(-(V + {})/10))**3", "1/tanh((V + {})/10)**2",
    "1/tanh((V + {})/10) + 1000", "cos((V + {})/400)/sin((V + {})/400) + 1e9", "1/sin((V + {})/400)**2",
    "1/(1 - cos((V + {})/100))", "exp(1/(V + {})**2)", "exp(-1/(V + {}))",
    "1/(exp((V + {})/9) - (V + {})/9 - 1)",
    "1/abs(V + {})", "1/sqrt(abs(V + {}))", "abs(V + {})**-0.5", "((V + {})**2)**-0.25", "abs(1/(V + {}))",
    "1/(sqrt(abs(V + {})) + abs(V + {}))", "10 - log(abs(V + {}))", "log(abs(V + {}))**2",
    "1/log(1 + (V + {})**2)",
    "1/(1 - 1/(1 + (V + {})**2))", "tanh(1/(V + {})**2) + 1/(V + {})**2",
    "0.1*(V + {})/(1 - exp(-(V + {})/10)) + 1/(V + {})**2",
]  # fmt: skip
OFFSETS = (1e-3, -0.1, 7.3, -33.3, 100.0, -77.7)


def scalar(text: str, v: float) -> float:
    return float(lower_expressions((smooth_rate(natrium.Expression(text)),), (V,))(v)[0])


def on_grid(text: str, values: np.ndarray) -> np.ndarray:
    (result,) = lower_expressions((smooth_rate(natrium.Expression(text)),), (V,), "grid")(values)
    return np.broadcast_to(result, values.shape)


@pytest.mark.parametrize(("text", "V0"), REMOVABLE)
def test_removable_singularity_is_removed(text: str, V0: float) -> None:
    """At the singular voltage stands the limit, found by mpmath from both sides."""
    limit = (meaning(text, V0 + 1e-5)[0] + meaning(text, V0 - 1e-5)[0]) / 2
    assert scalar(text, V0) == pytest.approx(float(limit), rel=1e-9)
    around = V0 + np.array([0.0, 1e-12, -1e-12, 1e-9, -1e-9, 1e-6, -1e-6])
    assert on_grid(text, around) == pytest.approx(float(limit), rel=1e-4)
    assert on_grid(text, around).tolist() == pytest.approx(
        [scalar(text, float(v)) for v in around], rel=1e-14
    )


@pytest.mark.parametrize(("text", "V0"), REMOVABLE)
def test_smooth_form_equals_the_written_one_elsewhere(text: str, V0: float) -> None:
    form = smooth_rate(natrium.Expression(text))
    for offset in OFFSETS:
        value, error = meaning(text, V0 + offset)
        near = 1e-12 + 1e-14 / abs(offset)  # V - V0 itself is known to an ulp of V0
        assert scalar(text, V0 + offset) == pytest.approx(float(value), rel=near)
        assert abs(value_of(form, V0 + offset) - value) <= near * abs(value)
        with np.errstate(all="ignore"):
            as_written = natrium.Expression(text).written()(V0 + offset)
        assert abs(as_written - value) <= near * abs(value) + 4 * error


@pytest.mark.parametrize(("text", "V0"), REMOVABLE)
def test_no_warning_on_a_grid_through_the_singularity(text: str, V0: float) -> None:
    values = on_grid(text, np.concatenate([np.linspace(-150.0, 150.0, 601), [V0]]))
    assert np.all(np.isfinite(values))


@pytest.mark.parametrize(
    "text", ["0.1*(V + 40)/(1 - exp(-(V + 40)/10))", "V/expm1(V/10)", "(25 - V)/(10*(exp((25 - V)/10) - 1))"]
)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_at_the_singularity(text: str, order: int) -> None:
    form = smooth_rate(natrium.Expression(text)).diff(V, order)
    derivative = lower_expressions((form,), (V,))
    for v in (-40.0, 0.0, 25.0, -40.0 + 1e-9, -12.5):
        slope = CONTEXT.diff(partial(exact, text), v, order)
        assert float(derivative(v)[0]) == pytest.approx(float(slope), rel=1e-10)


def test_known_limits_are_exact() -> None:
    assert scalar("0.1*(V + 40)/(1 - exp(-(V + 40)/10))", -40.0) == 1.0
    assert scalar("0.01*(V + 55)/(1 - exp(-(V + 55)/10))", -55.0) == 0.1
    assert scalar("V/expm1(V/10)", 0.0) == 10.0
    assert smooth_rate(natrium.Expression("V/expm1(V/10)")).has(exprel)


@pytest.mark.parametrize("text", POLES)
@pytest.mark.parametrize("V0", [-40.0, -40.05, 12.34])
def test_true_poles_are_refused_by_their_voltage(text: str, V0: float) -> None:
    with pytest.raises(natrium.ModelError, match="must be finite") as caught:
        natrium.Gate("m", alpha=text.replace("{}", repr(-V0)), beta="1")
    named = float(str(caught.value).split("V = ")[1].split(" mV")[0])
    poles = [V0 + k * 2 * math.pi * 100 for k in (-1, 0, 1)]  # of the cosine; the others have the middle one
    assert min(abs(named - pole) for pole in poles) <= 0.1


@pytest.mark.parametrize(
    ("text", "voltage"),
    [("1/sin(V)", 0.0), ("1/(1 + sin(V))", -math.pi / 2), ("1/(sin(V) - 0.3)", math.asin(0.3))],
)
def test_one_of_many_poles_is_named(text: str, voltage: float) -> None:
    with pytest.raises(natrium.ModelError, match="has a pole at") as caught:
        natrium.Gate("m", alpha=text, beta="1")
    named = float(str(caught.value).split("V = ")[1].split(" mV")[0])
    turns = [(named - start) / (2 * math.pi) for start in (voltage, math.pi - voltage)]
    assert min(abs(turn - round(turn)) for turn in turns) < 1e-4  # the message gives six digits


slopes = st.sampled_from((2.0, 3.7, 4.0, 5.0, 9.3, 10.0, 18.0, -5.0, -7.7, -10.0))
zeros = st.floats(-90.0, 60.0).map(lambda v: round(v, 2))
SHAPES = (
    "(V - {0})/(1 - exp(-(V - {0})/{1}))", "({0} - V)/(exp(({0} - V)/{1}) - 1)",
    "(V - {0})/{1}/expm1((V - {0})/{1})",
    "(V - {0})/tanh((V - {0})/{1})", "(1 - exp((V - {0})/{1}))/(V - {0})",
    "(V - {0})**2/(1 - exp((V - {0})/{1}))**2",
)  # fmt: skip


@given(
    zeros, slopes, st.sampled_from(SHAPES), st.integers(-600_000, 600_000).filter(bool).map(lambda n: n / 1e4)
)
@settings(max_examples=120, deadline=None)
def test_removable_wherever_and_however_steep(V0: float, k: float, shape: str, offset: float) -> None:
    text = shape.format(f"({V0!r})", f"({k!r})")
    at, beside = scalar(text, V0), scalar(text, V0 + 1e-7)
    assert math.isfinite(at)
    assert beside == pytest.approx(at, rel=1e-5)
    value, _ = meaning(text, V0 + offset)
    assert scalar(text, V0 + offset) == pytest.approx(float(value), rel=1e-12 + 3e-14 / abs(offset))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, 1.0, 0.0, -0.2, 1.3])
@pytest.mark.parametrize("power", [1, 2])
def test_a_damped_rate_is_right_at_any_distance(share: float, power: int) -> None:
    """V exp(c w)/(exp(w) - 1): two exponentials that outgrow every double, their ratio small."""
    text = f"V**{power}*exp({share}*{power}*(V/7))/(exp(V/7) - 1)**{power}"
    for v in (-1400.0, -900.0, -30.0, 0.0, 1e-9, 45.0, 900.0, 1400.0):
        value = exact(text, v)
        if 1e-80 < value < 1e80:  # exp stands still at 1e100, or short of it where it is squared
            assert scalar(text, v) == pytest.approx(float(value), rel=1e-12)
        else:
            assert (scalar(text, v) < 1e-60) == (value < 1)


@pytest.mark.parametrize("v", [-1e6, -3e3, -40.0, -39.9, 3e3, 1e6])
def test_hyperbolic_tangents_are_right_at_any_distance(v: float) -> None:
    for text in ("tanh((V + 40)/9)/(V + 40)", "(V + 40)/tanh((V + 40)/9)", "(V + 40)**2/tanh((V + 40)/9)**2"):
        assert scalar(text, v) == pytest.approx(float(exact(text, v)), rel=1e-13)


def test_what_has_no_variable_is_left_alone() -> None:
    assert smooth(sympy.Integer(3), V) == 3
    assert smooth(1 / (1 - sympy.exp(sympy.Symbol("W"))), V) == 1 / (1 - sympy.exp(sympy.Symbol("W")))
    assert smooth(V**2 + sympy.sin(V), V) == V**2 + sympy.sin(V)


def test_a_constant_field_whose_temperature_has_a_name_is_regular_at_zero() -> None:
    kelvin, inside, outside = sympy.symbols("kelvin inside outside", real=True)
    x = V * 2.5 / kelvin
    found = smooth(x * (inside - outside * sympy.exp(-x)) / (1 - sympy.exp(-x)), V)
    assert found.subs({V: 0, kelvin: 300.0, inside: 3.0, outside: 1.0}).evalf() == pytest.approx(2.0)


def test_denominators_are_listed_once() -> None:
    expr = 1 / (V + 1) + V / (V + 1) ** 2 + sympy.exp(-V) + V ** (-sympy.Rational(1, 2))
    assert set(denominators(expr)) == {V + 1, V}
    assert denominators(V**2 + 1) == []


t = sympy.Symbol("t", real=True)


@pytest.mark.parametrize(
    ("expr", "scale"),
    [
        (sympy.Integer(3) + 0 * t, math.inf), (t**2 - 3 * t, math.inf), (sympy.exp(-t / 10), math.inf),
        (sympy.sin(t), 2 * math.pi / 3), (sympy.cos(2 * t + 1), math.pi / 3),
        (5 * sympy.sin(-t / 10), 20 * math.pi / 3),
        (sympy.sin(t) + sympy.cos(10 * t), 2 * math.pi / 30), (sympy.sin(t**2), 1.0),
        (sympy.exp(-(t**2)), 1.0),
        (sympy.Abs(t), math.inf), (sympy.tanh(t), 1.0), (sympy.log(t), 1.0), (1 / (1 + t**2), 1.0), (1 / t, 1.0),
        (sympy.sin(100 * t) / t, 2 * math.pi / 300), (sympy.sin(3) * t, math.inf),
        (sympy.exp(sympy.sin(t / 100)), 1.0),
    ],
    ids=str,
)  # fmt: skip
def test_feature_scale(expr: sympy.Expr, scale: float) -> None:
    assert feature_scale(expr, t) == pytest.approx(scale, rel=1e-14)


@pytest.mark.parametrize(
    ("growth", "slowest", "far"),
    [("0", 0.0, -700.0), ("V/4", 0.25, -700.0), ("3*V/4", 0.25, 700.0), ("V", 0.0, 700.0)],
)
def test_a_growth_is_shared_so_that_nothing_saturates_far_out(
    growth: str, slowest: float, far: float
) -> None:
    """V exp(c V)/(exp(V) - 1) falls by the lesser of c and 1 - c on its flat side."""
    expr = smooth(natrium.Expression(f"V*exp({growth})/(exp(V) - 1)").symbolic, V)
    (value,) = lower_expressions((expr,), (V,))(far)
    assert value == pytest.approx(700.0 * math.exp(-700.0 * slowest), rel=1e-13, abs=0.0)


def test_that_two_places_differ_is_told_by_numbers(monkeypatch):
    """A published calcium-dependent cell took a minute of algebra for one comparison."""
    a, b, c = sympy.symbols("a b c", real=True)
    long = (sympy.exp(a) + sympy.exp(b) / (1 + sympy.exp(-c))) ** 9 * (a + b + c) ** 9

    def refused(*_):
        raise AssertionError("multiplied out")

    monkeypatch.setattr(sympy, "expand", refused)
    assert not _same(long, long * (1 + a))
    monkeypatch.undo()
    shifted = (V - a**2 + 1) / (1 - sympy.exp(-(V - (a - 1) * (a + 1)) / 5))
    assert smooth(shifted, V).has(exprel)
