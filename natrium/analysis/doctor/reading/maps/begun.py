"""Steps that reset first, or inside: they go on as a free step does from what they were reset to."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import numpy as np

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    in_order,
    is_leaf,
    leaf,
    number,
    same_tree,
    with_args,
)
from natrium.analysis.doctor.reading.maps.maps import Threshold, differ, values_at
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model.arrays import Array


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
    moved = {state: node for state, node in bound.items() if not is_leaf(node, state)}
    return moved if V in moved else {}


def _is_same_operation(one: Node, other: Node) -> bool:
    return (one.op, len(one.args)) == (other.op, len(other.args)) and (
        bool(one.args) or same_tree(one, other)
    )


def located(step: Step, test: Threshold, V: str, points: Mapping[str, Array]) -> Node | None:
    """Give the reset of a step that finds its crossing, resets there and goes on from there.

    Where V comes to the level just at the end of the step, nothing is left of it to go on in. The further V
    is over the level, the more is left; a V that is then set, or shifted, goes on from nowhere.
    """
    root, late = step.updates[V], leaf("the level, at the end of the step")
    made = rewriting(lambda node, args: late if node is test.side else with_args(node, args))(root)
    if made is root or made is late:
        return None
    level = values_at(test.level, points)
    by = np.ptp(points[V]) / 8.0
    left, beyond, further = (
        values_at(made, {**points, late.name: level + over}) for over in (0.0, by, 2.0 * by)
    )
    if not np.all(np.isfinite(left)) or differ(left, np.full(left.shape, left[0])):
        return None
    if not differ(further, beyond) or not differ(further, beyond + by):
        return None
    own = (one for one in in_order([root]) if not one.args and not differ(np.array([one.value]), left[:1]))
    return next(own, number(float(left[0]), root.line))
