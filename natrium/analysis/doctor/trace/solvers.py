"""What a script hands to SciPy: its right-hand side, called once more with numbers that remember."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace.arrays import TracedArray, flat
from natrium.analysis.doctor.trace.build import Builder
from natrium.analysis.doctor.trace.forms import MOVED, TIMED, Form, Place, Segment, StepTrace
from natrium.analysis.doctor.trace.numbers import Remembers, bare, traced
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.analysis.doctor.trace.scipy_layer import Call
from natrium.analysis.doctor.trace.tracer import Tracer
from natrium.model.arrays import Array

# The right-hand side is asked at so many points of the solution, evenly.
_POINTS = 400
# At so many edges of its branches at most, and beside them, it is asked as well.
_EDGES = 200
# Of the range of a state: what it may change by from the last time that is asked for to an event.
NEARLY = 0.02
# What an event's time is sharpened by, in the script's time.
ROUNDING = 1e-6


def longest(calls: Sequence[Call]) -> Call:
    """Join calls that go on from each other (a script steps or restarts its solver); give the longest run."""
    best = run = calls[0]
    chosen = number = 1
    fired = run.event is not None
    for call in calls[1:]:
        times, start = np.asarray(run.times, dtype=float), np.asarray(call.times, dtype=float)
        if len(times) and len(start) and times[0] < start[0] and start[-1] <= times[-1] + ROUNDING:
            continue  # a stretch that is solved once more, nearer to its event
        goes_on = len(times) and len(start) and start[-1] > times[-1] and start[0] > times[0]
        goes_on = goes_on and (fired or times[-1] >= start[0] - 1e-9 * abs(times[-1]))
        if goes_on and call.solver == run.solver and np.shape(run.states)[1:] == np.shape(call.states)[1:]:
            later, restarts = start > times[-1], run.restarts
            if fired:
                restarts += ((float(times[-1]), float(start[0]), np.array(call.states[0], dtype=float)),)
            run = attrs.evolve(
                call,
                times=np.concatenate([times, start[later]]),
                states=np.concatenate([run.states, np.asarray(call.states)[later]]),
                begin=call.begin if fired else run.begin,
                start=call.start if fired else run.start,
                lines=call.lines if fired else run.lines,
                event=call.event or run.event,
                again=_one_after_other(run.again, call.again, later),
                restarts=restarts,
                pieces=(*_pieces(run), *_pieces(call)),
                asked=run.asked + call.asked,
            )
        else:
            run, number = call, number + 1
        fired = call.event is not None
        if len(run.times) >= len(best.times):
            best, chosen = run, number
    return attrs.evolve(best, runs=(chosen, number))


def _pieces(call: Call) -> tuple[tuple[float, Any], ...]:
    return call.pieces or ((float(call.times[0]), call.function),)


def _one_after_other(first: Any, second: Any, later: Any) -> Any:
    """Solve as two calls did, one after the other; None where one of them cannot be made again."""
    if first is None or second is None:
        return None

    def again(flow: Any) -> Any:
        after = second(flow)
        return np.concatenate([first(flow), after[later] if len(after) == len(later) else after[:0]])

    return again


def rhs_record(
    tracer: Tracer, call: Call, source: tuple[str, ...], lists: Mapping[str, Array],
    objects: Mapping[tuple[Any, ...], str],
) -> Record:  # fmt: skip
    """Make the record of a right-hand side that SciPy integrates.

    Parameters
    ----------
    tracer : Tracer
        Active, of a second run.
    call : Call
    source, lists, objects
        As in `Record`.
    """
    times = np.asarray(call.times, dtype=float)
    states = np.asarray(call.states, dtype=float).reshape(len(times), -1)
    number = states.shape[1]
    key = ("y", "solver")
    for j in range(number):
        tracer.known.states[(key, (j,), None)] = ""
    clock = ("t", "solver")
    tracer.known.clocks.add((clock, ()))
    tracer.known.final = True
    tracer.names[key] = call.called
    tracer.containers[key] = []
    segment = Segment(-1, tracer.epoch + 1)
    tracer.segment = segment
    wanted = np.unique(np.linspace(0, len(times) - 1, min(_POINTS, len(times))).round().astype(int))

    pieces = [(-math.inf, call.function)]

    def asked(t: float, y: Array) -> StepTrace:
        tracer.epoch += 1
        tracer.step = trace = StepTrace()
        segment.steps.append(trace)
        tracer.reads, tracer.nth = {}, {}
        now, function = _time(tracer, t, clock), pieces[0][1]
        for begin, flow in pieces[1:]:
            trace.choices.append((tracer.read(now), ">=", tracer.number(begin, 0), t >= begin, 0))
            function = flow if t >= begin else function
        derivatives = function(now, _state(tracer, y, key, segment.start - 1))
        for j, one in enumerate(flat(derivatives)):
            form = tracer.read(one) if isinstance(one, Remembers) else tracer.number(bare(one), 0)
            trace.updates[(key, (j,), None)] = form
            trace.values[(key, (j,), None)] = float(y[j])
        return trace

    pieces = _different(call, asked, pieces)
    segment.steps.clear()
    traces = [asked(float(times[k]), states[k]) for k in wanted]
    known: set[float] = set()
    while new := _edges(segment.steps, clock, times) - known:
        known |= new
        for edge in sorted(new)[:_EDGES]:
            for t in (np.nextafter(edge, -np.inf), edge, np.nextafter(edge, np.inf)):
                asked(float(t), states[min(int(np.searchsorted(times, t)), len(times) - 1)])
    _join_branches(tracer, segment.steps)
    segment.steps = traces
    if call.restarts:
        segment.steps.append(_fired(tracer, call, states, key, clock))
    tracer.segment, tracer.step = None, None
    if number == 1:
        tracer.aliases.setdefault((key, (0,), None), call.called)
    return _made(tracer, segment, wanted, call, times, states, source, lists, objects)


def _different(call: Call, asked: Any, pieces: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """List the right-hand sides of joined calls that differ from the one before, with when each begins."""
    if len(call.pieces) < 2:
        return pieces

    def made(function: Any, begin: float) -> tuple[Form, ...]:
        pieces[0] = (-math.inf, function)
        at = min(int(np.searchsorted(call.times, begin)), len(call.times) - 1)
        return tuple(asked(begin, np.asarray(call.states[at], dtype=float)).updates.values())

    found = [call.pieces[0]]
    for (_, before), (begin, function) in pairwise(call.pieces[:_EDGES]):
        if made(function, begin) != made(before, begin):  # at one time: by that it may branch
            found.append((begin, function))
    return found


def _fired(
    tracer: Tracer, call: Call, states: Array, key: tuple[Any, ...], clock: tuple[Any, ...]
) -> StepTrace:  # fmt: skip
    """Make the step that an event is: what it compares, and what the script goes on from."""
    tracer.epoch += 1
    tracer.step = step = StepTrace()
    ends = [int(np.searchsorted(np.asarray(call.times), end)) for end, _, _ in call.restarts]
    before, after = states[ends], np.array([one for _, _, one in call.restarts]).reshape(len(ends), -1)
    state = _state(tracer, before[-1], key, tracer.segment.start - 1)  # type: ignore[union-attr]  # set by the caller
    value = call.event(_time(tracer, call.restarts[-1][0], clock), state)
    value = flat(value)[0]
    line = getattr(getattr(value, "form", None), "line", 0)
    form = tracer.read(value) if isinstance(value, Remembers) else tracer.number(bare(value), line)
    step.choices.append((form, ">=", tracer.number(0, line), True, line))
    for j in range(states.shape[1]):
        at = (key, (j,), None)
        given = call.begin[j] if j < len(call.begin) else after[-1][j]
        leaf = tracer.leaf(at, tracer.names[key], before[-1][j], 0)
        apart = after[:, j] - before[:, j]
        if np.ptp(after[:, j]) == 0.0 and np.any(apart != 0.0):
            fixed = isinstance(given, Remembers) and not given.form.varies
            step.updates[at] = tracer.read(given) if fixed else tracer.number(float(after[-1][j]), line)
        elif np.all(apart == 0.0):
            step.updates[at] = leaf
        else:
            more = _raised_by(given, before[-1][j], NEARLY * float(np.ptp(states[:, j])))
            more = more or tracer.number(float(f"{np.median(apart):.12g}"), line)
            step.updates[at] = tracer.operation("+", (leaf, more), after[-1][j], line)
        step.values[at] = float(after[-1][j])
    return step


def _raised_by(given: Any, state: float, near: float) -> Form | None:
    """Give what the script adds to a state that it takes from the solution, if from just before the event."""
    form = given.form if isinstance(given, Remembers) else None
    if form is None or form.op != "+":
        return None
    pairs = (form.args, form.args[::-1])
    return next((b for a, b in pairs if a.op == "number" and abs(a.value - state) <= near), None)


def _edges(traces: Sequence[StepTrace], clock: tuple[Any, ...], times: Array) -> set[float]:
    """List the numbers within the run with which the right-hand side compares its time."""
    found = set()
    for left, _, right, _, _ in {choice for one in traces for choice in one.choices}:
        for one, other in ((left, right), (right, left)):
            if one.op == "leaf" and one.key[0] == clock and not other.varies:
                found.add(float(other.value))
    return {one for one in found if times[0] <= one <= times[-1]}


def _join_branches(tracer: Tracer, traces: Sequence[StepTrace]) -> None:
    """Make one map of those that differ by the branches that time alone chose."""
    kinds: dict[Any, list[StepTrace]] = {}
    for one in traces:
        timed = tuple(choice for choice in one.choices if max(choice[0].varies, choice[2].varies) == TIMED)
        moved = tuple(choice for choice in one.choices if MOVED in (choice[0].varies, choice[2].varies))
        kinds.setdefault(moved, []).append(one)
        one.choices = list(timed)
    for moved, ones in kinds.items():
        paths = {tuple(one.choices): one.updates for one in ones}
        for state in ones[0].updates:
            joined = _joined(tracer, [(path, updates[state]) for path, updates in paths.items()])
            for one in ones:
                one.updates[state] = joined
        for one in ones:
            one.choices = list(moved)


def _joined(tracer: Tracer, paths: list[tuple[tuple[Any, ...], Form]]) -> Form:
    """Make one form of those that the branches of a tree of choices end in."""
    first, form = paths[0]
    if all(one is form for _, one in paths) or not first:
        return form
    left, relation, right, _, line = first[0]
    held = [(path[1:], one) for path, one in paths if path[:1] and path[0][3]]
    not_held = [(path[1:], one) for path, one in paths if path[:1] and not path[0][3]]
    if not held or not not_held:
        return _joined(tracer, held or not_held)
    chosen = tracer.operation(relation, (left, right), True, line)
    return _either(tracer, chosen, _joined(tracer, held), _joined(tracer, not_held))


def _either(tracer: Tracer, chosen: Form, one: Form, other: Form) -> Form:
    """Give the one form where a condition holds and the other where not, as deep down as they differ."""
    if one is other:
        return one
    alike = one.op == other.op and len(one.args) == len(other.args) and one.line == other.line
    if one.args and alike:
        args = tuple(_either(tracer, chosen, a, b) for a, b in zip(one.args, other.args, strict=True))
        return tracer.operation(one.op, args, one.value, one.line, one.numpy)
    if other.op != "number" or other.value != 0:
        apart = tracer.operation("-", (one, other), one.value - other.value, one.line)
        return tracer.operation(
            "+", (other, _either(tracer, chosen, apart, tracer.number(0, 0))), one.value, one.line
        )
    return tracer.operation("*", (chosen, one), one.value, one.line)


def _time(tracer: Tracer, value: float, clock: tuple[Any, ...]) -> Any:
    form = tracer.leaf((clock, (), None), "t", value, 0)
    return traced(value, form, tracer.epoch - 1, Place(clock, "t"))


def _state(tracer: Tracer, values: Any, key: tuple[Any, ...], born: int) -> Any:
    array: TracedArray = np.array(values, dtype=float).view(TracedArray)
    array.key, array.name, array.born = key, tracer.names[key], born
    nodes = array.remember()
    for j, raw in enumerate(np.array(values, dtype=float)):
        nodes[j] = traced(raw, tracer.number(raw, 0), born, Place(key, array.name, (j,)))
    return array


def _made(
    tracer: Tracer, segment: Segment, wanted: Any, call: Call, times: Array, states: Array,
    source: tuple[str, ...], lists: Mapping[str, Array], objects: Mapping[tuple[Any, ...], str],
) -> Record:  # fmt: skip
    builder = Builder(tracer, segment, objects, whole=True)
    resumed = _resumed(tracer, builder, call) if call.restarts else ()
    record = builder.record(source, lists)
    steps = tuple(
        Step({f"d{name}/dt": node for name, node in one.updates.items()}, one.choices, one.first, one.count)
        for one in record.steps
    )
    clocked = any(form.key[0] == ("t", "solver") for form in tracer.table.values() if form.op == "leaf")
    n = len(wanted)

    def again(flow: Any) -> Any:
        found = call.again(flow) if call.again is not None else states[:0]
        return found[wanted] if len(found) == len(states) else None

    return attrs.evolve(
        record, again=again, asked=call.asked, runs=call.runs, steps=steps, solver=call.solver,
        restarts=call.restarts, resumed=resumed,
        order=record.order[:n],
        samples=states[wanted], times=times[wanted], dt="",
        solution={"": times} | dict(zip(record.states, states.T, strict=True)),
        time="t" if clocked else "", input="" if record.input == "t" else record.input,
        inputs=record.inputs[:n], exogenous={k: v[:n] for k, v in record.exogenous.items() if k != "t"},
    )  # fmt: skip


def _resumed(tracer: Tracer, builder: Builder, call: Call) -> tuple[Node, ...]:
    """Give when, and from which states, the script goes on after an event, each with the line that set it."""
    forms = [
        one.form if isinstance(one, Remembers) else tracer.number(bare(one), 0)
        for one in (call.start, *call.begin)
    ]
    return tuple(
        attrs.evolve(builder.node(form), line=line) for form, line in zip(forms, call.lines, strict=True)
    )
