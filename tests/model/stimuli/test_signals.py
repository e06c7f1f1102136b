"""Stimuli given by samples, by an expression of t, or by a Python function."""

import math
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from tests.model.stimuli.inputs import pieces

AT, VALUES = [0.0, 1.0, 3.0, 3.5], [2.0, -1.0, 5.0, 0.0]


def test_samples_hold_their_value_until_the_next() -> None:
    held = natrium.Samples(AT, VALUES)
    assert [held(t) for t in (-9.0, 0.0, 0.99, 1.0, 2.9, 3.0, 3.4, 3.5, 99.0)] == [
        2,
        2,
        2,
        -1,
        -1,
        5,
        5,
        0,
        0,
    ]
    assert all(drive.is_constant for _, _, drive in pieces(held, -1.0, 9.0))


def test_samples_joined_by_lines() -> None:
    lines = natrium.Samples(AT, VALUES, "linear")
    assert [lines(t) for t in (-9.0, 0.0, 0.5, 1.0, 2.0, 3.25, 3.5, 99.0)] == [2, 2, 0.5, -1, 2, 2.5, 0, 0]
    assert [drive.slope for _, _, drive in pieces(lines, -1.0, 9.0)] == [0, -3, 3, -10, 0]


def test_samples_take_arrays_and_one_value() -> None:
    held = natrium.Samples(np.array(AT), np.array([2, -1, 5, 0]))
    assert held == natrium.Samples(AT, VALUES) == natrium.Samples(tuple(AT), tuple(VALUES))
    assert hash(held) == hash(natrium.Samples(AT, VALUES))
    assert type(held.values[0]) is float
    assert natrium.Samples([5.0], [3.0])(-1e9) == natrium.Samples([5.0], [3.0], "linear")(1e9) == 3.0


def test_edges_of_samples_are_those_of_the_span() -> None:
    held = natrium.Samples(AT, VALUES, start=0.5, stop=9.0)
    assert set(held.edges(1.0, 3.0)) == {0.5, 9.0, 1.0, 3.0}
    assert set(held.edges(-10.0, 10.0)) == {0.5, 9.0, *AT}


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(0.001, 10.0))
@settings(max_examples=60, deadline=None)
def test_lines_agree_with_numpy(values: list[float], step: float) -> None:
    at = step * np.arange(len(values)) - 3.0
    lines = natrium.Samples(at, values, "linear")
    points = np.linspace(at[0] - 1, at[-1] + 1, 57)
    assert [lines(float(t)) for t in points] == pytest.approx(
        np.interp(points, at, values).tolist(), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize(
    ("at", "values"),
    [([0.0, 1e-320], [0.0, 1.0]), ([0.0, 1.0], [-1e308, 1e308]), ([0.0, 5e-324], [3.0, 3.0])],
)
def test_steep_lines_stay_between_their_ends(at: list[float], values: list[float]) -> None:
    try:
        lines = natrium.Samples(at, values, "linear")
    except natrium.StimulusError:
        return  # refused at once is as good
    assert lines(at[0]) == values[0]
    assert values[0] <= lines(at[1] / 2) <= values[1]
    assert lines(at[1]) == values[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "times must hold at least 1 numbers, got 0"),
        (([1.0], []), "values must hold at least 1 numbers, got 0"),
        (([1.0, 2.0], [1.0]), r"values must be as many as times \(2\), got 1"),
        (([1.0, 1.0], [1.0, 2.0]), "times must increase strictly, got 1.0 after 1.0 at index 1"),
        (([0.0, 5.0, 3.0], [0.0, 1.0, 2.0]), "times must increase strictly, got 3.0 after 5.0 at index 2"),
        (([0.0, math.nan], [0.0, 1.0]), r"times\[1\] must be finite, got nan"),
        (([0.0, 1.0], [0.0, math.inf]), r"values\[1\] must be finite, got inf"),
        (([0.0, 10**400], [0.0, 1.0]), r"times\[1\] must be"),
        (([0.0, "1"], [0.0, 1.0]), r"times\[1\] must be a number, got '1' \(str\)"),
        (([0.0, True], [0.0, 1.0]), r"times\[1\] must be a number, got True"),
        ((np.eye(2), [0.0, 1.0]), r"times\[0\] must be a number"),
        ((3.0, 4.0), "times must be a list of numbers, got 3.0"),
        (("01", "23"), "times must be a list of numbers, got '01'"),
        ((b"01", b"23"), "times must be a list of numbers"),
        (({0.0, 1.0}, [1.0, 2.0]), "times must be a list of numbers"),
        ((None, None), "times must be a list of numbers, got None"),
        ((np.array(3.0), [1.0]), "times must be a list of numbers, got 3.0"),
        (
            ([0.0, 1.0, 1.0 + 2**-52], [3.0, 0.0, 1e300], "linear"),
            r"must have a finite slope, got 0.0 and 1e\+300 mV at 1.0 and 1.0000000000000002 ms: move them apart",
        ),
        (([0.0], [1.0], "spline"), "interpolation must be one of 'hold', 'linear', got 'spline'"),
    ],
)
def test_samples_refuse(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(natrium.StimulusError, match=message):
        natrium.Samples(*arguments)


def test_samples_take_a_range_as_a_list() -> None:
    assert natrium.Samples(range(3), range(3)) == natrium.Samples([0, 1, 2], [0, 1, 2])


# --- expression ----------------------------------------------------------------------------------


def test_formula_in_its_window_with_breakpoints() -> None:
    formula = natrium.Formula("5*sin(t/10)", [7.0, 12.0], start=2.0, stop=30.0)
    assert formula(10.0) == pytest.approx(5 * math.sin(1.0), rel=1e-15)
    assert formula(1.9) == formula(30.0) == 0.0
    assert sorted(formula.edges(0.0, 100.0)) == [2.0, 7.0, 12.0, 30.0]
    assert formula.piece(2.0).max_step == pytest.approx(20 * math.pi / 3)
    assert natrium.Formula("5*sin(t/10)", max_step=0.25).piece(0.0).max_step == 0.25
    assert formula.piece(10.0)(2.5) == pytest.approx(5 * math.sin(1.25), rel=1e-15)


def test_formula_takes_sympy_and_numbers() -> None:
    t = sympy.Symbol("t")
    assert natrium.Formula(sympy.sin(t) / 2) == natrium.Formula("sin(t)/2")
    assert natrium.Formula(4)(99.0) == 4.0
    assert natrium.Formula(natrium.Expression("t", "t"))(2.0) == 2.0


@pytest.mark.parametrize(
    ("value", "options", "error", "message"),
    [
        ("V", {}, natrium.ModelError, "an expression may hold numbers, t, pi"),
        (natrium.Expression("V"), {}, natrium.ModelError, "an expression of t is needed, got one of V: V"),
        (None, {}, natrium.ModelError, "an expression must be text or SymPy, got None"),
        (lambda t: t, {}, natrium.ModelError, "an expression must be text or SymPy"),
        ("t", {"breakpoints": [2.0, 1.0]}, natrium.StimulusError, "breakpoints must increase strictly"),
        ("t", {"breakpoints": 3.0}, natrium.StimulusError, "breakpoints must be a list of numbers, got 3.0"),
        ("t", {"breakpoints": [math.inf]}, natrium.StimulusError, r"breakpoints\[0\] must be finite"),
        ("t", {"max_step": 0.0}, natrium.StimulusError, "max_step must be positive, got 0.0 ms"),
        ("t", {"max_step": -1.0}, natrium.StimulusError, "max_step must be positive, got -1.0 ms"),
        ("t", {"max_step": "1"}, natrium.StimulusError, "max_step must be a number"),
    ],
)
def test_formula_refuses(value: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        natrium.Formula(value, **options)


@pytest.mark.parametrize(
    ("text", "t"),
    [
        ("1/t", 0.0), ("sqrt(t)", -1.0), ("log(t)", 0.0), ("t**0.5", -1.0), ("(t - 5)**-2", 5.0),
        ("exp(t)", 1e4), ("t**t", -0.5),
        ("1/(t - t)", 3.0), ("0*t/(0*t)", 3.0), ("sin(abs(1/(t - t)))", 3.0),
        ("(1e15*(t - t + 1))**30", 3.0), ("t**100", 1e10),
    ],
)  # fmt: skip
def test_formula_without_a_value_is_not_a_number(text: str, t: float) -> None:
    """A run names the time of what is not a number: where a value is missing, there is no other error."""
    try:
        formula = natrium.Formula(text)
    except natrium.ModelError:
        return  # refused at once is as good
    assert not math.isfinite(formula(t))


@pytest.mark.parametrize(
    ("text", "t", "value"),
    [
        ("exp(40*(t - 45))", 45.0, 1.0), ("exp(40*(t - 45))", 44.0, math.exp(-40.0)),
        ("1/(1 + exp(-(t - 900)/0.05))", 900.0, 0.5), ("1/(1 + exp(-(t - 900)/0.05))", 899.0, math.exp(-20.0)),
        ("2 - exp(-20*(t - 1000))", 1000.0, 1.0),
    ],
)  # fmt: skip
def test_steep_formula_has_its_value(text: str, t: float, value: float) -> None:
    """SymPy takes exp(-1800) out of such an exponential, which is no double."""
    assert natrium.Formula(text)(t) == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize("text", ["cos(sqrt(-t*t))", "tanh(sqrt(-t*t))", "sin(sqrt(-t*t))*t"])
def test_formula_by_way_of_complex_numbers_is_refused(text: str) -> None:
    with pytest.raises(natrium.ModelError, match="real"):
        natrium.Formula(text)


def test_formula_does_not_saturate() -> None:
    assert natrium.Formula("exp(t)")(500.0) == pytest.approx(math.exp(500.0), rel=1e-14)


# --- Python function -----------------------------------------------------------------------------


def test_custom_function() -> None:
    custom = natrium.Custom(lambda t: t**2, 0.5, [3.0], start=1.0, stop=5.0)
    assert [custom(t) for t in (0.5, 1.0, 4.0, 5.0)] == [0.0, 1.0, 16.0, 0.0]
    assert custom.piece(2.0)(1.5) == 12.25
    assert custom.piece(2.0).max_step == 0.5
    assert sorted(custom.edges(0.0, 10.0)) == [1.0, 3.0, 5.0]
    assert type(natrium.Custom(lambda _: np.float32(0.5), 1.0)(0.0)) is float


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3.0, 1.0), "function must be callable, got 3.0"),
        (("sin(t)", 1.0), "function must be callable, got 'sin"),
        ((math.sin, 0.0), "max_step must be positive, got 0.0 ms"),
        ((math.sin, None), "max_step must be a number, got None"),
        ((math.sin, math.inf), "max_step must be finite"),
        ((math.sin, 1.0, [2.0, 2.0]), "breakpoints must increase strictly"),
    ],
)
def test_custom_refuses(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(natrium.StimulusError, match=message):
        natrium.Custom(*arguments)
    with pytest.raises(TypeError):
        natrium.Custom(math.sin)  # type: ignore[call-arg]  # nobody sees what is never evaluated
