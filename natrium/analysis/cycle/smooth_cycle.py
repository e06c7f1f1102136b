"""Periodic firing without a reset: limit cycles of the smooth equations, by shooting on a section."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.course import crossing
from natrium.analysis.cycle.periodic import Periodic, errors_of_multipliers
from natrium.analysis.cycle.return_map import free_directions
from natrium.analysis.variation.branches import surfaces_of
from natrium.analysis.variation.equations import propagate
from natrium.analysis.variation.linearised import Linearised, linearised
from natrium.analysis.variation.pieces import integrate
from natrium.model import (
    AnyNeuron,
    Constant,
    Count,
    Drive,
    ModelError,
    Number,
    SolverError,
    check_neuron,
)
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.model.root import find_root
from natrium.model.scales import scales_of, sizes_near
from natrium.solvers import EventDriven, Trajectory
from natrium.solvers.reliability import ROUNDING, SAFETY, second_tolerance

TRANSIENT = 500.0  # ms, or of the scale of time
LOOK = 200.0  # likewise, in which V is watched
SWING = 1.0  # mV, or of V's scale; what moves by less is taken to be at rest, or on its way there
SAMPLING = 0.05  # ms, or of the scale of time
NEWTON = 30
TOLERANCE = 1e-11
STALLED = 1e-8
RUN_RTOL = 1e-9
SHOOTING_RTOL = 1e-12
REPEATS = 1e-6  # relative: states so near are one
AHEAD = 1e-6  # likewise: so far on, a surface has been left


@attrs.frozen(eq=False, slots=False, repr=False)
class SmoothCycle(Periodic):
    """A limit cycle of a neuron without a threshold.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    input : float
        Constant input, mV.
    state : ndarray, shape (n_states,)
        Where V rises through the section: the cycle's phase zero.
    period : float
        ms.
    monodromy : ndarray, shape (n_states, n_states)
        Derivative of the flow over one period.
    residual : float
        Largest difference between the state and the state one period later.
    iterations : int
        Newton steps taken.
    rtol : float
        Relative tolerance of the shooting.
    crossings : int
        How often V rises through the section per period.
    """

    neuron: AnyNeuron
    input: float
    state: Array
    period: float
    monodromy: Array
    residual: float
    iterations: int
    rtol: float
    crossings: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.neuron.system.labels

    @property
    def section(self) -> float:
        """The voltage of the Poincaré section, mV."""
        return float(self.state[0])

    @cached_property
    def multipliers(self) -> npt.NDArray[np.complex128]:
        """Floquet multipliers, the largest first, shape (n_states,); one of them is 1, along the cycle."""
        found = np.linalg.eigvals(self.monodromy).astype(complex)
        return np.asarray(found[np.argsort(-np.abs(found), kind="stable")])

    @cached_property
    def transversal(self) -> npt.NDArray[np.complex128]:
        """The multipliers but the one nearest to 1: those of the Poincaré map, shape (n_states - 1,)."""
        return np.asarray(np.delete(self.multipliers, np.argmin(np.abs(self.multipliers - 1.0))))

    def table(self) -> list[dict[str, Any]]:
        """Give one row for each rise of V through the section: the interval to the next, and the states."""
        times, states = self._rises
        return [
            {"spike": k, "interval_ms": float(interval)} | dict(zip(self.names, y.tolist(), strict=True))
            for k, (interval, y) in enumerate(zip(np.diff(times), states, strict=True), start=1)
        ]

    @cached_property
    def _rises(self) -> tuple[Array, Array]:
        """Give the times of all rises, from 0 to the period, and the states at them but the last."""
        if self.crossings == 1:
            return np.array([0.0, self.period]), self.state[None]
        own = self.neuron.started(self.state.tolist())
        run = EventDriven(rtol=self.rtol).solve(own, Constant(self.input), t_end=self.period)
        inner = rising_crossings(
            run, self.section, AHEAD * scales_of(own).time, (1.0 - STALLED) * self.period
        )
        times = np.concatenate([[0.0], inner, [self.period]])
        return times, np.vstack([self.state, *(run.state(t) for t in inner.tolist())])

    @property
    def least_n_spikes(self) -> int:
        """After how many rises it repeats already."""
        _, states = self._rises
        off = (np.abs(states - self.state) / sizes_near(self.neuron, self.state)).max(axis=1)
        same = [d for d in range(1, len(states)) if len(states) % d == 0 and off[d] < REPEATS]
        return same[0] if same else len(states)

    @cached_property
    def second(self) -> SmoothCycle:
        """The same cycle by a second solve at another tolerance."""
        other = self.rtol * second_tolerance(self.rtol)
        return _shoot(self.neuron, self.input, self.state, self.period, other, self.crossings, least=1)

    @property
    def period_error(self) -> float:
        """How far `period` can be trusted, checked by a second solve, ms."""
        return SAFETY * abs(self.period - self.second.period) + ROUNDING * float(np.spacing(self.period))

    @property
    def multiplier_errors(self) -> Array:
        """How far each of `multipliers` can be trusted, likewise, shape (n_states,)."""
        return errors_of_multipliers(self.multipliers, self.second.multipliers)

    @property
    def largest_multiplier(self) -> float:
        """Modulus of the largest multiplier of the Poincaré map."""
        return float(np.abs(self.transversal).max(initial=0.0))

    @property
    def stable(self) -> bool:
        """Whether neighbouring orbits approach it."""
        return self.largest_multiplier < 1.0

    @cached_property
    def linear(self) -> Linearised:
        """The system with its derivatives."""
        return linearised(self.neuron.system)

    @cached_property
    def response(self) -> Array:
        """Phase response at phase zero, shape (n_states,), ms per unit of each state.

        The left eigenvector z of the monodromy matrix to the multiplier 1, with z . f = 1.
        """
        f, n = _flow_at(self.neuron, self.state, self.input), self.state.size
        rows = np.vstack([self.monodromy.T - np.eye(n), f / np.abs(f).max()])
        right = np.zeros(n + 1)
        right[-1] = 1.0 / np.abs(f).max()
        return np.asarray(np.linalg.lstsq(rows, right, rcond=None)[0])


def rising_crossings(trajectory: Trajectory, level: float, begin: float, end: float) -> Array:
    """Give the times at which V rises through a level, shape (n_crossings,), ms.

    Parameters
    ----------
    trajectory : Trajectory
    level : float
        mV.
    begin, end : float
        When to look, ms.
    """
    scale = scales_of(trajectory.neuron).time
    times = np.linspace(begin, end, int(np.ceil((end - begin) / (SAMPLING * scale))) + 1)
    V = trajectory.state(times)[0] - level
    found = [
        find_root(lambda t: float(trajectory.state(t)[0]) - level, times[k], times[k + 1], xtol=1e-12 * scale)
        for k in np.flatnonzero((V[:-1] < 0.0) & (V[1:] >= 0.0))
    ]
    return np.array(found)


def smooth_cycle(
    neuron: AnyNeuron,
    I: float,
    *,
    crossings: int = 1,
    start: npt.ArrayLike | None = None,
    section: float | None = None,
    transient: float | None = None,
    look: float | None = None,
) -> SmoothCycle:
    """Find the limit cycle of a neuron without a threshold, with its Floquet multipliers.

    Newton's method for the state on the section and the period, y(T) = y(0), with the monodromy matrix
    from the variational equations; where the right-hand side has branches, with their jumps.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        Without a threshold.
    I : float
        Constant input, mV.
    crossings : int
        How often V rises through the section per period (bursts: more than once).
    start : array_like, shape (n_states,), optional
        State from which the first guess is run; by default the neuron's own start.
    section : float, optional
        V of the Poincaré section, mV; by default half-way between the extremes of V.
    transient, look : float, optional
        How long to run before, and while, V is watched, ms; by default 500 and 200, or as many of what time
        is counted in.

    Raises
    ------
    ModelError
        When the neuron has a threshold, or a number is out of range.
    SolverError
        When V does not go on oscillating, or Newton finds nothing.
    """
    check_neuron(neuron)
    if neuron.fires:
        raise ModelError(
            f"a smooth cycle has no reset, got v_thresh = {neuron.v_thresh!r} mV: use limit_cycle, or "
            "v_thresh = None"
        )
    Number("mV").check("I", I)
    Count(low=1).check("crossings", crossings)
    scale = scales_of(neuron).time
    before, watched = (
        usual * scale if value is None else value for value, usual in ((transient, TRANSIENT), (look, LOOK))
    )
    for name, value in (("transient", before), ("look", watched)):
        Number("ms", 0.0, open_low=True).check(name, value)
    own = neuron if start is None else neuron.started(np.asarray(start, dtype=float).tolist())
    y, period = _guess(own, float(I), section, crossings, before, watched)
    return _shoot(neuron, float(I), y, period, SHOOTING_RTOL, crossings)


def _shoot(
    neuron: AnyNeuron, I: float, y: Array, period: float, rtol: float, crossings: int = 1, least: int = 0
) -> SmoothCycle:
    """Find the cycle near to a state on the section and a period, by so many steps at least."""
    n, residual = y.size, np.inf
    for iteration in range(NEWTON + 1):
        end, monodromy = _around(neuron, I, y, period, rtol)
        miss = end - y
        last, residual = residual, float(np.abs(miss / sizes_near(neuron, y)).max())
        settled = residual < TOLERANCE or (residual < STALLED and residual > 0.5 * last)
        if settled and iteration >= least:
            return SmoothCycle(neuron, I, y, period, monodromy, residual, iteration, rtol, crossings)
        matrix = monodromy - np.eye(n)
        matrix[:, 0] = _flow_at(neuron, end, I)  # V stays on the section; the period moves instead
        change = np.linalg.lstsq(matrix, -miss, rcond=None)[0]
        y = y + np.array([0.0, *change[1:]])
        period += float(change[0])
        if not period > 0.0:
            break
    raise SolverError(
        f"Newton's method must end at a limit cycle, got a residual of {residual:.3g} after {iteration} "
        "steps; lengthen the transient, or give a `start` nearer to it"
    )


def _around(neuron: AnyNeuron, I: float, y: Array, period: float, rtol: float) -> tuple[Array, Array]:
    """Give the state after a period, and its derivative by the state before."""
    linear, start = linearised(neuron.system), np.eye(y.size)
    directions, surfaces = free_directions(neuron, start), surfaces_of(neuron.system, stiff=False)
    if surfaces is None:
        return integrate(linear, Drive(level=I), y, start, period, directions, rtol=rtol)
    run = EventDriven(rtol=rtol).solve(neuron.started(y.tolist()), Constant(I), t_end=period)
    end, derivative = run.state(period), propagate(run, directions, rtol=rtol).final
    # A surface that lies on the section is met as the period ends.
    ends = [0.0, *(one.end for one in run.segments)]
    first, last = (surfaces.sides(run.state(0.5 * (a + b)), I) for a, b in (ends[:2], ends[-2:]))
    return end, crossing(surfaces, last, first, end, I) @ derivative


def _flow_at(neuron: AnyNeuron, y: Array, I: float) -> Array:
    """Give the flow at a state; on a surface between branches, that beyond it."""
    surfaces = surfaces_of(neuron.system, stiff=False)
    if surfaces is None:
        return linearised(neuron.system).flow(y, I)[0]
    t = AHEAD * scales_of(neuron).time
    ahead = EventDriven().solve(neuron.started(y.tolist()), Constant(I), t_end=t).state(t)
    return surfaces.held(surfaces.sides(ahead, I)).flow(y, I)[0]


def _guess(
    neuron: AnyNeuron, I: float, section: float | None, crossings: int, transient: float, look: float
) -> tuple[Array, float]:
    """Give a state on the section and a period from a run."""
    solver = EventDriven(rtol=RUN_RTOL)
    led = solver.solve(neuron, Constant(I), t_end=transient)
    seen = solver.solve(neuron.started(led.state(transient).tolist()), Constant(I), t_end=look)
    scales = scales_of(neuron)
    V = seen.state(np.linspace(0.0, look, int(look / (SAMPLING * scales.time)) + 2))[0]
    low, high = float(V.min()), float(V.max())
    level = 0.5 * (low + high) if section is None else section
    times = rising_crossings(seen, level, 0.0, look) if high - low > SWING * scales.V else np.empty(0)
    if times.size < crossings + 1:
        at = input_unit(neuron).show(I)
        raise SolverError(
            f"a cycle needs V to rise through {level:.4g} mV {crossings + 1} times in {look:g} ms, got "
            f"{times.size} at I = {at}, V from {low:.4g} to {high:.4g} mV; change the input, "
            "or look longer"
        )
    y = seen.state(float(times[-1 - crossings]))
    y[0] = level
    return y, float(times[-1] - times[-1 - crossings])
