"""Thresholds that a model cannot have as they are: those that move, and those never reached."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from natrium.analysis.doctor.reading.algebra import Slopes
from natrium.analysis.doctor.reading.maps import Maps, Threshold, crossings, plain
from natrium.analysis.doctor.reading.rules import number_at
from natrium.analysis.doctor.reading.trees import leaf, leaves
from natrium.analysis.doctor.reading.wording import text_of
from natrium.analysis.doctor.trace.record import Node


def started(maps: Maps) -> dict[str, float]:
    """Give the states at the start, in the script's units."""
    return dict(zip(maps.record.states, maps.record.samples[0].tolist(), strict=True))


def silent_level(maps: Maps) -> Threshold | None:
    """Give a threshold that this run never reached: what is called one, and V was below all the time."""
    known = maps.record.parameter_values
    if maps.firing:
        return None
    for one in crossings(maps.algebra, maps.main, maps.V):
        named = any("th" in plain(name).lower() for name in leaves(one.level))
        if named and one.relation in ("<", "<=") and leaves(one.level) <= set(known):
            column = maps.record.samples[:, maps.record.states.index(maps.V)]
            if np.nanmax(column) < number_at(one.level, known):
                return one
    return None


def moving_level(maps: Maps) -> tuple[Node, float] | None:
    """Give a threshold that moves with other states than V, over the old states, and where it starts."""
    known = maps.record.parameter_values
    if maps.threshold is None or not maps.firing:
        return None
    back = {id(tree): name for name, tree in maps.trees.items() if name != maps.V}
    level = maps.algebra.canonical(maps.threshold.level)
    level = _put_back(maps, level, back)
    names = leaves(level)
    if not names & set(maps.moving[1:]) or not names <= set(maps.moving[1:]) | set(known):
        return None
    value = number_at(level, known | started(maps))
    return (level, value) if math.isfinite(value) else None


def rise_of(maps: Maps, equations: Mapping[str, Node], level: Node, words: Mapping[str, str]) -> str:
    """Write how fast a moving threshold rises."""
    terms = []
    for name in maps.moving[1:]:
        if name in leaves(level):
            slope = Slopes(maps.algebra, name).slope(level)
            terms.append(f"({text_of(slope, words)})*({text_of(equations[name], words)})")
    return " + ".join(terms)


def _put_back(maps: Maps, node: Node, back: Mapping[int, str]) -> Node:
    """Put states in the place of their own new values."""
    if id(node) in back:
        return leaf(back[id(node)])
    if not node.args:
        return node
    args = tuple(_put_back(maps, one, back) for one in node.args)
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else maps.algebra.rebuilt(node, args)
