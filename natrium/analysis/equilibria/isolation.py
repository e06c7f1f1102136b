r"""All zeros of several functions of as many variables in a box: each proven, none lost.

A box is left out where a function's bounds leave zero out. What is left is narrowed: a function that is
linear in its own variable says where that lies, and Krawczyk's operator,

.. math:: K(X) = m - Y F(m) + (1 - Y F'(X)) (X - m), \qquad Y \approx F'(X)^{-1},

holds every zero in X; where it lies inside X there is one and no other. What can neither be left out nor
proven is halved, and where that ends (a double zero, a corner or a jump of a function) is told as it is.

References
----------
.. [1] R. E. Moore, R. B. Kearfott, M. J. Cloud, "Introduction to Interval Analysis" (2009), ch. 8.
   https://doi.org/10.1137/1.9780898717716
.. [2] I. Araya, G. Trombettoni, B. Neveu, "Exploiting monotonicity in interval constraint propagation",
   AAAI (2010), sec. 5: which variable to halve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.analysis.equilibria.enclosure import Bounds, Enclosure
from natrium.model.arrays import Array
from natrium.model.branches import choose
from natrium.model.errors import SolverError

BUDGET = 2_000_000  # boxes at which the functions are bounded, all told
AT_ONCE = 2048
LEAST = 1e-6  # against scale + |x|: what is undecided at this width is told
NEAR = 10.0  # of these widths: undecided boxes no further from each other are one place
WIDE = 1e3  # beyond, boxes are halved in the logarithm
ROOM = 0.02  # of a box's width, looked at around it: a zero on its edge is proven as well
PROVES = 0.9  # of its width: a box that is narrowed to less, within itself, can be narrowed to a point
DIGITS = 1e-9  # of that width: to which zeros are narrowed down
SHRUNK = 0.5  # of its width: a box that is narrowed to less is looked at again before it is halved
MOST_UNDECIDED = 200
EPS = float(np.finfo(float).eps)
HUGE = 1e100
Width = Callable[[Array, Array], Array]


@attrs.frozen(eq=False)
class Zeros:
    """What `isolate` finds."""

    points: Array  # shape (n_zeros, n): the zeros
    boxes: Array  # shape (n_zeros, n, 2): where each is proven to be the only one
    # Shape (n_undecided, n, 2): boxes, no two of which touch, in which there may be none, one or more.
    undecided: Array
    evaluations: int  # boxes at which the functions were bounded


class _Problem:
    """Bounds of the functions, of what each says of its own variable, and of their derivatives."""

    def __init__(self, functions: tuple[Any, ...], variables: tuple[Any, ...]) -> None:
        self.n = len(variables)
        jacobian = sympy.Matrix(functions).jacobian(variables)
        alone: dict[int, Any] = {}
        for k, (function, variable) in enumerate(zip(functions, variables, strict=True)):
            slope = jacobian[k, k]
            if slope != 0 and not slope.has(variable) and not _branches_by(function, variable):
                alone[k] = -function.subs(variable, 0) / slope
        jumps = sorted({node for f in functions for node in f.atoms(choose) if _jumps(node)}, key=str)
        self.places = list(alone)
        self._values = Enclosure([*functions, *alone.values()], variables, {})
        self._slopes = Enclosure([*jacobian, *(node.args[0] for node in jumps)], variables, {})

    def at(self, values: Mapping[Any, float]) -> _Problem:
        """Give the same with values of all other symbols."""
        other = copy(self)
        other._values, other._slopes = self._values.at(values), self._slopes.at(values)
        return other

    def values(self, low: Array, high: Array) -> tuple[Bounds, Bounds]:
        """Bound the functions over boxes, shape (n_boxes, n); and the variables at `places`."""
        found = self._values(low.T, high.T)
        return _stack(found[: self.n], low), _stack(found[self.n :], low)

    def slopes(self, low: Array, high: Array) -> Bounds:
        """Bound the derivatives over boxes, shape (n_boxes, n, n)."""
        n = self.n
        found = self._slopes(low.T, high.T)
        slopes, shape = _stack(found[: n * n], low), (-1, n, n)
        across = np.zeros((len(low), 1), dtype=bool)
        for surface in found[n * n :]:
            across[:, 0] |= surface.contain(0.0)  # where a function may jump its derivative says nothing
        return Bounds(
            np.where(across, -np.inf, slopes.low).reshape(shape),
            np.where(across, np.inf, slopes.high).reshape(shape),
        )


_problem = lru_cache(maxsize=32)(_Problem)  # once per structure, for many inputs and values


def _branches_by(function: Any, variable: Any) -> bool:
    return any(node.args[0].has(variable) for node in function.atoms(choose, sympy.Abs, sympy.sign))


def _jumps(node: Any) -> bool:
    """Tell whether a function may jump where it changes its branch: `max`, `min` and `abs` do not."""
    g, a, b = node.args
    return not (sympy.expand(a - b) / sympy.expand(g)).is_number


def _stack(bounds: list[Bounds], boxes: Array) -> Bounds:
    none = [boxes[:, :0]]
    low, high = (
        np.concatenate([*none, *(getattr(one, side)[:, None] for one in bounds)], axis=1)
        for side in ("low", "high")
    )
    return Bounds(low, high)


def _middle(low: Array, high: Array) -> Array:
    """Give where boxes are halved: at zero, or far out in the logarithm."""
    middle = 0.5 * (low + high)
    middle = np.where(high - low > WIDE, np.sinh(0.5 * (np.arcsinh(low) + np.arcsinh(high))), middle)
    return np.where((low < 0.0) & (high > 0.0), 0.0, middle)


def _krawczyk(problem: _Problem, low: Array, high: Array) -> tuple[Bounds, Array]:
    """Give K(X), shape (n_boxes, n), and the sizes of the derivatives, (n_boxes, n, n)."""
    n, slopes = problem.n, problem.slopes(low, high)
    middle = 0.5 * (low + high)
    value = problem.values(middle, middle)[0]
    with np.errstate(all="ignore"):
        center, radius = 0.5 * slopes.low + 0.5 * slopes.high, 0.5 * slopes.high - 0.5 * slopes.low
        at, off = 0.5 * value.low + 0.5 * value.high, 0.5 * value.high - 0.5 * value.low
        size = np.abs(center) + radius
        known = np.all(np.isfinite(size) & (size < HUGE), axis=(1, 2))
        known &= np.all(np.isfinite(off) & (np.abs(at) < HUGE), axis=1)
        center, radius = (np.where(known[:, None, None], part, np.eye(n)) for part in (center, radius))
        at, off = (np.where(known[:, None], part, 0.0) for part in (at, off))
        Y = _inverses(center)
        # Each sum of products, in midpoint and radius, with the rounding of its terms.
        sizes, slack = np.abs(Y), (n + 4) * EPS
        step = (Y @ at[..., None])[..., 0]
        doubt = (sizes @ (off + slack * np.abs(at) + 1e-300)[..., None])[..., 0] * (1.0 + slack)
        rest = np.abs(np.eye(n) - Y @ center)
        rest = rest + (sizes @ (radius + slack * np.abs(center))) * (1.0 + slack) + slack * (1.0 + rest)
        reach = np.maximum(high - middle, middle - low) * (1.0 + EPS)
        doubt = doubt + (rest @ reach[..., None])[..., 0] * (1.0 + slack)
        doubt = doubt + slack * (np.abs(middle) + np.abs(step)) + 1e-300
        k_low, k_high = middle - step - doubt, middle - step + doubt
    known &= np.all(np.isfinite(k_low) & np.isfinite(k_high), axis=1)
    k_low = np.where(known[:, None], k_low, -np.inf)
    return Bounds(k_low, np.where(known[:, None], k_high, np.inf)), np.where(np.isfinite(size), size, HUGE)


def _inverses(matrices: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:  # one of them has none: any matrix serves, if not well
        return np.asarray(np.linalg.pinv(matrices))


def _meet(low: Array, high: Array, other: Bounds) -> tuple[Array, Array]:
    return np.maximum(low, other.low), np.minimum(high, other.high)


def isolate(
    functions: Any,
    variables: tuple[Any, ...],
    values: Mapping[Any, float],
    low: Array,
    high: Array,
    scales: Array,
    budget: int = BUDGET,
) -> Zeros:
    """Find every common zero of n functions of n variables in a box.

    Parameters
    ----------
    functions : sequence of sympy.Expr, length n
    variables : tuple of sympy.Symbol, length n
    values : mapping of sympy.Symbol to float
        Of all other symbols.
    low, high : ndarray, shape (n,)
        The box.
    scales : ndarray, shape (n,)
        The size of each variable below which its digits are no longer counted.
    budget : int
        How many boxes may be looked at.

    Returns
    -------
    Zeros
        In order of the first variable.

    Raises
    ------
    SolverError
        When the budget is used up, or there are too many undecided places: a whole line of zeros.
    """
    problem = _problem(tuple(functions), variables).at(values)
    whole = np.array(low, dtype=float)[None], np.array(high, dtype=float)[None]
    lows, highs = whole

    def least(a: Array, b: Array) -> Array:
        return LEAST * (np.asarray(scales) + np.maximum(np.abs(a), np.abs(b)))

    proven: list[tuple[Array, Array]] = []
    undecided: list[tuple[Array, Array]] = []
    count = 0
    while len(lows):
        count += len(lows[-AT_ONCE:])
        if count > budget or len(undecided) > MOST_UNDECIDED:
            place = ", ".join(f"{x.name} = {at:.6g}" for x, at in zip(variables, lows[-1], strict=True))
            spent = f"{count} with {len(undecided)} undecided"
            raise SolverError(
                f"equilibria must be decided within {budget} boxes and lie apart, got {spent}, one near "
                f"{place}: simulate from many starts to find where it rests"
            )
        a, b = lows[-AT_ONCE:].copy(), highs[-AT_ONCE:].copy()
        lows, highs = lows[:-AT_ONCE], highs[:-AT_ONCE]
        before = b - a
        bounds, alone = problem.values(a, b)
        a[:, problem.places], b[:, problem.places] = _meet(a[:, problem.places], b[:, problem.places], alone)
        may = np.all(bounds.contain(0.0), axis=1) & np.all(a <= b, axis=1)
        a, b, before = a[may], b[may], before[may]
        small = np.all(b - a <= least(a, b), axis=1)
        room = ROOM * (b - a) + np.where(small[:, None], 1.0, EPS) * least(a, b)
        low, high = a - room, b + room
        K, sizes = _krawczyk(problem, low, high)
        only = np.all((K.low > low) & (K.high < high) & (K.high - K.low < PROVES * (high - low)), axis=1)
        proven += [(low[k], high[k]) for k in np.flatnonzero(only)]
        a, b = _meet(a, b, K)
        open_ = ~only & np.all(a <= b, axis=1)
        undecided += [(a[k], b[k]) for k in np.flatnonzero(open_ & small)]
        more = open_ & ~small
        a, b, sizes, before = a[more], b[more], sizes[more], before[more]
        again = np.any(b - a < SHRUNK * before, axis=1)
        halves = _halve(a[~again], b[~again], sizes[~again], least(a, b)[~again])
        lows, highs = (
            np.concatenate([lows, a[again], halves[0]]),
            np.concatenate([highs, b[again], halves[1]]),
        )
    joined = _joined(undecided, lambda a, b: NEAR * least(a, b))
    points, boxes = _gathered(problem, proven, whole, least)
    return Zeros(points, boxes, np.array(joined).reshape(-1, problem.n, 2), count)


def _halve(low: Array, high: Array, sizes: Array, least: Array) -> tuple[Array, Array]:
    """Halve each box where its width weighs most in the functions, each against all its variables."""
    width = high - low
    with np.errstate(all="ignore"):
        smear = np.minimum(sizes, HUGE) * width[:, None, :]
        share = (smear / (smear.sum(axis=2, keepdims=True) + 1e-300)).sum(axis=1)
    # Where derivatives are not bounded: first at zero, where functions are often singular, then the widest.
    blind = np.where((low < 0.0) & (high > 0.0), np.inf, width / least)
    share = np.where(np.any(sizes >= HUGE, axis=(1, 2))[:, None], blind, share)
    share = np.where(width > least, share, -1.0)
    chosen, rows = np.argmax(share, axis=1), np.arange(len(low))
    middle = _middle(low, high)[rows, chosen]
    lower, upper = high.copy(), low.copy()
    lower[rows, chosen] = upper[rows, chosen] = middle
    return np.concatenate([low, upper]), np.concatenate([lower, high])


def _gathered(
    problem: _Problem, proven: list[tuple[Array, Array]], whole: Any, least: Width
) -> tuple[Array, Array]:
    """Narrow down each proven zero, and count none twice; give them and their boxes."""
    n = problem.n
    edges = np.array(proven).reshape(-1, 2, n)
    a, b = edges[:, 0], edges[:, 1]
    moved = bool(proven)
    while moved:
        before = b - a
        a, b = _meet(a, b, _krawczyk(problem, a, b)[0])
        moved = bool(np.any((b - a < PROVES * before) & (before > DIGITS * least(a, b))))
    found: list[tuple[Array, Array]] = []
    for one, other, (low, high) in zip(a, b, edges, strict=True):
        inside = np.all(one <= whole[1]) and np.all(other >= whole[0])
        known = any(np.all((one >= box[:, 0]) & (other <= box[:, 1])) for _, box in found)
        if inside and not known:
            found.append((0.5 * (one + other), np.stack([low, high], axis=-1)))
    found.sort(key=lambda pair: tuple(pair[0]))
    points, boxes = ([pair[k] for pair in found] for k in (0, 1))
    return np.array(points).reshape(-1, n), np.array(boxes).reshape(-1, n, 2)


def _joined(undecided: list[tuple[Array, Array]], room: Width) -> list[Array]:
    """Make one box of those that are near to each other."""
    places: list[tuple[Array, Array]] = []
    for low, high in undecided:
        while near := [
            k
            for k, (p, q) in enumerate(places)
            if np.all((low <= q + room(low, high)) & (p <= high + room(low, high)))
        ]:
            p, q = places.pop(near[0])
            low, high = np.minimum(low, p), np.maximum(high, q)
        places.append((low, high))
    return [np.stack(pair, axis=-1) for pair in places]
