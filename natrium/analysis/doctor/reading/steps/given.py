"""Inputs that the script's loop sets anew by its clock, after they are read: a course, and no state."""

from __future__ import annotations

import attrs

from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, is_leaf, leaves
from natrium.analysis.doctor.trace.meanings import is_input, plain
from natrium.analysis.doctor.trace.record import Node, Record, Step


def with_given_inputs(record: Record) -> Record:
    """Take for inputs what is called so, and what steps leave as it is, or set to a number by the clock."""
    for name in record.states:
        if record.solver or not is_input(plain(name)) or not _is_given(record, name):
            continue
        at = record.states.index(name)
        course = record.samples[:-1, at]
        kept = [k for k in range(len(record.states)) if k != at]
        record = attrs.evolve(
            record,
            states=tuple(record.states[k] for k in kept),
            samples=record.samples[:, kept],
            steps=tuple(_without(step, name) for step in record.steps),
            input=record.input or name,
            inputs=record.inputs if record.input else course,
            exogenous={**record.exogenous, name: course} if record.input else record.exogenous,
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
    return all(_timed(one) != _timed(other) for one in kept for other in given)


def _is_number(record: Record, node: Node) -> bool:
    return node.op == NUMBER or (node.op == LEAF and node.name in record.parameters)


def _timed(step: Step) -> frozenset[tuple[int, bool]]:
    """Give what the clock has chosen in a step."""
    return frozenset((one.line, one.held) for one in step.choices if one.timed)


def _without(step: Step, name: str) -> Step:
    return attrs.evolve(step, updates={to: node for to, node in step.updates.items() if to != name})
