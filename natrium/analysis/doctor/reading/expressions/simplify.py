"""A map before its equations are taken: clips that did nothing left out, and the courses that it reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.trees import (
    ARRAYS,
    Program,
    in_order,
    leaves,
    name_of,
)
from natrium.analysis.doctor.trace.record import Node, Record
from natrium.model.arrays import Array

CLIPS = ("min", "max", "clip")


def unclipped(
    record: Record, algebra: Algebra, trees: Mapping[str, Node], dt: str
) -> tuple[dict[str, Node], tuple[Node, ...]]:
    """Take clips off what a step makes: each is left as the run had it.

    Returns
    -------
    trees : dict of str to Node
    clips : tuple of Node
        What was taken off.
    """
    made: dict[Node, Node] = {}
    clips: list[Node] = []
    values, states = courses(record), frozenset(record.states)
    for node in in_order(trees.values()):
        args = tuple(made[one] for one in node.args)
        inner = clipped(node, states) if name_of(node) in CLIPS else None
        steps = dt in leaves(node) and leaves(node) & states
        if inner is not None and (steps or _is_idle(node, inner, values)):
            made[node] = made[inner]
            clips.append(node)
        elif node.args:
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            made[node] = node if same else algebra.rebuilt(node, args)
        else:
            made[node] = node
    return {state: made[tree] for state, tree in trees.items()}, tuple(clips)


def clipped(node: Node, states: frozenset[str]) -> Node:
    """Give what a clip is of: the part that moves, and the largest of these."""
    return max(node.args, key=lambda one: (bool(leaves(one) & states), len(in_order([one]))))


def _is_idle(node: Node, inner: Node, values: Mapping[str, Array]) -> bool:
    """Tell whether a clip of something did nothing at any step's start."""
    try:
        clipped, free = Program([node, inner])(values, ARRAYS)
    except KeyError:
        return False
    return np.array_equal(clipped, free, equal_nan=True)


def courses(record: Record) -> dict[str, Array]:
    """Give what each step of a run starts with, by name."""
    values = {name: record.samples[:-1, at] for at, name in enumerate(record.states)}
    values |= {name: np.asarray(one.value) for name, one in record.parameters.items()}
    values |= dict(record.exogenous)
    given = ((record.input, record.inputs), (record.time, record.times))
    return values | {name: course for name, course in given if name}
