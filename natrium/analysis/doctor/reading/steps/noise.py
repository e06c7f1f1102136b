"""Drawn noise as the input that it is: held over a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
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


def _is_rooted(node: Node, dt: str) -> bool:
    """Tell whether a root of dt is taken, as what scales drawn noise is."""
    for one in in_order([node]):
        name = name_of(one)
        if name == "sqrt" and dt in leaves(one):
            return True
        if name == "**" and dt in leaves(one.args[0]) and one.args[1].op == NUMBER:
            return one.args[1].value != int(one.args[1].value)
    return False


def scaled_line(trees: Iterable[Node], name: str, own: AbstractSet[str]) -> int:
    """Give the line that scales drawn noise, by nothing but numbers of its own; 0: none does."""
    nodes = reversed(in_order(trees))
    return next((one.line for one in nodes if one.args and name in leaves(one) <= own | {name}), 0)


def _with(algebra: Algebra, trees: Mapping[str, Node], top: Node, new: Node) -> dict[str, Node]:
    """Put one node in the place of another, wherever it is in trees."""

    def put(node: Node, args: tuple[Node, ...]) -> Node:
        same = all(a is b for a, b in zip(args, node.args, strict=True))
        return new if node is top else node if same else algebra.rebuilt(node, args)

    of = rewriting(put)
    return {state: of(tree) for state, tree in trees.items()}


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
        bare = algebra.canonical(leaf(name))
        given = _with(algebra, trees, tops[0], bare)
        within = not any(  # what is multiplied by the step as it is
            name in leaves(Slopes(algebra, dt, number(0.0)).value(tree)) for tree in given.values()
        )
        if not within:
            held = algebra.make("*", algebra.canonical(leaf(dt, step)), bare)
            given = _with(algebra, trees, tops[0], held)
        with np.errstate(all="ignore"):
            scaled = np.asarray(Program(tops)(values | {name: course}, ARRAYS)[0], dtype=float)
            scaled = scaled if within else scaled / step
        rest = {one: course for one, course in record.exogenous.items() if one != name}
        if record.input and record.input != name:
            rest[record.input] = record.inputs
        changed = attrs.evolve(record, input=name, inputs=scaled, exogenous=rest)
        return changed, given, name
    return record, dict(trees), ""
