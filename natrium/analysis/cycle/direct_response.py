"""The phase response by experiment: move a state, run on, see when spikes come."""

from __future__ import annotations

import math

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.course import course
from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.phase_response import checked_times, cycle_of
from natrium.analysis.cycle.return_map import rested
from natrium.analysis.cycle.smooth_cycle import SmoothCycle, rising_crossings
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Constant, Count, ModelError, Number, SolverError, lower
from natrium.model.arrays import Array
from natrium.solvers import EventDriven

SETTLED = 1e-8  # of the first shift that may be left to come
MOST_CYCLES = 3000
NOTHING_LEFT = 1e-6  # of the largest shift
SMOOTH_RTOL = 1e-11


@attrs.frozen(eq=False, repr=False)
class DirectResponse(Result):
    """Phase response to a kick of finite size.

    Attributes
    ----------
    cycle : LimitCycle or SmoothCycle
    state : str
        What is moved.
    kick : float
        By how much; mV for V.
    times : ndarray, shape (n_times,)
        When, since phase zero, ms.
    next_spike : ndarray, shape (n_times,)
        How much earlier the next spike comes, ms; NaN for a cycle without resets.
    asymptotic : ndarray, shape (n_times,)
        How much earlier spikes come in the long run, ms; without resets within half a period.
    left : ndarray, shape (n_times,)
        How much of it is still to come after so many cycles, by the largest multiplier, ms.
    cycles : int
        How many cycles later spikes counted as in the long run.
    """

    cycle: LimitCycle | SmoothCycle
    state: str
    kick: float
    times: Array
    next_spike: Array
    asymptotic: Array
    left: Array
    cycles: int

    @property
    def settled(self) -> bool:
        """Whether what is still to come is less than 1e-6 of the largest shift, at every time."""
        return is_settled(self.left, self.asymptotic)

    def sentences(self) -> list[str]:
        """Say where it has not settled."""
        if self.settled:
            return []
        return [
            f"The shifts have not settled after {self.cycles} cycles: up to {self.left.max():.2g} ms is "
            f"still to come (largest multiplier {self.cycle.largest_multiplier:.6g}); give more `cycles`."
        ]


def direct_response(
    neuron: AnyNeuron | LimitCycle | SmoothCycle,
    kick: float,
    times: npt.ArrayLike,
    I: float | None = None,
    *,
    state: str = "V",
    period: int = 1,
    cycles: int | None = None,
) -> DirectResponse:
    """Move a state by `kick` at each of some times along a cycle and run on.

    A kick that carries V to the threshold or over it makes a spike at once. While it is held, V is not
    moved.

    Parameters
    ----------
    neuron : Neuron, HybridNeuron, LimitCycle or SmoothCycle
        A cycle, or the neuron whose cycle is looked for.
    kick : float
        In units of the state; mV for V.
    times : array_like, shape (n_times,)
        In [0, period), ms.
    I : float, optional
        Constant input, mV; with a neuron.
    state : str
        ``"V"``, ``"Na.m"``, ...
    period : int
        Spikes per cycle; with a neuron.
    cycles : int, optional
        How many cycles later spikes count as in the long run; by default until the largest multiplier
        leaves nothing to come, 3000 at most: see `DirectResponse.settled`.

    Raises
    ------
    ModelError
        When a number is out of range or there is no such state.
    SolverError
        When firing ends.
    """
    cycle = cycle_of(neuron, I, period)
    labels = cycle.neuron.system.labels
    if state not in labels:
        raise ModelError(f"state must be one of {', '.join(labels)}, got {state!r}")
    Number().check("kick", kick)
    cycles = cycles_needed(cycle) if cycles is None else cycles
    Count(low=1).check("cycles", cycles)
    at, moved = checked_times(cycle, times), np.zeros(len(labels))
    moved[labels.index(state)] = kick
    shifts = np.array([_shifts(cycle, float(t), moved, cycles) for t in at])
    following, last, before = shifts.T
    left = still_to_come(cycle, last, before)
    return DirectResponse(cycle, state, float(kick), at, following, last, left, cycles)


def still_to_come(cycle: LimitCycle | SmoothCycle, last: Array, before: Array) -> Array:
    """Give how much of shifts is still to come, by the largest multiplier and the shifts a cycle before."""
    mu = cycle.largest_multiplier
    return np.nan_to_num(np.abs(last - before) * (mu / (1.0 - mu) if mu < 1.0 else math.inf))


def is_settled(left: Array, shifts: Array) -> bool:
    """Tell whether what is still to come of shifts is nothing beside the largest of them."""
    return bool(left.max() <= NOTHING_LEFT * np.abs(shifts).max())


def cycles_needed(cycle: LimitCycle | SmoothCycle) -> int:
    """Give after how many cycles the largest multiplier leaves nothing of a shift to come, 3000 at most."""
    multiplier = max(cycle.largest_multiplier, 1e-300)
    needed = math.log(SETTLED) / math.log(multiplier) + 1.0 if multiplier < 1.0 else math.inf
    return math.ceil(min(needed, MOST_CYCLES))


def _shifts(
    cycle: LimitCycle | SmoothCycle, t: float, kick: Array, cycles: int
) -> tuple[float, float, float]:
    """Give the shift of the next spike, of the last, and of the one a cycle earlier."""
    if isinstance(cycle, SmoothCycle):
        return math.nan, *_smooth(cycle, t, kick, cycles)
    return _hybrid(cycle, t, kick, cycles)


def _hybrid(cycle: LimitCycle, t: float, kick: Array, cycles: int) -> tuple[float, float, float]:
    mapping, ends = cycle.map, np.cumsum(cycle.intervals)
    linear, (length, _) = mapping.linear, mapping.linear.refractory()
    k = min(int(np.searchsorted(ends, t, side="right")), cycle.n_spikes - 1)
    s, full = t - (ends[k] - cycle.intervals[k]), mapping.full(cycle.returns[k].before)
    expected = np.tile(cycle.intervals, cycles + 2)[k:].cumsum() - s
    count = cycles * cycle.n_spikes
    waiting = max(length - s, 0.0)
    if waiting > 0.0:
        held = linear.system.resting.rhs[0] == 0
        y = rested(linear, full, s, cycle.input)[0] + np.array([0.0 if held else kick[0], *kick[1:]])
        y = rested(linear, y, waiting, cycle.input)[0]
    else:
        released = mapping.released(cycle.returns[k].before)[0]
        y = released + kick
        if s > length:
            y = course(cycle.neuron, linear, released, cycle.input, s - length).end + kick
    early: list[float] = []
    level = float(lower(cycle.neuron.system).frame.threshold(y))
    if y[0] >= level:
        after = linear.after(np.array([level, *y[1:]]))
        y, waiting, early = rested(linear, after, length, cycle.input)[0], length, [0.0]
    span = float(expected[count]) * 1.02 + 2.0 * cycle.period
    run = mapping.solver.solve(cycle.neuron.started(y.tolist()), Constant(cycle.input), t_end=span)
    found = np.array([*early, *(run.spike_times + waiting)])
    if found.size <= count:
        raise SolverError(
            f"firing must go on after a kick, got {found.size} spikes in {span:.6g} ms after one at "
            f"{t:.6g} ms; make it smaller"
        )
    early_by = expected[: count + 1] - found[: count + 1]
    return float(early_by[0]), float(early_by[count]), float(early_by[count - cycle.n_spikes])


def _smooth(cycle: SmoothCycle, t: float, kick: Array, cycles: int) -> tuple[float, float]:
    """Give the shift of the rise through the section that comes some cycles later, and of the one before."""
    y = cycle.state
    if t > 0.0:
        y = course(cycle.neuron, cycle.linear, y, cycle.input, t).end
    solver, span = EventDriven(rtol=SMOOTH_RTOL), (cycles + 1.0) * cycle.period
    runs = [
        solver.solve(cycle.neuron.started(start.tolist()), Constant(cycle.input), t_end=span)
        for start in (y, y + kick)
    ]

    def shift(due: float) -> float:
        if due <= 0.0:
            return 0.0
        half, found = 0.5 * cycle.period, []
        for run in runs:
            rises = rising_crossings(run, cycle.section, max(due - half, 0.0), due + half)
            if not rises.size:
                raise SolverError(
                    f"firing must go on after a kick, got none after one at {t:.6g} ms; make it smaller"
                )
            found.append(float(rises[np.argmin(np.abs(rises - due))]))
        return found[0] - found[1]

    return shift(cycles * cycle.period - t), shift((cycles - 1) * cycle.period - t)
