"""One run's trajectory from the steps that the compiled solver has put on record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from natrium.model import Kernel, lower
from natrium.model.arrays import Array
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.closed_form import decide
from natrium.solvers.compiled.engine import ROOM
from natrium.solvers.compiled.lane_tables import (
    GRAZES,
    LATE,
    LEAP,
    LIFTED,
    N_GRAZES,
    N_RECORDS,
    SIDE,
    SPIKE,
    Results,
)
from natrium.solvers.dense import Series, evaluate
from natrium.solvers.flags import RunFlag, graze_warnings
from natrium.solvers.limits import Limits
from natrium.solvers.refractory import rest_segment
from natrium.solvers.trajectory import Event, Segment, Trajectory

Kick = tuple[float, int, float]  # ms after the start, the state, by how much
Decided = tuple[Array, Array] | None  # spike times of the solver and of the closed form
_FIRES = np.isin(range(SIDE + 1), (SPIKE, LATE, LEAP, LIFTED))  # by how a step ends


def graze_messages(t_start: float, out: Results, run: int, decided: Decided = None) -> list[str]:
    """Say at which peaks a run could not tell a spike from none."""
    count = int(out.whole[run, N_GRAZES])
    peaks = out.numbers[run, -2 * GRAZES :].reshape(-1, 2)[:count]
    return graze_warnings([(t_start + t, u) for t, u in peaks.tolist()], count, decided)


def read_record(solver: BaseSolver, run: Run, out: Results, order: int, limits: Limits) -> Trajectory:
    """Give the course of a single run from its record.

    Parameters
    ----------
    solver : BaseSolver
        What made it.
    run : Run
    out : Results
        Of this run alone, with its record.
    order : int
        Of the series.
    limits : Limits
        Its budgets.
    """
    n_steps = int(out.state[N_RECORDS])
    record, series = out.record[:n_steps], out.record_series[:n_steps]
    if len(out.record) == ROOM:  # which the next run has as well
        series = series.copy()
    segments, events = _stretches(run, record, series)
    decided: Decided = None
    if out.whole[0, N_GRAZES] and (exact := decide(run, limits)) is not None:
        decided = np.array([event.time for event in events]), exact.spike_times
        segments, events = list(exact.segments), list(exact.events)
    warnings = graze_messages(run.t_start, out, 0, decided)
    return run.trajectory(
        solver,
        segments,
        events,
        method=f"Taylor series of order {order}",
        rhs_evaluations=n_steps * order,
        flags=RunFlag.GRAZE if warnings else RunFlag(0),
        warnings=tuple(warnings),
        statistics={"steps": {"Taylor": n_steps}, "pieces": len(segments)},
    )


def _stretches(run: Run, record: Array, series: Array) -> tuple[list[Segment], list[Event]]:
    """Cut the record where states jump; edges of the input are knots among the others."""
    kernel, shift, t_start, t_end = lower(run.neuron.system), run.neuron.origin, run.t_start, run.t_end
    begins, lengths, ending, kicks = record[:, 0], record[:, 2], record[:, 3], _kicks(run)
    spiked = _FIRES[ending.astype(int)]
    jumps = spiked | (ending == SIDE)
    jumps[:-1] |= record[1:, 4] > record[:-1, 4]
    jumps[-1] = True
    lasts = np.flatnonzero(jumps)
    firsts = np.append(0, lasts[:-1] + 1)
    edges = [*np.minimum(t_start + begins[firsts], t_end).tolist(), t_end]
    # Each step's time counts from the edge before it.
    local = (begins - np.repeat(begins[firsts], lasts - firsts + 1)) + record[:, 1]
    # Where V runs off, steps become shorter than what a double tells of the time.
    moved = jumps.copy()
    moved[:-1] |= local[1:] > local[:-1]
    known = series
    if not moved.all():
        local, known = local[moved], series[moved]
    behind = np.cumsum(moved)[lasts].tolist()
    final = series[lasts]
    ends = evaluate(final, lengths[lasts])
    slopes = evaluate(np.arange(1, final.shape[2]) * final[:, :1, 1:], lengths[lasts])[:, 0].tolist()
    segments: list[Segment] = []
    events: list[Event] = []
    for number, last in enumerate(lasts.tolist()):
        origin, end, is_final = edges[number], edges[number + 1], number + 1 == lasts.size
        here = slice(behind[number - 1] if number else 0, behind[number])
        dense = Series(local[here], known[here], np.array(shift))
        values = np.concatenate([dense.series[:, :, 0], ends[number : number + 1]]).T
        values[0] += shift
        if ending[last] in (SPIKE, LEAP):
            values[0, -1] = shift
            # By the piece's own clock, as the lanes tell it: the same double for a run alone as in a crowd.
            within = float(record[last, 1] + lengths[last])
            end = min(t_start + (float(begins[last]) + within), t_end)
        elif ending[last] == LIFTED:
            end = origin
        if end > origin or (is_final and not spiked[last]):
            # As long as the times of its ends say, which are rounded.
            segments.append(Segment(origin, end, np.append(dense.knots, end - origin), values, dense))
        if spiked[last]:
            before = values[:, -1].copy()
            after = np.array(kernel.reset(*before.tolist(), 0.0, *kernel.parameters))
            events.append(
                Event(end, before, after, _slope_at(run, end, before, ending[last], slopes[number]))
            )
            rest = edges[number + 1] - end
            if rest > 0.0 or is_final:
                resumed = math.inf if is_final else float(begins[last + 1])
                coming = [kick for kick in kicks[int(record[last, 4]) :] if kick[0] < resumed]
                segments += _rests(kernel, t_start, end, edges[number + 1], after, coming)
    return segments, events


def _kicks(run: Run) -> list[Kick]:
    """Give the spikes that come in, as the lanes know them."""
    found = run.kicks()
    return [(time - run.t_start, place, amount) for time in sorted(found) for place, amount in found[time]]


def _rests(
    kernel: Kernel, t_start: float, begin: float, end: float, y: Array, kicks: Sequence[Kick]
) -> Iterator[Segment]:
    """Give the stretches of a refractory period, between spikes that come in; V is held."""
    for time, place, amount in kicks:
        at = t_start + time
        if at > begin:
            rested = rest_segment(kernel, begin, at - begin, y, at)
            yield rested
            begin, y = at, rested.values[:, -1]
        if place:
            y = y.copy()
            y[place] += amount
    yield rest_segment(kernel, begin, end - begin, y, end)


def _slope_at(run: Run, time: float, before: Array, ending: float, slope: float) -> float:
    """Give dV/dt at a spike, mV/ms: the slope of the step's series, where they are V's course."""
    if ending == LIFTED:
        return math.inf
    if ending == LEAP:
        kernel, J = lower(run.neuron.system), float(run.stimulus(time)) - run.neuron.gap
        return float(kernel.event_rhs(0.0, *before[1:].tolist(), J, *kernel.parameters)[0])
    return slope
