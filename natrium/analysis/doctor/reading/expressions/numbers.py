"""Numbers as somebody writes them, the zeros that are looked for among them, and those of a claim."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from natrium.model import Model, ModelError
from natrium.model.arrays import Array
from natrium.model.files.writing import to_dict

_WRITTEN = re.compile(r"(?<![\w.])\d+\.?\d*(?:[eE][+-]?\d+)?(?![\w.])")
MANY = 64  # numbers in a row, of a claim
NICE = 6  # digits of a number that somebody wrote


def is_nice(value: float) -> bool:
    """Tell whether somebody would have written a number."""
    return abs(value - float(f"{value:.{NICE}g}")) <= 1e-12 * abs(value)


def nearest(value: float) -> float:
    """Give the roundest number that a value is, within what a fit leaves."""
    for digits in (1, 2, 3, 4, NICE, 9):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= 1e-7 * abs(value):
            return near
    return value


def is_tens(ratio: float) -> bool:
    """Tell whether a ratio is a power of ten, as units differ by."""
    tens = math.log10(abs(ratio)) if ratio else math.nan
    return abs(tens - round(tens)) < 1e-6 if math.isfinite(tens) else False


def secant(off: Callable[[float], float], a: float, b: float) -> float | None:
    """Find a zero from two numbers on; None where it is lost."""
    fa, fb = off(a), off(b)
    for _ in range(40):
        if not (math.isfinite(fa) and math.isfinite(fb)) or fb == fa:
            break
        c = b - fb * (b - a) / (fb - fa)
        if not math.isfinite(c):
            return None
        a, fa, b = b, fb, c
        fb = off(b)
        if abs(b - a) <= 1e-14 * (abs(b) + 1e-300) or fb == 0.0:
            break
    return b if math.isfinite(b) else None


def numbers_of(claim: Model) -> frozenset[float]:
    """Give the sizes of all numbers that a claim says; none of one that no file can say.

    Parameters
    ----------
    claim : Model
    """
    try:
        return frozenset(_sizes(to_dict(claim)))
    except ModelError:
        return frozenset()


def _sizes(said: Any) -> Iterator[float]:
    if isinstance(said, (Mapping, list, tuple)):
        parts = list(said.values() if isinstance(said, Mapping) else said)
        for one in parts if len(parts) <= MANY else ():  # more are a record's
            yield from _sizes(one)
    elif isinstance(said, (int, float)):
        yield abs(float(said))
    elif isinstance(said, str):  # an expression
        yield from (float(one) for one in _WRITTEN.findall(said))


def is_one_of(value: float, sizes: Collection[float]) -> bool:
    """Tell whether a number has one of some sizes, in their unit or a thousand of it, or a thousandth.

    Parameters
    ----------
    value : float
    sizes : collection of float
    """
    return any(math.isclose(abs(value) * unit, one) for one in sizes for unit in (1.0, 1e3, 1e-3))


def middle_of(values: Array) -> float:
    """Give the median of what there is of values; NaN where nothing is."""
    there = values[np.isfinite(values)]
    return float(np.median(there)) if there.size else math.nan
