"""Stages of explicit Runge-Kutta methods on lists of floats, their sums written out.

On arrays of a few states most of a step's time goes into the arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Ahead = Callable[[list[float], float, Sequence[Any]], list[float]]
"""Of a state, a step's length and the slopes at its stages: the state with a weighted sum of them added."""


def _of_three(stages: Sequence[int], weights: Sequence[float]) -> Ahead:
    i, j, k = stages
    a, b, c = weights
    return lambda y, h, K: [
        u + h * (a * p + b * q + c * r) for u, p, q, r in zip(y, K[i], K[j], K[k], strict=True)
    ]


def _of_six(stages: Sequence[int], weights: Sequence[float]) -> Ahead:
    i, j, k, l, m, n = stages
    a, b, c, d, e, f = weights
    return lambda y, h, K: [
        u + h * (a * p + b * q + c * r + d * s + e * t + f * v)
        for u, p, q, r, s, t, v in zip(y, K[i], K[j], K[k], K[l], K[m], K[n], strict=True)
    ]


def _of_nine(stages: Sequence[int], weights: Sequence[float]) -> Ahead:
    i, j, k, l, m, n, o, first, second = stages
    a, b, c, d, e, f, g, w, x = weights
    return lambda y, h, K: [
        u + h * (a * p + b * q + c * r + d * s + e * t + f * v + g * z + w * one + x * two)
        for u, p, q, r, s, t, v, z, one, two in zip(
            y, K[i], K[j], K[k], K[l], K[m], K[n], K[o], K[first], K[second], strict=True
        )
    ]


_SUMS = {3: _of_three, 6: _of_six, 9: _of_nine}


def ahead(weights: Any) -> Ahead:
    """Make a weighted sum of stages, in which weights of zero do not occur."""
    used = [index for index, weight in enumerate(weights) if weight]
    size = next(size for size in _SUMS if size >= len(used))
    filled = [0] * (size - len(used))
    return _SUMS[size]([*used, *filled], [*(float(weights[index]) for index in used), *map(float, filled)])


def tableau(method: Any) -> tuple[tuple[float, Ahead], ...]:
    """Give each stage but the first by its time and its state; the last is the step's end.

    Parameters
    ----------
    method : type
        Of SciPy's, with coefficients A, B and C.
    """
    rows = [(float(c), a[:s]) for s, (a, c) in enumerate(zip(method.A, method.C, strict=True)) if s]
    return tuple((c, ahead(a)) for c, a in (*rows, (1.0, method.B)))
