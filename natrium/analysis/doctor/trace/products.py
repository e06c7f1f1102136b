"""Products of rows and small matrices, as the sums of their elements' products that they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.elements import SIDE, SMALL, Elements, item_at, unwrapped
from natrium.analysis.doctor.trace.numbers import Remembers
from natrium.analysis.doctor.trace.tracer import active


def entries_of_product(one: Any, other: Any, size: int) -> list[list[Any]] | None:
    """Give the elements of a product, row by row, each made of what it is made of; None of large ones.

    Parameters
    ----------
    one, other : array_like
    size : int
        How many elements it has.
    """
    first, second = (np.shape(unwrapped(side)) for side in (one, other))
    flat = len(first) == 1
    if not (1 <= len(first) <= 2 and 1 <= len(second) <= 2) or size > max(SMALL, SIDE**2):
        return None
    if first[-1] > SMALL or not (is_known(one) or is_known(other)):
        return None
    left = [[item_at(one, (k,), 1) for k in range(first[0])]] if flat else rows_of(one)
    columns = list(zip(*rows_of(other), strict=True))
    return [[added(zip(row, column, strict=True)) for column in columns] for row in left]


def is_known(value: Any) -> bool:
    """Tell whether an array, or a list of numbers, remembers what it was made of, or where it is kept."""
    if isinstance(value, (list, tuple)):
        return any(map(is_known, value))
    return isinstance(value, Remembers) or (
        isinstance(value, Elements) and (value.nodes is not None or bool(value.key))
    )


def rows_of(value: Any) -> list[list[Any]]:
    """Give the elements, row by row; those of a row alone as a column."""
    shape = np.shape(unwrapped(value))
    if len(shape) == 1:
        return [[item_at(value, (k,), 1)] for k in range(shape[0])]
    return [[item_at(value, (i, k), 2) for k in range(shape[1])] for i in range(shape[0])]


def added(pairs: Iterable[tuple[Any, Any]]) -> Any:
    """Add up products of two, but for those with a zero."""
    total: Any = None
    for one, other in pairs:
        if not (is_zero(one) or is_zero(other)):
            total = one * other if total is None else total + one * other
    return 0.0 if total is None else total


def is_zero(value: Any) -> bool:
    """Tell whether an element is a zero that stays: a matrix's own, and no state's that is 0 just now."""
    if not isinstance(value, Remembers):
        return bool(value == 0)
    if value.form.op != "number" or value.raw != 0:
        return False
    return value.place is None or value.place.key not in {state[0] for state in active().known.states}
