"""Expressions: what is read means what was written, as written and as SymPy."""

import math
import re
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import natrium
from natrium.model.expressions.exprel import exprel
from natrium.model.expressions.expression import as_expression, show_formula
from natrium.model.expressions.reader import (
    MAX_ARGUMENT,
    MAX_BRACKETS,
    MAX_DIGITS,
    MAX_LENGTH,
    MAX_NESTED,
    MAX_NODES,
    MAX_POWER,
    MAX_TURNED,
)
from natrium.model.expressions.smooth import smooth
from tests.model.expressions.meaning import Undefined, meaning, value_of
from tests.model.expressions.trees import Tree, constants, exact, in_doubles, render, trees

V = sympy.Symbol("V", real=True)
POINTS = (-93.25, -40.0, -1.5, 0.0, 0.3, 2.0, 61.75)

FUNCTIONS = ("exp", "expm1", "exprel", "log", "sqrt", "sin", "cos", "tanh", "abs")
TOKENS = (
    *("V", "V", "V", "(", ")", "+", "-", "*", "/", "**", "1", "2", "0.5", "40", "10", ".5", "3.", "pi"),
    *(f"{name}(" for name in FUNCTIONS),
    *(f"{name}(V)" for name in FUNCTIONS),
    *(" ", ".", ",", "e", "1e3", "_", "[", "]", "{", "}", "'", '"', "lambda", "if", "else", "for", "in", "x"),
    *("t", "__import__", "eval", ":=", "=", "<", "@", "//", "%", "~", "#", ";", "\n", "\0", "Ｖ", "−"),
    *("\u200b", "1j", "\\"),
)  # fmt: skip


def written(text: str, x: float) -> float:
    with np.errstate(all="ignore"):
        return float(natrium.Expression(text).written()(x))


def check_meaning(text: str) -> None:
    """Hold that the written and the smooth form have the value that the text has."""
    expression = natrium.Expression(text)
    form = smooth(expression.symbolic, V)
    for x in POINTS:
        try:
            value, error = meaning(text, x)
        except Undefined:
            continue
        allowed = 1e-9 * abs(value) + 10 * error
        assert abs(written(text, x) - value) <= allowed, (text, x)
        # SymPy may multiply a sum out, (V + 40)/10 into 0.1 V + 4: exact to a rounding of its terms only.
        assert abs(value_of(form, x) - value) <= allowed + 1e-14, (text, x, form)


@given(
    st.text()
    | st.text("Vtexp()+-*/.0123456789 ")
    | st.lists(st.sampled_from(TOKENS), max_size=9).map("".join)
)
@settings(max_examples=400, deadline=None)
@example("exp(-(V + 40)/10)")
@example("-V**2 + 3")
@example("2**-V**2")
@example("((V))*+-+V")
@example(" abs ( V ) ")
@example("exprel(V)-expm1(V)/V")
def test_any_text_is_refused_or_means_what_it_says(text: str) -> None:
    try:
        natrium.Expression(text)
    except natrium.ModelError:
        return
    check_meaning(text)


@given(st.lists(st.sampled_from(("V", "V*", "-", "/", "**", "(", ")", "0*")), max_size=8).map("".join))
@settings(max_examples=200, deadline=None)
@example("V/V")
@example("V**V")
@example("V**-V")
@example("1/V")
def test_written_form_never_raises(text: str) -> None:
    """A value that is not there is NaN or infinite, on a float as on an array."""
    try:
        function = natrium.Expression(text).written()
    except natrium.ModelError:
        return
    for x in (0.0, -1.5, 1e10, -1e200):
        with np.errstate(all="ignore"):
            one, many = function(x), function(np.array([x]))
        assert not np.iscomplexobj(one)
        assert np.array_equal(one, many[0], equal_nan=True)


@given(trees, st.booleans(), st.floats(-150, 150).map(lambda x: round(x, 3)))
@settings(max_examples=250, deadline=None)
def test_arithmetic_is_read_back(tree: Tree, spaced: bool, x: float) -> None:
    assume(all(np.isfinite(in_doubles(node, 0.0)) for node in constants(tree)))
    text = render(tree, spaced)
    try:
        natrium.Expression(text)
    except natrium.ModelError:
        with pytest.raises(ZeroDivisionError):  # divided by zero wherever it is evaluated
            exact(tree, Fraction(x))
        return
    assert np.array_equal(written(text, np.float64(x)), in_doubles(tree, x), equal_nan=True)
    try:
        value, (_, error) = exact(tree, Fraction(x)), meaning(text, x)
    except (ZeroDivisionError, Undefined):
        return
    allowed = Fraction(str(10 * error)) + Fraction(1, 10**12) * abs(value)
    assert abs(Fraction(written(text, np.float64(x))) - value) <= allowed
    form = smooth(natrium.Expression(text).symbolic, V)
    assert abs(Fraction(str(value_of(form, x))) - value) <= allowed


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("inner", ["V", "V/7", "2 - V*V/900", "-(V + 40)/10"])
def test_functions_mean_what_they_are_called(name: str, inner: str) -> None:
    check_meaning(f"{name}({inner})")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3*4", 14.0), ("(2 + 3)*4", 20.0), ("2 - 3 - 4", -5.0), ("2 - (3 - 4)", 3.0), ("12/3/2", 2.0),
        ("12/(3/2)", 8.0), ("2**3**2", 512.0), ("(2**3)**2", 64.0), ("-2**2", -4.0), ("(-2)**2", 4.0),
        ("2**-1", 0.5),
        ("--2", 2.0), ("+-+2", -2.0), ("2*-3", -6.0), ("1e3", 1e3), (".5", 0.5), ("5.", 5.0), ("1E-3", 1e-3),
        ("pi", math.pi), ("2*pi", 2 * math.pi), ("exp(0)", 1.0), ("sqrt(16)", 4.0), ("abs(-3)", 3.0),
        ("log(exp(2))", 2.0),
        ("exprel(0)", 1.0), ("expm1(0)", 0.0), ("tanh(0)", 0.0), ("cos(0)", 1.0), ("0**0", 1.0), (" 7 ", 7.0),
        ("0.1 + 0.2", 0.1 + 0.2), ("0.1*3", 0.1 * 3), ("1e-999", 0.0),
        ("9" * MAX_DIGITS, float("9" * MAX_DIGITS)),
    ],
)  # fmt: skip
def test_constants_are_folded_as_doubles(text: str, value: float) -> None:
    assert written(text, 12.5) == value
    assert float(natrium.Expression(text).symbolic) == value


def test_written_order_is_kept() -> None:
    """(V + 0.1) + 0.2 and V + (0.1 + 0.2) differ in the last bit; SymPy holds them equal."""
    x = 0.30000000000000004
    assert written("V + 0.1 + 0.2", x) == (x + 0.1) + 0.2
    assert written("V + (0.1 + 0.2)", x) == x + (0.1 + 0.2)
    assert written("0.2 + (0.1 + V)", x) == 0.2 + (0.1 + x)
    assert written("V*0.1/0.7", 0.3) == (0.3 * 0.1) / 0.7 != 0.3 * (0.1 / 0.7)


def test_written_form_takes_arrays() -> None:
    values = np.linspace(-90.0, 50.0, 57)
    result = natrium.Expression("0.07*exp(-(V + 65)/20)").written()(values)
    assert np.array_equal(result, 0.07 * np.exp(-(values + 65) / 20))


def test_zero_over_zero_as_written_is_nan() -> None:
    assert math.isnan(written("0.1*(V + 40)/(1 - exp(-(V + 40)/10))", -40.0))


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("(" * MAX_BRACKETS + "V" + ")" * MAX_BRACKETS, True),
        ("(" * (MAX_BRACKETS + 1) + "V" + ")" * (MAX_BRACKETS + 1), False),
        ("V" + " " * (MAX_LENGTH - 1), True),
        ("V" + " " * MAX_LENGTH, False),
        ("0." + "1" * (MAX_DIGITS - 2), True),
        ("0." + "1" * (MAX_DIGITS - 1), False),
        ("V**100", True),
        ("V**-100", True),
        ("V**100.0001", False),
        ("-" * 200 + "V", True),
        ("max(V, " + "-" * 199 + "V)", True),
        ("max(V, " + "-" * 200 + "V)", False),
        ("-" * 201 + "V", False),
        ("*".join(["(V+1)"] * (MAX_NODES // 4)), True),
        ("*".join(["(V+1)"] * (MAX_NODES // 4 + 1)), False),
        ("tanh(" * MAX_NESTED + "V" + ")" * MAX_NESTED, True),
        ("tanh(" * (MAX_NESTED + 1) + "V" + ")" * (MAX_NESTED + 1), False),
        ("1/(9 + " * MAX_NESTED + "V" + ")" * MAX_NESTED, True),
        ("1/(9 + " * (MAX_NESTED + 1) + "V" + ")" * (MAX_NESTED + 1), False),
        (f"tanh(V)**{MAX_POWER}", True),
        (f"tanh(V)**{MAX_POWER + 1}", False),
        (f"(tanh(V)**2)**{MAX_POWER}", False),
        ("((V*V + 1)**100/1e300)**2", True),
        (f"sin(1 - V**{MAX_POWER})", True),
        (f"sin(1 - V**{MAX_POWER + 1})", False),
        ("exp(1/V" + " + V" * (MAX_ARGUMENT // 2 - 2) + ")", True),
        ("exp(1/V" + " + V" * (MAX_ARGUMENT // 2) + ")", False),
        ("tanh(1/V" + " + V" * (MAX_TURNED // 2 - 1) + ")", True),
        ("tanh(1/V" + " + V" * (MAX_TURNED // 2) + ")", False),
        ("tanh(V" + " + V" * MAX_ARGUMENT + ")", True),
    ],
)
def test_bounds_are_where_they_are_said_to_be(text: str, ok: bool) -> None:
    if ok:
        assert math.isfinite(written(text, -1.5))
    else:
        with pytest.raises(natrium.ModelError, match=r"at most \d+"):
            natrium.Expression(text)


@pytest.mark.parametrize(
    ("text", "rule", "shown"),
    [
        ("V.real", "numbers, V, pi, exp, .* only", "V.real"),
        ("1e999", "must be finite", "1e999"),
        ("1/0", "a constant part .* finite real", "1/0"),
        ("V +", "well-formed arithmetic, got", "V +"),
        ("V > 0 && V < 9", "'&&' found at character 7: write and", "&&"),
        ("V > 0 || V < -9", "write or", "||"),
        ("V > 0 ? 1 : 2", r"write where\(condition, a, b\)", "?"),
        ("where(!V > 0, 1, 2)", "'!' found at character 7: write not", "!"),
        ("1e-3 + 2.5V", r"'2.5V' found at character 8: write \*", "2.5V"),
        ("exp -V/2 + exp V", "'exp V' found at character 12: .* in brackets", "exp V"),
        ("-lambda*V", "'lambda' found at character 2: a word of Python's", "lambda"),
        ("V − 1", "plain printable ASCII", "V − 1"),
        ("V**1e9", "exponent may be at most 100", "V**1e9"),
        ("x" * 9000, "at most 2000 characters .9000 given.", "xxxx...".strip(".")),
    ],
)
def test_message_gives_rule_and_text(text: str, rule: str, shown: str) -> None:
    with pytest.raises(natrium.ModelError, match=rule) as caught:
        natrium.Expression(text)
    assert shown in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [None, 3, 2.5, True, b"V", ["V"], {"V": 1}, {"V"}, ...])
def test_only_text_is_read(value: Any) -> None:
    with pytest.raises(natrium.ModelError, match="must be text"):
        natrium.Expression(value)


def test_expression_is_frozen_and_compares_by_text() -> None:
    one, same = natrium.Expression("V + 1"), natrium.Expression("V + 1")
    assert one == same
    assert hash(one) == hash(same)
    assert one != natrium.Expression("1 + V")
    assert natrium.Expression("3") != natrium.Expression("3", "t")
    assert str(one) == "V + 1"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.text = "V"  # type: ignore[misc]  # the point of the test


def test_symbol_is_real() -> None:
    expression = natrium.Expression("t/2", "t")
    assert expression.symbol == sympy.Symbol("t", real=True)
    assert expression.symbolic.free_symbols == {expression.symbol}
    assert expression.symbolic.subs(expression.symbol, 5) == 2.5


# --- from other things than text ---------------------------------------------------------------

plain = sympy.Symbol("V")


@pytest.mark.parametrize(
    "value",
    [
        V / 3, plain / 3, sympy.Symbol("V", positive=True) + sympy.Rational(1, 7), sympy.exp(-(V + 65) / 18),
        sympy.Float(0.1) + sympy.Float(0.2), sympy.sqrt(2) * V, sympy.sqrt(V * V + 1), sympy.E ** (V / 10),
        sympy.E * V,
        sympy.pi * V, sympy.Abs(V), sympy.tanh(V / 9) ** 2, sympy.cos(V) - sympy.sin(V), sympy.log(V * V + 2),
        exprel(V / 10), 1 / exprel(-(V + 40) / 10), V**-3, 2 ** (V / 10), -V, -(V**2), (-V) ** 3,
        sympy.Integer(7),
        sympy.Rational(1, 3), sympy.Float(0.1), sympy.pi, sympy.Integer(0), sympy.Float("1e-7") * V,
        sympy.Float(1e300),
        sympy.Float("0.1", 40) * V, sympy.exp(V) ** 2 / (1 + sympy.exp(V)) ** 2,
        V * (V + 1) / (V + 2) - (V - (V + 3)),
    ],
    ids=str,
)  # fmt: skip
def test_sympy_is_taken_with_all_its_digits(value: sympy.Expr) -> None:
    expression = as_expression(value)
    for x in (-93.25, 0.7, 61.75):
        expected = complex(
            value.subs({symbol: sympy.Float(x, 30) for symbol in value.free_symbols}).evalf(30)
        )
        assert expected.imag == 0.0
        assert written(expression.text, x) == pytest.approx(expected.real, rel=1e-13)
        assert float(value_of(expression.symbolic, x)) == pytest.approx(expected.real, rel=1e-13)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (np.float64(2.5), "2.5"),
        (np.int64(3), "3.0"),
        (-1.5, "-1.5"),
    ],
)
def test_numbers_are_taken(value: Any, text: str) -> None:
    assert as_expression(value).text == text


@pytest.mark.parametrize(
    "value",
    [
        None, True, [], {}, b"V", 1j, ..., float("nan"), float("inf"), -float("inf"), 10**400,
        np.array([1.0]),
        sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.I, sympy.I * V, sympy.GoldenRatio, sympy.EulerGamma,
        sympy.Symbol("x"), V + sympy.Symbol("x"), sympy.Symbol("V; import os"),
        sympy.Symbol("__import__('os')"),
        sympy.Function("f")(V), sympy.Function("eval")(V), sympy.tan(V), sympy.DiracDelta(V),
        sympy.Piecewise((1, V > 0)), sympy.Max(sympy.gamma(V), 0),
        sympy.Integral(plain, plain),
        sympy.Integral(plain, (plain, 0, 1)), sympy.Derivative(sympy.Function("f")(V), V),
        exprel(V, 1), sympy.eye(2), sympy.Eq(V, 1), sympy.true, sympy.Float("1e400"),
        sympy.Integer(10) ** 400,
        sympy.Rational(1, 10**400), sympy.Sum(plain, (plain, 0, 3)), sympy.Mod(V, 2), sympy.floor(V),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_other_things_are_refused(value: Any) -> None:
    with pytest.raises(natrium.ModelError, match=re.compile("express|number|constant", re.IGNORECASE)):
        as_expression(value)


def test_expression_of_another_variable_is_refused() -> None:
    with pytest.raises(natrium.ModelError, match=r"an expression of V is needed, got one of t: sin\(t\)"):
        as_expression(natrium.Expression("sin(t)", "t"))
    assert as_expression(natrium.Expression("sin(t)", "t"), "t").text == "sin(t)"


def test_derivative_of_exprel_has_no_text() -> None:
    with pytest.raises(natrium.ModelError, match="cannot hold"):
        as_expression(exprel(V).diff(V))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("V^2", "at character 1: a power is written"),
        ("1 + np.exp(V)", r"at character 5: write exp\(...\), without what stands before it"),
        ("2*v", "at character 3: did you mean V"),
        ("  sqr(V)", r"at character 3: did you mean sqrt\(...\)"),
        ("ln(V)", r"write log\(...\) for the natural logarithm"),
        ("np.pi*V", "at character 1: write pi"),
        (
            "w + V",
            r"Name 'w' found at character 1: a name without a value here; write its number, or make it",
        ),
        ("np.float64(0.5)*V", r"at character 1: write NumPy's number as float"),
        ("pow(V, 2)", r"at character 1: a power is written"),
    ],
)
def test_what_was_meant_is_said_with_its_place(text, said):
    with pytest.raises(natrium.ModelError, match=said):
        as_expression(text, "V")


def test_what_stands_in_brackets_gets_no_others():
    assert as_expression("max(V, 1)**2", "V").latex == r"\max\left(V, 1\right)^{2}"
    assert as_expression("(V + 1)**2", "V").latex == r"\left(V + 1\right)^{2}"


def test_a_formula_in_a_message_is_shortened():
    V = sympy.Symbol("V", real=True)
    assert show_formula(V + 1) == "V + 1"
    long = show_formula(sum(sympy.sin(k * V) for k in range(1, 60)))
    assert len(long) == 160
    assert long.endswith("...")
