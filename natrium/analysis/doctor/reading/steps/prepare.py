"""A record made ready to be read: one name for each thing, a value for each step."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, is_leaf, leaves, with_args
from natrium.analysis.doctor.reading.maps.cells import one_cell
from natrium.analysis.doctor.reading.maps.pace import paced
from natrium.analysis.doctor.reading.maps.population import one_of_many
from natrium.analysis.doctor.reading.model.recognise import INPUTS
from natrium.analysis.doctor.reading.steps.coloured import with_coloured_input
from natrium.analysis.doctor.reading.steps.flags import without_flags
from natrium.analysis.doctor.reading.steps.given import with_given_inputs
from natrium.analysis.doctor.reading.steps.masks import without_masks
from natrium.analysis.doctor.reading.steps.queues import without_queues
from natrium.analysis.doctor.reading.steps.spelled import spelled_out
from natrium.analysis.doctor.reading.steps.sums import without_sums
from natrium.analysis.doctor.reading.steps.switched import switched
from natrium.analysis.doctor.trace.meanings import is_input, is_noise, is_refractory, plain
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model import Model
from natrium.model.arrays import Array

NEAR = 2  # steps within which an input of another stage is the course's: an edge may be met by rounding


def filled(course: Array) -> Array:
    """Give a course with what was not read taken from the step before it, or the first after it."""
    values = np.asarray(course, dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    if not known.size or known.size == values.size:
        return values
    nearest = np.searchsorted(known, np.arange(values.size), side="right") - 1
    return np.asarray(values[known[np.maximum(nearest, 0)]])


def timed(course: Array) -> Array:
    """Give a clock with what was not read put in from its own pace."""
    values = np.asarray(course, dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2 or known.size == values.size:
        return values
    pace = (values[known[-1]] - values[known[0]]) / (known[-1] - known[0])
    grid = values[known[0]] + pace * (np.arange(values.size) - known[0])
    grid = np.where(np.abs(grid) < 1e-9 * abs(pace), 0.0, grid)
    return np.where(np.isfinite(values), values, grid)


def renaming(names: Mapping[str, str]) -> Callable[[Node], Node]:
    """Give what puts other names on some leaves of a tree."""

    def called(node: Node, args: tuple[Node, ...]) -> Node:
        other = node.op == LEAF and names.get(node.name, node.name) != node.name
        return attrs.evolve(node, name=names[node.name]) if other else with_args(node, args)

    return rewriting(called)


def aliases(record: Record) -> dict[str, str]:
    """Say which parameters are others under another name."""
    found = {}
    for name in record.parameters:
        root = name
        for _ in range(8):
            node = record.parameters.get(root)
            if node is None or node.op != LEAF or node.name == root or node.name not in record.parameters:
                break
            root = node.name
        if root != name and not (root == record.dt and is_refractory(name)):
            found[name] = root
    for root in {one for one in found.values() if one.endswith("]")}:  # an element that has a name of its own
        told = next((one for one, node in record.parameters.items() if node.name == root), "")
        if told and (is_input(told) or not INPUTS.match(plain(root).lower())):
            found = {one: told if to == root else to for one, to in found.items() if one != told} | {
                root: told
            }
    return found


def prepared(record: Record, claim: Model | None = None) -> Record:
    """Make a record ready to be read; of neurons side by side, the one that a claim is of is left."""
    cell = one_cell(one_of_many(without_queues(without_masks(spelled_out(record))), claim))
    alone = switched(with_given_inputs(without_flags(cell)))
    record, joined = _joined(_without_idle_beginning(_begun(without_sums(_with_constants(alone)))))
    others = aliases(record) | joined
    rename = renaming(others)
    steps = tuple(step.with_trees(rename) for step in record.steps) if others else record.steps
    updates = steps
    if record.solver:
        updates = tuple(
            attrs.evolve(step, updates={_state(name): node for name, node in step.updates.items()})
            for step in steps
        )
    parameters = {name: rename(node) for name, node in record.parameters.items() if name not in others}
    ready = paced(
        attrs.evolve(
            record,
            steps=updates,
            parameters=parameters,
            inputs=filled(record.inputs),
            times=timed(record.times),
            exogenous={name: filled(course) for name, course in record.exogenous.items()},
            dt=others.get(record.dt, record.dt),
            swept=frozenset(others.get(name, name) for name in record.swept),
        )
    )
    return with_coloured_input(_with_late_input(ready), claim)


def _with_constants(record: Record) -> Record:
    """Take a literal that each step reads anew, as a function's argument, for the parameter that it is."""
    made = {
        name: origins[0]
        for name, origins in record.origins.items()
        if name in record.exogenous and len(origins) == 1 and origins[0].op == NUMBER
    }
    asked = {record.input.split("#")[0], record.time}
    for name, course in record.exogenous.items():
        values = course[np.isfinite(course)]
        one = not any(node.args or node.op == LEAF for node in record.origins.get(name, ()))
        if one and values.size and np.ptp(values) == 0.0 and re.split(r"[# ]", name)[0] not in asked:
            made.setdefault(name, Node(NUMBER, (), float(values[0])))  # it is reckoned anew each time
    left = {name: course for name, course in record.exogenous.items() if name not in made}
    return attrs.evolve(record, parameters={**record.parameters, **made}, exogenous=left)


def _counted(record: Record, own: np.ndarray) -> tuple[tuple[Step, ...], npt.NDArray[np.int64]]:
    """Give the kinds of step that a run has, counted, and which each of its steps is."""
    kinds, first, order, counts = np.unique(own, return_index=True, return_inverse=True, return_counts=True)
    steps = tuple(
        attrs.evolve(record.steps[kind], first=int(at), count=int(count))
        for kind, at, count in zip(kinds, first, counts, strict=True)
    )
    return steps, order.astype(np.int64)


def _begun(record: Record) -> Record:
    """Take what the first step goes on from for the states, where these get their names in it."""
    start = record.steps[record.order[0]] if record.order.size else None
    if start is None or start.count != 1 or not np.any(np.isnan(record.samples[0])):
        return record
    for at, step in enumerate(record.steps):
        values = dict(zip(record.states, record.samples[0].tolist(), strict=True))
        pairs = [(step.updates[name], start.updates[name]) for name in record.states]
        while pairs and step is not start:
            one, other = pairs.pop()
            if one.op == LEAF and one.name in values and other.op in (LEAF, NUMBER):
                values[one.name] = other.value
            elif (one.op, one.name, len(one.args)) != (other.op, other.name, len(other.args)):
                break
            else:
                pairs += zip(one.args, other.args, strict=True)
        else:
            if not np.any(np.isnan(list(values.values()))):
                samples = record.samples.copy()
                samples[0] = list(values.values())
                steps, order = _counted(record, np.where(record.order == record.order[0], at, record.order))
                return _without_kept(attrs.evolve(record, samples=samples, steps=steps, order=order))
    return record


def _without_kept(record: Record) -> Record:
    """Take for parameters what the first step was given, as a generator its arguments, and none sets."""
    kept = {
        name: Node(NUMBER, (), float(record.samples[0, at]), 0, name)
        for at, name in enumerate(record.states)
        if all(is_leaf(step.updates[name], name) for step in record.steps)
    }
    left = record.without(kept)
    return attrs.evolve(left, parameters={**record.parameters, **kept})


def _without_idle_beginning(record: Record) -> Record:
    """Leave out first turns of the loop that step nothing, as where time 0 is that of the start itself."""
    if record.solver:
        return record
    n, begin = record.order.size, 0

    def stands(node: Node, state: str, value: float) -> bool:
        given = node.op == NUMBER or (node.op == LEAF and node.name in record.parameters)
        return is_leaf(node, state) or (given and node.value == value)

    while begin < n - 1 and all(
        stands(record.steps[record.order[begin]].updates[state], state, float(value))
        for state, value in zip(record.states, record.samples[begin], strict=True)
    ):
        begin += 1
    if begin == 0:
        return record
    steps, order = _counted(record, record.order[begin:])
    return attrs.evolve(
        record,
        steps=steps,
        order=order,
        samples=record.samples[begin:],
        inputs=record.inputs[begin:] if record.inputs.size == n else record.inputs,
        times=record.times[begin:] if record.times.size == n else record.times,
        exogenous={
            name: course[begin:] if course.size == n else course for name, course in record.exogenous.items()
        },
    )


def _joined(record: Record) -> tuple[Record, dict[str, str]]:
    """Take an input that is read at several places, one a step, as one; of two a step the earlier one."""
    inputs = np.asarray(record.inputs, dtype=float)
    joined: dict[str, str] = {}
    if not record.input:
        return record, joined
    exogenous = dict(record.exogenous)
    base = record.input.split("#")[0]
    for name, course in record.exogenous.items():
        values = np.asarray(course, dtype=float)
        apart = not np.any(np.isfinite(inputs) & np.isfinite(values))
        if name.split("#")[0] == base and "(" not in name and apart:
            inputs = np.where(np.isfinite(values), values, inputs)
            joined[name] = record.input
            del exogenous[name]
        elif name.split("#")[0] == base and _is_next(values, inputs):
            joined |= {name: record.input, record.input: name}
            exogenous[name], inputs = inputs, values
    origins = {joined.get(name, name): made for name, made in record.origins.items()}
    return attrs.evolve(record, inputs=inputs, exogenous=exogenous, origins=origins), joined


def _state(name: str) -> str:
    """Give the state of a derivative's name: ``dV/dt`` is V's."""
    return name.removeprefix("d").removesuffix("/dt") if name.endswith("/dt") else name


def stages(record: Record) -> dict[str, str]:
    """Say which names are the input again, read a second time within a step."""
    if not record.input:
        return {}

    def is_stage(name: str, course: Array) -> bool:
        """Tell whether it is so wherever it is read: while refractory nothing may be."""
        kinds = [any(name in leaves(node) for node in step.updates.values()) for step in record.steps]
        whole = course.size == record.order.size
        read: Any = np.array(kinds, dtype=bool)[record.order] if whole else slice(None)
        if name.startswith(f"{record.input} ("):
            return is_noise(name) or _within_steps(record.inputs[read], course[read])
        again = name.partition("#")[0] == record.input.partition("#")[0]
        return whole and again and _is_next(*(np.where(read, one, np.nan) for one in (record.inputs, course)))

    return {name: record.input for name, course in record.exogenous.items() if is_stage(name, course)}


def _is_next(course: Array, other: Array) -> bool:
    """Tell whether what steps read besides is what the next one reads first: the two ends of a step."""
    if course.size != other.size or course.size < NEAR:
        return False
    both = np.isfinite(course[1:]) & np.isfinite(other[:-1])
    later = course[1:][both]  # of what stays the same no end is the other
    return bool(np.any(later != later[:1]) and np.array_equal(later, other[:-1][both]))


def _within_steps(course: Array, other: Array) -> bool:
    """Tell whether what steps read besides is the same course at another of their times."""
    near = 2 * NEAR + 1
    if course.size != other.size or course.size < near:
        return True
    with np.errstate(invalid="ignore"):  # what no step read is not told apart
        beside = sliding_window_view(np.pad(course, NEAR, mode="edge"), near)
        moves = np.max(beside, axis=1) - np.min(beside, axis=1)
        apart = np.abs(other - course) > moves + 1e-9 * np.abs(course)
    return not np.any(apart[NEAR:-NEAR])


_LAGGED = re.compile(r"^(.*) \(\d+ back\)$")


def lagged(record: Record) -> dict[str, str]:
    """Say which states are others as they were a step before, and are read."""
    own = {name: found[1] for name in record.states if (found := _LAGGED.match(name))}
    own = {name: base for name, base in own.items() if base in record.states}
    read = {
        name
        for step in record.steps
        for root in (
            *(node for state, node in step.updates.items() if state not in own and node.args),
            *(side for one in step.choices for side in (one.left, one.right)),
        )
        for name in leaves(root)
    }
    return {name: base for name, base in own.items() if name in read}


def without_lags(record: Record, lags: Mapping[str, str]) -> Record:
    """Take a record's states of a step before for those of now."""
    if not lags:
        return record
    rename = renaming(lags)
    renamed = attrs.evolve(record, steps=tuple(step.with_trees(rename) for step in record.steps))
    return renamed.without(lags)


def _with_late_input(record: Record) -> Record:
    """Take a state that is the input of the step before, and nothing else, for the input: it acts late.

    Where the input of the step itself is read as well, the two are the ends of a step.
    """
    kept = [
        name
        for name in record.states
        if record.input and all(is_leaf(step.updates[name], record.input) for step in record.steps)
    ]
    kept = kept or [name for name in record.states if _is_input_before(record, name)]
    read = {
        name
        for step in record.steps
        for root in (
            *(node for state, node in step.updates.items() if state not in kept),
            *(side for one in step.choices for side in (one.left, one.right)),
        )
        for name in leaves(root)
    }
    if not kept:
        return record
    course = record.samples[:-1, record.states.index(kept[0])]
    if record.input in read:
        before = f"{record.input} (before)"
        record = attrs.evolve(record, exogenous={**record.exogenous, before: course})
        return without_lags(record, dict.fromkeys(kept, before))
    return attrs.evolve(without_lags(record, dict.fromkeys(kept, record.input)), inputs=course)


def _is_input_before(record: Record, name: str) -> bool:
    """Tell whether free steps set a state to the input, and others leave it."""
    kept = [is_leaf(step.updates[name], name) for step in record.steps]
    given = [bool(record.input) and is_leaf(step.updates[name], record.input) for step in record.steps]
    return any(given) and all(map(max, kept, given))
