"""Orbits locked to a periodic input as zeros of equations: p spikes in q periods, in any one parameter.

The unknowns are, of each interval, the free states just after the reset and how long the flow goes on after
the refractory period; then the phase at which the first of them begins, in periods, and the parameter. Each
interval begins when those before it have ended, and all of them take q periods. The phase is a state like the
others: the multipliers are those of the map from spike to spike, of free states and time. Without spikes what
is unknown is the state at phase zero.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import ClassVar

import attrs
import numpy as np

from natrium.analysis.continuation.axis import sizes_of
from natrium.analysis.continuation.cycles import RANGE, RTOL, TIME, Evaluation, Together, sorted_multipliers
from natrium.analysis.continuation.legs import flowed, inside, interval, is_timed
from natrium.analysis.cycle.return_map import free_of
from natrium.analysis.forcing.axis import ForcedAxis, Forcing
from natrium.analysis.variation.gradients import parameter_directions
from natrium.analysis.variation.linearised import Linearised, linearised
from natrium.analysis.variation.pieces import Directions, integrate, through_rest
from natrium.model import AnyNeuron, Span, smooth_spans
from natrium.model.arrays import Array
from natrium.model.parameter import Parameter
from natrium.solvers import Trajectory, accurate

FAR = 1000.0  # periods: no interval is longer than that many
PHASE = 0.15  # periods: one unit of length


@attrs.frozen(eq=False, slots=False)
class ForcedPlace:
    """A forced neuron at one value of the parameter, at one time: as `legs.Where`.

    The directions are the time at which the interval begins, and what the parameter changes.
    """

    axis: ForcedAxis
    value: float
    forcing: Forcing  # there
    chosen: dict[str, Parameter]
    rtol: float
    begin: float  # when runs begin, ms

    @property
    def neuron(self) -> AnyNeuron:
        """The neuron as it is there."""
        return self.forcing.neuron

    @property
    def linear(self) -> Linearised:
        """The system with its derivatives."""
        return linearised(self.axis.system(self.neuron))

    @cached_property
    def _moving(self) -> Array:
        symbols = [symbol.name for symbol in self.linear.system.parameters]
        found = np.zeros((len(symbols), 1 + len(self.chosen)))
        for column, one in enumerate(self.chosen.values(), start=1):
            if one.part is None and one.symbol:
                found[symbols.index(one.symbol), column] = 1.0
        return found

    def moving(self) -> Array:
        """Give the derivative of the system's parameters by the directions, shape (n_parameters, E)."""
        return self._moving

    def shift(self) -> Array:
        """Give the derivative of `begin` (a refractory period after the reset) by the directions."""
        found = np.asarray(self.linear.refractory()[1] @ self._moving)
        found[0] = 1.0
        return found

    def directions(self, neuron: AnyNeuron, start: Array) -> Directions:
        """Make directions of a run, `start` of shape (n_states, P); the last E are the place's."""
        return self._until(neuron, start, self.begin, math.inf)

    def _until(self, neuron: AnyNeuron, start: Array, begin: float, end: float) -> Directions:
        end = min(end, begin + FAR * self.forcing.period)
        system = self.axis.system(neuron)
        known = {symbol.name for symbol in system.parameters}
        # What is of threshold and reset moves nothing of a flow without them.
        here = {name: one for name, one in self.chosen.items() if one.part is not None or one.symbol in known}
        found = parameter_directions(neuron, self.forcing.stimulus, here, begin, end)
        offset = start.shape[1] - len(self.chosen)
        columns = [offset + k for k, name in enumerate(self.chosen) if name in here]
        parameters, scale = np.zeros((len(known), start.shape[1])), np.ones(start.shape[1])
        parameters[:, columns], scale[columns] = found.parameters, found.scale
        edges = {
            time: [(columns[c], velocity, part) for c, velocity, part in rows]
            for time, rows in found.edges.items()
        }
        inputs = tuple((columns[c], shape) for c, shape in found.inputs)
        return Directions(start, parameters, inputs, edges, scale=scale, system=system)

    def run(self, neuron: AnyNeuron, y: Array, length: float) -> Trajectory:
        """Run from a state for so long, ms."""
        trajectory: Trajectory = accurate(neuron, self.rtol).solve(
            neuron.started(y.tolist()), self.forcing.stimulus, t_start=self.begin, t_end=self.begin + length
        )
        return trajectory

    def flow(self, y: Array, t: float = 0.0) -> Array:
        """Give the flow at a state and a time (from its left), per ms."""
        before = math.nextafter(t, -math.inf)
        return self.linear.flow(y, self.forcing.stimulus(before))[0]

    def rest(self, y: Array, by: Array) -> tuple[Array, Array]:
        """Carry a state just after a reset, with derivatives, through the refractory period.

        Until `begin`; derivatives are then those at fixed time.
        """
        linear, directions = self.linear, self.directions(self.neuron, by)
        length, of_length = linear.refractory()
        if linear.system.rested(0.0) is not None:
            y, by, moved = through_rest(linear, 0.0, y, by, length, directions)
            by[:, -self._moving.shape[1] :] += np.outer(moved, of_length @ self._moving)
        else:
            y, by = self._rested(y, by, length)
        after = linear.flow(y, self.forcing.stimulus(self.begin))[0]
        by[:, -self._moving.shape[1] :] -= np.outer(after, self.shift())
        return y, by

    def _rested(self, y: Array, by: Array, length: float) -> tuple[Array, Array]:
        """Go with the flow of a refractory period under the input as it moves; derivatives along its end."""
        resting, start = linearised(self.linear.system.resting), self.begin - length
        E, S = self._moving.shape[1], by.copy()
        S[:, -E] -= resting.flow(y, self.forcing.stimulus(start))[0]  # it begins later
        directions = self._until(self.neuron, by, start, self.begin)
        for span in smooth_spans(self.forcing.stimulus, start, self.begin):
            drive = span.drive(span.begin)
            inputs = [
                (c, Span(shape, span.begin, span.end).drive(span.begin)) for c, shape in directions.inputs
            ]
            y, S = integrate(resting, drive, y, S, span.end - span.begin, directions, inputs, rtol=self.rtol)
            for column, velocity, part in directions.edges.get(span.end, ()):
                before = Span(part, span.begin, span.end).drive(span.begin)(span.end - span.begin)
                S[:, column] += resting.flow(y, 0.0)[2] * (before - part(span.end)) * velocity
        left = self.forcing.stimulus(math.nextafter(self.begin, -math.inf))
        S[:, -E:] += np.outer(resting.flow(y, left)[0], self.shift())
        return y, S


@attrs.frozen(eq=False)
class LockedOrbits(Together):
    """Orbits of p spikes in q periods of the input, as `cycles.Cycles`."""

    axis: ForcedAxis
    n_spikes: int
    n_periods: int
    span: float  # of the parameter that is to be followed
    rtol: float
    longest: float  # longest interval, ms
    timed: tuple[bool, ...]  # of each interval, whether its end is its time's
    sizes: Array  # shape (n_states,)
    forced: ClassVar[bool] = True

    @property
    def free(self) -> tuple[int, ...]:
        """Indices of the free states."""
        return free_of(self.axis.neuron)

    @property
    def arcs(self) -> int:
        """Stretches of the flow: an interval each."""
        return max(1, self.n_spikes)

    def place(self, value: float, begin: float) -> ForcedPlace:
        """Go to a value of the parameter, and a time."""
        forcing = self.axis.at(value)
        return ForcedPlace(self.axis, value, forcing, self.axis.by_value(value)[0], self.rtol, begin)

    def evaluate(self, z: Array) -> Evaluation:
        """Evaluate the equations at a point, shape (n,)."""
        return self._locked(z) if self.n_spikes else self._silent(z)

    def _locked(self, z: Array) -> Evaluation:
        p, value = self.n_spikes, float(z[-1])
        _, weights, growth = self.axis.by_value(value)
        forcing = self.axis.at(value)
        m = len(self.free)
        w = m + 1
        parts, turn = z[:-2].reshape(p, w), float(z[-2] % 1.0) + forcing.first
        first = self.place(value, 0.0)
        rest, of_rest = first.linear.refractory()
        by_rest = float(of_rest @ first.moving()[:, 1:] @ weights)
        begin = turn * forcing.period
        begin_by = np.zeros(z.size)  # when the interval begins
        begin_by[-2], begin_by[-1] = forcing.period, turn * growth
        found, residual, jacobian = [], np.zeros((p, w)), np.zeros((p, w, z.size))
        monodromy = np.eye(w)
        for i, (part, timed) in enumerate(zip(parts, self.timed, strict=True)):
            here = attrs.evolve(first, begin=begin + rest)
            one = interval(here, part[:m], float(part[m]), timed=timed, longest=self.longest)
            found.append(one)
            follows = (i + 1) % p
            rows = np.vstack([one.after_by, one.guard_by])
            own, moved = rows[:, :w], rows[:, w]
            jacobian[i][:, i * w : (i + 1) * w] += own
            jacobian[i] += np.outer(moved, begin_by)
            jacobian[i][:, -1] += rows[:, w + 1 :] @ weights
            jacobian[i, range(m), range(follows * w, follows * w + m)] -= 1.0
            residual[i, :m], residual[i, m] = one.after - parts[follows, :m], one.guard
            monodromy = np.vstack([one.returned[:, :w], one.moved[:w]]) @ monodromy
            begin += rest + float(part[m])
            begin_by = begin_by.copy()
            begin_by[i * w + m] += 1.0
            begin_by[-1] += by_rest
        # In periods: what is singular at a doubling follows from the equations alone.
        closing = begin / forcing.period - turn - self.n_periods
        closing_by = begin_by / forcing.period
        closing_by[-2] -= 1.0
        closing_by[-1] -= begin * growth / forcing.period**2
        runs = tuple(one.run for one in found)
        intervals, states = self.read(z)
        return Evaluation(
            residual=np.append(residual.ravel(), closing),
            jacobian=np.vstack([jacobian.reshape(p * w, -1), closing_by]),
            monodromy=monodromy,
            multipliers=sorted_multipliers(monodromy),
            intervals=intervals,
            states=states,
            slope=min(one.slope for one in found),
            crossings=sum(one.crossings for one in found),
            clearance=min(one.clearance for one in found),
            swing=float(np.ptp(np.concatenate([run.V for run in runs])) / self.sizes[0]),
            runs=runs,
        )

    def _silent(self, z: Array) -> Evaluation:
        value = float(z[-1])
        _, weights, growth = self.axis.by_value(value)
        forcing, n = self.axis.at(value), z.size - 1
        here = self.place(value, forcing.first * forcing.period)
        by = np.hstack([np.eye(n), np.zeros((n, 1 + weights.size))])
        y, length = z[:n], self.n_periods * forcing.period
        start = here.flow(y, math.nextafter(here.begin, math.inf))
        by[:, n] = -start  # it begins later
        leg = flowed(here, y, by, length)
        crossings, clearance = inside(here, leg.run, length)
        # Begin and end move with the period.
        end = forcing.first + self.n_periods
        column = (
            leg.by[:, n + 1 :] @ weights + leg.by[:, n] * forcing.first * growth + leg.flow * end * growth
        )
        monodromy = leg.by[:, :n]
        return Evaluation(
            residual=leg.end - y,
            jacobian=np.column_stack([monodromy - np.eye(n), column]),
            monodromy=monodromy,
            multipliers=sorted_multipliers(monodromy),
            intervals=np.array([length]),
            states=y.reshape(1, -1),
            slope=np.inf,
            crossings=crossings,
            clearance=clearance,
            swing=float(np.ptp(leg.run.V) / self.sizes[0]),
            runs=(leg.run,),
        )

    def read(self, z: Array) -> tuple[Array, Array]:
        """Give the intervals and the states at their beginnings from the unknowns."""
        forcing = self.axis.at(float(z[-1]))
        if not self.n_spikes:
            return np.array([self.n_periods * forcing.period]), z[:-1].reshape(1, -1).copy()
        parts = z[:-2].reshape(self.n_spikes, -1)
        return parts[:, -1] + forcing.neuron.tau_ref, parts[:, :-1].copy()

    def times(self, z: Array) -> Array:
        """Give the times of the spikes since the phase zero before the first, shape (n_spikes,), ms."""
        if not self.n_spikes:
            return np.empty(0)
        begin = float(z[-2] % 1.0) * self.axis.at(float(z[-1])).period
        return np.asarray(begin + np.append(0.0, np.cumsum(self.read(z)[0])[:-1]))

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n,)."""
        if not self.n_spikes:
            return np.append(self.sizes, RANGE * self.span)
        times = TIME * np.maximum(z[:-2].reshape(self.n_spikes, -1)[:, -1:], 1e-3)
        own = np.tile(self.sizes[list(self.free)], (self.n_spikes, 1))
        return np.concatenate([np.hstack([own, times]).ravel(), [PHASE, RANGE * self.span]])

    def adapted(self, z: Array, found: Evaluation) -> LockedOrbits:
        """Give the same equations as they suit an orbit just found."""
        if not self.n_spikes:
            return self
        here = self.place(float(z[-1]), 0.0)
        return attrs.evolve(self, timed=tuple(is_timed(here.neuron, _slope(here, run)) for run in found.runs))

    def divided(self, z: Array, found: Evaluation) -> tuple[LockedOrbits, Array] | None:
        """Give the same orbit in as many arcs as its growth asks for: each interval is one."""
        return None

    def common(self, vector: Array) -> Array:
        """Give what of a vector is the same however the orbit is divided: all of it."""
        return vector

    def turned(self, jacobian: Array) -> Array:
        """Give what is singular where the period doubles: states and phase come back as minus themselves."""
        turned, p = jacobian[:, :-1].copy(), self.n_spikes
        m = len(self.free) if p else len(turned)
        rows = np.arange(m) + max(0, p - 1) * (m + 1)
        turned[rows, np.arange(m)] += 2.0
        if p:
            turned[-1, -1] += 2.0
        return turned

    def doubled(self, z: Array, found: Evaluation) -> tuple[LockedOrbits, Array, Array]:
        """Give the equations of twice the period, the orbit run through twice, and where the two part."""
        again = attrs.evolve(
            self, n_spikes=2 * self.n_spikes, n_periods=2 * self.n_periods, timed=self.timed * 2
        )
        parted = np.linalg.svd(self.turned(found.jacobian))[2][-1]
        if not self.n_spikes:
            return again, z.copy(), np.append(parted, 0.0)
        twice = np.concatenate([z[:-2], z[:-2], z[-2:]])
        return again, twice, np.concatenate([parted[:-1], -parted[:-1], [parted[-1], 0.0]])


def _slope(here: ForcedPlace, run: Trajectory) -> float:
    """Give the rate at which the guard is crossed at the end of an interval."""
    if run.events:
        return run.events[-1].slope
    y = run.segments[-1].values[:, -1]
    return float(here.linear.guard(y)[0] @ here.flow(y, run.t_end))


def locked_orbits(
    axis: ForcedAxis, p: int, q: int, states: Array, span: float, longest: float
) -> LockedOrbits:
    """Make the equations of orbits of p spikes in q periods near a run, of states (n_states, n_times)."""
    return LockedOrbits(axis, p, q, span, RTOL, longest, (False,) * p, sizes_of(axis.neuron, states))
