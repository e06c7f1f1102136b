"""A map before its equations are taken: clips that did nothing left out, drawn noise made an input."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.trees import (
    ARRAYS,
    LEAF,
    NUMBER,
    Program,
    in_order,
    leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.text.noise import drawn_before
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


def _is_rooted(node: Node, dt: str) -> bool:
    """Tell whether a root of dt is taken, as what scales drawn noise is."""
    for one in in_order([node]):
        name = name_of(one)
        if name == "sqrt" and dt in leaves(one):
            return True
        if name == "**" and dt in leaves(one.args[0]) and one.args[1].op == NUMBER:
            return one.args[1].value != int(one.args[1].value)
    return False


def noiseless(
    record: Record, algebra: Algebra, trees: Mapping[str, Node], dt: str, step: float
) -> tuple[Record, dict[str, Node], str]:
    """Make of drawn noise that a root of dt scales, there or where it is drawn, an input held over a step.

    Returns
    -------
    record : Record
        With that input.
    trees : dict of str to Node
    name : str
        Of the noise; empty where there is none.
    """
    drawn = [record.input, *record.exogenous] if record.input else list(record.exogenous)
    own = {dt, *record.parameters}
    at_once = [Slopes(algebra, dt, number(0.0)).value(tree) for tree in trees.values()]
    for name in drawn:
        before = name in leaves(*at_once) and drawn_before(record.source, name, dt)
        made: dict[Node, Node] = {}
        inner: set[Node] = set()
        tops: list[Node] = []
        for node in reversed(in_order(trees.values())):
            if node in inner:
                continue
            if name in leaves(node) <= own | {name} and (
                before or (_is_rooted(node, dt) and node.op != LEAF)
            ):
                tops.append(node)
                inner |= set(in_order([node]))
        if len(tops) != 1:
            continue
        values = record.parameter_values | {dt: step}
        course = record.inputs if name == record.input else record.exogenous[name]
        with np.errstate(all="ignore"):
            scaled = np.asarray(Program(tops)(values | {name: course}, ARRAYS)[0], dtype=float) / step
        made[tops[0]] = algebra.make("*", algebra.canonical(leaf(dt, step)), algebra.canonical(leaf(name)))
        for node in in_order(trees.values()):
            if node in made:
                continue
            args = tuple(made[one] for one in node.args)
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            made[node] = node if same else algebra.rebuilt(node, args)
        rest = {one: course for one, course in record.exogenous.items() if one != name}
        if record.input and record.input != name:
            rest[record.input] = record.inputs
        changed = attrs.evolve(record, input=name, inputs=scaled, exogenous=rest)
        return changed, {state: made[tree] for state, tree in trees.items()}, name
    return record, dict(trees), ""
