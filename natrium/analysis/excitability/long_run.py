"""What a cell does at a constant input in the long run: fires on, comes to rest, or stays silent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, cast

import attrs
import numpy as np

from natrium.analysis.equilibria.curve import equilibria, equilibrium_curve
from natrium.analysis.equilibria.equilibrium import Equilibrium, Plateau
from natrium.analysis.equilibria.flow import jacobian_at
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Constant, StepLimit, UnsupportedModel, lower
from natrium.model.arrays import Array
from natrium.model.scales import state_scales
from natrium.solvers import ClosedForm, Compiled, EventDriven, Trajectory, accurate
from natrium.solvers.limits import Limits
from natrium.solvers.refractory import rest

RTOL = 1e-9
ENOUGH = 200  # spikes: a pattern that has not settled by then is called irregular, and sustained
SILENT = 60.0  # slowest time constants without a spike
LINGER, LONGEST = 12.0, 2000.0  # time constants near an equilibrium that is left or reached slowly; at most
# Distance (mV; gates in hundredths; times the states' scales) from a stable equilibrium at which a cell has
# come to rest.
NEAR = 1e-3
MANY, SLOWER = 20_000_000, 20  # evaluations of a compiled run, some seconds; the other solver is so slow
AHEAD = 8.0  # intervals run at a time


@attrs.frozen(eq=False, repr=False)
class Firing(Result):
    """The long run at one constant input."""

    I: float  # input, mV
    # ``silent``: no spike for long, but not at rest either (a subthreshold oscillation).
    outcome: Literal["sustained", "rest", "silent"]
    spike_times: Array  # shape (n_spikes,): ms from the start
    period: int  # how many intervals repeat; 0 where none settled
    # Shape (n_states,): at the end: after the last refractory period where it fires, else the last state.
    # Where V or the threshold moves while refractory: between the last two spikes.
    state: Array
    reset: Array  # shape (n_states,): just after the last spike; the start without one
    duration: float  # how much was run, ms

    @property
    def intervals(self) -> Array:
        """Intervals between spikes, shape (n_spikes - 1,), ms."""
        return np.asarray(np.diff(self.spike_times))

    @property
    def interval(self) -> float:
        """Mean interval in the long run, ms; infinity where it does not fire on."""
        if self.outcome != "sustained":
            return float("inf")
        last = self.period or max(1, self.intervals.size // 2)
        return float(np.mean(self.intervals[-last:]))


def slowest(neuron: AnyNeuron, *voltages: float) -> float:
    """Give the longest time constant of membrane and other states at some voltages, ms."""
    return held_input(neuron).slowest(*neuron.landmarks, *voltages)


def _pace(neuron: AnyNeuron, state: Array, I: float, known: Sequence[Equilibrium]) -> float:
    """Give the same for a run from a state; of states that need each other by how fast they come together."""
    try:
        return slowest(neuron, float(state[0]))
    except UnsupportedModel:
        here = np.linalg.eigvals(jacobian_at(neuron.system, state, I))
        paces = np.abs(np.concatenate([here, *(one.eigenvalues for one in known)]).real)
        return float(1.0 / paces[paces > 0.0].min())


def run(neuron: AnyNeuron, I: float, state: Array, t_end: float, rtol: float = RTOL) -> Trajectory:
    """Run from a state at a constant input; a leaky membrane alone by the exact solution."""
    solver: Any = ClosedForm() if neuron.is_leaky else accurate(neuron, rtol)
    started, stimulus = neuron.started(state.tolist()), Constant(I)
    tried = [solver]
    if isinstance(solver, Compiled):  # a cell that is driven far from where it lives may be stiff there
        tried.insert(0, attrs.evolve(solver, limits=Limits(max_rhs_evaluations=MANY)))
        tried.insert(1, EventDriven(rtol=rtol, limits=Limits(max_rhs_evaluations=int(MANY / SLOWER))))
    for one in tried[:-1]:
        with suppress(StepLimit):
            return cast(Trajectory, one.solve(started, stimulus, t_end=t_end))
    return cast(Trajectory, solver.solve(started, stimulus, t_end=t_end))


def after_reset(neuron: AnyNeuron, state: Array, I: float) -> Array:
    """Give the state at the end of the refractory period that begins with a reset state, at an input."""
    return rest(lower(neuron.system), np.asarray(state, dtype=float), neuron.tau_ref, I - neuron.gap)


def fire(
    neuron: AnyNeuron,
    I: float,
    state: Array,
    *,
    settle: float = 1e-7,
    enough: int = ENOUGH,
    rtol: float = RTOL,
) -> Firing:
    """Run at a constant input until it is known what the cell does.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    I : float
        Input, mV.
    state : array_like, shape (n_states,)
        Where to start.
    settle : float
        Intervals are steady when they repeat within this, relative.
    enough : int
        Spikes after which firing is sustained in any case.
    rtol : float
        Of the solver.

    Notes
    -----
    A spike is waited for as long as the slow growth or decay near an equilibrium takes, and at least twice as
    long as the place of a vanished pair of equilibria takes to pass.
    """
    state = reset = begin = np.asarray(state, dtype=float)
    moving = neuron.system.rests_in_motion
    reachable = [e for e in _apart(neuron, I) if e.below_threshold]
    resting = [e for e in reachable if e.stable]
    sizes = state_scales(neuron)
    pace, unheld = _pace(neuron, state, I, reachable), _is_unheld(neuron)
    growths = [abs(float(e.eigenvalues[0].real)) for e in reachable]
    drift = max((1.0 / growth for growth in growths if growth > 0.0), default=0.0)
    patience = max(SILENT * pace, 2.0 * _passage(neuron, I), min(LINGER * drift, LONGEST * pace))
    spikes: list[float] = []
    clock = waited = 0.0
    ahead = 5.0 * pace
    while True:
        if moving:  # no run begins within a refractory period: all of it is run again
            trajectory = run(neuron, I, begin, clock + ahead, rtol)
        else:
            trajectory = run(neuron, I, state, ahead, rtol)
        times = trajectory.spike_times[len(spikes) :] - clock if moving else trajectory.spike_times
        spikes += (clock + times).tolist()
        end = trajectory.segments[-1].values[:, -1]
        if times.size:
            reset = trajectory.events[-1].after
        if not moving and times.size and times[-1] + neuron.tau_ref >= ahead:  # go to the period's end
            state = after_reset(neuron, reset, I)
            clock += float(times[-1]) + neuron.tau_ref
        else:
            state = end
            clock += ahead
        waited = clock - (spikes[-1] if spikes else 0.0)
        gaps = np.diff(spikes)
        period = repeating(gaps, settle)
        if period or len(spikes) >= enough:
            after = _between(trajectory, state) if moving else after_reset(neuron, reset, I)
            return Firing(I, "sustained", np.array(spikes), period, after, reset, clock)
        if not times.size and any(_near(state, rest, sizes) for rest in resting):
            return Firing(I, "rest", np.array(spikes), 0, state, reset, clock)
        if unheld and waited >= patience:  # all else has settled: V's pace tells when a spike is due
            patience, unheld = 2.0 * (waited + _rise(neuron, trajectory)), False
        if waited >= max(patience, 3.0 * float(gaps.max(initial=0.0))):
            return Firing(I, "silent", np.array(spikes), 0, state, reset, clock)
        ahead = AHEAD * float(gaps[-1]) if gaps.size and times.size else min(2.0 * ahead, patience)
        if moving:
            ahead = max(ahead, clock)


def _apart(neuron: AnyNeuron, I: float) -> tuple[Equilibrium, ...]:
    """Give the equilibria at an input; none where all of a range of V are."""
    try:
        return equilibria(neuron, I)
    except Plateau:
        return ()


def _is_unheld(neuron: AnyNeuron) -> bool:
    """Tell whether nothing holds V, as in an integrator without a leak: a spike may be long in coming."""
    try:
        return held_input(neuron).level is not None
    except UnsupportedModel:
        return False


def _rise(neuron: AnyNeuron, trajectory: Trajectory) -> float:
    """Give how long V takes to the threshold at the pace at which a run ended, ms; 0 where it falls."""
    last = trajectory.segments[-1]
    t = np.array([0.5, 1.0]) * (last.end - last.begin)
    V, level = last.state(t)[0], lower(neuron.system).frame.threshold(last.values[:, -1])
    moved = float(V[1] - V[0])
    return float(level - V[1]) * float(t[1] - t[0]) / moved if moved > 0.0 else 0.0


def _between(trajectory: Trajectory, state: Array) -> Array:
    """Give a state late in a run between two spikes, not refractory; the other where there is none."""
    spikes = trajectory.spike_times
    free = spikes[:-1] + trajectory.neuron.tau_ref
    late = np.flatnonzero(free < spikes[1:])
    if not late.size:
        return state
    return np.asarray(trajectory.state(0.5 * float(free[late[-1]] + spikes[1:][late[-1]])))


def _passage(neuron: AnyNeuron, I: float) -> float:
    """Give the time in which the slowest place of a vanished pair is passed, ms: the square-root law."""
    try:
        folds = equilibrium_curve(neuron).folds
    except UnsupportedModel:  # of states that need each other no curve is known
        return 0.0
    past = ((fold.passage, fold.excess(I)) for fold in folds)
    return max((passage / math.sqrt(excess) for passage, excess in past if excess > 0.0), default=0.0)


def _near(state: Array, rest: Equilibrium, sizes: tuple[float, ...]) -> bool:
    distance = np.abs(state - rest.state) / sizes
    return bool(distance[0] < NEAR and np.all(distance[1:] < NEAR / 100.0))


def repeating(gaps: Array, settle: float) -> int:
    """Give the least number of intervals that repeat, twice over; 0 where none does."""
    for period in range(1, gaps.size // 3 + 1):
        last = gaps[-3 * period :].reshape(3, period)
        if np.all(np.abs(last[1:] - last[:-1]) <= settle * last[1:]):
            return period
    return 0
