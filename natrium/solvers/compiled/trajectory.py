"""One run's trajectory from the steps that the compiled solver has put on record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

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
    N_SWEEPS,
    SIDE,
    SPIKE,
    Results,
)
from natrium.solvers.dense import Series, evaluate
from natrium.solvers.flags import RunFlag, graze_warnings
from natrium.solvers.history import Event, History, Segment
from natrium.solvers.limits import Limits
from natrium.solvers.refractory import rest_segment
from natrium.solvers.trajectory import Trajectory

Kick = tuple[float, int, float]  # ms after the start, the state, by how much
Decided = tuple[Array, Array] | None  # spike times of the solver and of the closed form
# By how a step ends: with a spike, with any jump, with V on the threshold, lifted over it.
_FIRES, _JUMPS, _CROSSES, _LIFTS = (
    np.isin(range(SIDE + 1), ends)
    for ends in ((SPIKE, LATE, LEAP, LIFTED), (SPIKE, LATE, LEAP, LIFTED, SIDE), (SPIKE, LEAP), (LIFTED,))
)


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
    record, series = out.record, out.record_series
    if len(record) == ROOM:  # which the next run has as well
        record, series = record[:n_steps].copy(), series[:n_steps].copy()
    else:  # what was not needed is given back
        for one in (record, series):
            one.resize((n_steps, *one.shape[1:]), refcheck=False)
    pieces = Pieces(run, record, series)
    history, n_segments = History(pieces.spike_times, pieces.tell), pieces.count()
    decided: Decided = None
    if out.whole[0, N_GRAZES] and (exact := decide(run, limits)) is not None:
        decided = history.spike_times, exact.spike_times
        history, n_segments = exact.history, len(exact.segments)
    warnings = graze_messages(run.t_start, out, 0, decided)
    return run.tell(
        solver,
        history,
        method=f"Taylor series of order {order}",
        rhs_evaluations=(n_steps + int(out.whole[0, N_SWEEPS])) * order,
        flags=RunFlag.GRAZE if warnings else RunFlag(0),
        warnings=tuple(warnings),
        statistics={"steps": {"Taylor": n_steps}, "pieces": n_segments},
    )


class Pieces:
    """A record cut where states jump; edges of the input are knots among the others.

    Parameters
    ----------
    run : Run
    record : ndarray, shape (n_steps, n_fields)
        As the lanes put it down.
    series : ndarray, shape (n_steps, n_states, order + 1)
        Each step's polynomials.

    Attributes
    ----------
    spike_times : ndarray, shape (n_spikes,)
        ms.
    """

    def __init__(self, run: Run, record: Array, series: Array) -> None:
        self.run, self.record, self.series = run, record, series
        endings = record[:, 3].astype(int)
        self.jumps = _JUMPS[endings]
        self.jumps[:-1] |= record[1:, 4] > record[:-1, 4]
        self.jumps[-1] = True
        self.lasts = np.flatnonzero(self.jumps)
        self.firsts = np.append(0, self.lasts[:-1] + 1)
        self.endings = endings[self.lasts]
        self.spiked = _FIRES[self.endings]
        t_start, last = run.t_start, record[self.lasts]
        self.edges = np.append(np.minimum(t_start + record[self.firsts, 0], run.t_end), run.t_end)
        # By the piece's own clock, as the lanes tell it: the same double for a run alone as in a crowd.
        crossed = np.minimum(t_start + (last[:, 0] + (last[:, 1] + last[:, 2])), run.t_end)
        begins, self.ends = self.edges[:-1], self.edges[1:].copy()
        for where, times in ((_CROSSES, crossed), (_LIFTS, begins)):
            here = where[self.endings]
            self.ends[here] = times[here]
        self.spike_times = self.ends[self.spiked]
        self.moves = self.ends > begins
        self.moves[-1] |= not self.spiked[-1]
        self.rests = self.spiked & (self.edges[1:] > self.ends)
        self.rests[-1] = self.spiked[-1]

    @cached_property
    def kicks(self) -> list[Kick]:
        """Spikes that come in, as the lanes know them."""
        found = self.run.kicks()
        return [
            (time - self.run.t_start, place, amount)
            for time in sorted(found)
            for place, amount in found[time]
        ]

    def count(self) -> int:
        """Count the segments that will be told."""
        cut = {
            (number, at)
            for number in (np.flatnonzero(self.rests).tolist() if self.kicks else [])
            for time, *_ in self._coming(number)
            if (at := self.run.t_start + time) > self.ends[number]
        }
        return int(self.moves.sum() + self.rests.sum()) + len(cut)

    def _coming(self, number: int) -> list[Kick]:
        """Give what comes in while the cell rests after a piece."""
        following, first = self.firsts[number + 1 :], int(self.record[self.lasts[number], 4])
        resumed = float(self.record[following[0], 0]) if following.size else math.inf
        return [kick for kick in self.kicks[first:] if kick[0] < resumed]

    def tell(self) -> tuple[list[Segment], list[Event]]:
        """Give the stretches, and the spikes with both sides of their resets."""
        run, lasts, endings = self.run, self.lasts, self.endings
        kernel, shift = lower(run.neuron.system), np.array(run.neuron.origin)
        begins, lengths = self.record[:, 0], self.record[lasts, 2]
        # Each step's time counts from the edge before it.
        local = (begins - np.repeat(begins[self.firsts], lasts - self.firsts + 1)) + self.record[:, 1]
        # Where V runs off, steps become shorter than what a double tells of the time.
        moved = self.jumps.copy()
        moved[:-1] |= local[1:] > local[:-1]
        known = self.series
        if not moved.all():
            local, known = local[moved], known[moved]
        behind = np.cumsum(moved)[lasts].tolist()
        final = self.series[lasts]
        last_states = evaluate(final, lengths)
        slopes = evaluate(np.arange(1, final.shape[2]) * final[:, :1, 1:], lengths)[:, 0].tolist()
        edges, ends = self.edges.tolist(), self.ends.tolist()
        segments: list[Segment] = []
        events: list[Event] = []
        for number, (origin, end, ending) in enumerate(zip(edges, ends, endings.tolist(), strict=False)):
            here = slice(behind[number - 1] if number else 0, behind[number])
            dense = Series(local[here], known[here], shift)
            values = np.concatenate([dense.series[:, :, 0], last_states[number : number + 1]]).T
            values[0] += shift
            if _CROSSES[ending]:
                values[0, -1] = shift
            if self.moves[number]:
                # As long as the times of its ends say, which are rounded.
                segments.append(Segment(origin, end, np.append(dense.knots, end - origin), values, dense))
            if self.spiked[number]:
                before = values[:, -1].copy()
                after = np.array(kernel.reset(*before.tolist(), 0.0, *kernel.parameters))
                events.append(Event(end, before, after, _slope_at(run, end, before, ending, slopes[number])))
            if self.rests[number]:
                coming = self._coming(number) if self.kicks else []
                segments += _rests(kernel, run.t_start, end, edges[number + 1], after, coming)
        return segments, events


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
