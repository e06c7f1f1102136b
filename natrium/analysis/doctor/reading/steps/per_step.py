"""Inputs that a step adds as they are beside a decay by the step, however long it is: taken for held ones."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    ARRAYS,
    LEAF,
    Program,
    in_order,
    is_leaf,
    leaf,
    leaves,
    name_of,
    number,
    with_args,
)
from natrium.analysis.doctor.reading.model.recognise import INPUTS
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node, Record

FEWEST = 0.5  # of the steps: what comes in in fewer are spikes


def inputs_per_step(record: Record) -> dict[str, Node]:
    """Find what each step adds to a state that decays by a factor with the step in it: ``v = beta*v + i``.

    Parameters
    ----------
    record : Record

    Returns
    -------
    mapping of str to Node
        By state: what is added, over parameters and inputs.
    """
    if record.solver or not record.dt or not record.steps:
        return {}
    main = max(record.steps, key=lambda one: one.count)
    found = {}
    for state, tree in main.updates.items():
        pair = next((pair for one in in_order([tree]) if (pair := _decayed(one, state, record))), None)
        if pair is not None:
            found[state] = pair[1]
    return found


def as_held(record: Record, added: Mapping[str, Node]) -> Record:
    """Take what steps add for what an input adds that is held over the step, at the length that steps have.

    Parameters
    ----------
    record : Record
    added : mapping of str to Node
        As `inputs_per_step` gives it.
    """
    if not added:
        return record

    courses = dict(record.exogenous)

    def drawn(more: Node, state: str) -> Node:
        """Give what is added under one name, where it is made of what comes in."""
        if more.op == LEAF or not leaves(more) & {record.input, *record.exogenous}:
            return more
        name = f"I (into {plain(state)})"
        if name not in courses:
            known = {**record.parameter_values, record.input: record.inputs, **record.exogenous}
            courses[name] = np.asarray(Program([more])(known, ARRAYS)[0], dtype=float)
        return leaf(name, more.value)

    def made(node: Node, args: tuple[Node, ...]) -> Node:
        for state in added:
            if (pair := _decayed(node, state, record)) is not None:
                decay, more = pair[0], drawn(pair[1], state)
                share = Node("-", (number(1.0), decay), 1.0 - decay.value, node.line)
                level = Node("/", (more, number(share.value)), more.value / share.value, node.line)
                gained = Node("*", (share, level), more.value, node.line)
                kept = next(one for one in args if state in leaves(one))
                return attrs.evolve(node, args=(kept, gained))
        return with_args(node, args)

    of = rewriting(made)
    steps = tuple(step.with_trees(of) for step in record.steps)
    read = leaves(*(one for step in steps for one in step.trees))
    first = next((name for name in courses if name not in record.exogenous), "")
    if first and record.input not in read:  # what was taken for the input comes in through this alone
        return attrs.evolve(record, steps=steps, input=first, inputs=courses.pop(first), exogenous=courses)
    return attrs.evolve(record, steps=steps, exogenous=courses)


def _decayed(node: Node, state: str, record: Record) -> tuple[Node, Node] | None:
    """Take ``decay*state + more`` apart, with a decay that has the step in it; None: it is none."""
    if name_of(node) != "+":
        return None
    for own, more in (node.args, node.args[::-1]):
        factors = own.args if name_of(own) == "*" else ()
        others = [one for one in factors if not is_leaf(one, state)]
        if len(factors) != 2 or len(others) != 1 or not _is_decay(others[0], record):
            continue
        given = {record.input, *record.parameters, *record.exogenous}
        if leaves(more) <= given and record.dt not in _made_of(more, record) and _comes_in(more, record):
            return others[0], more
    return None


def _is_decay(node: Node, record: Record) -> bool:
    """Tell whether a factor is exp(-dt/tau) or 1 - dt/tau, be it under a name."""
    while node.op == LEAF and node.name in record.parameters and record.parameters[node.name].args:
        node = record.parameters[node.name]
    own = leaves(node)
    ahead = name_of(node) == "exp" or (name_of(node) == "-" and node.args[0].value == 1.0)
    return ahead and record.dt in own <= set(record.parameters) and 0.0 < node.value < 1.0


def _made_of(node: Node, record: Record) -> set[str]:
    """Name what a part is made of, parameters too, and what these are made of."""
    found, ahead = set[str](), set(leaves(node))
    while ahead:
        found |= ahead
        made = (record.parameters[one] for one in ahead if one in record.parameters)
        ahead = {name for one in made for name in leaves(one)} - found
    return found


def _comes_in(node: Node, record: Record) -> bool:
    """Tell whether it is an input, by its course or by its name, and there in most of the steps."""
    courses = {**record.exogenous, record.input: record.inputs}
    own = [np.asarray(courses[one]) for one in leaves(node) if one in courses and np.size(courses[one])]
    moved = all(np.count_nonzero(np.nan_to_num(one)) >= FEWEST * one.size for one in own)
    return moved and (bool(own) or any(INPUTS.match(plain(one).lower()) for one in leaves(node)))
