"""Thresholds that a script does not have as a model would: those that move, are never reached, or lack."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import leaf, leaves
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.maps.maps import Maps, Threshold, crossings, differ, points_of, values_at
from natrium.analysis.doctor.reading.model.rules import number_at
from natrium.analysis.doctor.reading.text.untaken import branch_at
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

SPIKE = 60.0  # mV that V swings at least in a cell that spikes by its own currents
CLEAR = 20.0  # mV on both sides of 0: then that is the level


def started(maps: Maps) -> dict[str, float]:
    """Give the states at the start, in the script's units."""
    return dict(zip(maps.record.states, maps.record.samples[0].tolist(), strict=True))


def silent_level(maps: Maps) -> Threshold | None:
    """Give a threshold that this run never reached: what is called one, and V was below all the time."""
    known = maps.record.parameter_values
    if maps.firing:
        return None
    for one in crossings(maps.algebra, maps.main, maps.V):
        named = any("th" in plain(name).lower() for name in leaves(one.level)) or _resets(maps, one.line)
        if named and one.relation in ("<", "<=") and leaves(one.level) <= set(known):
            column = maps.record.samples[:, maps.record.states.index(maps.V)]
            if np.nanmax(column) < number_at(one.level, known):
                return one
    return None


def _resets(maps: Maps, line: int) -> bool:
    """Tell whether the branch that a line opens sets V, by its text."""
    branch = branch_at(maps.record.source, line)
    return branch is not None and branch.value_of(plain(maps.V)) is not None


def passed_level(maps: Maps, flows: Mapping[str, Node], mV: float) -> float | None:
    """Give the level that counts the spikes of a cell that has none, and makes them by its own currents, mV.

    It is 0 where V goes well below and above, else halfway, to ten mV.
    """
    if maps.threshold is not None or maps.record.restarts or maps.kicks or silent_level(maps):
        return None
    if len(maps.moving) == 1 or _is_linear(maps, flows[maps.V]):
        return None
    V = course_of(maps) * mV
    low, high = float(np.min(V)), float(np.max(V))  # NaN where it ran away
    if not SPIKE <= high - low < math.inf:
        return None
    level = 0.0 if low < -CLEAR and high > CLEAR else float(np.round(0.5 * (low + high), -1))
    return level if upward(V, level).size else None


def _is_linear(maps: Maps, flow: Node) -> bool:
    """Tell whether an equation is linear in the states: half-way between two it is half-way, too."""
    one = points_of(maps.record, maps.step)
    other = one | {name: np.roll(one[name], 1) for name in maps.moving}
    between = one | {name: 0.5 * (one[name] + other[name]) for name in maps.moving}
    return not differ(values_at(flow, between), 0.5 * (values_at(flow, one) + values_at(flow, other)))


def course_of(maps: Maps) -> Array:
    """Give every V that the script made, in its unit."""
    sampled = maps.record.samples[:, maps.record.states.index(maps.V)]
    return maps.record.solution.get(maps.V, sampled)


def upward(V: Array, level: float) -> npt.NDArray[np.intp]:
    """List the samples after which V is no longer below a level."""
    return np.flatnonzero((V[:-1] < level) & (V[1:] >= level))


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
