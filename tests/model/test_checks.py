"""Rules for single values: what keeps them, what breaks them, and what the message says."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from natrium.model.checks import (
    Choice,
    Count,
    Flag,
    Name,
    Number,
    Numbers,
    Optional,
    Rule,
    Text,
    as_float,
    show,
)
from natrium.model.errors import ModelError, StimulusError

NO_NUMBERS = [
    None,
    True,
    False,
    "1",
    b"1",
    [1.0],
    (1.0,),
    {},
    1j,
    Decimal(1),
    ...,
    np.array([1.0]),
    np.bool_(True),
]
NOT_FINITE = [math.nan, math.inf, -math.inf, np.float64("nan"), np.float32("inf")]


def broken(rule: Rule, value: Any) -> str:
    return rule.broken("x", value)


@pytest.mark.parametrize(
    "value", [0, 1, -1.5, 1e308, 5e-324, Fraction(1, 3), np.float64(2.5), np.int32(7), np.float32(0.5)]
)
def test_real_numbers_become_floats(value: Any) -> None:
    assert type(as_float(value)) is float
    assert as_float(value) == float(value)
    assert broken(Number(), as_float(value)) == ""


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_no_number_is_left_alone_and_refused(value: Any) -> None:
    assert as_float(value) is value
    assert broken(Number("mV"), value).startswith("x must be a number, got ")
    assert broken(Number(), value).endswith(f"({type(value).__name__})")


@pytest.mark.parametrize("value", NOT_FINITE)
def test_number_must_be_finite(value: Any) -> None:
    assert broken(Number("mV"), value) in (f"x must be finite, got {float(value)} mV",)


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), Fraction(10**400), 10**5000], ids=["10^400", "-10^400", "1/1", "10^5000"]
)
def test_number_too_large_for_a_float_is_refused(value: Any) -> None:
    """A whole number beyond every float is not finite to us, and breaks no message either."""
    assert broken(Number("mV"), as_float(value)) != ""
    assert broken(Count(), value if isinstance(value, int) else 10**9 + 1) != ""


@pytest.mark.parametrize(
    ("rule", "kept", "refused", "words"),
    [
        (Number(low=0.0), [0.0, -0.0, 1.0], [-1e-300, -1.0], "zero or positive"),
        (Number(low=0.0, open_low=True), [1e-300, 1.0], [0.0, -0.0, -1.0], "positive"),
        (Number(low=3.0), [3.0, 4.0], [2.9], "at least 3"),
        (Number(low=3.0, open_low=True), [3.1], [3.0, 2.0], "above 3"),
        (Number(low=0.0, high=1.0), [0.0, 0.5, 1.0], [-0.1, 1.1], "within [0, 1]"),
        (Number(low=0.0, high=0.1, open_low=True), [0.1, 1e-9], [0.0, 0.2], "within (0, 0.1]"),
        (Number(high=5.0), [-1e300, 5.0], [5.1], "within [-inf, 5]"),
    ],
)
def test_number_has_its_bounds(rule: Number, kept: list[float], refused: list[float], words: str) -> None:
    assert [broken(rule, value) for value in kept] == [""] * len(kept)
    assert [broken(rule, value) for value in refused] == [
        f"x must be {words}, got {value!r}" for value in refused
    ]


def test_number_gives_its_unit() -> None:
    assert broken(Number("ms", 0.0, open_low=True), -10.0) == "x must be positive, got -10.0 ms"
    assert broken(Number("ms", 0.0), np.float64(-1.5)) == "x must be zero or positive, got -1.5 ms"


def test_optional_adds_none() -> None:
    rule = Optional(Number(low=0.0))
    assert broken(rule, None) == ""
    assert broken(rule, 1.0) == ""
    assert broken(rule, -1.0) == "x must be zero or positive, got -1.0"


@pytest.mark.parametrize("value", [1, 2, 16, np.int64(3)])
def test_count_is_kept(value: Any) -> None:
    assert broken(Count(high=16), value) == ""


@pytest.mark.parametrize("value", [0, 17, -1, 1.0, 2.5, True, "3", None, math.nan, [1], np.float64(1.0)])
def test_count_is_broken(value: Any) -> None:
    assert broken(Count(high=16), value).startswith("x must be a whole number from 1 to 16, got ")


@pytest.mark.parametrize(
    ("value", "ok"), [(True, True), (False, True), (1, False), (0, False), ("true", False), (None, False)]
)
def test_flag(value: Any, ok: bool) -> None:
    assert broken(Flag(), value) == ("" if ok else f"x must be true or false, got {value!r}")


@pytest.mark.parametrize(
    ("value", "ok"),
    [
        ("hold", True),
        ("clamp", True),
        ("Hold", False),
        ("", False),
        (None, False),
        (["hold"], False),
        (1, False),
    ],
)
def test_choice(value: Any, ok: bool) -> None:
    assert broken(Choice(("hold", "clamp")), value) == (
        "" if ok else f"x must be one of 'hold', 'clamp', got {value!r}"
    )


@pytest.mark.parametrize("value", ["m", "Na", "x1", "Na_2", "lambda", "a" * 40, "A_", "__import__"[2:8]])
def test_name_is_kept(value: str) -> None:
    assert broken(Name(), value) == ""


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "1a",
        "_m",
        "__import__",
        "a" * 41,
        "Na+",
        "Na.m",
        "a b",
        "a\n",
        "m\0",
        "ｍ",
        "µ",
        "Nа",
        "a-b",
        "m;",
        3,
        None,
        ["m"],
        True,
    ],
    ids=ascii,
)
def test_name_is_broken(value: Any) -> None:
    assert broken(Name(), value).startswith("x must be a name of at most 40 letters, digits and underscores")


@pytest.mark.parametrize(
    ("value", "ok"), [("", True), ("any text", True), (3, False), (None, False), (b"a", False)]
)
def test_text(value: Any, ok: bool) -> None:
    assert broken(Text(), value) == ("" if ok else f"x must be text, got {value!r}")


@pytest.mark.parametrize("value", [(), (1.0,), (1.0, 0.0), [3, 2], (1.0, 1.0)])
def test_numbers_are_kept(value: Any) -> None:
    assert broken(Numbers(), value) == ""


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        (Numbers(), 3, "x must be a list of numbers, got 3"),
        (Numbers(), "12", "x must be a list of numbers, got '12'"),
        (Numbers(), b"12", "x must be a list of numbers, got b'12'"),
        (Numbers(), None, "x must be a list of numbers, got None"),
        (Numbers(), {1: 2}, "x must be a list of numbers, got {1: 2}"),
        (Numbers(), (1.0, "a"), "x[1] must be a number, got 'a' (str)"),
        (Numbers(), (1.0, True), "x[1] must be a number, got True (bool)"),
        (Numbers(), ((1.0,),), "x[0] must be a number, got (1.0,) (tuple)"),
        (Numbers(), (1.0, math.nan), "x[1] must be finite, got nan"),
        (Numbers(at_least=1), (), "x must hold at least 1 numbers, got 0"),
        (Numbers(increasing=True), (1.0, 1.0), "x must increase strictly, got 1.0 after 1.0 at index 1"),
        (Numbers(increasing=True), (0.0, 2.0, 1.0), "x must increase strictly, got 1.0 after 2.0 at index 2"),
    ],
)
def test_numbers_are_broken(rule: Numbers, value: Any, message: str) -> None:
    assert broken(rule, value) == message


@pytest.mark.parametrize(
    "rule", [Number(), Count(), Flag(), Choice(("a",)), Name(), Text(), Numbers(), Optional(Text())]
)
def test_check_raises_the_rules_own_error(rule: Rule) -> None:
    with pytest.raises(ModelError, match=r"^x must be "):
        rule.check("x", ...)
    with pytest.raises(StimulusError, match=r"^x must be "):
        type(rule)(**{**_fields(rule), "error": StimulusError}).check("x", ...)


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in ("words", "rule") if hasattr(rule, name)}


def test_shown_is_short() -> None:
    assert show("a" * 1000) == "'" + "a" * 56 + "..."
    assert show(np.float64(2.5), "mV") == "2.5 mV"
    assert show(3, "ms") == "3 ms"
    assert show("3", "ms") == "'3'"
    assert show(True, "ms") == "True"
    assert len(show(10**5000)) < 80
