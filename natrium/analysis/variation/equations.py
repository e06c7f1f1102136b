r"""The variational equations along a run, with the jumps that events make.

Between events dS/dt = J(y) S + df/dp, with S = dy/dp at fixed time. Where the guard h(y, p) is met, at
t*, with f the flow just before,

.. math:: \frac{dt^*}{dp} = -\frac{h_y S + h_p}{h_y f}, \qquad
          Y = r_y \Big(S + f \frac{dt^*}{dp}\Big) + r_p

is the derivative of the state just after the reset r, *along with* the event. The refractory period
carries Y over to the restart, whose time moves by dt_r/dp = dt*/dp + dtau_ref/dp; from then on
S = Y - f(y_r) dt_r/dp. With dp = 0 and tau_ref = 0 this is the saltation matrix [1]_. All derivatives are
those of the symbolic system.

References
----------
.. [1] N. J. Kong, J. J. Payne, J. Zhu, A. M. Johnson, "Saltation matrices: the essential tool for
   linearizing hybrid dynamical systems" (2023). https://arxiv.org/abs/2306.06862
.. [2] S. Coombes, R. Thul, K. C. A. Wedgwood, "Nonsmooth dynamics in spiking neuron models", Physica D
   241 (2012) 2042-2057.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import attrs
import numpy as np

from natrium.analysis.variation.branches import surfaces_of
from natrium.analysis.variation.collocation import Collocation
from natrium.analysis.variation.linearised import linearised
from natrium.analysis.variation.pieces import RTOL, Directions, Spike, Variation, integrate
from natrium.analysis.variation.run_off import begin_of_run_off, is_told
from natrium.model import Drive, Span, Stimulus, UnsupportedModel, smooth_spans
from natrium.model.arrays import Array
from natrium.solvers import Compiled, Trajectory
from natrium.solvers.base import Run
from natrium.solvers.event_driven.methods import is_implicit
from natrium.solvers.history import Event

LEAST_RTOL = 1e-13

Renew = Callable[[Array, Array], tuple[Array, Array]]


def propagate(
    trajectory: Trajectory,
    directions: Directions,
    *,
    rtol: float = RTOL,
    n_spikes: int | None = None,
    renew: Renew | None = None,
) -> Variation:
    """Carry derivatives along a run whose events are known.

    Parameters
    ----------
    trajectory : Trajectory
        An event-driven run.
    directions : Directions
    rtol : float
        Relative tolerance.
    n_spikes : int, optional
        End with this spike.
    renew : callable, optional
        Given ``gradient, after`` of a spike, what to go on with: for products of many intervals.

    Raises
    ------
    SolverError
        When the equations cannot be integrated.
    """
    walk = _Walk(trajectory, directions, max(rtol, LEAST_RTOL), n_spikes, renew)
    for span in smooth_spans(trajectory.stimulus, trajectory.t_start, trajectory.t_end):
        walk.through(span)
    return Variation(tuple(walk.spikes), walk.S)


def _all_of(times: Array) -> Array:
    return np.ones(times.shape, dtype=bool)


class _Walk:
    """The state and its derivatives as they go along a run."""

    def __init__(
        self,
        trajectory: Trajectory,
        directions: Directions,
        rtol: float,
        n_spikes: int | None,
        renew: Renew | None,
    ) -> None:
        self.directions, self.rtol, self.renew = directions, rtol, renew
        # A series is as good between its steps' ends as there; other solvers' dense output is not, but where
        # it is stiff nothing else is quick. Of that no part is gone along where the time does not tell all.
        statistics = trajectory.statistics
        stiff = any(map(is_implicit, statistics.get("steps", ()))) or "at_steady_state" in statistics
        steepest = max((event.slope for event in trajectory.events), default=0.0)
        followed = is_told(trajectory, steepest) if stiff else isinstance(trajectory.made_by, Compiled)
        self.known = trajectory if followed else None
        system = directions.system or trajectory.neuron.system
        self.linear = self.plain = linearised(system, stiff)
        self.surfaces = surfaces_of(system, stiff)
        self.trajectory = trajectory
        # The flow of a refractory period that has no closed form.
        self.resting = None
        if system.relaxations is None and self.surfaces is None:
            self.resting = linearised(system.resting, stiff)
        if self.surfaces is not None:  # their sides are parameters that do not move
            still = np.zeros((self.surfaces.n_sides, directions.start.shape[1]))
            self.directions = attrs.evolve(directions, parameters=np.vstack([directions.parameters, still]))
        made = [event for event in trajectory.events[:n_spikes] if math.isinf(event.slope)]
        if made:
            raise UnsupportedModel(
                f"derivatives need spikes that V reaches by itself, got one at {made[0].time:.9g} ms that an "
                "incoming spike makes: simulate with other weights"
            )
        events = trajectory.events[:n_spikes]
        self.events: Iterator[Event] = iter(events)
        self.event = next(self.events, None)
        self.ends = n_spikes is not None
        self.last = events[-1].time if self.ends and events else math.inf  # of all that is gone along
        self.t = trajectory.t_start
        self.y = np.asarray(trajectory.neuron.initial_state(), dtype=float)
        self.S = directions.start.astype(float)
        self.kicks = Run(trajectory.neuron, trajectory.stimulus, trajectory.t_start, trajectory.t_end).kicks()
        self.refractory_until = -math.inf
        self.reset = self.y  # where the last refractory period begins
        self.restart: tuple[Array, Array] | None = None  # derivatives of state and time, until V is free
        self.release: Array | None = None  # the latter alone, while a refractory period is integrated
        self.spikes: list[Spike] = []
        self.courses: dict[bool, Collocation] = {}  # of the present span

    @property
    def done(self) -> bool:
        return self.ends and self.event is None

    def through(self, span: Span) -> None:
        """Go through one smooth stretch of the input."""
        self.courses.clear()
        if span.begin in self.kicks and not self.done:
            self._kick(span)
        while self.t < span.end and not self.done:
            if self.refractory_until > self.t:
                self._rest(span, min(span.end, self.refractory_until))
                continue
            if self.restart is not None:
                if self.event is not None and self.event.time <= self.t + 4.0 * math.ulp(self.t):
                    self._spike_at_once(span)
                    continue
                self._restart(span)
            spiking = self.event is not None and self.event.time <= span.end
            end = self.event.time if self.event is not None and spiking else span.end
            drive = span.drive(self.t)
            self._integrate(span, end, spiking)
            if spiking:
                self._spike(drive, end - self.t)
            self.t = end
        if self.restart is None and span.end in self.directions.edges:
            self._edge(span)

    def _kick(self, span: Span) -> None:
        """Let states jump: later by what the time moves, farther by what the jump grows.

        Raises
        ------
        UnsupportedModel
            When it is refractory and what moves then has no closed form.
        """
        held = self.refractory_until > self.t
        if held and self.resting is None:
            self._kick_at_rest(span)
            return
        linear = self.resting if held and self.resting is not None else self.linear
        before = self.y.copy()
        for place, amount in self.kicks[span.begin]:
            if place or not held:
                self.y = self.y.copy()
                self.y[place] += amount
        level = span.drive(span.begin)(0.0)
        f, beyond = (linear.flow(y, level)[0] for y in (before, self.y))
        S = self.S.copy()
        for column, place, velocity, growth, _ in self.directions.kicks.get(span.begin, ()):
            if place or not held:
                S[place, column] += growth
                S[:, column] += (f - beyond) * velocity
        self.S = S

    def _kick_at_rest(self, span: Span) -> None:
        """Let states jump while V is held: what is left of a jump when it goes free.

        What moves then is linear, so that this does not depend on where the other states are.
        """
        assert self.restart is not None
        S, time = self.restart
        start, dp = self.reset, self.directions.parameters
        left = self.refractory_until - self.t
        end, D, moving = self.plain.rest(start, left)
        by_parameters = self.plain.rest_by_parameters(start, left)
        for place, amount in self.kicks[span.begin]:
            if not place:
                continue
            after = start.copy()
            after[place] += amount
            jumped, _, moved = self.plain.rest(after, left)
            by = self.plain.rest_by_parameters(after, left) - by_parameters
            self.y = self.y + (jumped - end)
            S = S + np.outer(moved - moving, time) + by @ dp[: by.shape[1]]
        for column, place, velocity, growth, amount in self.directions.kicks.get(span.begin, ()):
            if not place:
                continue
            after = start.copy()
            after[place] += amount
            S = S.copy()
            S[:, column] += D[:, place] * growth
            S[:, column] -= (self.plain.rest(after, left)[2] - moving) * velocity
        self.S, self.restart = S, (S, time)

    def _rest(self, span: Span, end: float) -> None:
        """Go on to a time within a refractory period: where it is integrated, with states and derivatives."""
        if self.resting is not None:
            self.linear = self.resting
            drive = span.drive(self.t)
            self._integrate(span, end, spiking=False)
            if end >= self.refractory_until and self.release is not None:
                f, _, _ = self.resting.flow(self.y, drive(end - self.t))
                self.restart = (self.S + np.outer(f, self.release), self.release)
                self.release, self.linear = None, self.plain
        self.t = end

    def _integrate(self, span: Span, end: float, spiking: bool) -> None:
        moves = self.trajectory.neuron.system.threshold_moves
        v_thresh = math.inf if moves or not spiking else self.trajectory.neuron.v_thresh
        if self.surfaces is not None:
            self._through_branches(span, end, v_thresh)
            return
        self._smoothly(span, self.t, end, v_thresh)

    @staticmethod
    def _inputs(
        inputs: tuple[tuple[int, Stimulus], ...], span: Span, begin: float
    ) -> list[tuple[int, Drive]]:
        """Give the derivatives of the input, from a time on."""
        shapes = [(column, Span(shape, span.begin, span.end)) for column, shape in inputs]
        return [(column, shape.drive(begin)) for column, shape in shapes]

    def _smoothly(self, span: Span, begin: float, end: float, v_thresh: float) -> None:
        """Go through a smooth stretch: along the run's own series as far as it tells, then by integration."""
        until = self._told_until(span, begin, end, v_thresh)
        if self.known is not None and until > begin:
            shared = self.surfaces is None and until == end
            course = self._course(span if shared else attrs.evolve(span, begin=begin, end=until), shared)
            self.S = course.carry(self.S, begin, until)
            self.y = self.known.state(min(until, self.known.t_end), side="left")
        if until == end:
            return
        forced, n = self.directions.forced, self.y.size
        few = self.S.shape[1] - forced.columns.size <= n
        directions = self.directions if few else forced.and_all(self.linear.sizes)
        self.y, moved = integrate(
            self.linear,
            span.drive(until),
            self.y,
            self.S if few else np.hstack([self.S[:, forced.columns], np.eye(n)]),
            end - until,
            directions,
            self._inputs(directions.inputs, span, until),
            rtol=self.rtol,
            v_thresh=v_thresh,
        )
        S = moved if few else moved[:, -n:] @ self.S
        if not few:
            S[:, forced.columns] = moved[:, :-n]
        self.S = S

    def _told_until(self, span: Span, begin: float, end: float, v_thresh: float) -> float:
        """Give how far the run's own series tells a stretch: all of it, or until V runs off to its spike."""
        if self.known is None:
            return begin
        if self.event is None or self.event.time > end or is_told(self.known, self.event.slope):
            return end
        off = begin_of_run_off(self.linear, self.known, span.drive(begin), begin, end, v_thresh)
        return begin if off is None else off

    def _course(self, span: Span, shared: bool) -> Collocation:
        """Give what carries derivatives along a stretch: made once for a span, while V is free, or held.

        Where it is not `shared` the stretch is all of the span: between branches' changes, or a run-off.
        """
        assert self.known is not None
        held, forced, stiff = self.linear is self.resting, self.directions.forced, self.linear.stiff
        if not shared:
            return Collocation(self.linear, self.known, span, _all_of, forced, self.rtol, stiff)
        if held not in self.courses:
            self.courses[held] = Collocation(
                self.linear, self.known, span, lambda t: self._is_wanted(t, held), forced, self.rtol, stiff
            )
        return self.courses[held]

    def _is_wanted(self, times: Array, held: bool) -> Array:
        """Tell which times lie in refractory periods, or outside of them, of those that are gone along."""
        spikes = np.array([-math.inf, *(event.time for event in self.trajectory.events)])
        is_held = times - spikes[np.searchsorted(spikes, times) - 1] < self.plain.refractory()[0]
        return np.asarray((is_held == held) & (times < self.last))

    def _through_branches(self, span: Span, until: float, v_thresh: float) -> None:
        """Integrate with the sides of all branches held, from one change of them to the next."""
        assert self.surfaces is not None
        ends = [one.end for one in self.trajectory.segments if self.t < one.end < until]
        before: tuple[float, ...] | None = None
        for begin, end in pairwise((self.t, *ends, until)):
            sides = self._sides(begin, end)
            drive, inputs = span.drive(begin), self._inputs(self.directions.inputs, span, begin)
            if before is not None:
                moved = np.zeros(self.S.shape[1])
                for column, shape in inputs:
                    moved[column] += shape(0.0)
                rate, dp = drive.rate(0.0), self.directions.parameters
                self.S = self.surfaces.jump(before, sides, self.y, drive(0.0), rate, self.S, dp, moved)
            before, self.linear = sides, self.surfaces.held(sides)
            self._smoothly(span, begin, end, v_thresh if end == until else math.inf)

    def _sides(self, begin: float, end: float) -> tuple[float, ...]:
        """Tell the sides of all branches in a stretch of the run, by its middle."""
        assert self.surfaces is not None
        middle = 0.5 * (begin + end)
        return self.surfaces.sides(self.trajectory.state(middle), self.trajectory.stimulus(middle))

    def _spike(self, drive: Drive, s: float) -> None:
        """Cross the guard: derivative of the time, reset, refractory period."""
        event, linear, dp = self.event, self.linear, self.directions.parameters
        assert event is not None
        level = drive(s)
        f, J, f_I = linear.flow(event.before, level)
        h_y, h_p = linear.guard(event.before)
        slope = float(h_y @ f)
        # S grows as the flow does, along the course that was integrated with it: in a steep upstroke that
        # ends a little elsewhere than at the spike, and only their ratio is right to all digits.
        own, _, _ = linear.flow(self.y, level)
        gradient = -(h_y @ self.S + h_p @ dp) / float(h_y @ own) + 0.0  # no minus zero
        r_y, r_p = linear.reset(event.before)
        after = r_y @ (self.S + np.outer(own, gradient)) + r_p @ dp
        bend = float(h_y @ (J @ f + f_I * drive.rate(s)))
        margin = slope**2 / (-2.0 * bend) if bend < 0.0 else math.inf
        self._reset(Spike(event.time, gradient, after, slope, margin), level)

    def _spike_at_once(self, span: Span) -> None:
        """Fire as a refractory period ends: the spike moves as its end does."""
        assert self.restart is not None
        assert self.event is not None
        state, time = self.restart
        r_y, r_p = self.plain.reset(self.event.before)
        level = span.drive(span.begin)(self.t - span.begin)
        after = r_y @ state + r_p @ self.directions.parameters
        self._reset(Spike(self.event.time, time, after, self.event.slope, math.inf), level)

    def _reset(self, spike: Spike, level: float) -> None:
        """Go on after a spike: through the refractory period where it has a closed form, else into it."""
        event, dp = self.event, self.directions.parameters
        assert event is not None
        self.spikes.append(spike)
        gradient, after = spike.gradient, spike.after
        if self.renew is not None:
            gradient, after = self.renew(gradient, after)
        length, of_length = self.linear.refractory()
        self.event = next(self.events, None)
        self.refractory_until = event.time + length
        if self.resting is not None:
            f, _, _ = self.resting.flow(event.after, level)
            self.y, self.S = event.after.copy(), after - np.outer(f, gradient)
            self.restart, self.release = None, gradient + of_length @ dp
            return
        self.reset = event.after
        self.y, D, moved = self.plain.rest(event.after, length)
        by_parameters = self.plain.rest_by_parameters(event.after, length)
        moving = of_length @ dp
        self.S = D @ after + np.outer(moved, moving) + by_parameters @ dp[: by_parameters.shape[1]]
        self.restart = (self.S, gradient + moving)

    def _restart(self, span: Span) -> None:
        """Let V go: the flow begins earlier or later by what the restart's time moves."""
        assert self.restart is not None
        state, time = self.restart
        if self.surfaces is not None:
            end = min(one.end for one in self.trajectory.segments if one.end > self.t)
            self.linear = self.surfaces.held(self._sides(self.t, end))
        f, _, _ = self.linear.flow(self.y, span.drive(self.t)(0.0))
        self.S, self.restart = state - np.outer(f, time), None

    def _edge(self, span: Span) -> None:
        """Move an edge: the input before it goes on, or ends, a little earlier."""
        S = self.S.copy()
        for column, velocity, part in self.directions.edges[span.end]:
            before = Span(part, span.begin, span.end).drive(span.begin)(span.end - span.begin)
            _, _, f_I = self.linear.flow(self.y, 0.0)
            S[:, column] += f_I * (before - part(span.end)) * velocity
        self.S = S
