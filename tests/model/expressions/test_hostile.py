"""Hostile text ends in a named error within a second, and runs nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.model.expressions.hostile import LABYRINTHS, NOWHERE_FINITE, ODDITIES, REFUSED

LIMIT = 1.0  # seconds

Reader = Callable[..., list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("untouched")


def check(outcomes: list[dict[str, Any]], errors: set[str]) -> None:
    for outcome in outcomes:
        assert outcome["error"] in errors, outcome
        assert outcome["seconds"] < LIMIT, outcome


def test_corpus_is_large() -> None:
    assert len(set(REFUSED.values())) >= 500


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_hostile_text_is_refused(reader: Reader, text: str) -> None:
    rate = reader(text, "expression", "gate", "file")
    of_time = reader(text.replace("V", "t"), "expression of t", "stimulus", "file of t")
    check([*rate, *of_time], {"ModelError"})
    assert [outcome["ran"] for outcome in (*rate, *of_time)] == [[]] * 6
    assert all(outcome["length"] < 500 for outcome in (*rate, *of_time))


@pytest.mark.parametrize("text", ["t", "x", "Vm", "exp(t)", "V + t", "t + 40", "0*t"])
def test_other_variables_are_refused(reader: Reader, text: str) -> None:
    check(reader(text, "expression", "gate", "file"), {"ModelError"})


@pytest.mark.parametrize("text", ["V", "x", "tt", "exp(V)", "V + t", "0*V"])
def test_other_variables_than_time_are_refused(reader: Reader, text: str) -> None:
    check(reader(text, "expression of t", "stimulus", "file of t"), {"ModelError"})


@pytest.mark.parametrize("text", NOWHERE_FINITE)
def test_no_rate_without_a_finite_value(reader: Reader, text: str) -> None:
    check(reader(text, "gate", "inf", "file"), {"ModelError"})


@pytest.mark.parametrize("text", NOWHERE_FINITE)
def test_input_without_a_finite_value_ends_soon(reader: Reader, text: str) -> None:
    """Such an input is refused, or not a number, of which a run tells the time."""
    check(reader(text.replace("V", "t"), "stimulus", "input", "file of t"), {"ModelError", ""})


@pytest.mark.parametrize("text", LABYRINTHS.values(), ids=LABYRINTHS)
def test_labyrinths_end_soon(reader: Reader, text: str) -> None:
    check(reader(text, "expression", "gate", "file"), {"ModelError", ""})
    check(reader(text.replace("V", "t"), "stimulus", "input", "file of t"), {"ModelError", ""})


@pytest.mark.parametrize("text", ODDITIES)
def test_oddities_are_read_or_refused_by_name(reader: Reader, text: str) -> None:
    check(reader(text, "gate", "inf", "file"), {"ModelError", ""})
    check(reader(text.replace("V", "t"), "stimulus", "input", "file of t"), {"ModelError", ""})
