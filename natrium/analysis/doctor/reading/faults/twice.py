"""A step that is in what moves a state twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import (
    in_order,
    is_leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.findings.case import Case, line_in
from natrium.analysis.doctor.reading.findings.found import Found, in_line, written
from natrium.analysis.doctor.reading.maps.maps import _chain, differ, points_of, values_at
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node


def dt_twice(case: Case) -> Iterator[Found]:
    """Find what vanishes with dt and is multiplied by what does so too, in a map that no scheme explains."""
    maps = case.maps
    if not maps.named:
        return
    slopes = Slopes(maps.algebra, maps.dt, number(0.0))
    points = points_of(maps.record, maps.step)
    known: dict[Node, bool] = {}
    gone: dict[tuple[Node, bool], Node | None] = {}

    def vanishes(node: Node) -> bool:
        if node not in known:
            there = values_at(slopes.value(node), points)
            met = maps.dt in leaves(node) and bool(np.any(np.isfinite(there)))
            size = np.abs(values_at(node, points)) if met else np.ones(len(there))  # amperes are small
            size = np.where(np.isfinite(size) & (size > 0.0), size, 1.0)
            known[node] = met and not differ(there / size, np.zeros(len(there)))
        return known[node]

    def twice(node: Node, under: bool) -> Node | None:
        """Go down the sums and products of a map to a part that vanishes below another that does."""
        if (node, under) not in gone:
            gone[node, under] = inside(node, under)
        return gone[node, under]

    def inside(node: Node, under: bool) -> Node | None:
        name = name_of(node)
        if under and vanishes(node):
            return node
        if name == "**" and vanishes(node.args[0]) and node.args[1].value > 1:
            return node
        if name == "*":
            for one, other in (node.args, node.args[::-1]):
                if maps.dt in leaves(one) and (inner := twice(one, under or vanishes(other))):
                    return inner
        elif name in ("+", "-", "neg"):
            if under and any(_chain(node, one) for one in maps.moving):
                return None  # a stage of a scheme: the state, moved on
            for one in node.args:
                if maps.dt in leaves(one) and (inner := twice(one, under)):
                    return inner
        elif name == "/" and maps.dt in leaves(node.args[0]):
            return twice(node.args[0], under)
        return None

    for state, tree in maps.trees.items():
        if case.scheme.ways.get(state, "") != "other":
            continue
        node = twice(tree, False)
        if node is not None:
            line, whole = line_in(tree, node)
            if _in_slopes(case, state):  # this slope has its step, as the others have
                line = maps.main.updates[state].line
            yield Found(
                "dt-twice", "fault",
                f"What {plain(state)} moves by is multiplied by {plain(maps.dt)} twice, in "
                f"{in_line(case.source, line)}: halve the step and it moves a quarter as far.",
                line, written(whole), "",
                f"`{written(node)}` vanishes with {plain(maps.dt)}, and so does what it is multiplied by",
                about=state,
            )  # fmt: skip


def _in_slopes(case: Case, but: str) -> bool:
    """Tell whether all states but one are moved, in a line of its own, by what has the step in it."""
    trees = [case.maps.main.updates[one] for one in case.maps.moving if one != but]
    apart = [
        [one.line != tree.line for one in in_order([tree]) if _times(one, case.maps.dt)] for tree in trees
    ]
    return any(apart) and all(map(all, apart))


def _times(node: Node, dt: str) -> bool:
    return any(is_leaf(one, dt) for one in node.args)
