"""Noise with a memory as the input that a claim has it as, where a script keeps it as a state."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import leaf, leaves, with_args
from natrium.analysis.doctor.trace.meanings import is_noise, plain
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model import Model
from natrium.model.stimuli.noise import Noise


def noise_of(claim: Model | None) -> Noise | None:
    """Give a claim's one stimulus where it is noise."""
    parts = claim.stimulus.parts if claim is not None else ()
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Noise) else None


def with_coloured_input(record: Record, claim: Model | None) -> Record:
    """Take a state that drawn noise alone moves for the input, where the claim's is noise with a memory.

    Steps read it as it was, or as they have just made it.
    """
    noise = noise_of(claim)
    if noise is None or noise.tau == 0.0 or record.input or record.solver:
        return record
    assert claim is not None  # as it has noise
    labels = {label.rpartition(".")[2] for label in claim.neuron.system.labels}
    laws = {name: _law_of(record, name) for name in record.states if plain(name) not in labels}
    found = [(name, law) for name, law in laws.items() if law is not None]
    if len(found) != 1:
        return record
    name, law = found[0]
    drawn, steps = leaves(law) & set(record.exogenous), record.steps
    is_new = not drawn.isdisjoint(_read_beside(steps, name))
    if is_new:
        steps = tuple(_taken(step, name) for step in steps)
        if not drawn.isdisjoint(_read_beside(steps, name)):
            return record
    course = record.samples[:, record.states.index(name)]
    return attrs.evolve(
        attrs.evolve(record, steps=steps).without({name}),
        input=name,
        inputs=course[1:] if is_new else course[:-1],
        exogenous={one: values for one, values in record.exogenous.items() if one not in drawn},
        law=law,
    )


def _law_of(record: Record, name: str) -> Node | None:
    """Give how every step moves a state by itself, numbers and one drawn number; None where it does not."""
    own = {name, record.dt, *record.parameters}
    for step in record.steps:
        found = leaves(step.updates[name])
        drawn = found - own
        is_drawn = len(drawn) == 1 and drawn <= record.exogenous.keys() and all(map(is_noise, drawn))
        if name not in found or not is_drawn:
            return None
    return record.steps[0].updates[name] if record.steps else None


def _read_beside(steps: Iterable[Step], name: str) -> set[str]:
    """Name what steps read for all but one state."""
    roots = [
        root
        for step in steps
        for root in (
            *(node for state, node in step.updates.items() if state != name),
            *(side for one in step.choices for side in (one.left, one.right)),
        )
    ]
    return {one for root in roots for one in leaves(root)}


def _taken(step: Step, name: str) -> Step:
    """Take what a step has just made of the state for a value that is given."""
    law = step.updates[name]

    def taken(node: Node, args: tuple[Node, ...]) -> Node:
        return leaf(name, node.value) if node is law else with_args(node, args)

    return step.with_trees(rewriting(taken))
