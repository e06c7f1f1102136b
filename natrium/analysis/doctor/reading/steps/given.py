"""Inputs that the script's loop sets anew by its clock, after they are read: a course, and no state."""

from __future__ import annotations

import attrs

from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, is_leaf, leaves
from natrium.analysis.doctor.reading.maps.kicks import chosen_by_clock
from natrium.analysis.doctor.trace.meanings import is_input, plain
from natrium.analysis.doctor.trace.record import Node, Record


def with_given_inputs(record: Record) -> Record:
    """Take for inputs what is called so, and what steps leave as it is, or set to a number by the clock."""
    for name in record.states:
        if record.solver or not is_input(plain(name)) or not _is_given(record, name):
            continue
        course = record.samples[:-1, record.states.index(name)]
        left, first = record.without({name}), not record.input
        record = attrs.evolve(
            left,
            input=record.input or name,
            inputs=course if first else record.inputs,
            exogenous=record.exogenous if first else {**record.exogenous, name: course},
        )
    return record


def _is_given(record: Record, name: str) -> bool:
    kept = [step for step in record.steps if is_leaf(step.updates[name], name)]
    given = [step for step in record.steps if _is_number(record, step.updates[name])]
    if not kept or not given or len(kept) + len(given) < len(record.steps):
        return False
    others = (node for step in record.steps for to, node in step.updates.items() if to != name)
    if not any(name in leaves(node) for node in others):
        return False
    return all(chosen_by_clock(one) != chosen_by_clock(other) for one in kept for other in given)


def _is_number(record: Record, node: Node) -> bool:
    return node.op == NUMBER or (node.op == LEAF and node.name in record.parameters)
