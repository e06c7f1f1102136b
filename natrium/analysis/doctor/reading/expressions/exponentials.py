"""Elements of exponentials of matrices, in every arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import mpmath
import numpy as np
import scipy.linalg
import sympy

from natrium.analysis.doctor.trace.record import EXPONENTIAL

Element = tuple[int, int, int]


def element_of(op: str) -> Element | None:
    """Give the size of a matrix and the place in its exponential that an operation takes; else None."""
    if not op.startswith(EXPONENTIAL):
        return None
    size, row, column = map(int, op.removeprefix(EXPONENTIAL).split())
    return size, row, column


class Open(dict[str, Callable[..., Any]]):
    """Operations by name; an element of an exponential of whatever size is one.

    Parameters
    ----------
    known : mapping of str to callable
    arithmetic : str
        That of `EXPONENTIALS`.
    """

    def __init__(self, known: Mapping[str, Callable[..., Any]], arithmetic: str) -> None:
        super().__init__(known)
        self._exponential = EXPONENTIALS[arithmetic]

    def __missing__(self, op: str) -> Callable[..., Any]:
        place = element_of(op)
        if place is None:
            raise KeyError(op)
        self[op] = made = partial(self._exponential, *place)
        return made


def _of_doubles(size: int, row: int, column: int, *ones: float) -> float:
    """Take it of doubles, as SciPy does."""
    return float(_exponential_of_doubles(size, ones)[row, column])


@lru_cache(maxsize=256)
def _exponential_of_doubles(size: int, ones: tuple[float, ...]) -> Any:
    """Keep it: a step takes all elements of one matrix, and most steps the same."""
    return scipy.linalg.expm(np.reshape(np.asarray(ones, dtype=float), (size, size)))


def _of_arrays(size: int, row: int, column: int, *ones: Any) -> Any:
    """Take it at many points at once."""
    all_at = np.stack(np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in ones)), axis=-1)
    matrices = np.where(np.isfinite(all_at), all_at, 0.0).reshape((*all_at.shape[:-1], size, size))
    found = scipy.linalg.expm(matrices)[..., row, column]
    return np.where(np.all(np.isfinite(all_at), axis=-1), found, np.nan)


def _of_digits(size: int, row: int, column: int, *ones: Any) -> Any:
    """Take it with more digits than a double has."""
    return _exponential(size, ones, mpmath.mp.prec)[row, column]


@lru_cache(maxsize=256)
def _exponential(size: int, ones: tuple[Any, ...], precision: int) -> Any:
    return mpmath.expm(mpmath.matrix([ones[k : k + size] for k in range(0, size * size, size)]))


class Exponential(sympy.Function):  # type: ignore[misc]  # SymPy is not typed
    """An element of an exponential, left as a function of what the matrix holds; of numbers it is one."""

    @classmethod
    def eval(cls, size: Any, row: Any, column: Any, *ones: Any) -> Any:
        """Give its value where all elements are numbers."""
        if all(one.is_number for one in ones):
            return sympy.Float(_of_doubles(int(size), int(row), int(column), *map(float, ones)))
        return None


EXPONENTIALS: dict[str, Callable[..., Any]] = {
    "doubles": _of_doubles, "arrays": _of_arrays, "digits": _of_digits, "symbols": Exponential,
}  # fmt: skip
"""By arithmetic: what takes the size, the place and the elements, row by row."""
