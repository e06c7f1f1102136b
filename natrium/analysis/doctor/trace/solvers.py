"""What a script hands to SciPy: its right-hand side, called once more with numbers that remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace.arrays import TracedArray, flat
from natrium.analysis.doctor.trace.build import Builder
from natrium.analysis.doctor.trace.forms import Place, Segment, StepTrace
from natrium.analysis.doctor.trace.numbers import Remembers, bare, traced
from natrium.analysis.doctor.trace.record import Record, Step
from natrium.analysis.doctor.trace.scipy_layer import Call
from natrium.analysis.doctor.trace.tracer import Tracer
from natrium.model.arrays import Array

# The right-hand side is asked at so many points of the solution, evenly.
_POINTS = 400


def longest(calls: Sequence[Call]) -> Call:
    """Join calls that go on from each other (a script steps or restarts its solver); give the longest run."""
    best = run = calls[0]
    for call in calls[1:]:
        solver, _, times, states, _ = run
        start, width = np.asarray(call[2], dtype=float), np.shape(call[3])[1:]
        goes_on = len(times) and len(start) and start[-1] > times[-1] >= start[0] - 1e-9 * abs(times[-1])
        if goes_on and call[0] == solver and np.shape(states)[1:] == width:
            later = start > times[-1]
            joined = np.concatenate([np.asarray(times, dtype=float), start[later]])
            run = (solver, call[1], joined, np.concatenate([states, np.asarray(call[3])[later]]), call[4])
        else:
            run = call
        if len(run[2]) >= len(best[2]):
            best = run
    return best


def rhs_record(
    tracer: Tracer, call: Call, source: tuple[str, ...], lists: Mapping[str, Array],
    objects: Mapping[tuple[Any, ...], str],
) -> Record:  # fmt: skip
    """Make the record of a right-hand side that SciPy integrates.

    Parameters
    ----------
    tracer : Tracer
        Active, of a second run.
    call : tuple
        The solver, the right-hand side as ``f(t, y)``, times, states, what it calls its states.
    source, lists, objects
        As in `Record`.
    """
    solver, function, times, states, called = call
    times = np.asarray(times, dtype=float)
    states = np.asarray(states, dtype=float).reshape(len(times), -1)
    number = states.shape[1]
    key = ("y", "solver")
    for j in range(number):
        tracer.known.states[(key, (j,), None)] = ""
    clock = ("t", "solver")
    tracer.known.clocks.add(clock)
    tracer.known.final = True
    tracer.names[key] = called
    tracer.containers[key] = []
    segment = Segment(-1, tracer.epoch + 1)
    tracer.segment = segment
    wanted = np.unique(np.linspace(0, len(times) - 1, min(_POINTS, len(times))).round().astype(int))
    traces: list[StepTrace] = []
    for k in wanted:
        tracer.epoch += 1
        tracer.step = StepTrace()
        segment.steps.append(tracer.step)
        tracer.reads, tracer.nth = {}, {}
        try:
            derivatives = function(
                _time(tracer, float(times[k]), clock), _state(tracer, states[k], key, segment.start - 1)
            )
        finally:
            traces.append(tracer.step)
        for j, one in enumerate(flat(derivatives)):
            form = tracer.read(one) if isinstance(one, Remembers) else tracer.number(bare(one), 0)
            traces[-1].updates[(key, (j,), None)] = form
            traces[-1].values[(key, (j,), None)] = float(states[k][j])
    tracer.segment, tracer.step = None, None
    if number == 1:
        tracer.aliases.setdefault((key, (0,), None), called)
    return _made(tracer, segment, wanted, solver, times, states, source, lists, objects)


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
    tracer: Tracer, segment: Segment, wanted: Any, solver: str, times: Array, states: Array,
    source: tuple[str, ...], lists: Mapping[str, Array], objects: Mapping[tuple[Any, ...], str],
) -> Record:  # fmt: skip
    record = Builder(tracer, segment, objects, whole=True).record(source, lists)
    steps = tuple(
        Step({f"d{name}/dt": node for name, node in one.updates.items()}, one.choices, one.first, one.count)
        for one in record.steps
    )
    clocked = any(form.key[0] == ("t", "solver") for form in tracer.table.values() if form.op == "leaf")
    return attrs.evolve(
        record, steps=steps, solver=solver, samples=states[wanted], times=times[wanted], dt="",
        time="t" if clocked else "", input="" if record.input == "t" else record.input,
        exogenous={k: v for k, v in record.exogenous.items() if k != "t"},
    )  # fmt: skip
