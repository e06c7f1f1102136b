"""Firing locked to a periodic input, by Newton's method."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.arclength import Point, at_value
from natrium.analysis.cycle.return_map import free_of, longest_of
from natrium.analysis.forcing.axis import PERIOD, ForcedAxis, Forcing, forced_axis, forcing_of
from natrium.analysis.forcing.orbits import LockedOrbits, locked_orbits
from natrium.analysis.forcing.rotation import PERIODS, TRANSIENT, count, long_run, rotation_of
from natrium.analysis.result import Result, show_settled
from natrium.model import AnyNeuron, Count, NatriumError, SolverError, Stimulus
from natrium.model.arrays import Array
from natrium.solvers import Trajectory
from natrium.solvers.reliability import ROUNDING, SAFETY, second_tolerance

LONG = 6  # times as many periods, where firing has not settled


@attrs.frozen(eq=False, repr=False)
class LockedOrbit(Result):
    """An orbit of p spikes in q periods of the input.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Stimulus
    period : float
        Of the input, ms.
    n_spikes, n_periods : int
        p and q.
    times : ndarray, shape (n_spikes,)
        Of the spikes, since phase zero, ms.
    times_error : float
        How far they can be trusted, by a second solve, ms.
    names : tuple of str
        The free states.
    states : ndarray, shape (n_spikes, n_free)
        Free states just after each reset; without spikes all states at phase zero, shape (1, n_states).
    multipliers : ndarray of complex, shape (n_free + 1,)
        Of free states and time, the largest first.
    """

    neuron: AnyNeuron
    stimulus: Stimulus
    period: float
    n_spikes: int
    n_periods: int
    times: Array
    times_error: float
    names: tuple[str, ...]
    states: Array
    multipliers: npt.NDArray[np.complex128]

    @property
    def rotation_number(self) -> float:
        """Spikes per period."""
        return self.n_spikes / self.n_periods

    @property
    def phases(self) -> Array:
        """Of the spikes, in periods, shape (n_spikes,)."""
        return np.asarray(self.times / self.period % 1.0)

    @property
    def stable(self) -> bool:
        """Whether neighbouring orbits approach it."""
        return bool(np.abs(self.multipliers).max(initial=0.0) < 1.0)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike."""
        return [
            {"spike": k, "time_ms": float(time), "phase": float(phase)}
            | dict(zip(self.names, state.tolist(), strict=True))
            for k, (time, phase, state) in enumerate(
                zip(self.times, self.phases, self.states, strict=False), start=1
            )
        ]

    def data(self) -> dict[str, Any]:
        """Give the orbit as plain data."""
        return {
            "spikes": self.n_spikes,
            "periods": self.n_periods,
            "rotation_number": self.rotation_number,
            "period_ms": self.period,
            "times_ms": self.times,
            "times_error_ms": self.times_error,
            "phases": self.phases,
            "multipliers_abs": np.abs(self.multipliers),
            "stable": self.stable,
        }

    def sentences(self) -> list[str]:
        """Say when it fires."""
        kind = "Stable" if self.stable else "Unstable"
        size = float(np.abs(self.multipliers).max(initial=0.0))
        if not self.n_spikes:
            return [f"{kind} response without spikes (largest multiplier {size:.6g})."]
        shown = ", ".join(show_settled(one, self.times_error / self.period) for one in self.phases.tolist())
        return [
            f"{kind} locking {self.n_spikes}:{self.n_periods}, {count(self.n_spikes, 'spike')} in "
            f"{count(self.n_periods, 'period')}, at phase{'s' * (self.n_spikes > 1)} {shown} "
            f"(largest multiplier {size:.6g})."
        ]


def locked_orbit(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus],
    p: int | None = None,
    q: int | None = None,
    *,
    period: float | None = None,
) -> LockedOrbit:
    """Find the locked firing that the neuron's own start leads to, exactly.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    stimulus : Stimulus or sequence of Stimulus
        Periodic.
    p, q : int, optional
        Spikes and periods after which it is to repeat; by default as the run says.
    period : float, optional
        Of the input, ms; where it does not say.

    Raises
    ------
    ModelError, StimulusError
        When the neuron has no threshold, or the input does not repeat.
    SolverError
        When firing is not locked, or otherwise.

    References
    ----------
    .. [1] J. P. Keener, F. C. Hoppensteadt, J. Rinzel, SIAM J. Appl. Math. 41 (1981) 503-517.
       https://doi.org/10.1137/0141042
    """
    forcing = forcing_of(neuron, stimulus, period)
    axis = _any_axis(forcing)
    point = first_point(axis, 1.0 + abs(axis.value), asked(p, q))
    return orbit_of(point)


def _any_axis(forcing: Forcing) -> ForcedAxis:
    """Give a parameter, whichever: it stays where it is."""
    for name in forcing.neuron.numbers():
        try:
            return forced_axis(forcing, name)
        except NatriumError:
            continue
    return forced_axis(forcing, PERIOD)


def asked(p: int | None, q: int | None) -> tuple[int, int] | None:
    """Check the ratio that is asked for; None where none is."""
    if p is None and q is None:
        return None
    Count(low=0, high=1000).check("p", p)
    Count(low=1, high=1000).check("q", q)
    return int(p or 0), int(q or 1)


def first_point(axis: ForcedAxis, span: float, ratio: tuple[int, int] | None) -> Point:
    """Find the locked orbit that the neuron's own start leads to.

    Raises
    ------
    SolverError
        When it is another than the one asked for, or none.
    """
    forcing = axis.forcing
    for times in (1, LONG):
        periods, transient = times * (TRANSIENT + PERIODS), times * TRANSIENT
        run = long_run(forcing, periods)
        found = rotation_of(forcing, run, transient)
        if found.locked or ratio is not None:
            break
    told = (found.n_spikes, found.n_periods)
    if not found.locked or (ratio is not None and told != ratio and told[0] * ratio[1] != told[1] * ratio[0]):
        wanted = f"locked {ratio[0]}:{ratio[1]}" if ratio else "locked to its input"
        raise SolverError(
            f"firing must be {wanted}, got {found.value:.6g} spikes per period of {forcing.period:.6g} ms"
            f"{f', locked {told[0]}:{told[1]}' if found.locked else ''}: change the input, or the ratio"
        )
    point = at_value(*equations_of(axis, run, ratio or told, span), axis.value)
    if not is_real(point):
        raise SolverError(
            f"an orbit must fire where V first reaches the threshold, got none {told[0]}:{told[1]} such at "
            f"{axis.show(axis.value)}: change the input a little"
        )
    return point


def is_real(point: Point) -> bool:
    """Tell whether an orbit's spikes are where V first reaches the threshold: the neuron fires so."""
    return point.found.crossings == 0 and point.found.slope > 0.0


def equations_of(
    axis: ForcedAxis, run: Trajectory, ratio: tuple[int, int], span: float
) -> tuple[LockedOrbits, Array]:
    """Make the equations of a ratio of locking, and a first guess from the end of a run."""
    (p, q), forcing = ratio, axis.forcing
    times, states = run.t, run.y
    recent = times > run.t_end - (q + 1) * forcing.period
    longest = max(longest_of(axis.neuron, None), (q + 1.0) * forcing.period)
    problem = locked_orbits(axis, p, q, states[:, recent], span, longest)
    if not p:
        at = forcing.period * np.floor(run.t_end / forcing.period - 1e-9)
        return problem, np.append(run.state(float(at)), axis.value)
    if len(run.events) <= p:
        raise SolverError(f"an orbit of {count(p, 'spike')} needs as many, got {len(run.events)}")
    events, free = run.events[-p - 1 :], list(free_of(forcing.neuron))
    parts = [[*a.after[free], b.time - a.time - forcing.neuron.tau_ref] for a, b in pairwise(events)]
    phase = events[0].time / forcing.period % 1.0
    return problem, np.array([*np.ravel(parts), phase, axis.value])


def orbit_of(point: Point) -> LockedOrbit:
    """Say what a point of the equations is."""
    problem: Any = point.problem
    forcing = problem.axis.at(point.value)
    other = attrs.evolve(problem, rtol=problem.rtol * second_tolerance(problem.rtol))
    times, again = (problem.times(one.z) for one in (point, at_value(other, point.z, point.value)))
    neuron, labels = forcing.neuron, forcing.neuron.system.labels
    error = SAFETY * float(np.abs(times - again).max(initial=0.0))
    return LockedOrbit(
        neuron=neuron,
        stimulus=forcing.stimulus,
        period=forcing.period,
        n_spikes=problem.n_spikes,
        n_periods=problem.n_periods,
        times=times,
        times_error=error + ROUNDING * float(np.spacing(problem.n_periods * forcing.period)),
        names=tuple(labels[k] for k in problem.free) if problem.n_spikes else labels,
        states=point.found.states,
        multipliers=point.found.multipliers,
    )
