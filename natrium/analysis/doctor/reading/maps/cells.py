"""Neurons that drive each other: one of them is read, and what the others do to it comes in from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.maps.maps import crossings, is_timer, led
from natrium.analysis.doctor.reading.maps.population import ELEMENT, as_told, narrowed, with_own_input
from natrium.analysis.doctor.reading.maps.voltage import voltage_of
from natrium.analysis.doctor.trace.record import Record, Step

_NUMBERED = re.compile(r"^(\w*?[A-Za-z])_?(\d+|(?<=_)[A-Za-z]|[A-D]|[a-d]|pre|post)$")


def parted(name: str) -> tuple[str, str]:
    """Take the name of a state apart: what it is, and whose; ``("V", "1")`` of V1, V[1] and cells[1].V."""
    if found := ELEMENT.match(name):
        return f"{found[1]}{found[3] or ''}", found[2]
    owner, _, attribute = name.rpartition(".")
    if owner and owner != "self":
        return attribute, owner
    if found := _NUMBERED.match(name):
        return found[1], found[2]
    return name, ""


def one_cell(record: Record) -> Record:
    """Leave one of several neurons that have a threshold each; other records as they are."""
    cells = _voltages(record)
    if len(cells) < 2:
        return record
    V = next((one for one in cells if _fires(record, one)), cells[0])
    return attrs.evolve(narrowed_to(record, _members(record, V, set(cells) - {V})), cell=V)


def narrowed_to(record: Record, kept: Sequence[str]) -> Record:
    """Give a record of some states alone; what they are made of, and what decides, of the others comes in."""
    others = set(record.states) - set(kept)
    groups: dict[object, list[int]] = {}
    for at, step in enumerate(record.steps):
        own = tuple(as_told(one) for one in step.choices if not leaves(one.left, one.right) & others)
        groups.setdefault((*(id(step.updates[name]) for name in kept), *own), []).append(at)
    place = np.empty(len(record.steps), dtype=np.int64)
    made = []
    for number, ats in enumerate(groups.values()):
        place[ats] = number
        made.append(_joined([record.steps[at] for at in ats], kept, others))
    order = place[record.order]
    read = {name for step in made for node in step.updates.values() for name in leaves(node)}
    asked = {name for step in made for one in step.choices for name in leaves(one.left, one.right)}
    columns = {name: record.samples[:-1, record.states.index(name)] for name in others & (read | asked)}
    own_record = narrowed(record, tuple(kept), made, order)
    return with_own_input(attrs.evolve(own_record, exogenous={**record.exogenous, **columns}), read)


def _joined(steps: Sequence[Step], kept: Sequence[str], others: set[str]) -> Step:
    """Make one step of those that are alike for one neuron; what another's states decided is a time to it."""
    shared = set.intersection(*({as_told(one) for one in step.choices} for step in steps))
    choices = tuple(
        attrs.evolve(one, timed=one.timed or bool(leaves(one.left, one.right) & others))
        for one in steps[0].choices
        if as_told(one) in shared
    )
    return Step({name: steps[0].updates[name] for name in kept}, choices, 0, 0)


def _voltages(record: Record) -> list[str]:
    """Name the voltages: states called alike, of different owners, each compared with a level of its own."""
    if record.solver or len(record.states) < 2:
        return []
    algebra, states = Algebra(), set(record.states)

    def is_compared(name: str) -> bool:
        own = parted(name)[1]
        return any(
            led(step, test.side) == name and {parted(one)[1] for one in leaves(test.level) & states} <= {own}
            for step in record.steps
            for test in crossings(algebra, step, name)
        )

    compared = [one for one in record.states if is_compared(one) and not is_timer(record, algebra, one)]
    if len(compared) < 2:
        return []
    what, _ = parted(voltage_of(record, compared))
    return [name for name in compared if parted(name)[0] == what]


def _fires(record: Record, V: str) -> bool:
    """Tell whether what is compared is ever set to something else."""
    algebra = Algebra()
    return any(
        test.relation in (">", ">=") and led(step, test.side) == V and step.updates[V] is not test.side
        for step in record.steps
        for test in crossings(algebra, step, V)
    )


def _members(record: Record, V: str, other_voltages: set[str]) -> tuple[str, ...]:
    """Name a neuron's states: its own by name, and what they are made of but for the others' voltages."""
    own, theirs = parted(V)[1], {parted(one)[1] for one in other_voltages}
    found = {V} | {
        name for name in record.states if parted(name)[1] == own or parted(name)[1] not in theirs
    } - other_voltages
    ahead = list(found)
    while ahead:
        name = ahead.pop()
        read = {one for step in record.steps for one in leaves(step.updates[name])}
        more = (read & set(record.states)) - other_voltages - found
        found |= more
        ahead += more
    return tuple(name for name in record.states if name in found)
