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
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.numbers import is_nice, is_tens, nearest
from natrium.analysis.doctor.reading.expressions.trees import (
    ARRAYS,
    LEAF,
    NUMBER,
    in_order,
    is_leaf,
    leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.expressions.wording import made_at, shown, written_at
from natrium.analysis.doctor.reading.repair.bench import Bench, agree
from natrium.analysis.doctor.reading.repair.brackets import rebracketed
from natrium.analysis.doctor.reading.repair.left_out import left_out
from natrium.analysis.doctor.reading.repair.renamed import renamed
from natrium.analysis.doctor.reading.repair.told import Repair, told
from natrium.analysis.doctor.trace.meanings import bare, plain
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
KNOWN = 0.02  # how far-fetched another number is in the place of one that is asked for somewhere
COMMON = 0.5  # how far-fetched a change is of what is right elsewhere
_OF_FORM = ("sign", "operation", "drop", "call", "brackets")
WITHIN = 2.0  # how far-fetched a change is that is made within what is right as it stands
_SMALL = (0.0, 1.0, 2.0, 3.0, 4.0, 0.5)


def repairs(bench: Bench) -> list[Repair]:
    """List the changes that make an expression right, the simplest first."""
    if bench.is_sound:
        return []
    found: list[tuple[float, int, Repair]] = []
    for at, node in bench.open:
        if at not in (len(bench.values) - 1,) and not bench.above[at]:
            continue
        size = len(in_order([node]))
        found += [(one.rank, size, one) for one in _of_node(bench, at, node)]
    for node, new in rebracketed(bench):
        found.append((0.955, len(in_order([node])), told(bench, "brackets", node, new, 0.955)))
    found += [(one.rank, len(in_order([one.node])), one) for one in (*renamed(bench), *left_out(bench))]
    found = [
        (rank + COMMON, size, attrs.evolve(one, rank=one.rank + COMMON))
        if _is_common(bench, one)
        else (rank, size, one)
        for rank, size, one in found
    ]
    right = bench.right_parts()
    if right:  # what is all that is asked for is not mended by a change within it
        found = [
            (rank + WITHIN, size, attrs.evolve(one, rank=one.rank + WITHIN))
            if bench.place.get(one.node, -1) in right
            else (rank, size, one)
            for rank, size, one in found
        ]
    found.sort(key=lambda one: one[:2])
    return [one for _, _, one in found]


def _is_common(bench: Bench, repair: Repair) -> bool:
    """Tell whether a change is of what is right elsewhere as it stands: a line's form, what a name is in."""
    inside = repair.kind == "name" and written_at(repair.node) in bench.shared
    return inside or (repair.kind in _OF_FORM and made_at(repair.line) in bench.shared)


def _of_node(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    c, name = bench.values[at], name_of(node)

    def fits(values: Any) -> bool:
        return bench.is_right(bench.whole(at, values))

    if (name == NUMBER and node.line) or (name == LEAF and node.name in bench.parameters):
        yield from _numbers(bench, at, node)
    if name == NUMBER and len(bench.edges[at]) > 1:
        yield from _in_one_place(bench, at, node)
    if name in _OTHERS:
        yield from _operations(bench, at, node)
    if name not in (LEAF, NUMBER):
        yield from _calls(bench, at, node)
    if name != NUMBER and fits(-c):
        rank = 1.45 if _is_rest(bench, node) else 1.3 if node.args else 1.32
        yield told(bench, "sign", node, Node("neg", (node,), -node.value, node.line), rank)
    if node.args:
        yield from (told(bench, "drop", node, number(one), 1.9) for one in (0.0, 1.0) if fits(one))
    yield from _factors(bench, at, node)


def _numbers(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    old = float(bench.values[at][0])
    known = node.name in bench.shared or written_at(node) in bench.shared
    shared = 0.4 * known  # the name is wrong, not its number
    if node.op == NUMBER and abs(old) == 1.0:  # what is left, or a sign
        above = bench.parents.get(node)
        shared = 0.4 if above is not None and written_at(above) in bench.shared else 0.1
    tries = [old + 1, old - 1, *_SMALL, old * 10, old / 10, old * 1000, old / 1000]
    far = 0.0 if node.op == LEAF or old else 2.0  # nobody adds a zero
    for value in tries:
        if value != old and bench.is_right(bench.whole(at, value)):
            # A factor that should not be there is likelier than a parameter that makes up for it.
            yield told(
                bench, "number", node, number(value), far + shared + (0.97 if node.op == NUMBER else 1.0)
            )
            return
    found = bench.constant(at, old)
    if found is not None and found != old:
        # A reversal below zero is as good as one above; a time constant is not.
        flipped = _rank_of_flip(bench, node)
        near = LEAST < abs(found) / (abs(old) or 1.0) < 1.0 / LEAST  # no slip makes it so much another
        rank = flipped if found == -old else 3.5 if not is_nice(found) else 1.0 if near else 1.7
        asked = bench.asked.get(bare(node.name), 0.0) if node.op == LEAF else 0.0
        if asked and found / asked > 0.0 and is_tens(found / asked):
            rank = min(rank, 0.9)  # its namesake is so in the model
        rank += KNOWN * (node.op == LEAF and node.name in bench.known)
        yield told(bench, "number", node, number(found), far + shared + rank)


def _in_one_place(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    """Find another number in one of the places in which a line has this one."""
    for up, place in bench.edges[at]:
        wanted, parent = bench.undone(up, place), bench.program.nodes[up]
        told_at = bench.good & np.isfinite(wanted) if wanted is not None else bench.good
        if wanted is None or not told_at.any():
            continue
        value = nearest(float(np.median(wanted[told_at])))
        if value != node.value and bench.is_right(bench.with_arg(up, place, value)):
            args = [*parent.args[:place], number(value), *parent.args[place + 1 :]]
            new = Node(parent.op, tuple(args), math.nan, parent.line, parent.name)
            repair = told(bench, "number", parent, new, 0.98 if is_nice(value) else 3.5)
            yield attrs.evolve(repair, line=node.line or repair.line)  # where it is written


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
                yield told(bench, "operation", node, new, _rank_of_sign(bench, node))
        turned = "/" if name == "*" else name
        if name in ("*", "-", "/", "**") and bench.is_right(bench.whole(at, ARRAYS[turned](right, left))):
            new = Node(turned, node.args[::-1], math.nan, node.line)
            yield told(bench, "operation", node, new, _rank_of_turn(bench, node))
    for kept, gone, values in zip(node.args, node.args[::-1], (left, right), strict=True):
        if bench.is_right(bench.whole(at, values)):
            again = name in ("+", "-", "*") and gone in in_order([kept])
            yield told(bench, "drop", node, kept, 0.93 if again else 1.4)


def _rank_of_sign(bench: Bench, node: Node) -> float:
    """Tell how far-fetched another operation is: it is not where the other terms of a sum have the same."""
    name, (left, right) = name_of(node), node.args
    if name == "/" and left.op == NUMBER and left.value == 1.0:
        return 1.2  # nobody writes 1*x
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


def _calls(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    name, c = name_of(node), bench.values[at]
    if len(node.args) == 1 and name not in ("+", "-"):
        inner = bench.values[bench.place[node.args[0]]]
        if bench.is_right(bench.whole(at, inner)):
            yield told(bench, "drop", node, node.args[0], 0.94 if name == "neg" else 1.2)
    if name in ("min", "max", "clip"):
        for one in node.args:
            if bench.is_right(bench.whole(at, bench.values[bench.place[one]])):
                yield told(bench, "drop", node, one, 1.2)
    for function in ("abs", "exp", "sqrt"):
        with np.errstate(all="ignore"):
            if name != function and bench.is_right(bench.whole(at, ARRAYS[function](c))):
                yield told(bench, "call", node, Node(function, (node,), math.nan, node.line), 1.8)
    with np.errstate(all="ignore"):
        if name not in ("+", "-") and bench.is_right(bench.whole(at, 1.0 - c)):
            yield told(bench, "call", node, Node("-", (number(1.0), node), math.nan, node.line), 2.0)


def _factors(bench: Bench, at: int, node: Node) -> Iterator[Repair]:
    c, wanted = bench.values[at], bench.needed(at)
    if wanted is None:
        return
    good, met, up = np.isfinite(wanted), leaves(bench.root), bench.parents.get(node)
    # Brackets: what it is added to is multiplied, or divided, by it already.
    beside = leaves(up) - leaves(node) if up is not None and name_of(up) in ("+", "-") else frozenset()
    under = _divisors(up) if up is not None and beside else frozenset()
    with np.errstate(all="ignore"):
        ratio, apart = wanted / c, wanted - c
        for name, values in bench.candidates.items():
            for op, by in (("*", values), ("/", 1.0 / values)):
                if agree(ratio, by, good) and bench.is_right(bench.whole(at, c * by)):
                    new = Node(op, (node, leaf(name)), math.nan, node.line)
                    alike = name in beside and (name in under) == (op == "/")
                    rank = 1.3 if alike else 1.6 if name in met else 1.65
                    if name in bench.spare:  # the whole lacks it, sooner than a part
                        rank = 0.9 - 1e-4 * len(in_order([node])) + 0.1 * (op == "/")
                    yield told(bench, "factor", node, new, rank, name)
            for power in (2, 3, 4):
                if agree(ratio, values**power, good) and bench.is_right(bench.whole(at, c * values**power)):
                    powered = Node("**", (leaf(name), number(power)), math.nan, node.line)
                    yield told(
                        bench, "factor", node, Node("*", (node, powered), math.nan, node.line), 1.6, name
                    )
        yield from _powers(bench, at, node, ratio, good)
        for name, values in (
            bench.candidates.items() if name_of(node) == "neg" or node.name in bench.parameters else ()
        ):
            for sign, op in ((1.0, "+"), (-1.0, "-")):
                if agree(apart, sign * values, good) and bench.is_right(bench.whole(at, c + sign * values)):
                    yield told(bench, "offset", node, Node(op, (node, leaf(name)), math.nan, node.line), 1.75)
        for name in bench.states if node.name in bench.parameters else ():
            values = bench.points[name]  # V - E, where E stands alone
            if agree(wanted, values - c, good) and bench.is_right(bench.whole(at, values - c)):
                yield told(bench, "offset", node, Node("-", (leaf(name), node), math.nan, node.line), 1.75)
        for name, values in bench.terms.items():
            for sign, op in ((1.0, "+"), (-1.0, "-")):
                if agree(apart, sign * values, good) and bench.is_right(bench.whole(at, c + sign * values)):
                    new = Node(op, (node, leaf(name)), math.nan, node.line)
                    yield told(bench, "term", node, new, 1.7, name)
        k = float(np.median(ratio[good])) if good.any() else math.nan
        if math.isfinite(k) and agree(ratio, np.full(c.size, k), good) and k not in (0.0, 1.0, -1.0):
            near = nearest(k)
            if node.op != NUMBER and bench.is_right(bench.whole(at, near * c)):
                new = Node("*", (number(near), node), math.nan, node.line)
                yield told(bench, "factor", node, new, 2.2 if is_nice(near) else 4.0, shown(near))
        d = float(np.median(apart[good])) if good.any() else math.nan
        if math.isfinite(d) and d != 0.0 and agree(apart, np.full(c.size, d), good):
            near = nearest(d)
            if node.op != NUMBER and bench.is_right(bench.whole(at, c + near)):
                new = Node("+" if near > 0 else "-", (node, number(abs(near))), math.nan, node.line)
                far = 2.3 if name_of(node) == "neg" else 2.4  # -V is what a leak towards 0 looks like
                far = 2.2 if near == 1.0 and name_of(node) in ("exp", "tanh") else far  # as in 1 + exp(x)
                yield told(bench, "offset", node, new, far if is_nice(near) else 4.2, shown(near))


def _divisors(root: Node) -> frozenset[str]:
    """Name what is in a divisor of a tree."""
    return frozenset(name for one in in_order([root]) if name_of(one) == "/" for name in leaves(one.args[1]))


def _powers(bench: Bench, at: int, node: Node, ratio: Array, good: npt.NDArray[np.bool_]) -> Iterator[Repair]:
    """Find x*3 that should be x**3: a product by a number where a power was meant."""
    if name_of(node) != "*":
        return
    for times, rest in (node.args, node.args[::-1]):
        if times.op != NUMBER or times.value not in (2.0, 3.0, 4.0):
            continue
        for name, values in bench.candidates.items():
            wanted = values ** (times.value - 1.0) / times.value
            if agree(ratio, wanted, good) and bench.is_right(bench.whole(at, bench.values[at] * wanted)):
                power = Node("**", (leaf(name), times), math.nan, node.line)
                if name_of(rest) == "*" and is_leaf(rest.args[1], name):
                    new = Node("*", (rest.args[0], power), math.nan, node.line)
                elif is_leaf(rest, name):
                    new = power
                else:
                    less = Node("**", (leaf(name), number(times.value - 1.0)), math.nan, node.line)
                    new = Node("*", (rest, less), math.nan, node.line)
                yield told(bench, "operation", node, new, 1.1)
