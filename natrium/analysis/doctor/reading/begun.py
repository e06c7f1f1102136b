"""Steps that reset first, and go on as a free step does from what they were reset to."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from natrium.analysis.doctor.reading.trees import LEAF, same_tree
from natrium.analysis.doctor.trace.record import Node, Record, Step


def begun(
    record: Record, main: Step, fired: Container[int], held: Sequence[int], V: str, moving: Sequence[str]
) -> dict[int, dict[str, Node]]:
    """Give the steps right after spikes that reset first and step on, with what they reset."""
    order = record.order
    after = [at for at in held if all(k and order[k - 1] in fired for k in np.flatnonzero(order == at))]
    return {at: moved for at in after if (moved := before_the_step(main, record.steps[at], V, moving))}


def before_the_step(main: Step, step: Step, V: str, moving: Sequence[str]) -> dict[str, Node]:
    """Give the reset of a step that makes it first, and goes on as a free step does."""
    bound: dict[str, Node] = {}
    pairs = [(main.updates[state], step.updates[state]) for state in moving]
    seen = set()
    while pairs:
        free, fired = pairs.pop()
        if (id(free), id(fired)) in seen:
            continue
        seen.add((id(free), id(fired)))
        if free.op == LEAF and free.name in moving:
            if not same_tree(bound.setdefault(free.name, fired), fired):
                return {}
        elif not _is_same_operation(free, fired):
            return {}
        else:
            pairs += zip(free.args, fired.args, strict=True)
    moved = {state: node for state, node in bound.items() if not (node.op == LEAF and node.name == state)}
    return moved if V in moved else {}


def _is_same_operation(one: Node, other: Node) -> bool:
    return (one.op, len(one.args)) == (other.op, len(other.args)) and (
        bool(one.args) or same_tree(one, other)
    )
