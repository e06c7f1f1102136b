"""The smallest change of an expression that makes it what it should be.

Every part of the expression is taken out in turn, and what could stand there is put in: another number,
another name, another operation, a sign, a factor, nothing. What makes the whole right at all points is a
repair; of several the simplest is the one that is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
from scipy.optimize import brentq

from natrium.analysis.doctor.reading.maps import plain
from natrium.analysis.doctor.reading.numbers import NICE, is_nice, nearest, secant
from natrium.analysis.doctor.reading.trees import (
    ARRAYS,
    LEAF,
    NUMBER,
    Program,
    in_order,
    leaf,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.wording import shown, text_of
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

SAME = 1e-8  # of the typical size of what is compared
_OTHERS: dict[str, tuple[str, ...]] = {
    "+": ("-", "*"),
    "-": ("+", "*", "/"),
    "*": ("/", "+", "-"),
    "/": ("*", "-"),
    "**": ("*",),
}
_SMALL = (0.0, 1.0, 2.0, 3.0, 4.0, 0.5)


@attrs.frozen(eq=False)
class Repair:
    """One change that makes an expression right.

    Attributes
    ----------
    kind : str
        ``"number"``, ``"name"``, ``"operation"``, ``"sign"``, ``"drop"``, ``"factor"``, ``"offset"``,
        ``"term"``, ``"call"``.
    node : Node
        What is changed.
    new : Node
        What should stand there.
    line : int
    stands, should : str
        As text, with as much around them as one reads.
    rank : float
        How far-fetched it is.
    about : str
        What a factor or a term is of.
    """

    kind: str
    node: Node
    new: Node
    line: int
    stands: str
    should: str
    rank: float
    about: str = ""


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
    """

    def __init__(
        self,
        root: Node,
        points: Mapping[str, Array],
        target: Array,
        parameters: frozenset[str] = frozenset(),
        candidates: Mapping[str, Array] | None = None,
        terms: Mapping[str, Array] | None = None,
    ) -> None:
        self.root, self.target, self.points = root, target, points
        self.parameters, self.candidates = parameters, dict(candidates or {})
        self.terms = dict(terms or {})
        self.program = Program([root])
        n = target.size
        with np.errstate(all="ignore"):
            self.values = [
                np.broadcast_to(np.asarray(one, dtype=float), (n,))
                for one in self.program.all(points, ARRAYS, float)
            ]
        self.place = self.program.place
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
        finite = np.isfinite(target) & np.isfinite(self.values[-1])
        self.good = finite
        self.size = float(np.percentile(np.abs(target[finite]), 20)) if finite.any() else 1.0
        self.size = self.size or float(np.max(np.abs(target[finite]), initial=0.0)) or 1.0

    def whole(self, at: int, values: Any) -> Array:
        """Evaluate the expression with other values for one part."""
        found = list(self.values)
        found[at] = np.broadcast_to(np.asarray(values, dtype=float), self.target.shape)
        with np.errstate(all="ignore"):
            for up in self.above[at]:
                node = self.program.nodes[up]
                found[up] = ARRAYS[name_of(node)](*[found[self.place[one]] for one in node.args])
        return np.broadcast_to(np.asarray(found[-1], dtype=float), self.target.shape)

    def is_right(self, values: Array) -> bool:
        """Tell whether values are what they should be."""
        if not self.good.any():
            return False
        apart = np.abs(values - self.target)[self.good]
        allowed = SAME * (np.abs(self.target[self.good]) + self.size)
        return bool(np.all(apart <= allowed))

    @property
    def is_sound(self) -> bool:
        """Whether nothing need be changed."""
        return self.is_right(self.values[-1])

    def needed(self, at: int) -> Array | None:
        """Give the values that a part would need, where the whole is a straight line of it."""
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

    def constant(self, at: int, start: float, make: Any) -> float | None:
        """Find the number k for which ``make(k)`` in the place of a part is right."""
        good = np.flatnonzero(self.good)
        if not good.size:
            return None

        def off(k: float) -> float:
            value = self.whole(at, make(k))
            return float(np.mean((value - self.target)[good[:3]]))

        size = abs(start) or 1.0
        for b in (secant(off, start, start + 0.1 * size), *self._scanned(off, size)):
            if b is None:
                continue
            for digits in (1, 2, 3, 4, NICE, 9, 13):
                near = float(f"{b:.{digits}g}")
                if self.is_right(self.whole(at, make(near))):
                    return near
        return None

    def _scanned(self, off: Any, size: float) -> Iterator[float]:
        """Give the zeros that a search over sizes finds."""
        for sign in (1.0, -1.0):
            tries = sign * size * np.logspace(-2.5, 2.5, 41)
            values = [off(float(k)) for k in tries]
            for a, b, fa, fb in zip(tries, tries[1:], values, values[1:], strict=False):
                if math.isfinite(fa) and math.isfinite(fb) and fa * fb < 0:
                    yield float(brentq(off, a, b, xtol=1e-15 * size, rtol=1e-14))


def repairs(bench: Bench) -> list[Repair]:
    """List the changes that make an expression right, the simplest first."""
    if bench.is_sound:
        return []
    found: list[tuple[float, int, Repair]] = []
    for at, node in enumerate(bench.program.nodes):
        if at not in (len(bench.values) - 1,) and not bench.above[at]:
            continue
        size = len(in_order([node]))
        found += [(one.rank, size, one) for one in _of_node(bench, at, node)]
    found.sort(key=lambda one: one[:2])
    return [one for _, _, one in found]


def _of_node(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    c, name = bench.values[at], name_of(node)

    def fits(values: Any) -> bool:
        return bench.is_right(bench.whole(at, values))

    if name == NUMBER or (name == LEAF and node.name in bench.parameters):
        yield from _numbers(bench, at, node)
    if name == LEAF:
        for other, values in bench.candidates.items():
            if other != node.name and fits(values):
                yield _told(bench, "name", node, leaf(other), 1.1)
    if name in _OTHERS:
        yield from _operations(bench, at, node)
    if name not in (LEAF, NUMBER):
        yield from _calls(bench, at, node)
    if name != NUMBER and fits(-c):
        yield _told(bench, "sign", node, Node("neg", (node,), -node.value, node.line), 1.3)
    if node.args:
        yield from (_told(bench, "drop", node, number(one), 1.9) for one in (0.0, 1.0) if fits(one))
    yield from _factors(bench, at, node)


def _numbers(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    old = float(bench.values[at][0])
    tries = [old + 1, old - 1, *_SMALL, old * 10, old / 10, old * 1000, old / 1000]
    far = 0.0 if node.op == LEAF or old else 2.0  # nobody adds a zero
    for value in tries:
        if value != old and bench.is_right(bench.whole(at, value)):
            # A factor that should not be there is likelier than a parameter that makes up for it.
            yield _told(bench, "number", node, number(value), far + (0.97 if node.op == NUMBER else 1.0))
            return
    found = bench.constant(at, old, lambda k: k)
    if found is not None and found != old:
        # A reversal below zero is as good as one above; a time constant is not.
        flipped = 1.2 if node.op == LEAF and plain(node.name).lower()[0] in "ev" else 1.35
        rank = flipped if found == -old else 1.0 if is_nice(found) else 3.5
        yield _told(bench, "number", node, number(found), far + rank)


def _operations(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    left, right = (bench.values[bench.place[one]] for one in node.args)
    name = name_of(node)
    with np.errstate(all="ignore"):
        for other in _OTHERS[name]:
            if bench.is_right(bench.whole(at, ARRAYS[other](left, right))):
                yield _told(bench, "operation", node, Node(other, node.args, math.nan, node.line), 0.95)
        if name in ("-", "/", "**") and bench.is_right(bench.whole(at, ARRAYS[name](right, left))):
            rank = 1.25 if all(not one.args for one in node.args) else 1.32
            yield _told(bench, "operation", node, Node(name, node.args[::-1], math.nan, node.line), rank)
    for kept, values in zip(node.args, (left, right), strict=True):
        if bench.is_right(bench.whole(at, values)):
            yield _told(bench, "drop", node, kept, 1.4)


def _calls(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    name, c = name_of(node), bench.values[at]
    if len(node.args) == 1 and name not in ("+", "-"):
        inner = bench.values[bench.place[node.args[0]]]
        if bench.is_right(bench.whole(at, inner)):
            yield _told(bench, "drop", node, node.args[0], 0.94 if name == "neg" else 1.2)
    if name in ("min", "max", "clip"):
        for one in node.args:
            if bench.is_right(bench.whole(at, bench.values[bench.place[one]])):
                yield _told(bench, "drop", node, one, 1.2)
    for function in ("abs", "exp", "sqrt"):
        with np.errstate(all="ignore"):
            if name != function and bench.is_right(bench.whole(at, ARRAYS[function](c))):
                yield _told(bench, "call", node, Node(function, (node,), math.nan, node.line), 1.8)
    with np.errstate(all="ignore"):
        if name not in ("+", "-") and bench.is_right(bench.whole(at, 1.0 - c)):
            yield _told(bench, "call", node, Node("-", (number(1.0), node), math.nan, node.line), 2.0)


def _factors(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    c = bench.values[at]
    wanted = bench.needed(at)
    if wanted is None:
        return
    good = np.isfinite(wanted)
    with np.errstate(all="ignore"):
        ratio, apart = wanted / c, wanted - c
        for name, values in bench.candidates.items():
            for op, by in (("*", values), ("/", 1.0 / values)):
                if _agree(ratio, by, good) and bench.is_right(bench.whole(at, c * by)):
                    new = Node(op, (node, leaf(name)), math.nan, node.line)
                    yield _told(bench, "factor", node, new, 1.6, name)
            for power in (2, 3, 4):
                if _agree(ratio, values**power, good) and bench.is_right(bench.whole(at, c * values**power)):
                    powered = Node("**", (leaf(name), number(power)), math.nan, node.line)
                    yield _told(
                        bench, "factor", node, Node("*", (node, powered), math.nan, node.line), 1.6, name
                    )
        yield from _powers(bench, at, node, ratio, good)
        for name, values in (
            bench.candidates.items() if name_of(node) == "neg" or node.name in bench.parameters else ()
        ):
            for sign, op in ((1.0, "+"), (-1.0, "-")):
                if _agree(apart, sign * values, good) and bench.is_right(bench.whole(at, c + sign * values)):
                    yield _told(
                        bench, "offset", node, Node(op, (node, leaf(name)), math.nan, node.line), 1.75
                    )
        for name, values in bench.terms.items():
            for sign, op in ((1.0, "+"), (-1.0, "-")):
                if _agree(apart, sign * values, good) and bench.is_right(bench.whole(at, c + sign * values)):
                    new = Node(op, (node, leaf(name)), math.nan, node.line)
                    yield _told(bench, "term", node, new, 1.7, name)
        k = float(np.median(ratio[good])) if good.any() else math.nan
        if math.isfinite(k) and _agree(ratio, np.full(c.size, k), good) and k not in (0.0, 1.0, -1.0):
            near = nearest(k)
            if node.op != NUMBER and bench.is_right(bench.whole(at, near * c)):
                new = Node("*", (number(near), node), math.nan, node.line)
                yield _told(bench, "factor", node, new, 2.2 if is_nice(near) else 4.0, shown(near))
        d = float(np.median(apart[good])) if good.any() else math.nan
        if math.isfinite(d) and d != 0.0 and _agree(apart, np.full(c.size, d), good):
            near = nearest(d)
            if node.op != NUMBER and bench.is_right(bench.whole(at, c + near)):
                new = Node("+" if near > 0 else "-", (node, number(abs(near))), math.nan, node.line)
                far = 2.3 if name_of(node) == "neg" else 2.4  # -V is what a leak towards 0 looks like
                yield _told(bench, "offset", node, new, far if is_nice(near) else 4.2, shown(near))


def _powers(bench: Bench, at: int, node: Node, ratio: Array, good: Array) -> Iterator[Repair]:
    """Find x*3 that should be x**3: a product by a number where a power was meant."""
    if name_of(node) != "*":
        return
    for times, rest in (node.args, node.args[::-1]):
        if times.op != NUMBER or times.value not in (2.0, 3.0, 4.0):
            continue
        for name, values in bench.candidates.items():
            wanted = values ** (times.value - 1.0) / times.value
            if _agree(ratio, wanted, good) and bench.is_right(bench.whole(at, bench.values[at] * wanted)):
                power = Node("**", (leaf(name), times), math.nan, node.line)
                if name_of(rest) == "*" and rest.args[1].op == LEAF and rest.args[1].name == name:
                    new = Node("*", (rest.args[0], power), math.nan, node.line)
                elif rest.op == LEAF and rest.name == name:
                    new = power
                else:
                    less = Node("**", (leaf(name), number(times.value - 1.0)), math.nan, node.line)
                    new = Node("*", (rest, less), math.nan, node.line)
                yield _told(bench, "operation", node, new, 1.1)


def _agree(one: Array, other: Array, good: Array) -> bool:
    size = float(np.median(np.abs(other[good]))) if good.any() else 0.0
    return bool(
        good.any() and np.all(np.abs(one - other)[good] <= 1e-5 * (np.abs(other[good]) + size + 1e-300))
    )


def _told(bench: Bench, kind: str, node: Node, new: Node, rank: float, about: str = "") -> Repair:
    """Tell a change with as much around it as one reads."""
    shown_node, shown_new = node, new
    parent = bench.parents.get(node)
    if not node.args and parent is not None:
        for _ in range(2):
            if parent is None or len(in_order([parent])) > 9:
                break
            shown_new = _put(parent, shown_node, shown_new)
            shown_node, parent = parent, bench.parents.get(parent)
            if name_of(shown_node) not in ("neg",):
                break
    line = 0 if node.op == LEAF else node.line  # a name's own line is where it got its value
    up = bench.parents.get(node)
    while not line and up is not None:
        line, up = up.line, bench.parents.get(up)
    return Repair(kind, node, new, line, text_of(shown_node), text_of(shown_new), rank, about)


def _put(parent: Node, old: Node, new: Node) -> Node:
    args = tuple(new if one is old else one for one in parent.args)
    return Node(parent.op, args, math.nan, parent.line, parent.name)
