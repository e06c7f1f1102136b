r"""Bounds along V where other states follow from linear equations: a kinetic scheme of any size.

With A(V) w + b(V) = 0 each of w, w' and w'' solves a linear system of the same matrix. Over an interval of V
its entries are intervals; with C the inverse of the midpoints every solution x of A x = s has

.. math:: |x - c| \le (1 - G)^{-1} \big(|C| \operatorname{rad} s + G |c|\big),
   \qquad c = C \operatorname{mid} s, \quad G \ge |1 - C A|,

where the norm of G is below 1; where it is not, nothing is known.

References
----------
.. [1] A. Neumaier, "Interval Methods for Systems of Equations" (1990), ch. 4.
   https://doi.org/10.1017/CBO9780511526473
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from natrium.analysis.equilibria.enclosure import Bounds, Enclosure
from natrium.model.arrays import Array

EPS = float(np.finfo(float).eps)
CONTRACTS = 0.9  # the norm of G up to which it is taken


class LinearEnclosure:
    """Bounds of I_eq' and I_eq'' over intervals of V.

    Parameters
    ----------
    found : natrium.analysis.equilibria.implicit.Implied
        What follows from the system.
    values : mapping of sympy.Symbol to float
        Of the parameters.
    """

    def __init__(self, found: Any, values: Mapping[Any, float]) -> None:
        V, self.n = found.V, len(found.held)
        self._matrix = Enclosure([entry for row in found.jacobian for entry in row], V, values)
        self._flow = Enclosure((*found.equations, *found.by_V), (V, *found.held), values)
        self._bend = Enclosure(found.twice, (V, *found.held, *found.slopes), values)
        symbols = (V, *found.held, *found.slopes, *found.bends)
        self._inputs = Enclosure(found.inputs[1:], symbols, values)

    def __call__(self, low: Array, high: Array) -> list[Bounds]:
        """Bound both between low and high, shapes (n_intervals,)."""
        n, V = self.n, Bounds(low[None], high[None])
        system = _System(_stack(self._matrix(low, high)), n)
        nothing = np.zeros((n, low.size))
        middle = Bounds(0.5 * (V.low + V.high), 0.5 * (V.low + V.high))
        flow = _stack(_over(self._flow, middle, Bounds(nothing, nothing))[:n])
        guess = system.near(-flow.low)  # w at the middle, about
        away = system.solve(_stack(_over(self._flow, V, Bounds(guess, guess))[:n]))
        w = Bounds(guess + away.low, guess + away.high)
        slopes = system.solve(_stack(_over(self._flow, V, w)[n:]))
        bends = system.solve(_stack(_over(self._bend, V, w, slopes)))
        return _over(self._inputs, V, w, slopes, bends)


class _System:
    """Intervals of matrices: what solves A x + s = 0 for intervals of sides, both shapes (n, n_intervals)."""

    def __init__(self, entries: Bounds, n: int) -> None:
        center, radius = 0.5 * entries.low + 0.5 * entries.high, 0.5 * entries.high - 0.5 * entries.low
        known = np.all(np.isfinite(center) & np.isfinite(radius), axis=0)
        center, radius = (part.T.reshape(-1, n, n) for part in (center, radius))
        center = np.where(known[:, None, None], center, np.eye(n))
        radius = np.where(known[:, None, None], radius, 0.0)
        self.inverse = np.linalg.inv(center)
        sizes, slack = np.abs(self.inverse), (n + 4) * EPS
        G = np.abs(np.eye(n) - self.inverse @ center) + sizes @ (radius + slack * np.abs(center))
        self.known = known & (G.sum(axis=2).max(axis=1) < CONTRACTS)
        self.G = np.where(self.known[:, None, None], G * (1.0 + slack), 0.0)
        self.sizes, self.slack = sizes, slack

    def near(self, sides: Array) -> Array:
        """Give a solution for the midpoints, without bounds."""
        return np.asarray((self.inverse @ sides.T[..., None])[..., 0].T)

    def solve(self, sides: Bounds) -> Bounds:
        """Bound every x with A x + s = 0."""
        known = self.known & np.all(np.isfinite(sides.low) & np.isfinite(sides.high), axis=0)
        low, high = (np.where(known, side, 0.0) for side in (sides.low, sides.high))
        middle, radius = 0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low
        x = self.near(-middle)
        doubt = (self.sizes @ (radius + self.slack * (np.abs(middle) + 1e-300)).T[..., None])[..., 0]
        doubt = doubt + (self.G @ np.abs(x).T[..., None])[..., 0]
        # (1 - G)^-1 >= 0; what rounding makes of it is far below the room of CONTRACTS.
        reach = np.linalg.solve(np.eye(len(x)) - self.G, doubt[..., None])[..., 0].T
        reach = np.abs(reach) * (1.0 + 1e3 * self.slack) + self.slack * np.abs(x) + 1e-300
        return Bounds(np.where(known, x - reach, -np.inf), np.where(known, x + reach, np.inf))


def _stack(bounds: list[Bounds]) -> Bounds:
    return Bounds(np.array([one.low for one in bounds]), np.array([one.high for one in bounds]))


def _over(enclosure: Enclosure, *blocks: Bounds) -> list[Bounds]:
    return enclosure(np.vstack([one.low for one in blocks]), np.vstack([one.high for one in blocks]))
