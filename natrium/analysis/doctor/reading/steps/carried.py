"""What a step makes of the states that it leaves, for the next one to read: no states."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    at_points,
    in_order,
    is_leaf,
    leaf,
    leaves,
    same_tree,
    with_args,
)
from natrium.analysis.doctor.trace.record import Node, Record

ROUNDING = 1e-9


def carried_over(record: Record) -> dict[str, Node]:
    """Say which states are made, in every step alike, of others as the step leaves them, and of what.

    ``gs = gmax*s[k + 1]`` at the end of a step is one: the next step reads ``gmax*s[k]`` by it.
    """
    if record.solver or not record.steps:
        return {}
    main = max(record.steps, key=lambda one: one.count)
    if any(name not in step.updates for step in record.steps for name in record.states):
        return {}
    asked = [side for step in record.steps for one in step.choices for side in (one.left, one.right)]
    own = {node: name for name, node in main.updates.items() if node.op != LEAF and name in leaves(node)}
    begin = dict(zip(record.states, record.samples[0].tolist(), strict=True))
    found: dict[str, Node] = {}
    for name in record.states:
        tree = main.updates[name]
        if tree in own or not tree.args or name in leaves(tree):
            continue
        if any(is_leaf(side, name) or same_tree(side, tree) for side in asked):
            continue  # it may be the voltage
        if not all(same_tree(step.updates[name], tree) for step in record.steps):
            continue
        of = _of_what_is_left(tree, own)
        read = leaves(of)
        if not read & set(own.values()) or read - set(own.values()) - set(record.parameters):
            continue
        made = float(at_points(of, {**record.parameter_values, **begin}))
        if np.isclose(made, begin[name], rtol=ROUNDING, atol=0.0):
            found[name] = of
    return found


def without_carried(record: Record, carried: Mapping[str, Node]) -> Record:
    """Put what such states are made of in their place."""
    if not carried:
        return record

    def made(node: Node, args: tuple[Node, ...]) -> Node:
        return carried[node.name] if node.op == LEAF and node.name in carried else with_args(node, args)

    of = rewriting(made)
    return attrs.evolve(record, steps=tuple(step.with_trees(of) for step in record.steps)).without(carried)


def _of_what_is_left(root: Node, own: Mapping[Node, str]) -> Node:
    """Give a tree over the states as a step leaves them, where it holds what makes these."""
    made: dict[Node, Node] = {}
    for node in in_order([root]):
        name = own.get(node, "")
        made[node] = (
            leaf(name, node.value) if name else with_args(node, tuple(made[one] for one in node.args))
        )
    return made[root]
