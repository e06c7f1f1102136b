r"""From reset to reset, with derivatives by the state, the time and the parameter.

The time of a spike is an unknown like the state, given by one of two equations that agree where both hold:
that the guard is zero at the end of a leg so long (`timed`), which is smooth where V no more than touches the
threshold, and goes on beyond; or that the leg is as long as V takes to its spike (`fired`), which bears any
steepness. The flow is that of the neuron without its threshold in the first, with it in the second.
"""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np

from natrium.analysis.continuation.axis import Axis, silenced
from natrium.analysis.cycle.return_map import free_of
from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.linearised import Linearised, linearised
from natrium.analysis.variation.pieces import Directions, through_rest
from natrium.model import AnyNeuron, Constant, Drive, SolverError, lower
from natrium.model.arrays import Array
from natrium.model.root import find_root
from natrium.model.scales import scales_of
from natrium.solvers import Trajectory, accurate

# mV/ms, or of the scales of V and time: with a steeper rise at the spike the leg's end is where it fires.
STEEP = 50.0
PER_STEP = 6  # points of each of the solver's steps at which V is held against the threshold
AHEAD = 1.25  # how much longer than expected a spike is waited for at first
APART = 1e-9  # of a leg, next to its ends: not a crossing inside it


class Where(Protocol):
    """A neuron and its input at one value of the parameter, as intervals need them."""

    @property
    def neuron(self) -> AnyNeuron:
        """The neuron as it is there."""

    @property
    def rtol(self) -> float:
        """Of runs and of their derivatives."""

    @property
    def linear(self) -> Linearised:
        """The system with its derivatives."""

    @property
    def begin(self) -> float:
        """When runs begin, ms."""

    def moving(self) -> Array:
        """Give the derivative of the system's parameters by the directions, shape (n_parameters, E)."""

    def shift(self) -> Array:
        """Give the derivative of `begin` by the directions, shape (E,)."""

    def directions(self, neuron: AnyNeuron, start: Array) -> Directions:
        """Make directions of a run, `start` of shape (n_states, P); the last E are the place's."""

    def run(self, neuron: AnyNeuron, y: Array, length: float) -> Trajectory:
        """Run from a state for so long, ms."""

    def flow(self, y: Array, t: float = 0.0) -> Array:
        """Give the flow at a state and a time (from its left), per ms."""

    def rest(self, y: Array, by: Array) -> tuple[Array, Array]:
        """Carry a state just after a reset, with derivatives, through the refractory period."""


@attrs.frozen(eq=False)
class Place:
    """A neuron and its input at one value of the parameter, ready to be run."""

    axis: Axis
    value: float
    neuron: AnyNeuron
    input: float  # mV
    rtol: float  # of runs and of their derivatives

    @property
    def linear(self) -> Linearised:
        """The system with its derivatives."""
        return linearised(self.axis.system(self.neuron))

    @property
    def begin(self) -> float:
        """When runs begin: the input is constant, and so is this."""
        return 0.0

    def moving(self) -> Array:
        """Give the derivative of the neuron's parameters, shape (n_parameters, E)."""
        return self.axis.by_parameters(self.axis.system(self.neuron))

    def shift(self) -> Array:
        """Give the derivative of `begin`, shape (E,)."""
        return np.zeros(len(self.axis.all))

    def directions(self, neuron: AnyNeuron, start: Array) -> Directions:
        """Make directions of a run, `start` of shape (n_states, P); the last E are the parameters'."""
        system, (own, *others) = self.axis.system(neuron), self.axis.all
        first = start.shape[1] - len(self.axis.all)
        parameters = np.hstack([np.zeros((len(system.parameters), first)), self.axis.by_parameters(system)])
        inputs = tuple((column, Constant(1.0)) for column in self._of_input(first))
        sizes = [own.size(self.value), *(one.size(one.value) for one in others)]
        scale = np.append(np.ones(first), 1.0 / np.array(sizes))
        return Directions(start, parameters, inputs, scale=scale, system=system)

    def _of_input(self, first: int) -> list[int]:
        """Give the columns, the parameters' from `first` on, in which it is the input that moves."""
        return [first + k for k, one in enumerate(self.axis.all) if one.of_input]

    def run(self, neuron: AnyNeuron, y: Array, length: float) -> Trajectory:
        """Run from a state for so long, ms."""
        solver = accurate(neuron, self.rtol)
        trajectory: Trajectory = solver.solve(neuron.started(y.tolist()), Constant(self.input), t_end=length)
        return trajectory

    def flow(self, y: Array, t: float = 0.0) -> Array:
        """Give the flow at a state, per ms."""
        return self.linear.flow(y, self.input)[0]

    def rest(self, y: Array, by: Array) -> tuple[Array, Array]:
        """Carry a state just after a reset, with derivatives, through the refractory period."""
        length, of_length = self.linear.refractory()
        first = by.shape[1] - len(self.axis.all)
        inputs = [(column, Drive(level=1.0)) for column in self._of_input(first)]
        directions = self.directions(self.neuron, by)
        y, by, moved = through_rest(
            self.linear, self.input, y, by, length, directions, inputs, rtol=self.rtol
        )
        by[:, first:] += np.outer(moved, of_length @ self.moving())
        return y, by


def place(axis: Axis, value: float, rtol: float) -> Place:
    """Go to a value of the parameter.

    Raises
    ------
    ModelError
        When the neuron cannot have it.
    """
    neuron, level = axis.at(value)
    return Place(axis, float(value), neuron, level, rtol)


@attrs.frozen(eq=False)
class Leg:
    """One stretch of the flow with what it depends on."""

    end: Array  # shape (n_states,): just before the spike, or the end
    # Shape (n_states, n_free + E): of the end at fixed time, by the free states at the beginning and by the
    # directions.
    by: Array
    flow: Array  # shape (n_states,): at the end, per ms
    run: Trajectory


def run_on(here: Where, y: Array, length: float) -> Trajectory:
    """Run from a state for so long, ms, without a threshold."""
    return here.run(silenced(here.neuron), y, length)


def flowed(here: Where, y: Array, by: Array, length: float) -> Leg:
    """Go with the flow for so long, without a threshold.

    Parameters
    ----------
    here : Where
    y : ndarray, shape (n_states,)
        At the beginning.
    by : ndarray, shape (n_states, n_free + E)
        Its derivative by the free states and the directions.
    length : float
        ms.
    """
    run = run_on(here, y, length)
    end = run.segments[-1].values[:, -1]
    found = propagate(run, here.directions(run.neuron, by), rtol=here.rtol).final
    return Leg(np.array(end), found, here.flow(end, run.t_end), run)


@attrs.frozen(eq=False)
class Interval:
    """One interval of a cycle, from just after a reset to just after the next, as equations."""

    after: Array  # shape (n_free,)
    after_by: Array  # shape (n_free, n_free + 1 + E): by the free states before, the time and the directions
    guard: float  # what is zero where the time is that of a spike
    guard_by: Array  # shape (n_free + 1 + E,)
    # Shape (n_free, n_free + E): d after / d free states before and directions, along with the spike.
    returned: Array
    moved: Array  # shape (n_free + E,): d time of the spike, likewise, ms
    slope: float  # rate at which the guard is crossed, mV/ms
    crossings: int  # how often V rises through the threshold before the end
    # How far the highest V before the end stays below the threshold, mV; infinity where V has no top there.
    clearance: float
    run: Trajectory


def _begin(here: Where, x: Array, free: tuple[int, ...]) -> tuple[Array, Array]:
    """Carry free states through the refractory period: the state, and its derivatives."""
    linear, moving, system = here.linear, here.moving(), here.neuron.system
    n, m = len(system.states), len(free)
    y, by = np.zeros(n), np.zeros((n, m + moving.shape[1]))
    y[list(free)], by[list(free), np.arange(m)] = x, 1.0
    if m < n:  # V is put at one value, or stays at the threshold
        before = y.copy()
        before[0] = 0.0 if system.threshold_moves else here.neuron.v_thresh
        y[0] = linear.after(before)[0]
        by[0, m:] = linear.reset(before)[1][0] @ moving
        if system.passes:
            h_y, h_p = linear.guard(before)
            by[0, m:] = -(h_p @ moving) / h_y[0]
    return here.rest(y, by)


def interval(here: Where, x: Array, length: float, *, timed: bool, longest: float) -> Interval:
    """Go from just after a reset to just after the next.

    Parameters
    ----------
    here : Where
    x : ndarray, shape (n_free,)
        Free states just after the reset.
    length : float
        How long the flow goes on after the refractory period, ms: so long (`timed`), or as is expected.
    timed : bool
        Whether the end is the time's, or the spike's.
    longest : float
        ms: without a spike by then there is none.

    Raises
    ------
    SolverError
        When no spike follows, or the flow cannot be integrated.
    """
    free = free_of(here.neuron)
    y, by = _begin(here, x, free)
    if not length > 0.0:
        raise SolverError(f"an interval must take time, got {length:.6g} ms after the refractory period")
    if timed:
        return _timed(here, free, y, by, length)
    return _fired(here, free, y, by, length, longest)


def _timed(here: Where, free: tuple[int, ...], y: Array, by: Array, length: float) -> Interval:
    linear, moving, rows, m = here.linear, here.moving(), list(free), len(free)
    leg = flowed(here, y, by, length)
    h_y, h_p = linear.guard(leg.end)
    r_y, r_p = linear.reset(leg.end)
    still, shifts = np.zeros((h_p.size, m)), np.concatenate([np.zeros(m), here.shift()])
    steady = np.hstack([still, moving])  # parameters by free states and directions
    slope = float(h_y @ leg.flow)
    moved = -(h_y @ leg.by + h_p @ steady) / (slope or np.nan)
    by_all = np.insert(leg.by + np.outer(leg.flow, shifts), m, leg.flow, axis=1)
    steady_all = np.insert(steady, m, 0.0, axis=1)
    crossings, clearance = inside(here, leg.run, length)
    if here.neuron.system.passes:  # V comes back through the threshold each time
        clearance = np.inf
    return Interval(
        after=linear.after(leg.end)[rows],
        after_by=(r_y @ by_all + r_p @ steady_all)[rows],
        guard=guard_of(here.neuron, leg.end),
        guard_by=h_y @ by_all + h_p @ steady_all,
        returned=(r_y @ (leg.by + np.outer(leg.flow, moved)) + r_p @ steady)[rows],
        moved=moved,
        slope=slope,
        crossings=crossings,
        clearance=clearance,
        run=leg.run,
    )


def _fired(
    here: Where,
    free: tuple[int, ...],
    y: Array,
    by: Array,
    length: float,
    longest: float,
) -> Interval:
    rows, m, span = list(free), len(free), min(AHEAD * length, longest)
    run = here.run(here.neuron, y, span)
    while not run.events and span < longest:
        span = min(2.0 * span, longest)
        run = here.run(here.neuron, y, span)
    if not run.events:
        raise SolverError(f"an interval must end with a spike, got none within {longest:g} ms")
    spike = propagate(run, here.directions(here.neuron, by), rtol=here.rtol, n_spikes=1).spikes[0]
    shifts = np.concatenate([np.zeros(m), here.shift()])
    return Interval(
        after=run.events[0].after[rows],
        after_by=np.insert(spike.after[rows], m, 0.0, axis=1),
        guard=length - (spike.time - here.begin),
        guard_by=np.insert(shifts - spike.gradient, m, 1.0),
        returned=spike.after[rows],
        moved=spike.gradient,
        slope=spike.slope,
        crossings=0,
        clearance=np.inf,
        run=run,
    )


def guard_of(neuron: AnyNeuron, y: Array) -> float:
    """Give how far V lies above the threshold, mV."""
    return float(y[0] - lower(neuron.system).frame.threshold(y))


def _guards(neuron: AnyNeuron, states: Array) -> Array:
    """Give the same of many states, shape (n_states, n_times)."""
    if not neuron.system.threshold_moves:
        return np.asarray(states[0] - neuron.v_thresh)
    return np.array([guard_of(neuron, y) for y in states.T])


def sampled(run: Trajectory, length: float) -> tuple[Array, Array]:
    """Give times and states of a run, some of each of its solver's steps."""
    knots = np.unique(np.clip(run.t, run.t_start, run.t_start + length))
    parts = np.arange(PER_STEP) / PER_STEP
    times = np.append((knots[:-1, None] + np.diff(knots)[:, None] * parts).ravel(), knots[-1])
    return times, run.state(times)


def inside(here: Where, run: Trajectory, length: float) -> tuple[int, float]:
    """Count how often V rises through the threshold inside a leg; tell how far below it its top stays.

    Infinity where V has no top inside.
    """
    times, states = sampled(run, length)
    guards = _guards(here.neuron, states)
    since = times - run.t_start
    inner = (since > APART * length) & (since < (1.0 - APART) * length)
    crossings = int(np.sum((guards[:-1] < 0.0) & (guards[1:] >= 0.0) & inner[:-1] & inner[1:]))
    tops = 1 + np.flatnonzero((guards[1:-1] > guards[:-2]) & (guards[1:-1] >= guards[2:]))
    if not tops.size:
        return crossings, np.inf
    k = int(tops[np.argmax(guards[tops])])
    return crossings, -_top(here, run, times[k - 1], times[k + 1], guards[k])


def _top(here: Where, run: Trajectory, low: float, high: float, seen: float) -> float:
    """Give the guard where it is highest between two times."""
    linear: Any = here.linear

    def rising(t: float) -> float:
        y = run.state(t)
        return float(linear.guard(y)[0] @ here.flow(y, t))

    if not (rising(low) > 0.0 > rising(high)):
        return seen
    return guard_of(here.neuron, run.state(find_root(rising, low, high, xtol=1e-13)))


def is_timed(neuron: AnyNeuron, slope: float) -> bool:
    """Tell whether a leg's end is its time's, by how fast V rises at the spike."""
    scales = scales_of(neuron)
    return slope < STEEP * scales.V / scales.time
