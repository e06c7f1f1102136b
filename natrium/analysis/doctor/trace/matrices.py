"""Exponentials, inverses and solutions of small matrices, which remember what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg

from natrium.analysis.doctor.trace.arrays import filled, wrapped
from natrium.analysis.doctor.trace.elements import SIDE, unwrapped
from natrium.analysis.doctor.trace.foreign import foreign
from natrium.analysis.doctor.trace.numbers import made
from natrium.analysis.doctor.trace.products import added, is_known, is_zero, rows_of
from natrium.analysis.doctor.trace.record import element_of_exponential

LINEAR = "scipy.linalg"
Rows = Sequence[Sequence[Any]]


def _is_small(matrix: Any, largest: int) -> bool:
    """Tell whether a matrix is square, and small enough to be followed."""
    shape = np.shape(unwrapped(matrix))
    return len(shape) == 2 and shape[0] == shape[1] <= largest and is_known(matrix)


def exponential(matrix: Any) -> Any:
    """Take a matrix's exponential, as ``scipy.linalg.expm``."""
    raw = scipy.linalg.expm(unwrapped(matrix))
    if not _is_small(matrix, SIDE):
        return wrapped(raw, "expm")
    ones, n = [one for row in rows_of(matrix) for one in row], len(raw)
    entries = [
        [made(raw[i, j], element_of_exponential(n, i, j), tuple(ones), numpy=True) for j in range(n)]
        for i in range(n)
    ]
    return filled(raw, entries)


def _minor(rows: Rows, row: int, column: int) -> Rows:
    return [[*line[:column], *line[column + 1 :]] for k, line in enumerate(rows) if k != row]


def _determinant(rows: Rows) -> Any:
    if len(rows) == 1:
        return rows[0][0]
    total: Any = 0.0
    for k, one in enumerate(rows[0]):
        if not is_zero(one):
            part = one * _determinant(_minor(rows, 0, k))
            part = -part if k % 2 else part
            total = part if is_zero(total) else total + part
    return total


def _inverse(rows: Rows) -> Rows:
    """Invert by cofactors."""
    n, whole = len(rows), _determinant(rows)
    if n == 1:
        return [[1.0 / rows[0][0]]]
    return [
        [(-1.0 if (i + j) % 2 else 1.0) * _determinant(_minor(rows, j, i)) / whole for j in range(n)]
        for i in range(n)
    ]


class LinearAlgebra:
    """``numpy.linalg`` or ``scipy.linalg``, that remember what is made of small matrices.

    Parameters
    ----------
    inner : module
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        own = {"expm": exponential, "inv": self._inv, "solve": self._solve}.get(name)
        value = getattr(self._inner, name)
        return foreign(value, name) if own is None else own

    def _inv(self, matrix: Any, **options: Any) -> Any:
        raw = self._inner.inv(unwrapped(matrix), **unwrapped(options))
        return filled(raw, _inverse(rows_of(matrix))) if _is_small(matrix, 3) else wrapped(raw, "inv")

    def _solve(self, matrix: Any, side: Any, **options: Any) -> Any:
        raw = self._inner.solve(unwrapped(matrix), unwrapped(side), **unwrapped(options))
        if not _is_small(matrix, 3) or np.ndim(raw) > 2:
            return wrapped(raw, "solve")
        right = rows_of(side)
        columns = [[row[k] for row in right] for k in range(len(right[0]))]
        entries = [
            [added(zip(row, one, strict=True)) for one in columns] for row in _inverse(rows_of(matrix))
        ]
        return filled(raw, entries)
