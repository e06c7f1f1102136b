"""One run's trajectory from the steps that the compiled solver has put on record."""

from __future__ import annotations

from itertools import pairwise

import attrs
import numpy as np

from natrium.model import lower
from natrium.model.arrays import Array
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.closed_form import decide
from natrium.solvers.compiled.lane_tables import GRAZES, LATE, LEAP, N_GRAZES, SPIKE, Results
from natrium.solvers.dense import Series
from natrium.solvers.flags import RunFlag, graze_warnings
from natrium.solvers.limits import Limits
from natrium.solvers.refractory import rest_segment
from natrium.solvers.trajectory import Event, Segment, Trajectory

Decided = tuple[Array, Array] | None  # spike times of the solver and of the closed form


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
    n_steps = int(out.state[2])
    segments, events = _stretches(run, out.record[:n_steps], out.record_series[:n_steps])
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
    """Cut the record at spikes; edges of the input are knots among the others."""
    kernel, shift, t_start, t_end = lower(run.neuron.system), run.neuron.origin, run.t_start, run.t_end
    begins, spiked = record[:, 0], np.isin(record[:, 3], (SPIKE, LATE, LEAP))
    starts = np.flatnonzero(np.append(True, spiked[:-1]))
    edges = [*np.minimum(t_start + begins[starts], t_end).tolist(), t_end]
    segments: list[Segment] = []
    events: list[Event] = []
    for number, (first, behind) in enumerate(pairwise([*starts.tolist(), len(record)])):
        origin, end, last = edges[number], edges[number + 1], behind - 1
        # Each step's time counts from the edge before it.
        local = (begins[first:behind] - begins[first]) + record[first:behind, 1]
        length = float(local[-1] + record[last, 2])
        # Where V runs off, steps become shorter than what a double tells of the time.
        moved = np.flatnonzero(np.append(np.diff(local) > 0.0, True))
        local, knots = local[moved], np.append(local[moved], length)
        dense = Series(local, series[first:behind][moved], np.array(shift))
        values = np.empty((series.shape[1], knots.size))
        values[:, :-1] = dense.series[:, :, 0].T
        values[:, -1] = np.polynomial.polynomial.polyval(record[last, 2], series[last].T)
        values[0] += shift
        if record[last, 3] == LATE:  # the next stretch begins where the refractory period has ended
            end = edges[number + 1]
        elif spiked[last]:
            values[0, -1] = shift
            # By the piece's own clock, as the lanes tell it: the same double for a run alone as in a crowd.
            within = float(record[last, 1] + record[last, 2])
            end = min(t_start + (float(begins[last]) + within), t_end)
        knots[-1] = end - origin  # as long as the times of its ends say, which are rounded
        segments.append(Segment(origin, end, knots, values, dense))
        if spiked[last]:
            before = values[:, -1].copy()
            after = np.array(kernel.reset(*before.tolist(), 0.0, *kernel.parameters))
            if record[last, 3] == LEAP:  # its series is a straight line
                J = float(run.stimulus(end)) - run.neuron.gap
                slope = float(kernel.event_rhs(0.0, *before[1:].tolist(), J, *kernel.parameters)[0])
            else:
                slope = _slope(series[last, 0], float(record[last, 2]))
            events.append(Event(end, before, after, slope))
            rest = edges[number + 1] - end
            if rest > 0.0 or number + 1 == starts.size:
                rested = rest_segment(kernel, end, rest, after)
                segments.append(attrs.evolve(rested, end=edges[number + 1]))
    return segments, events


def _slope(series: Array, tau: float) -> float:
    return float(np.polynomial.polynomial.polyval(tau, np.arange(1, series.size) * series[1:]))
