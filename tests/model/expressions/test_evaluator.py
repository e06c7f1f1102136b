"""The written form on single values, on Python's own floats, against NumPy's operations one by one."""

from __future__ import annotations

import numpy as np
import pytest

from natrium.model.expressions.evaluator import NUMERIC, Code, evaluator, is_plain, written_form
from natrium.model.expressions.reader import read
from natrium.model.kernel import lower_code

TEXTS = (
    "0.1*(V + 40)/(1 - exp(-(V + 40)/10))",
    "0.07*exp(-(V + 65)/20)",
    "1/(1 + exp(-(V + 35)/10))",
    "-(-V - 3)/7 + 2 - V*-0.3",
    "1/(V + 40) - 1/(V + 40)",
    "exp(-exp(V/5))",
    "log(V)*sqrt(V)",
    "3.5",
)
OTHERS = ("V**3", "where(V > -40, V, 2*V)", "max(V, -40)")  # read by NumPy alone
OF_TIME = {"floor"}
AT = (*np.linspace(-120.0, 60.0, 401).tolist(), -40.0, 0.0, -0.0, 1e300, -1e300, np.inf, np.nan)


@pytest.mark.parametrize(
    "text", [*TEXTS, *OTHERS, *(f"{name}(V)" for name in sorted(NUMERIC.keys() - OF_TIME))]
)
def test_same_doubles(text: str) -> None:
    """Every double is that of NumPy's operations, inf and NaN too, and of NumPy's type."""
    tree = read(text, "V")
    quick, general = written_form(tree), evaluator(tree)
    with np.errstate(all="ignore"):
        got = [quick(V) for V in AT]
        expected = [general(np.float64(V)) for V in AT]
    number = ~np.isnan(expected)
    assert np.array_equal(~np.isnan(got), number)  # the sign of a NaN is nobody's
    assert np.array(got)[number].tobytes() == np.array(expected)[number].tobytes()
    assert all(isinstance(value, np.float64) for value in got)


@pytest.mark.parametrize("text", TEXTS)
def test_arithmetic_is_plain(text: str) -> None:
    """What scripts write is done on Python's floats."""
    assert is_plain(read(text, "V"))


@pytest.mark.parametrize("text", OTHERS)
def test_others_are_left_to_numpy(text: str) -> None:
    """Powers and branches have meanings of NumPy's own."""
    assert not is_plain(read(text, "V"))


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        "V - (3 - (V - 0.1))",
        "V/(0.3*V)/(V/-7)",
        "0.1 + V + (0.2 + V*(0.3 + V))",
        "-(2 - V)*-(V*0.7)",
        " + ".join(f"{k / 7}*V" for k in range(90)),
        "(" * 45 + "V" + " - 0.1)" * 45,
        *(f"{name}(V)" for name in sorted(NUMERIC.keys() - OF_TIME)),
    ],
)
def test_code_is_run_in_the_written_order(text: str) -> None:
    """Made one function, a tree gives the doubles of its operations one by one, or their errors."""
    tree = read(text, "V")
    whole, single = lower_code(("V",), (evaluator(tree, Code)(Code("V")),)), evaluator(tree, float)
    for V in AT:
        with np.errstate(all="ignore"):
            try:
                expected = single(V)
            except ZeroDivisionError:
                with pytest.raises(ZeroDivisionError):
                    whole(V)
                continue
            assert repr(whole(V)[0]) == repr(expected)


def test_code_of_equations_keeps_their_order() -> None:
    """Numbers stand on either side; a piece with a name is computed once, where it comes first."""
    V, x = Code("V"), Code("x")
    pieces = (2 - (1 - x.named("x")) ** 3 * (-70.0 - V) / 3, -x + 1, 0 + x * -0.1)
    v, y = -63.7, 0.3
    assert lower_code(("V", "x"), pieces)(v, y) == [2 - (1 - y) ** 3 * (-70.0 - v) / 3, -y + 1, 0 + y * -0.1]
    moved = lower_code(("V", "x"), ((x + V).named("x") * 2.0, x))
    assert moved(1.0, 0.5) == [3.0, 1.5]


def test_arrays() -> None:
    """An array is taken whole."""
    V = np.array([-40.0, 0.0])
    assert np.array_equal(written_form(read("2*V + 1", "V"))(V), [-79.0, 1.0])
