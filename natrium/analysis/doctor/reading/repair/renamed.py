"""Names that stand for others: in one place, in one part, or two in each other's place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, at_points, leaf, leaves, with_args
from natrium.analysis.doctor.reading.expressions.wording import shown
from natrium.analysis.doctor.reading.repair.bench import Bench, agree
from natrium.analysis.doctor.reading.repair.told import Repair, told
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node

APART = 2.3  # how far-fetched it is that two numbers of two lines are each the other's


def renamed(bench: Bench) -> Iterator[Repair]:
    """Find a name that stands for another: in one place, in one part, or two that stand for each other."""
    met = leaves(bench.root)
    turned = {
        (kind, name, other): bench.with_points(moved)
        for name, other in permutations(sorted(bench.states), 2)
        for kind, moved in (
            ("name", {name: bench.points[other]}),
            ("exchange", {name: bench.points[other], other: bench.points[name]}),
        )
    }
    for up, node in bench.open:
        for place, one in enumerate(node.args):
            needed = bench.undone(up, place) if one.args else None
            if one.op != LEAF and needed is None:
                continue
            for other, values in bench.candidates.items():
                if needed is not None and not agree(needed, values, np.isfinite(needed)):
                    continue
                if other != one.name and bench.is_right(bench.with_arg(up, place, values)):
                    args = tuple(leaf(other) if at == place else arg for at, arg in enumerate(node.args))
                    rank = (
                        1.38 if one.args else 0.9 if other in bench.spare else 1.1 if other in met else 1.13
                    )
                    yield told(bench, "name", node, attrs.evolve(node, args=args), rank)
        names = sorted(leaves(node) & bench.states) if len(node.args) == 2 else []
        for name in names:
            for other in sorted(bench.states):
                if other == name or (other in names and other < name):
                    continue
                for kind in ("name", "exchange"):
                    if bench.is_right(bench.whole(up, turned[kind, name, other][up])):
                        yield _exchanged(bench, kind, node, name, other)
    yield from _numbers(bench)


def _numbers(bench: Bench) -> Iterator[Repair]:
    """Find two numbers that stand in each other's place, wherever they are read."""
    given = [
        node
        for node in bench.program.nodes
        if node.line and (node.op == NUMBER or (node.op == LEAF and node.name in bench.parameters))
    ]
    for one, other in combinations({(node.name, node.value, node.line): node for node in given}.values(), 2):
        apart = one.line != other.line  # a line in between may turn two names
        if one.value == other.value or (apart and NUMBER in (one.op, other.op)):
            continue
        new = _turned(bench.root, one, other)
        with np.errstate(all="ignore"):
            if not bench.is_right(np.asarray(at_points(new, bench.points))):
                continue
        stands, should = (
            ", ".join(
                f"{plain(place.name)} = {shown(got.value)}" if place.name else shown(got.value)
                for place, got in pairs
            )
            for pairs in (((one, one), (other, other)), ((one, other), (other, one)))
        )
        yield attrs.evolve(
            told(bench, "exchange", bench.root, new, APART if apart else 1.1),
            line=one.line, stands=stands, should=should, names=(one.name, other.name),
        )  # fmt: skip


def _turned(root: Node, one: Node, other: Node) -> Node:
    """Give a tree with two of its ends in each other's place."""
    turn = {(one.name, one.value, one.line): other, (other.name, other.value, other.line): one}

    def turned(node: Node, args: tuple[Node, ...]) -> Node:
        return with_args(node, args) if args else turn.get((node.name, node.value, node.line), node)

    return rewriting(turned)(root)


def _exchanged(bench: Bench, kind: str, node: Node, name: str, other: str) -> Repair:
    """Tell of names that a part has in each other's place; of a function's, where it is called."""
    turn = {name: other, other: name} if kind == "exchange" else {name: other}

    def turned(one: Node) -> Node:
        if one.op == LEAF:
            return leaf(turn.get(one.name, one.name))
        return attrs.evolve(one, args=tuple(map(turned, one.args)))

    found = told(bench, kind, node, turned(node), 1.15 if kind == "exchange" else 1.2)
    if kind == "exchange":
        return attrs.evolve(found, names=(name, other))
    above = bench.parents.get(node)
    if above is not None and above.line and _count(node, name) > 1:
        return attrs.evolve(found, line=above.line)
    return found


def _count(node: Node, name: str) -> int:
    if node.op == LEAF:
        return int(node.name == name)
    return sum(_count(one, name) for one in node.args)
