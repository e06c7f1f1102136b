"""The smallest change of an expression that makes it what it should be.

Every part of the expression is taken out in turn, and what could stand there is put in: another number,
another name, another operation, a sign, a factor, nothing. What makes the whole right at all points is a
repair; of several the simplest is the one that is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.reading.bench import Bench
from natrium.analysis.doctor.reading.brackets import rebracketed
from natrium.analysis.doctor.reading.maps import plain
from natrium.analysis.doctor.reading.numbers import is_nice, nearest
from natrium.analysis.doctor.reading.trees import (
    ARRAYS,
    LEAF,
    NUMBER,
    at_points,
    in_order,
    leaf,
    leaves,
    name_of,
    number,
    written_at,
)
from natrium.analysis.doctor.reading.wording import shown, text_of
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

_OTHERS: dict[str, tuple[str, ...]] = {
    "+": ("-", "*"),
    "-": ("+", "*", "/"),
    "*": ("/", "+", "-", "**"),
    "/": ("*", "-"),
    "**": ("*",),
}
LEAST = 1.0 / 2000.0  # of a number that was meant: units slip by a thousand
_SMALL = (0.0, 1.0, 2.0, 3.0, 4.0, 0.5)


@attrs.frozen(eq=False)
class Repair:
    """One change that makes an expression right.

    Attributes
    ----------
    kind : str
        ``"number"``, ``"name"``, ``"operation"``, ``"sign"``, ``"drop"``, ``"factor"``, ``"offset"``,
        ``"term"``, ``"call"``, ``"brackets"``, ``"exchange"``.
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
    for node, new in rebracketed(bench):
        found.append((0.955, len(in_order([node])), _told(bench, "brackets", node, new, 0.955)))
    found += [(one.rank, len(in_order([one.node])), one) for one in _renamed(bench)]
    found.sort(key=lambda one: one[:2])
    return [one for _, _, one in found]


def _of_node(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    c, name = bench.values[at], name_of(node)

    def fits(values: Any) -> bool:
        return bench.is_right(bench.whole(at, values))

    if (name == NUMBER and node.line) or (name == LEAF and node.name in bench.parameters):
        yield from _numbers(bench, at, node)
    if name in _OTHERS:
        yield from _operations(bench, at, node)
    if name not in (LEAF, NUMBER):
        yield from _calls(bench, at, node)
    if name != NUMBER and fits(-c):
        rank = 1.45 if _is_rest(bench, node) else 1.3 if node.args else 1.32
        yield _told(bench, "sign", node, Node("neg", (node,), -node.value, node.line), rank)
    if node.args:
        yield from (_told(bench, "drop", node, number(one), 1.9) for one in (0.0, 1.0) if fits(one))
    yield from _factors(bench, at, node)


def _numbers(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    old = float(bench.values[at][0])
    known = node.name in bench.shared or written_at(node) in bench.shared
    shared = 0.4 * known  # the name is wrong, not its number
    shared = 0.1 if node.op == NUMBER and abs(old) == 1.0 else shared  # what is left, or a sign
    tries = [old + 1, old - 1, *_SMALL, old * 10, old / 10, old * 1000, old / 1000]
    far = 0.0 if node.op == LEAF or old else 2.0  # nobody adds a zero
    for value in tries:
        if value != old and bench.is_right(bench.whole(at, value)):
            # A factor that should not be there is likelier than a parameter that makes up for it.
            yield _told(
                bench, "number", node, number(value), far + shared + (0.97 if node.op == NUMBER else 1.0)
            )
            return
    found = bench.constant(at, old, lambda k: k)
    if found is not None and found != old:
        # A reversal below zero is as good as one above; a time constant is not.
        flipped = _rank_of_flip(bench, node)
        near = LEAST < abs(found) / (abs(old) or 1.0) < 1.0 / LEAST  # no slip makes it so much another
        rank = flipped if found == -old else 3.5 if not is_nice(found) else 1.0 if near else 1.7
        yield _told(bench, "number", node, number(found), far + shared + rank)


def _rank_of_flip(bench: Bench, node: Node) -> float:
    """Tell how far-fetched the other sign of a number is: it is not where a state is less it."""
    below, above = node, bench.parents.get(node)
    while above is not None and not leaves(above) & bench.states:
        below, above = above, bench.parents.get(above)
    initial = plain(node.name).lower()[:1] if node.op == LEAF else ""
    if initial not in {*"gitc"} and above is not None and _way(bench, above) and below in above.args:
        return 0.93  # V - E is how one writes it: no conductance, input, time constant, capacitance
    return 1.2 if initial in {*"ev"} else 1.35


def _operations(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    left, right = (bench.values[bench.place[one]] for one in node.args)
    name = name_of(node)
    with np.errstate(all="ignore"):
        for other in _OTHERS[name]:
            if bench.is_right(bench.whole(at, ARRAYS[other](left, right))):
                new = Node(other, node.args, math.nan, node.line)
                yield _told(bench, "operation", node, new, _rank_of_sign(bench, node))
        turned = "/" if name == "*" else name
        if name in ("*", "-", "/", "**") and bench.is_right(bench.whole(at, ARRAYS[turned](right, left))):
            new = Node(turned, node.args[::-1], math.nan, node.line)
            yield _told(bench, "operation", node, new, _rank_of_turn(bench, node))
    for kept, gone, values in zip(node.args, node.args[::-1], (left, right), strict=True):
        if bench.is_right(bench.whole(at, values)):
            again = name in ("+", "-", "*") and gone in in_order([kept])
            yield _told(bench, "drop", node, kept, 0.93 if again else 1.4)


def _rank_of_sign(bench: Bench, node: Node) -> float:
    """Tell how far-fetched another operation is: it is not where the other terms of a sum have the same."""
    name, (left, right) = name_of(node), node.args
    reversal = any(plain(one).lower()[:1] in ("e", "v") for one in leaves(right) - bench.states)
    if name == "-" and left.op == LEAF and reversal and not leaves(right) & bench.states:
        return 1.4  # V - E is how one writes it: E has the wrong sign
    if name not in ("+", "-") or not right.args:
        return 0.95
    others = [
        sign for sign, term in list(terms_of(_top(bench, node)))[:-1] if term is not right and term.args
    ]
    same = sum(1 if sign == name else -1 for sign in others)
    return 0.95 if same == 0 else 1.34 if same > 0 else 0.9


def _rank_of_turn(bench: Bench, node: Node) -> float:
    """Tell how far-fetched a difference the other way round is: it is not where the others are so."""
    if _is_rest(bench, node):
        return 1.45
    way = _way(bench, node)
    others = [_way(bench, one) for one in bench.program.nodes if one is not node]
    same = sum(way * one for one in others)
    if way and same:
        return 0.92 if same < 0 else 1.36
    if way < 0 or all(not one.args for one in node.args):
        return 1.25
    return 1.36 if way else 1.32  # V - E is how one writes it


def _is_rest(bench: Bench, node: Node) -> bool:
    """Tell whether a part is 1 - x, what is left of a gate."""
    one = node.args[0] if name_of(node) == "-" else node
    return one is not node and one.op == NUMBER and one.value == 1.0 and _way(bench, node) < 0


def _way(bench: Bench, node: Node) -> int:
    """Tell which way round a difference of a state and a number is; 0 where it is none."""
    if name_of(node) != "-":
        return 0
    first, second = (one.op == LEAF and one.name in bench.states for one in node.args)
    other = node.args[1] if first else node.args[0]
    return 0 if leaves(other) & bench.states else first - second


def _top(bench: Bench, node: Node) -> Node:
    """Give the whole sum that a sum is in."""
    above = bench.parents.get(node)
    while above is not None and name_of(above) in ("+", "-"):
        node, above = above, bench.parents.get(above)
    return node


def terms_of(node: Node) -> Iterator[tuple[str, Node]]:
    """List the terms of a sum, the last first, with the sign before each."""
    while name_of(node) in ("+", "-"):
        yield name_of(node), node.args[1]
        node = node.args[0]
    yield "+", node


def _renamed(bench: Bench) -> Iterator[Repair]:
    """Find a name that stands for another: in one place, in one part, or two that stand for each other."""
    met = leaves(bench.root)
    for up, node in enumerate(bench.program.nodes):
        for place, one in enumerate(node.args):
            needed = bench.undone(up, place) if one.args else None
            if one.op != LEAF and needed is None:
                continue
            for other, values in bench.candidates.items():
                if needed is not None and not _agree(needed, values, np.isfinite(needed)):
                    continue
                if other != one.name and bench.is_right(bench.with_arg(up, place, values)):
                    args = tuple(leaf(other) if at == place else arg for at, arg in enumerate(node.args))
                    rank = (
                        1.38 if one.args else 0.9 if other in bench.spare else 1.1 if other in met else 1.13
                    )
                    yield _told(bench, "name", node, attrs.evolve(node, args=args), rank)
        names = sorted(leaves(node) & bench.states) if len(node.args) == 2 else []
        for name in names:
            for other in sorted(bench.states):
                if other == name or (other in names and other < name):
                    continue
                moved = bench.points | {name: bench.points[other]}
                for kind, found in (("name", moved), ("exchange", moved | {other: bench.points[name]})):
                    if bench.is_right(bench.whole(up, at_points(node, found))):
                        yield _exchanged(bench, kind, node, name, other)


def _exchanged(bench: Bench, kind: str, node: Node, name: str, other: str) -> Repair:
    """Tell of names that a part has in each other's place; of a function's, where it is called."""
    turn = {name: other, other: name} if kind == "exchange" else {name: other}

    def turned(one: Node) -> Node:
        if one.op == LEAF:
            return leaf(turn.get(one.name, one.name))
        return attrs.evolve(one, args=tuple(map(turned, one.args)))

    found = _told(bench, kind, node, turned(node), 1.15 if kind == "exchange" else 1.2)
    above = bench.parents.get(node)
    if kind == "name" and above is not None and above.line and _count(node, name) > 1:
        return attrs.evolve(found, line=above.line)
    return found


def _count(node: Node, name: str) -> int:
    if node.op == LEAF:
        return int(node.name == name)
    return sum(_count(one, name) for one in node.args)


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
    c, wanted = bench.values[at], bench.needed(at)
    if wanted is None:
        return
    good, met, up = np.isfinite(wanted), leaves(bench.root), bench.parents.get(node)
    # Brackets: what it is added to goes by it already.
    beside = leaves(up) - leaves(node) if up is not None and name_of(up) in ("+", "-") else frozenset()
    with np.errstate(all="ignore"):
        ratio, apart = wanted / c, wanted - c
        for name, values in bench.candidates.items():
            for op, by in (("*", values), ("/", 1.0 / values)):
                if _agree(ratio, by, good) and bench.is_right(bench.whole(at, c * by)):
                    new = Node(op, (node, leaf(name)), math.nan, node.line)
                    rank = 1.3 if name in beside else 1.6 if name in met else 1.65
                    if name in bench.spare:  # the whole lacks it, sooner than a part
                        rank = 0.9 - 1e-4 * len(in_order([node])) + 0.1 * (op == "/")
                    yield _told(bench, "factor", node, new, rank, name)
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
    shown_node, shown_new, parent = node, new, bench.parents.get(node)
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
    if kind == "factor" and up is not None and up.line and about in leaves(up) - leaves(node):
        line = up.line  # there is what it goes by
    return Repair(kind, node, new, line, text_of(shown_node), text_of(shown_new), rank, about)


def _put(parent: Node, old: Node, new: Node) -> Node:
    args = tuple(new if one is old else one for one in parent.args)
    return Node(parent.op, args, math.nan, parent.line, parent.name)
