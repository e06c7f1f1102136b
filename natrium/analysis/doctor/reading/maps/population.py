"""Neurons that a script steps side by side, none driving another: the one that does most speaks for all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.numbers import is_one_of, is_tens, numbers_of
from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.maps.maps import crossings, led
from natrium.analysis.doctor.trace.meanings import is_input
from natrium.analysis.doctor.trace.record import Choice, Record, Step
from natrium.model import Model
from natrium.model.errors import UnsupportedModel

ELEMENT = re.compile(r"^(.*)\[(\d+)\](\.\w+)?$")
"""The name of an element of an array, or of an object in a list: what is before, its number, the field."""
READ, SAME = 500, 1e-6  # times at which a claim's input is read; of a power of ten: rounding


def one_of_many(record: Record, claim: Model | None = None) -> Record:
    """Leave one of neurons that go side by side: whose input or numbers are a claim's, or which shows most.

    Parameters
    ----------
    record : Record
        Others stay as they are.
    claim : Model, optional
    """
    element = {name: found[2] for name in record.states if (found := ELEMENT.match(name))}
    if "0" not in element.values():  # of objects, the first goes by the name of its own attribute
        parts = {name.rpartition(".")[2] for name in element if "." in name}
        element |= {name: "0" for name in record.states if name.removeprefix("self.") in parts}
    sides = sorted(set(element.values()), key=int)
    if record.solver or len(sides) < 2 or not _apart(record, element):
        return record

    def shown(side: str) -> int:
        own = [name for name in record.states if element.get(name, side) == side]
        return len({tuple(id(step.updates[name]) for name in own) for step in record.steps})

    like = _inputs_like(record, claim) if claim is not None else {}
    spoken = _numbers_like(record, claim, element) if claim is not None else {}
    chosen = max(sides, key=lambda side: (like.get(side, 0), spoken.get(side, 0), shown(side), -int(side)))
    kept = tuple(name for name in record.states if element.get(name, chosen) == chosen)
    others = set(record.states) - set(kept)
    groups: dict[object, int] = {}
    made: list[Step] = []
    place = []
    for step in record.steps:
        updates = {name: step.updates[name] for name in kept}
        choices = tuple(one for one in step.choices if not _names(one) & others)
        at = groups.setdefault((*map(id, updates.values()), *map(as_told, choices)), len(made))
        if at == len(made):
            made.append(Step(updates, choices, 0, 0))
        place.append(at)
    order = np.array(place, dtype=np.int64)[record.order]
    read = {name for step in made for node in step.updates.values() for name in leaves(node)}
    return with_own_input(attrs.evolve(narrowed(record, kept, made, order), side=chosen), read)


def _inputs_like(record: Record, claim: Model) -> dict[str, int]:
    """Tell of each neuron's input whether it is as large as the claim's: 2; but for the unit: 1; else 0.

    The unit is a power of ten, or a number of the script's, or of the neuron's own: a resistance.
    """
    run = claim.simulation
    times = np.linspace(run.t_start, run.t_end or run.t_start, READ)
    asked = max(abs(claim.stimulus(float(t))) for t in times)
    courses = {**record.exogenous, record.input: record.inputs}
    sizes = {name: float(np.nanmax(np.abs(course), initial=0.0)) for name, course in courses.items()}
    sizes |= {name: abs(value) for name, value in record.parameter_values.items()}
    units: dict[str, list[float]] = {}
    for name, value in record.parameter_values.items():
        own = ELEMENT.match(name)
        units.setdefault(own[2] if own else "", []).append(value)
    found: dict[str, int] = {}
    for name, largest in sizes.items():
        element = ELEMENT.match(name)
        if element and asked and largest and is_input(name):
            ratio = largest / asked
            numbers = (*units.get("", ()), *units.get(element[2], ()))
            known = is_tens(ratio) or any(abs(one * ratio - 1.0) < SAME for one in numbers)
            found[element[2]] = known + (abs(ratio - 1.0) < SAME)
    return found


def _numbers_like(record: Record, claim: Model, element: Mapping[str, str]) -> Counter[str]:
    """Count each neuron's own parameters that the claim has as well."""
    known = numbers_of(claim)
    read = {
        (side, leaf)
        for step in record.steps
        for name, node in step.updates.items()
        if (side := element.get(name)) is not None
        for leaf in leaves(node) & record.parameters.keys()
        if (found := ELEMENT.match(leaf)) and found[2] == side
    }
    return Counter(side for side, leaf in read if is_one_of(record.parameters[leaf].value, known))


def narrowed(
    record: Record, kept: tuple[str, ...], steps: Sequence[Step], order: npt.NDArray[np.int64]
) -> Record:
    """Give a record of some of its states alone.

    Parameters
    ----------
    record : Record
    kept : tuple of str
        The states.
    steps : sequence of Step
        The kinds of step that are left.
    order : ndarray of int, shape (n_steps,)
        Which of them each step is.
    """
    return attrs.evolve(
        record,
        states=kept,
        samples=record.samples[:, [record.states.index(name) for name in kept]],
        steps=tuple(
            attrs.evolve(step, first=int(np.argmax(order == at)), count=int(np.sum(order == at)))
            for at, step in enumerate(steps)
        ),
        order=order,
    )


def with_own_input(record: Record, read: set[str]) -> Record:
    """Let the input be one that the neuron reads."""
    mine = sorted(name for name in read & set(record.exogenous) if is_input(name))
    if record.input in read or not mine:
        return record
    rest = {name: course for name, course in record.exogenous.items() if name != mine[0]}
    if record.input:
        rest[record.input] = record.inputs
    return attrs.evolve(record, input=mine[0], inputs=record.exogenous[mine[0]], exogenous=rest)


def as_told(choice: Choice) -> tuple[int, str, int, bool, int]:
    """Give what tells a comparison, and how it came out, from others of the same record."""
    return (id(choice.left), choice.relation, id(choice.right), choice.held, choice.line)


def _names(choice: Choice) -> frozenset[str]:
    return leaves(choice.left, choice.right)


def _apart(record: Record, element: dict[str, str]) -> bool:
    """Tell whether no element reads another, and nothing else reads any."""

    def met(names: Iterable[str]) -> set[str]:
        return {element[name] for name in names if name in element}

    return all(
        met(leaves(node)) <= ({element[name]} if name in element else set())
        for step in record.steps
        for name, node in step.updates.items()
    ) and all(len(met(_names(one))) <= 1 for step in record.steps for one in step.choices)


def check_alone(record: Record, algebra: Algebra, V: str, moving: Sequence[str]) -> None:
    """Refuse neurons that drive each other: several states with a threshold and a reset of their own.

    Raises
    ------
    UnsupportedModel
        When there are.
    """
    states = set(record.states)
    alone = {
        name
        for name in moving
        for step in record.steps
        for test in crossings(algebra, step, name)
        if test.relation in (">", ">=")
        and led(step, test.side) == name
        and not (leaves(test.level) | leaves(step.updates[name])) & states
    }
    if V in alone and len(alone) > 1:
        raise UnsupportedModel(
            f"a script must step one neuron, got {' and '.join(sorted(alone))}, each with its own threshold "
            "and reset: neurons that drive each other are not read"
        )
