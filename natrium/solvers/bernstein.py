"""Polynomials in Bernstein form: the dense output of one step, and where it first reaches a level.

A polynomial lies within the hull of its Bernstein coefficients: where all of them are below a level,
so is the polynomial (proof, not sampling); otherwise halving tells where it first gets there.

References
----------
.. [1] G. Farin, "Curves and Surfaces for CAGD", 5th ed. (2002), ch. 5: subdivision, convex hull.
.. [2] E. Hairer, S. P. Norsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed.,
   sec. II.6: dense output of DOP853.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import comb

import numpy as np

from natrium.model.arrays import Array

# Halvings after which a place in a step is known to the last digit.
_MAX_HALVINGS = 52
# When the coefficients rise one by one there is a single root: the regula falsi takes over.
_MAX_SECANTS = 60
_ROOT_WIDTH = 1e-13  # of a step; the root is polished by true steps afterwards


@cache
def from_monomials(degree: int) -> Array:
    """Give the matrix from coefficients of 1, x, ..., x^degree to Bernstein coefficients."""
    return np.array(
        [
            [comb(i, j) / comb(degree, j) if j <= i else 0.0 for j in range(degree + 1)]
            for i in range(degree + 1)
        ]
    )


def _dop853_basis() -> Array:
    """Give the matrix from (y_old, F_0 ... F_6) of DOP853 to Bernstein coefficients, shape (8, 8).

    The interpolant is y_old + x (F0 + (1-x) (F1 + x (F2 + ...))): F_k goes with x^a (1-x)^b.
    """
    matrix = np.zeros((8, 8))
    matrix[:, 0] = 1.0
    for k in range(7):
        a, b = k // 2 + 1, (k + 1) // 2
        for i in range(a, 8 - b):
            matrix[i, k + 1] = comb(7 - a - b, i - a) / comb(7, i)
    return matrix


FROM_DOP853 = _dop853_basis()


def split(c: list[float], x: float = 0.5) -> tuple[list[float], list[float]]:
    """Cut a polynomial at `x` (de Casteljau): Bernstein coefficients on [0, 1] to those on both parts."""
    left, right, row = [c[0]], [c[-1]], c
    while len(row) > 1:
        row = [a + x * (b - a) for a, b in pairwise(row)]
        left.append(row[0])
        right.append(row[-1])
    return left, right[::-1]


def value(c: list[float], x: float) -> float:
    """Evaluate a polynomial from its Bernstein coefficients."""
    row = c
    while len(row) > 1:
        row = [a + x * (b - a) for a, b in pairwise(row)]
    return row[0]


def first_reach(c: list[float], level: float, start: float = 0.0) -> float | None:
    """Find the first x in [start, 1] at which the polynomial is at or above a level.

    Parameters
    ----------
    c : list of float
        Bernstein coefficients on [0, 1].
    level : float
    start : float

    Returns
    -------
    float or None
        None proves that the polynomial stays below.
    """
    if start >= 1.0:
        return 1.0 if c[-1] >= level else None
    if start > 0.0:
        c = split(c, start)[1]
    found = _first([a - level for a in c], 0)
    return None if found is None else start + (1.0 - start) * found


def _first(c: list[float], depth: int) -> float | None:
    """First x in [0, 1] at which the polynomial is zero or positive."""
    if c[0] >= 0.0:
        return 0.0
    if max(c) < 0.0:
        return None
    if c[-1] > 0.0 and all(a <= b for a, b in pairwise(c)):
        return _root(c)
    if depth >= _MAX_HALVINGS:
        return 1.0  # as near as doubles can say
    left, right = split(c)
    x = _first(left, depth + 1)
    if x is not None:
        return 0.5 * x
    x = _first(right, depth + 1)
    return None if x is None else 0.5 + 0.5 * x


def _root(c: list[float]) -> float:
    """Root of a rising polynomial, negative at 0 and positive at 1 (Illinois regula falsi)."""
    a, b, fa, fb = 0.0, 1.0, c[0], c[-1]
    side = 0
    for _ in range(_MAX_SECANTS):
        x = (a * fb - b * fa) / (fb - fa)
        fx = value(c, x)
        if fx < 0.0:
            a, fa = x, fx
            fb = 0.5 * fb if side < 0 else fb
            side = -1
        else:
            b, fb = x, fx
            fa = 0.5 * fa if side > 0 else fa
            side = 1
        if b - a < _ROOT_WIDTH or fx == 0.0:
            return x
    return b
