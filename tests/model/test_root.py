"""Roots between opposite signs: SciPy's, bit for bit, by as many calls."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from natrium.model.root import NotFound, find_root

FUNCTIONS: dict[str, tuple[Callable[[float], float], float, float]] = {
    "line": (lambda x: 3.0 * x - 1.0, -1.0, 2.0),
    "cubic": (lambda x: x**3 - 2.0 * x - 5.0, 0.0, 4.0),
    "steep": (lambda x: math.exp(8.0 * x) - 3.0, -5.0, 5.0),
    "flat": (lambda x: math.tanh(40.0 * (x - 0.3)), -2.0, 1.0),
    "step": (lambda x: 1.0 if x > 0.123 else -1.0, 0.0, 1.0),
    "plateau": (lambda x: max(x, 0.0) - 1e-9, -1.0, 1.0),
    "falling": (lambda x: math.cos(x), 0.0, 3.0),
    "tiny": (lambda x: 1e-310 * (x - 0.7), 0.0, 1.0),
    "endless": (lambda x: 1e300 * (x - 0.7) ** 3, -1e3, 1e3),
    "array": (lambda x: np.array(x**5 - 0.1), 0.0, 1.0),  # type: ignore[dict-item, return-value]  # as SciPy takes it
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("tolerances", [{}, {"xtol": 1e-13, "rtol": 1e-14}, {"xtol": 1e-3, "rtol": 1e-3}])
@pytest.mark.parametrize("turned", [False, True])
def test_a_root_is_scipys(name: str, tolerances: dict[str, float], turned: bool) -> None:
    function, *ends = FUNCTIONS[name]
    a, b = ends[::-1] if turned else ends
    places: list[float] = []

    def watched(x: float) -> float:
        places.append(x)
        return function(x)

    found, expected = find_root(watched, a, b, **tolerances), places.copy()
    places.clear()
    assert found == brentq(watched, a, b, **tolerances)
    assert expected == places


def test_an_end_that_is_the_root_is_given() -> None:
    assert (find_root(lambda x: x, 0.0, 1.0), find_root(lambda x: x - 1.0, 0.0, 1.0)) == (0.0, 1.0)


@pytest.mark.parametrize("function", [lambda x: 1.0 + x, lambda x: math.nan if x not in (-1.0, 1.0) else x])
def test_signs_must_be_opposite_and_values_numbers(function: Callable[[float], float]) -> None:
    low = 0.0 if function(0.5) == 1.5 else -1.0
    with pytest.raises(ValueError, match="must have a value|between opposite signs"):
        find_root(function, low, 1.0)


def test_steps_end() -> None:
    with pytest.raises(NotFound, match="within 3 steps"):
        find_root(lambda x: x**3 - 2.0, 0.0, 10.0, most=3)
