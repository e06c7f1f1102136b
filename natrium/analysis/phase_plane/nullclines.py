"""Nullclines of a plane, branch by branch, none joined falsely.

dV/dt is a polynomial in x at each V. Its roots in [0, 1] change in number only where one of them passes 0
or 1 (dV/dt = 0 there, found as sign changes, none lost) or where two meet: between such places each is one
smooth curve, and curves are joined where they share an end.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from natrium.analysis.phase_plane.reduction import Plane
from natrium.model.arrays import Array

Roots = Callable[[Array], Array]  # from V, shape (n,), to `roots_in_unit` there

HALVINGS = 60  # of [0, 1]: to the last digit
COARSE = 65  # samples of a stretch at first, closer at its ends
STEP_V, STEP_X = 0.5, 0.01  # mV, 1: neighbours on a branch are no further apart
FINEST = 1e-12  # mV: nor nearer
VANISHING = 1e-10  # relative: coefficients this small at a root of one are zero
BESIDE = 1e-9  # mV: how near to its end a stretch is sampled
ROUNDED = 1e-3  # a root this near to where one leaves is that one, moved by rounding (of V, to the 1/power)
SHARED = 2e-2  # an end further than this from the last sample is not this branch's


def roots_in_unit(coefficients: Array) -> Array:
    """Find the real roots of polynomials strictly within (0, 1), as often as they change sign there.

    Each row of coefficients has the lowest power first; each row of roots is in order, NaN where there are
    fewer.
    """
    n, degree = coefficients.shape[0], coefficients.shape[1] - 1
    if degree < 1:
        return np.empty((n, 0))
    # Between the roots of its derivative a polynomial is monotone: one root at most.
    turning = roots_in_unit(coefficients[:, 1:] * np.arange(1, degree + 1))
    ends = np.ones((n, 1))
    knots = np.concatenate([np.zeros((n, 1)), np.where(np.isnan(turning), 1.0, turning), ends], axis=1)
    low, high = knots[:, :-1], knots[:, 1:]
    below = _value(coefficients, low) < 0.0
    crossed = below != (_value(coefficients, high) < 0.0)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        left = (_value(coefficients, middle) < 0.0) == below
        low, high = np.where(left, middle, low), np.where(left, high, middle)
    return np.sort(np.where(crossed, 0.5 * (low + high), np.nan), axis=1)


def _value(coefficients: Array, x: Array) -> Array:
    """Evaluate polynomials, shape (n, degree + 1), each at its own x, shape (n, k)."""
    value = np.zeros_like(x)
    for column in coefficients.T[::-1]:
        value = value * x + column[:, np.newaxis]
    return value


def V_nullcline(plane: Plane, I: float, low: float, high: float) -> tuple[Array, ...]:
    """Trace where dV/dt = 0 within 0 <= x <= 1.

    Parameters
    ----------
    plane : Plane
    I : float
        Input, mV.
    low, high : float
        Range of V, mV.

    Returns
    -------
    tuple of ndarray, shape (2, n_points)
        The branches, in order of their lowest V: V in mV, x. A branch turns back where two roots meet; a
        vertical one stands where dV/dt vanishes for every x.
    """
    powers = plane.powers
    at_zero = plane.roots(powers[0], I, low, high)
    at_one = plane.roots(sum(powers[1:], powers[0]), I, low, high)
    vertical = [V for V in at_zero if _vanishes(plane, V, I)]
    ends = {V: [0.0] for V in at_zero if V not in vertical}
    for V in at_one:
        if all(abs(V - other) > BESIDE for other in vertical):
            ends.setdefault(V, []).append(1.0)
    places = sorted({low, high, *ends, *vertical})
    pieces: list[Array] = []
    for a, b in pairwise(places):
        if b - a > 4.0 * BESIDE:
            pieces += _stretch(plane, I, a, b, ends, set(vertical))
    curves = [*_join(pieces), *(np.stack([np.full(101, V), np.linspace(0, 1, 101)]) for V in vertical)]
    return tuple(sorted(curves, key=lambda curve: (float(curve[0].min()), float(curve[1, 0]))))


def _vanishes(plane: Plane, V: float, I: float) -> bool:
    """Tell whether dV/dt is zero at every x: each coefficient is, against its size nearby."""
    here = np.abs(plane.coefficients(V, I)[0, 1:])
    near = np.abs(plane.coefficients(V + 1.0, I)[0, 1:])
    return bool(np.all(here <= VANISHING * near))


def _stretch(
    plane: Plane, I: float, a: float, b: float, ends: dict[float, list[float]], vertical: set[float]
) -> list[Array]:
    """Trace the roots between two neighbouring places: pieces with an end at each place they reach."""

    def roots(V: Array) -> Array:
        return roots_in_unit(plane.coefficients(V, I))

    beside = [1e-6 if place in vertical else BESIDE for place in (a, b)]
    first, last = a + min(beside[0], 0.1 * (b - a)), b - min(beside[1], 0.1 * (b - a))
    V = first + (last - first) * 0.5 * (1.0 - np.cos(np.pi * np.linspace(0.0, 1.0, COARSE)))
    counts = np.sum(~np.isnan(roots(V)), axis=1)
    changes = np.flatnonzero(np.diff(counts))
    cuts = [a, *(_meeting(roots, float(V[k]), float(V[k + 1]), int(counts[k])) for k in changes), b]
    pieces: list[Array] = []
    for left, right in pairwise(cuts):
        inside = V[(left < V) & (right > V)]
        edge = [
            first if left == a else left + FINEST,
            last if right == b else right - FINEST,
        ]
        inside = np.unique(np.concatenate([inside, edge]))
        inside = inside[(inside >= edge[0]) & (inside <= edge[1])]
        pieces += _sample(roots, inside, (left, right), (left not in (a, b), right not in (a, b)), ends)
    return pieces


def _meeting(roots: Roots, a: float, b: float, count: int) -> float:
    """Halve to the place where two roots meet and vanish."""
    while True:
        middle = 0.5 * (a + b)
        if middle in (a, b):
            return middle
        if np.sum(~np.isnan(roots(np.array([middle])))) == count:
            a = middle
        else:
            b = middle


def _sample(
    roots: Roots,
    V: Array,
    places: tuple[float, float],
    meeting: tuple[bool, bool],
    ends: dict[float, list[float]],
) -> list[Array]:
    """Sample a stretch of a constant number of roots finely, and add the ends."""
    x = roots(V)
    k = int(np.sum(~np.isnan(x[x.shape[0] // 2]))) if x.size else 0
    while k:
        wide = (np.diff(V) > STEP_V) | (np.abs(np.diff(x[:, :k], axis=0)).max(axis=1) > STEP_X)
        wide &= np.diff(V) > FINEST
        if not np.any(wide):
            break
        V = np.sort(np.concatenate([V, 0.5 * (V[:-1] + V[1:])[wide]]))
        x = roots(V)
    pieces = []
    for j in range(k):
        kept = ~np.isnan(x[:, j])  # at a meeting the last digit may lose a root
        curve = np.stack([V[kept], x[kept, j]])
        for side, place in enumerate(places):
            last = curve[:, -1 if side else 0]
            end = _end(roots, place, float(last[1]), meeting[side], ends, x[-1 if side else 0, :k])
            if end is not None:
                point = np.array([[place], [end]])
                curve = np.concatenate([curve, point] if side else [point, curve], axis=1)
        pieces.append(curve)
    return pieces


def _end(
    roots: Roots, place: float, last: float, meeting: bool, ends: dict[float, list[float]], others: Array
) -> float | None:
    """Give x at the end of a root's stretch: 0 or 1 where it leaves, the middle where two meet."""
    if meeting:
        distances = np.where(others == last, np.inf, np.abs(others - last))
        partner = others[int(np.nanargmin(distances))] if np.any(np.isfinite(distances)) else last
        if abs(partner - last) < SHARED:
            return float(0.5 * (partner + last))
    here, leaving = roots(np.array([place]))[0], ends.get(place, [])
    staying = [x for x in here[~np.isnan(here)].tolist() if all(abs(x - end) > ROUNDED for end in leaving)]
    candidates = [*leaving, *staying]
    if not candidates:  # a vertical branch crosses here: every x is a root
        return last
    nearest = min(candidates, key=lambda x: abs(x - last))
    return float(nearest) if abs(nearest - last) < SHARED else None


def _join(pieces: list[Array]) -> list[Array]:
    """Join pieces that share an end: the same V, and x to rounding."""
    curves: list[Array] = []
    for piece in pieces:
        curve = piece
        while True:
            partner = next((k for k, other in enumerate(curves) if _meet(other, curve) is not None), None)
            if partner is None:
                break
            other = curves.pop(partner)
            ends = _meet(other, curve)
            assert ends is not None
            other = other if ends[0] else other[:, ::-1]
            curve = curve[:, ::-1] if ends[1] else curve
            curve = np.concatenate([other, curve[:, 1:]], axis=1)
        curves.append(curve)
    return curves


def _meet(one: Array, two: Array) -> tuple[bool, bool] | None:
    """Tell which ends two pieces share (True: the last one)."""
    for a in (True, False):
        for b in (False, True):
            gap = one[:, -1 if a else 0] - two[:, -1 if b else 0]
            if gap[0] == 0.0 and abs(gap[1]) < 1e-5 and 0.0 < one[1, -1 if a else 0] < 1.0:
                return a, b
    return None


def x_nullcline(plane: Plane, I: float, low: float, high: float) -> Array:
    """Trace where dx/dt = 0: one curve, shape (2, n_points), V in mV and x."""
    V = np.linspace(low, high, COARSE)
    while True:
        x = plane.x_null(V, I)
        wide = ((np.diff(V) > STEP_V) | (np.abs(np.diff(x)) > STEP_X)) & (np.diff(V) > FINEST)
        if not np.any(wide):
            return np.stack([V, x])
        V = np.sort(np.concatenate([V, 0.5 * (V[:-1] + V[1:])[wide]]))
