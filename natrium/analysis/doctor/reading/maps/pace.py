"""Which of a script's parameters is its step, and in what its clock counts."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.clocks import other_clocks
from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    NUMBER,
    at_points,
    in_order,
    is_leaf,
    leaf,
    leaves,
    number,
    with_args,
)
from natrium.analysis.doctor.reading.text.loops import times_of_steps
from natrium.analysis.doctor.trace.meanings import is_step, plain
from natrium.analysis.doctor.trace.record import Node, Record

BY_CLOCK = " by the clock"  # ends the name of a step that was put into its unit
WAVERS = 1e-9  # of a course: rounding
UNITS = (1e-3, 1e3)  # by which a clock may go faster than its step says


def paced(record: Record) -> Record:
    """Choose the step among the parameters: the one without which nothing moves, whatever it is called."""
    if record.solver or not record.steps:
        return record
    at = max(range(len(record.steps)), key=lambda one: record.steps[one].count)
    k, updates = int(np.median(np.flatnonzero(record.order == at))), record.steps[at].updates
    known = dict(zip(record.states, record.samples[k].tolist(), strict=True))
    known |= {name: float(course[k]) for name, course in record.exogenous.items()}
    known |= {record.input: float(record.inputs[k])} if record.input else {}
    known |= {record.time: float(record.times[k])} if record.time else {}

    def moved(without: str) -> set[str]:
        """Name the states that move where one parameter is zero."""
        values = record.parameter_values | {without: 0.0}
        for _ in range(4):
            for name, node in record.parameters.items():
                if name != without and node.args and leaves(node) <= set(values):
                    values[name] = float(at_points(node, values))
        values |= known
        found = {name: float(at_points(node, values)) for name, node in updates.items()}
        return {name for name, value in found.items() if not abs(value - known[name]) <= 1e-12 * abs(value)}

    try:
        moving = moved("")
        if not moving or (record.dt and not moved(record.dt)):
            return record
        read = {name for node in updates.values() for name in leaves(node)}
        likely = [name for name, node in record.parameters.items() if node.value > 0.0 and name != record.dt]
        stopped = {name: len(moving) - len(moved(name)) for name in likely}
        still = [name for name in likely if stopped[name] == len(moving)]
        still = [name for name in still if name in read] or still
        if not still and not record.dt:  # a state may lack its step
            counted = times_of_steps(record.source)
            still = [
                name
                for name in likely
                if 2 * stopped[name] >= len(moving) > 1 and (is_step(name) or plain(name) in counted)
            ]
    except (KeyError, ArithmeticError, ValueError, TypeError):
        return record
    good = [name for name in still if is_step(name)]
    good = good or (still if len(moving) > 1 else [])
    return attrs.evolve(record, dt=good[0]) if len(good) == 1 else record


def steady(record: Record) -> Record:
    """Take what wavers by rounding alone for a parameter, as what one time is later than the one before.

    The input is the input wherever in its series a step reads it, and may be constant.
    """
    found, inputs = dict[str, Node](), f"{record.input} ("
    for name, course in record.exogenous.items():
        middle = float(np.median(course))
        wavers = np.abs(course - middle) <= WAVERS * abs(middle)
        if np.all(wavers) and not (record.input and name.startswith(inputs)):
            found[name] = Node(NUMBER, (), float(f"{middle:.12g}"))
    if not found or record.solver:
        return record
    left = {name: course for name, course in record.exogenous.items() if name not in found}
    return paced(attrs.evolve(record, parameters={**record.parameters, **found}, exogenous=left))


def by_the_clock(record: Record) -> Record:
    """Count the step in the unit of the clock, where each step writes ``dt*1e-3`` for the ms of dt."""
    if record.solver or not record.dt or record.times.size < 3:
        return record
    length, dt = float(np.median(np.diff(record.times))), record.parameters[record.dt].value
    whole = bool(np.all(record.times == np.round(record.times)))
    if whole or not dt or not any(abs(length / dt - one) < 1e-6 * one for one in UNITS):
        return record
    name = f"{record.dt}{BY_CLOCK}"
    unit = Algebra().multiply(number(float(f"{dt / length:.9g}")), leaf(name, length))
    made = Node(NUMBER, (), length, record.parameters[record.dt].line)
    found = _with(record, {record.dt: unit})
    left = {one: node for one, node in found.parameters.items() if one != record.dt}
    return attrs.evolve(found, parameters={**left, name: made}, dt=name)


def one_clock(record: Record) -> Record:
    """Put the time in the place of the step's number, and of another time of a step, that it reads beside."""
    record = _numbered(record)
    times, step = record.times, record.parameters[record.dt].value if record.dt else 0.0
    if record.solver or not record.time or times.size < 3 or not step:
        return record
    if np.any(np.abs(np.diff(times) - step) > 1e-6 * step):
        return record
    algebra, found = Algebra(), dict[str, Node]()
    for name, course in record.exogenous.items():
        if len(course) == times.size and np.all(np.diff(course) == 1.0) and float(course[0]).is_integer():
            ahead = number(float(f"{course[0] - times[0] / step:.9g}"))
            passed = algebra.divide(leaf(record.time, float(times[0])), leaf(record.dt, step))
            found[name] = algebra.make("+", passed, ahead) if ahead.value else passed
    for name, lead in other_clocks(record).items():
        part = number(float(f"{lead / step:.9g}"))
        if name not in found and part.value:
            later = algebra.multiply(part, leaf(record.dt, step))
            found[name] = algebra.make("+", leaf(record.time, float(times[0])), later)
    return _with(record, found) if found else record


def _numbered(record: Record) -> Record:
    """Take the step's number times the step for the time, where states are made of that."""
    number_of, dt, times = record.time, record.dt, record.times
    if record.solver or not (number_of and dt) or not np.all(np.diff(times) == 1.0):
        return record

    def is_time(node: Node) -> bool:
        return node.op == "*" and {one.name for one in node.args} == {number_of, dt}

    roots = [root for step in record.steps for root in step.updates.values()]
    if not any(map(is_time, in_order(roots))):
        return record
    name = f"{number_of}*{dt}"
    step = leaf(dt, record.parameters[dt].value)

    def timed(node: Node, args: tuple[Node, ...]) -> Node:
        if is_time(node):
            return leaf(name, node.value)
        if is_leaf(node, number_of):
            return Node("/", (leaf(name, node.value * step.value), step), node.value)
        return with_args(node, args)

    return attrs.evolve(_of_each(record, rewriting(timed)), time=name, times=times * step.value)


def _with(record: Record, found: dict[str, Node]) -> Record:
    """Put trees in the place of leaves."""
    algebra = Algebra()

    def of(node: Node) -> Node:
        return algebra.replaced(node, found)

    parameters = {one: node if one in found else of(node) for one, node in record.parameters.items()}
    left = {name: course for name, course in record.exogenous.items() if name not in found}
    return attrs.evolve(_of_each(record, of), parameters=parameters, exogenous=left)


def _of_each(record: Record, of: Callable[[Node], Node]) -> Record:
    """Put other trees in the place of what steps make and compare."""
    return attrs.evolve(record, steps=tuple(step.with_trees(of) for step in record.steps))
