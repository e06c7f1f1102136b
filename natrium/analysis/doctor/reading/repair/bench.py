"""One expression on the bench: its parts, their values, what it should be, and what each part would need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.numbers import NICE, secant
from natrium.analysis.doctor.reading.expressions.trees import ARRAYS, Program, name_of
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array
from natrium.model.root import find_root

SAME = 1e-8  # of the typical size of what is compared
ALIKE = 1e-5  # of two courses, before the whole tells
_UNDO: dict[str, Any] = {
    "+": lambda y, place, args: y - args[1 - place],
    "-": lambda y, place, args: y + args[1] if place == 0 else args[0] - y,
    "*": lambda y, place, args: y / args[1 - place],
    "/": lambda y, place, args: y * args[1] if place == 0 else args[0] / y,
    "**": lambda y, place, args: y ** (1.0 / args[1]) if place == 0 else np.log(y) / np.log(args[0]),
    "neg": lambda y, place, args: -y,
    "exp": lambda y, place, args: np.log(y),
    "log": lambda y, place, args: np.exp(y),
    "sqrt": lambda y, place, args: y**2,
}
"""By operation: what one operand must be for the operation to give y."""


def agree(one: Array, other: Array, good: npt.NDArray[np.bool_]) -> bool:
    """Tell whether two courses are alike where they tell anything."""
    size = float(np.median(np.abs(other[good]))) if good.any() else 0.0
    return bool(
        good.any() and np.all(np.abs(one - other)[good] <= ALIKE * (np.abs(other[good]) + size + 1e-300))
    )


class Bench:
    """One expression, its values, and what it should be.

    Parameters
    ----------
    root : Node
    points : mapping of str to ndarray, shape (n_points,) each
    target : ndarray, shape (n_points,)
    parameters : collection of str
        Names whose value may be another number.
    candidates : mapping of str to ndarray
        Names that may stand in another's place, with their values.
    terms : mapping of str to ndarray
        What may be missing or too much, by what it is called.
    states : collection of str
        Names of what moves.
    shared : collection of str
        Parameters that are right elsewhere.
    spare : collection of str
        Candidates that are read nowhere.
    settled : collection of int
        Lines in which nothing is to be changed.
    asked : mapping of str to float
        What parameters should be, by their names.
    known : collection of str
        Parameters whose number is one of those that are asked for.
    """

    def __init__(
        self,
        root: Node,
        points: Mapping[str, Array],
        target: Array,
        parameters: frozenset[str] = frozenset(),
        candidates: Mapping[str, Array] | None = None,
        terms: Mapping[str, Array] | None = None,
        states: frozenset[str] = frozenset(),
        shared: frozenset[str] = frozenset(),
        spare: frozenset[str] = frozenset(),
        settled: frozenset[int] = frozenset(),
        asked: Mapping[str, float] | None = None,
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.known = known
        self.shared, self.spare, self.asked = shared, spare, dict(asked or {})
        self.root, self.target, self.points, self.states = root, target, dict(points), states
        self.parameters, self.candidates = parameters, dict(candidates or {})
        self.terms = dict(terms or {})
        self.program = Program([root])
        self.values = self.with_points({})
        self.place = self.program.place
        self.open = [(at, one) for at, one in enumerate(self.program.nodes) if one.line not in settled]
        self.above: dict[int, list[int]] = {at: [] for at in range(len(self.values))}
        reached: list[set[int]] = []
        for at, node in enumerate(self.program.nodes):
            under = {at}.union(*(reached[self.place[one]] for one in node.args))
            reached.append(under)
            for below in under - {at}:
                self.above[below].append(at)
        self.parents: dict[Node, Node] = {}
        for node in self.program.nodes:
            for one in node.args:
                self.parents.setdefault(one, node)
        self.edges: dict[int, list[tuple[int, int]]] = {at: [] for at in range(len(self.values))}
        for up, node in enumerate(self.program.nodes):
            for place, one in enumerate(node.args):
                self.edges[self.place[one]].append((up, place))
        self._needed: dict[int, Array | None] = {}
        finite = np.isfinite(target) & np.isfinite(self.values[-1])
        self.good = finite
        self.size = float(np.percentile(np.abs(target[finite]), 20)) if finite.any() else 1.0
        self.size = self.size or float(np.max(np.abs(target[finite]), initial=0.0)) or 1.0

    def with_points(self, moved: Mapping[str, Array]) -> list[Array]:
        """Evaluate every part, with some names' values others."""
        with np.errstate(all="ignore"):
            return [
                np.broadcast_to(np.asarray(one, dtype=float), self.target.shape)
                for one in self.program.all({**self.points, **moved}, ARRAYS, float)
            ]

    def whole(self, at: int, values: Any) -> Array:
        """Evaluate the expression with other values for one part."""
        found = list(self.values)
        found[at] = np.broadcast_to(np.asarray(values, dtype=float), self.target.shape)
        with np.errstate(all="ignore"):
            for up in self.above[at]:
                node = self.program.nodes[up]
                found[up] = ARRAYS[name_of(node)](*[found[self.place[one]] for one in node.args])
        return np.broadcast_to(np.asarray(found[-1], dtype=float), self.target.shape)

    def with_arg(self, up: int, place: int, values: Any) -> Array:
        """Evaluate the expression with other values for one operand of one operation alone."""
        node = self.program.nodes[up]
        args = [self.values[self.place[one]] for one in node.args]
        args[place] = np.broadcast_to(np.asarray(values, dtype=float), self.target.shape)
        with np.errstate(all="ignore"):
            return self.whole(up, ARRAYS[name_of(node)](*args))

    def is_right(self, values: Array) -> bool:
        """Tell whether values are what they should be."""
        if not self.good.any():
            return False
        apart = np.abs(values - self.target)[self.good]
        allowed = SAME * (np.abs(self.target[self.good]) + self.size)
        return bool(np.all(apart <= allowed))

    def right_parts(self) -> set[int]:
        """Give the operations that are, as they stand, what the whole should be, and all in these alone."""
        found: set[int] = set()
        for at in reversed(range(len(self.values) - 1)):
            right = bool(self.program.nodes[at].args) and self.is_right(self.values[at])
            if right or (self.edges[at] and all(up in found for up, _ in self.edges[at])):
                found.add(at)
        return found

    @property
    def is_sound(self) -> bool:
        """Whether nothing need be changed."""
        return self.is_right(self.values[-1])

    def needed(self, at: int) -> Array | None:
        """Give the values that a part would need: one way up is undone; of several, where they are straight.

        Parameters
        ----------
        at : int

        Returns
        -------
        ndarray, shape (n_points,), or None
            NaN where no value would do.
        """
        if at not in self._needed:
            edges = self.edges[at]
            self._needed[at] = self.undone(*edges[0]) if len(edges) == 1 else self._straight(at)
            if at == len(self.values) - 1:
                self._needed[at] = self.target
        return self._needed[at]

    def undone(self, up: int, place: int) -> Array | None:
        """Give the values that one operand of one operation would need: the operation is undone."""
        y, args = self.needed(up), self.program.nodes[up].args
        undo = _UNDO.get(name_of(self.program.nodes[up]))
        if y is None or undo is None:
            return None
        others = [self.values[self.place[one]] for one in args]
        with np.errstate(all="ignore"):
            return np.asarray(undo(y, place, others), dtype=float)

    def _straight(self, at: int) -> Array | None:
        """Solve for a part where the whole is a straight line of it."""
        c = self.values[at]
        step = 0.1 * (np.abs(c) + 1.0)
        zero, one, two = self.whole(at, c), self.whole(at, c + step), self.whole(at, c + 2.0 * step)
        rise = one - zero
        good = self.good & np.isfinite(rise) & (rise != 0.0)
        if good.sum() < 0.8 * self.good.sum() or not good.any():
            return None
        bent = np.abs(two - zero - 2.0 * rise)[good]
        if np.any(bent > 1e-6 * (np.abs(rise[good]) + 1e-9 * np.abs(zero[good]) + 1e-300)):
            return None
        with np.errstate(all="ignore"):
            return np.asarray(np.where(good, c + step * (self.target - zero) / rise, np.nan))

    def constant(self, at: int, start: float) -> float | None:
        """Find the number that is right in the place of a part."""
        good = np.flatnonzero(self.good)
        if not good.size:
            return None
        good = good[np.argsort(np.abs(self.target[good]), kind="stable")]  # where the number tells most

        def off(k: float) -> float:
            return float(np.mean((self.whole(at, k) - self.target)[good[:3]]))

        size = abs(start) or 1.0
        for b in self._tries(at, off, start, size):
            if b is None:
                continue
            for digits in (1, 2, 3, 4, NICE, 9, 13):
                near = float(f"{b:.{digits}g}")
                if self.is_right(self.whole(at, near)):
                    return near
        return None

    def _tries(self, at: int, off: Any, start: float, size: float) -> Iterator[float | None]:
        """Give the numbers that may be right: where what is needed is known, none unless it is one number."""
        needed = self.needed(at)
        if needed is not None and np.all(np.isfinite(needed[self.good])):
            k = float(np.median(needed[self.good]))
            if not agree(needed, np.full(needed.size, k), self.good):
                return
            yield k
        yield secant(off, start, start + 0.1 * size)
        yield from self._scanned(off, size)

    def _scanned(self, off: Any, size: float) -> Iterator[float]:
        """Give the zeros that a search over sizes finds."""
        for sign in (1.0, -1.0):
            tries = sign * size * np.logspace(-2.5, 2.5, 41)
            values = [off(float(k)) for k in tries]
            for a, b, fa, fb in zip(tries, tries[1:], values, values[1:], strict=False):
                if math.isfinite(fa) and math.isfinite(fb) and fa * fb < 0:
                    with suppress(ValueError):  # no number somewhere between
                        yield find_root(off, a, b, xtol=1e-15 * size, rtol=1e-14)
