"""Sums that a step gathers and clears again: they are no states."""

from __future__ import annotations

import attrs

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    NUMBER,
    in_order,
    is_leaf,
    leaves,
    name_of,
    with_args,
)
from natrium.analysis.doctor.trace.record import Node, Record


def without_sums(record: Record) -> Record:
    """Leave out what each step finds at 0, adds to and clears, as a neuron does that is sent its inputs."""
    if record.solver:
        return record
    trees = [node for step in record.steps for node in step.trees]
    gone = {
        name
        for at, name in enumerate(record.states)
        if not record.samples[:, at].any()
        and all(step.updates[name].op == NUMBER for step in record.steps)
        and any(name in leaves(root) for root in trees)
        and all(
            not is_leaf(root, name) and all(_is_added(node, name) for node in in_order([root]))
            for root in trees
        )
    }
    if not gone or len(gone) == len(record.states):
        return record

    def added(node: Node, args: tuple[Node, ...]) -> Node:
        left = [one for one in args if not any(is_leaf(one, name) for name in gone)]
        return left[0] if len(left) < len(args) else with_args(node, args)

    of = rewriting(added)
    return attrs.evolve(record, steps=tuple(step.with_trees(of) for step in record.steps)).without(gone)


def _is_added(node: Node, name: str) -> bool:
    """Tell whether a node takes a state only by adding to it what does not hang on it."""
    own = [is_leaf(one, name) for one in node.args]
    if not any(own):
        return True
    others = [one for one, mine in zip(node.args, own, strict=True) if not mine]
    return name_of(node) == "+" and len(others) == 1 and name not in leaves(others[0])
