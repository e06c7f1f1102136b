"""Sums that a step gathers and clears again: they are no states."""

from __future__ import annotations

from collections.abc import Iterator

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
    gone = {
        name
        for at, name in enumerate(record.states)
        if not record.samples[:, at].any()
        and all(step.updates[name].op == NUMBER for step in record.steps)
        and any(name in leaves(root) for root in _roots(record))
        and all(
            not is_leaf(root, name) and all(_is_added(node, name) for node in in_order([root]))
            for root in _roots(record)
        )
    }
    if not gone or len(gone) == len(record.states):
        return record

    def added(node: Node, args: tuple[Node, ...]) -> Node:
        left = [one for one in args if not any(is_leaf(one, name) for name in gone)]
        return left[0] if len(left) < len(args) else with_args(node, args)

    of = rewriting(added)
    steps = (
        attrs.evolve(step, updates={name: one for name, one in step.updates.items() if name not in gone})
        for step in (one.with_trees(of) for one in record.steps)
    )
    kept = [at for at, name in enumerate(record.states) if name not in gone]
    return attrs.evolve(
        record, states=tuple(record.states[at] for at in kept), samples=record.samples[:, kept],
        steps=tuple(steps),
    )  # fmt: skip


def _roots(record: Record) -> Iterator[Node]:
    for step in record.steps:
        yield from step.updates.values()
        for one in step.choices:
            yield from (one.left, one.right)


def _is_added(node: Node, name: str) -> bool:
    """Tell whether a node takes a state only by adding to it what does not hang on it."""
    own = [is_leaf(one, name) for one in node.args]
    if not any(own):
        return True
    others = [one for one, mine in zip(node.args, own, strict=True) if not mine]
    return name_of(node) == "+" and len(others) == 1 and name not in leaves(others[0])
