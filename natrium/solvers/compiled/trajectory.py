"""One run's trajectory from the steps that the compiled solver has put on record."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np

from natrium.model import Kernel, lower
from natrium.model.arrays import Array
from natrium.solvers.base import manifest
from natrium.solvers.compiled.engine import origins
from natrium.solvers.compiled.lane_tables import GRAZES, N_GRAZES, Results
from natrium.solvers.event_driven.crossing import graze_warnings
from natrium.solvers.refractory import rest_segment
from natrium.solvers.runs import Runs
from natrium.solvers.trajectory import Event, Segment, Trajectory

if TYPE_CHECKING:
    from natrium.solvers.compiled.solver import Compiled


class _Series:
    """The dense output of one stretch: each step's own Taylor polynomial."""

    def __init__(self, knots: Array, series: Array, shift: float) -> None:
        self.knots, self.series, self.shift = knots, series, shift

    def __call__(self, s: Array) -> Array:
        step = np.clip(np.searchsorted(self.knots, s, side="right") - 1, 0, len(self.series) - 1)
        tau = s - self.knots[step]
        chosen = self.series[step]  # (n_times, n_states, order + 1)
        value = chosen[:, :, -1]
        for k in range(chosen.shape[2] - 2, -1, -1):
            value = value * tau[:, None] + chosen[:, :, k]
        value = value.T.copy()
        value[0] += self.shift
        return np.asarray(value)


def grazing(t_start: float, out: Results, run: int) -> list[str]:
    """Say at which peaks a run could not tell a spike from none."""
    count = int(out.whole[run, N_GRAZES])
    peaks = out.numbers[run, -2 * GRAZES :].reshape(-1, 2)[:count]
    return graze_warnings([(t_start + t, u) for t, u in peaks.tolist()], count)


def trajectory(solver: Compiled, runs: Runs, out: Results, order: int) -> Trajectory:
    """Give the course of a single run.

    Parameters
    ----------
    solver : Compiled
    runs : Runs
        Of one run.
    out : Results
        With its record.
    order : int
        Of the series.

    Returns
    -------
    Trajectory
    """
    neuron, stimulus = runs.neuron_at(0), runs.stimulus_at(0)
    kernel = lower(neuron.system)
    n_steps = int(out.state[2])
    record, series = out.record[:n_steps], out.record_series[:n_steps]
    segments, events = _stretches(kernel, runs, record, series)
    return Trajectory(
        neuron=neuron,
        stimulus=stimulus,
        names=runs.labels,
        t_start=runs.t_start,
        t_end=runs.t_end,
        segments=tuple(segments),
        events=tuple(events),
        solver="compiled",
        method=f"Taylor series of order {order}",
        made_by=solver,
        rhs_evaluations=n_steps * order,
        warnings=tuple(grazing(runs.t_start, out, 0)),
        statistics={"steps": {"Taylor": n_steps}, "pieces": len(segments)},
        manifest=manifest(solver, neuron, stimulus),
    )


def _stretches(kernel: Kernel, runs: Runs, record: Array, series: Array) -> tuple[list[Segment], list[Event]]:
    """Cut the record where the time of a stretch begins anew: at spikes and at edges of the input."""
    shift, t_start, t_end = float(origins(runs)[0]), runs.t_start, runs.t_end
    begins, spiked = record[:, 0], record[:, 3] > 0.0
    starts = np.flatnonzero(np.append(True, (begins[1:] != begins[:-1]) | spiked[:-1]))
    edges = [*np.minimum(t_start + begins[starts], t_end).tolist(), t_end]
    segments: list[Segment] = []
    events: list[Event] = []
    for number, (first, behind) in enumerate(pairwise([*starts.tolist(), len(record)])):
        origin, end = edges[number], edges[number + 1]
        length = float(record[behind - 1, 1] + record[behind - 1, 2])
        knots = np.append(record[first:behind, 1], length)
        dense = _Series(knots[:-1], series[first:behind], shift)
        values = dense(knots)
        if spiked[behind - 1]:
            values[0, -1] = shift
            end = min(t_start + (float(begins[first]) + length), t_end)
        knots[-1] = end - origin  # as long as the times of its ends say, which are rounded
        segments.append(Segment(origin, end, knots, values, dense))
        if spiked[behind - 1]:
            before = values[:, -1].copy()
            after = np.array(kernel.reset(*before.tolist(), 0.0, *kernel.parameters))
            slope = _slope(series[behind - 1, 0], float(record[behind - 1, 2]))
            events.append(Event(end, before, after, slope))
            rest = edges[number + 1] - end
            if rest > 0.0 or number + 1 == starts.size:
                rested = rest_segment(kernel, end, rest, after)
                segments.append(attrs.evolve(rested, end=edges[number + 1]))
    return segments, events


def _slope(series: Array, tau: float) -> float:
    return float(np.polynomial.polynomial.polyval(tau, np.arange(1, series.size) * series[1:]))
