"""The fixed-step family: the script's scheme and its kin, rule by rule.

With its rules at their defaults `FixedStep` is the notebook's script, double for double. Each rule is a
named choice, so that one can walk from the script to the truth one switch at a time.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, Self

import attrs
import numpy as np

from natrium.model import (
    AnyNeuron,
    Choice,
    Number,
    Optional,
    Simulation,
    SolverError,
    StepLimit,
    Sum,
    as_float,
    lower,
)
from natrium.model.arrays import Array
from natrium.model.hybrid import REFRACTORY_RULES
from natrium.model.root import find_root
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.dense import Sampled
from natrium.solvers.fixed_step.schemes import SCHEMES, Current, Flow
from natrium.solvers.fixed_step.smooth_input import Level, SmoothInput
from natrium.solvers.history import Event, Segment
from natrium.solvers.limits import Limits
from natrium.solvers.refractory import rest
from natrium.solvers.trajectory import Trajectory


@attrs.frozen(kw_only=True)
class FixedStep(BaseSolver):
    """Step through time with a fixed step, by named rules.

    `Trajectory.t` holds the labels of the samples, `spike_times` those of the spikes, and
    ``extras["refractory_counter"]`` the time or steps left after each step. Between samples nothing
    is interpolated: `Trajectory.state` gives the last one.

    Parameters
    ----------
    dt : float
        Step, ms.
    scheme : {"sequential-euler", "euler", "exponential-euler", "heun", "rk4"}
        ``sequential-euler``, the script's: gates first, then V with the new gates. ``euler``: all from
        the old state. ``exponential-euler``: each state exactly, the others held (Rush-Larsen).
    spike_time : {"grid", "linear", "cubic"}
        Where in its step a spike is: at the end, or where a line or a cubic (Hermite) through the
        step's ends meets the threshold; then, with the exact refractory rule, the rest of the step is
        made anew from the reset state.
    refractory : {"counter", "steps", "exact"}
        ``counter``, the script's: dt is subtracted from tau_ref step by step, rounding included.
        ``steps``: tau_ref rounded to whole steps. ``exact``: until spike + tau_ref, within a step.
    label : {"start", "end"}
        Label a sample, stored after its step, by the step's start (the script's way) or its end.
    read : {"start", "average", "stage", "split"}
        Read the input at the step's start, averaged over the step, at the scheme's own stages, or so with
        the step split where the input has an edge or a kink: a scheme's order holds between these only.
    edges : {"strict", "half-open"}
        Stimulus windows as ``start < t < stop``, the script's way, or as ``start <= t < stop``.
    gates : str, optional
        Refractory rule (see `natrium.model.hybrid.REFRACTORY_RULES`); by default the neuron's.
    limits : Limits
        `max_rhs_evaluations` bounds the number of steps.

    References
    ----------
    .. [1] D. Hansel, G. Mato, C. Meunier, L. Neltner, "On numerical simulations of integrate-and-fire
       neural networks", Neural Comput. 10 (1998) 467-483.
       https://doi.org/10.1162/089976698300017845
    .. [2] M. J. Shelley, L. Tao, "Efficient and accurate time-stepping schemes for integrate-and-fire
       neuronal networks", J. Comput. Neurosci. 11 (2001) 111-119.
       https://doi.org/10.1023/A:1012885314187
    """

    name: ClassVar[str] = "script"
    any_equations: ClassVar[bool] = True
    takes_kicks: ClassVar[bool] = True
    heeds_rates: ClassVar[bool] = False  # a script goes where it goes

    dt: float = attrs.field(converter=as_float, validator=Number("ms", 0.0, open_low=True))
    scheme: str = attrs.field(default="sequential-euler", validator=Choice(tuple(SCHEMES)))
    spike_time: Literal["grid", "linear", "cubic"] = attrs.field(
        default="grid", validator=Choice(("grid", "linear", "cubic"))
    )
    refractory: Literal["counter", "steps", "exact"] = attrs.field(
        default="counter", validator=Choice(("counter", "steps", "exact"))
    )
    label: Literal["start", "end"] = attrs.field(default="start", validator=Choice(("start", "end")))
    read: Literal["start", "average", "stage", "split"] = attrs.field(
        default="start", validator=Choice(("start", "average", "stage", "split"))
    )
    edges: Literal["strict", "half-open"] = attrs.field(
        default="strict", validator=Choice(("strict", "half-open"))
    )
    gates: str | None = attrs.field(default=None, validator=Optional(Choice(REFRACTORY_RULES)))
    limits: Limits = attrs.field(factory=Limits)

    def _solve(self, run: Run) -> Trajectory:
        """Step from grid point to grid point.

        Raises
        ------
        StepLimit
            When the run has more steps than the budget allows.
        SolverError
            When V or a gate stops being finite, as where a written rate is 0/0.
        """
        steps = run.duration / self.dt
        if steps > self.limits.max_rhs_evaluations:
            raise StepLimit(
                f"a run may take at most {self.limits.max_rhs_evaluations} steps, got {steps:.3g}; "
                "raise dt, shorten the run or raise max_rhs_evaluations"
            )
        starts = np.arange(run.t_start, run.t_end, self.dt)
        course = _Course(self, run.neuron, run.stimulus, starts)
        course.kicks = sorted((time, *one) for time, found in run.kicks().items() for one in found)
        with np.errstate(all="ignore"):  # the scheme's own overflow ends below, named
            course.carry_through()
        labels = course.starts + (self.dt if self.label == "end" else 0.0)
        return run.trajectory(
            self,
            [_samples(labels, course.y, run.t_start, run.t_end)],
            course.events,
            solver=None if self.is_script else "fixed-step",
            method=self.scheme,
            rhs_evaluations=course.taken * SCHEMES[self.scheme].evaluations,
            extras={"refractory_counter": course.counters},
        )

    @classmethod
    def of(cls, simulation: Simulation) -> Self:
        """Make the solver that a model file's [simulation] asks for."""
        assert simulation.dt is not None  # held by Simulation's own check
        return cls(dt=simulation.dt)

    @property
    def is_script(self) -> bool:
        """Whether all rules are the script's."""
        return self == FixedStep(dt=self.dt, limits=self.limits)


class _Course:
    """One run as it goes on."""

    def __init__(self, solver: FixedStep, neuron: AnyNeuron, stimulus: Sum, starts: Array) -> None:
        self.solver, self.neuron, self.stimulus, self.starts = solver, neuron, stimulus, starts
        self.flow = Flow.of(neuron)
        self.step = SCHEMES[solver.scheme].step
        ruled: Any = neuron
        self.resting = lower((attrs.evolve(ruled, refractory=solver.gates) if solver.gates else ruled).system)
        system = self.resting.system
        self.closed = system.relaxations is not None  # the course of a refractory period, its spikes ignored
        self.rest_flow = self.flow.at_rest(system)
        self.rests_in_motion = any(flow != 0 for flow in system.resting.rhs)
        self.gates_move = system.resting.rhs[1:] == system.rhs[1:]
        self.fires, self.passes, self.frame = neuron.fires, system.passes, self.resting.frame
        self.gated = neuron.of_channels and len(system.gates) == len(system.states) - 1
        self.state = np.array(neuron.initial_state())
        self.y = np.empty((self.state.size, starts.size))
        self.counters = np.empty(starts.size)
        self.events: list[Event] = []
        self.exact = solver.refractory == "exact"
        # What is left of the refractory period, in ms or steps; exact: the time until which V is held.
        self.counter = -math.inf if self.exact else 0.0
        self.taken = 0
        self.kicks: list[tuple[float, int, float]] = []  # still to come: time, state, by how much
        end = starts[-1] + 2.0 * solver.dt
        self.level = Level(stimulus, solver.edges == "strict", starts[0], end)
        self.smooth = None
        if solver.read in ("average", "split"):
            self.smooth = SmoothInput(stimulus, starts[0], end)

    def carry_through(self) -> None:
        """Take all steps."""
        dt = self.solver.dt
        for k, t in enumerate(self.starts.tolist()):
            try:
                while self.kicks and self.kicks[0][0] < t + dt:  # with the step in which they come
                    _, place, amount = self.kicks.pop(0)
                    if place or not self._is_held(t):
                        self.state = self.state.copy()
                        self.state[place] += amount
                self._step(t)
            except (ArithmeticError, ValueError):  # from the rates, or from a polynomial through infinities
                self.state = np.full_like(self.state, np.nan)
            self.y[:, k] = self.state
            self.counters[k] = max(self.counter - t - dt, 0.0) if self.exact else self.counter
            if not all(map(math.isfinite, self.state.tolist())):
                raise SolverError(
                    f"the state stops being finite in the step at t = {round(t, 9)!r} ms: a step too long, "
                    "or a rate that is 0/0 as written; the event-driven solver has neither"
                )

    def _step(self, t: float) -> None:
        """Take the step that begins at `t`."""
        if self._is_held(t):
            self._rest(t)
            return
        begin = max(t, self.counter) if self.exact else t
        if begin > t:
            self.state = self._pass(t, t, begin - t)
        dt = self.solver.dt
        self._free(t, begin, t + dt - begin if begin > t else dt)

    def _is_held(self, t: float) -> bool:
        """Tell whether the whole step from `t` is refractory."""
        return self.counter >= t + self.solver.dt if self.exact else self.counter > 0

    def _rest(self, t: float) -> None:
        """Take a refractory step."""
        dt = self.solver.dt
        if not self.closed:
            self.state = self._pass(t, t, dt)
        elif self.rests_in_motion and not self.gated and self.solver.scheme == "sequential-euler":
            self.state = self.state + dt * self.rest_flow.derivative(self.state, 0.0)
        elif self.gated and self.solver.scheme == "sequential-euler" and self.gates_move:
            slopes = self.flow.written_slopes(self.state)
            moved = [x + s * dt for x, s in zip(self.state[1:], slopes, strict=True)]
            self.state = np.array([self.state[0], *moved])
        else:
            self.state = rest(self.resting, self.state, dt)
        if not self.exact:
            self.counter -= dt if self.solver.refractory == "counter" else 1.0

    def _pass(self, t: float, begin: float, length: float) -> Array:
        """Give the state after `length` ms of a refractory period, in the step that began at `t`."""
        if self.closed:
            return rest(self.resting, self.state, length)
        state, end = self.state, begin + length
        while begin < end:
            current, taken = self._current(t, begin, end - begin)
            state = self.step(self.rest_flow, state, taken, current)
            begin = end if taken == end - begin else begin + taken
        return state

    def _is_over(self, y: Array) -> bool:
        """Tell whether V is at the threshold or above."""
        return self.fires and bool(y[0] >= self.frame.threshold(y))

    def _free(self, t: float, begin: float, h: float) -> None:
        """Take (the rest of) a step; several spikes may fall within it when tau_ref is shorter."""
        on_grid = self.solver.spike_time == "grid"
        while h > 0.0:
            current, length = self._current(t, begin, h)
            if self.exact and not self.passes and self._goes_over(current):  # as the refractory period ends
                self._spike(t, begin, self.state)
                end = begin + h
                held = min(self.counter, end)
                self.state = self._pass(t, begin, held - begin)
                begin, h = held, end - held
                self._count_spikes()
                continue
            old, new = self.state, self.step(self.flow, self.state, length, current)
            self.taken += 1
            self.state = new
            over = self._is_over(new)
            if length < h and (on_grid or not over):
                begin, h = begin + length, h - length
                continue
            if not over or (self.passes and self._is_over(old)):
                return
            part, at = self._locate(old, new, length, current)
            spike = begin + part * length
            self._spike(t, spike, at)
            if self.passes:  # the state goes on from the step's end, not from the crossing within it
                self.state = self._reset(new)
            if not self.exact or self.passes:
                return
            end = begin + h
            if self.counter >= end:
                self.state = self._pass(t, spike, end - spike)
                return
            self.state = self._pass(t, spike, self.counter - spike)
            begin, h = self.counter, end - self.counter
            self._count_spikes()

    def _goes_over(self, current: Current) -> bool:
        """Tell whether V is above the threshold, or at it and rising."""
        u = self.state[0] - self.frame.threshold(self.state) if self.fires else -math.inf
        return bool(u > 0.0 or (u == 0.0 and self.flow.derivative(self.state, current(0.0))[0] > 0.0))

    def _count_spikes(self) -> None:
        if len(self.events) > self.solver.limits.max_spikes:
            raise StepLimit("a run may fire no more spikes than max_spikes; raise it or shorten the run")

    def _current(self, t: float, begin: float, h: float) -> tuple[Current, float]:
        """Give the input during a step that began at `t`, by the rule for reading it, and how far it goes."""
        solver = self.solver
        if self.smooth is not None and solver.read == "split":
            span = self.smooth.span_at(begin)
            return span.drive(begin), min(h, span.end - begin) if span.end > begin else h
        if solver.read == "start":
            value = self.level(t)
        elif self.smooth is not None:
            value = self.smooth.mean(begin, begin + h)
        else:
            return lambda s: self.level(begin + s), h
        return lambda s: value, h

    def _locate(self, old: Array, new: Array, h: float, current: Current) -> tuple[float, Array]:
        """Locate a spike within its step: the part of the step before it, and the state there."""
        if self.solver.spike_time == "grid":
            return 1.0, new
        if self.solver.spike_time == "linear":
            below, beyond = (float(y[0] - self.frame.threshold(y)) for y in (old, new))
            part = below / (below - beyond)
            return part, old + part * (new - old)
        f_old, f_new = (self.flow.derivative(y, current(s)) for y, s in ((old, 0.0), (new, h)))

        def hermite(x: float) -> Array:
            bend = (1 - 2 * x) * (new - old) + h * ((x - 1) * f_old + x * f_new)
            return np.asarray((1 - x) * old + x * new + x * (x - 1) * bend)

        def above(x: float) -> float:
            y = hermite(x)
            return float(y[0] - self.frame.threshold(y))

        part = find_root(above, 0.0, 1.0, xtol=1e-15)
        return part, hermite(part)

    def _reset(self, at: Array) -> Array:
        """Give what a spike leaves of a state."""
        return np.array(self.resting.reset(*at.tolist(), 0.0, *self.resting.parameters))

    def _spike(self, t: float, spike: float, at: Array) -> None:
        """Count a spike, reset, begin the refractory period."""
        solver, neuron = self.solver, self.neuron
        on_grid = solver.spike_time == "grid"
        late = {"start": t if on_grid else spike - solver.dt, "end": t + solver.dt if on_grid else spike}
        before = at.copy()
        before[0] = float(self.frame.threshold(at))
        # The script's own: what a spike leaves of the state on the grid.
        after = self._reset(at)
        self.events.append(Event(late[solver.label], before, after, math.nan))
        self.state = after.copy()
        if solver.refractory == "counter":
            self.counter = neuron.tau_ref
        elif solver.refractory == "steps":
            self.counter = float(round(neuron.tau_ref / solver.dt))
        else:
            self.counter = spike + neuron.tau_ref


def _samples(labels: Array, y: Array, t_start: float, t_end: float) -> Segment:
    knots = labels - t_start
    return Segment(t_start, t_end, knots, y, Sampled(knots, y))
