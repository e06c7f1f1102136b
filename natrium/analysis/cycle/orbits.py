"""Orbits of the return map, and their picture against a parameter of the reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.return_map import (
    FIRST_LOOK,
    LONGER,
    ReturnMap,
    free_directions,
    free_of,
    return_map,
)
from natrium.analysis.result import Result
from natrium.analysis.variation.equations import propagate
from natrium.model import AnyNeuron, Constant, Count, Number
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.model.scales import scales_of
from natrium.solvers import Solver, Trajectory, accurate
from natrium.solvers.history import Event

ORBIT_RTOL = 1e-9
SAME = 1e-4  # of the spread of an orbit (and of 1): points nearer than this are one
ALIGNING = 10  # of the spikes left out, those in which tangent vectors find their directions
PARTS = 10  # of an orbit, whose means tell how far an exponent can be trusted
AHEAD = 1.1  # a stretch is planned this much longer than the mean interval asks for


@attrs.frozen(eq=False, slots=False, repr=False)
class Orbit(Result):
    """What the return map does in the long run.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    input : float
        mV.
    names : tuple of str
        The free states.
    states : ndarray, shape (n_spikes, n_free)
        Free states just after each reset.
    intervals : ndarray, shape (n_spikes,)
        From the spike before to this one, ms.
    exponents : ndarray, shape (n_free,)
        Lyapunov exponents of the map, per spike, the largest first; NaN where not asked for or without
        spikes.
    exponent_errors : ndarray, shape (n_free,)
        Their standard errors as means over the spikes kept, from ten parts of them; NaN below twenty cycles.
    silent : bool
        Whether firing ended before all spikes asked for.
    """

    neuron: AnyNeuron
    input: float
    names: tuple[str, ...]
    states: Array
    intervals: Array
    exponents: Array
    exponent_errors: Array
    silent: bool

    @property
    def lyapunov(self) -> float:
        """The largest Lyapunov exponent, per spike; -inf where nothing is free (the plain LIF)."""
        return float(self.exponents[0]) if self.exponents.size else -np.inf

    @property
    def lyapunov_error(self) -> float:
        """How far `lyapunov` can be trusted, per spike: its standard error, NaN where that is not known."""
        return float(self.exponent_errors[0]) if self.exponents.size else 0.0

    @cached_property
    def period(self) -> int | None:
        """Spikes after which the orbit repeats; None where it does not, or not within half of it."""
        return None if self.silent else _period_of(self.neuron, self.states, self.intervals)


def _period_of(neuron: AnyNeuron, states: Array, intervals: Array) -> int | None:
    points = np.column_stack([states, intervals])
    if not points.size:
        return None
    scales, largest = scales_of(neuron), np.abs(points).max(axis=0)
    own = np.append(np.array(scales.states)[list(free_of(neuron))], scales.time)
    size = SAME * (np.ptp(points, axis=0) + 1e-3 * (own + largest))
    for k in range(1, len(points) // 2 + 1):
        if np.all(np.abs(points[k:] - points[:-k]) < size):
            return k
    return None


def spikes_of(mapping: ReturnMap, count: int, start: Array | None = None) -> list[Event]:
    """Give `count` spikes from free states just after a reset, by default the own; or all there are."""
    events: list[Event] = []
    for stretch in _stretches(mapping, count, start):
        events += stretch.events
    return events[:count]


def _stretches(mapping: ReturnMap, count: int, start: Array | None) -> Iterator[Trajectory]:
    """Run on, a stretch at a time, each from the last reset on, until there are `count` spikes."""
    neuron, found, elapsed, span = mapping.neuron, 0, 0.0, FIRST_LOOK * scales_of(mapping.neuron).time
    y = np.array(neuron.initial_state()) if start is None else mapping.released(start)[0]
    while found < count:
        span = min(span, mapping.longest)
        stretch = mapping.solver.solve(neuron.started(y.tolist()), Constant(mapping.input), t_end=span)
        if stretch.events:
            yield stretch
            found += len(stretch.events)
            elapsed += stretch.events[-1].time + mapping.linear.refractory()[0]
            span = AHEAD * max(count - found, 1) * elapsed / found
            y = mapping.released(stretch.events[-1].after[list(mapping.free)])[0]
        elif span < mapping.longest:
            span = LONGER * span
        else:
            return


def orbit(
    neuron: AnyNeuron,
    I: float,
    *,
    transient: int = 50,
    count: int = 50,
    start: npt.ArrayLike | None = None,
    lyapunov: bool = True,
    solver: Solver | None = None,
    longest: float | None = None,
) -> Orbit:
    """Iterate the return map: what it settles to, and whether neighbours stay together.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    I : float
        Constant input, mV.
    transient, count : int
        Spikes left out, and spikes kept.
    start : array_like, shape (n_free,), optional
        Free states just after a reset; by default the neuron's own start.
    lyapunov : bool
        Whether to compute the Lyapunov exponents.
    solver : Solver, optional
        By default `accurate`, with a relative tolerance of 1e-9.
    longest : float, optional
        Longest interval looked for, ms; by default 5000, of the scale of time.

    Raises
    ------
    ModelError
        When the neuron has no threshold, or a number is out of range.

    References
    ----------
    .. [1] K. Geist, U. Parlitz, W. Lauterborn, "Comparison of different methods for computing Lyapunov
       exponents", Prog. Theor. Phys. 83 (1990) 875-893: products of Jacobians by QR.
    """
    Count(low=1).check("transient", transient)
    Count(low=1).check("count", count)
    mapping = return_map(neuron, I, solver=solver or accurate(neuron, ORBIT_RTOL), longest=longest)
    begin = None if start is None else np.asarray(start, dtype=float).ravel()
    free, size = list(mapping.free), len(mapping.free)
    aligning = min(ALIGNING, transient - 1) if lyapunov else 0
    led = spikes_of(mapping, transient - aligning, begin)
    state = led[-1].after[free] if led else np.empty(0)
    states: list[Array] = []
    intervals: list[float] = []
    growth = _Growth(mapping)
    for stretch in _stretches(mapping, count + aligning, state) if len(led) == transient - aligning else ():
        events = stretch.events[: count + aligning - len(states)]
        if lyapunov:
            growth.along(stretch, state, len(events))
        times = np.array([event.time for event in events])
        intervals += np.diff(times, prepend=-mapping.linear.refractory()[0]).tolist()
        states += [event.after[free] for event in events]
        state = states[-1]
    kept = states[aligning:]
    found = growth.logarithms[aligning:]
    logarithms = np.array(found).reshape(len(found), size)
    points, gaps = np.array(kept).reshape(len(kept), size), np.array(intervals[aligning:])
    exponents, errors = _mean(logarithms, _period_of(neuron, points, gaps) or 1)
    return Orbit(
        neuron=neuron,
        input=float(I),
        names=mapping.names,
        states=points,
        intervals=gaps,
        exponents=exponents,
        exponent_errors=errors,
        silent=len(kept) < count,
    )


def _mean(logarithms: Array, period: int) -> tuple[Array, Array]:
    """Give the exponents, the largest first, and their errors, over whole cycles of `period` spikes.

    From the growth per spike, shape (n_spikes, n_free).
    """
    count, size = len(logarithms) // period, logarithms.shape[1]
    unknown = np.full(size, np.nan)
    if not count:
        return unknown, unknown
    cycles = logarithms[: count * period].reshape(count, period, size).mean(axis=1)
    means = cycles.mean(axis=0)
    order = np.argsort(-means, kind="stable")
    if count < 2 * PARTS:
        return means[order], unknown
    parts = np.array([part.mean(axis=0) for part in np.array_split(cycles, PARTS)])
    return means[order], (parts.std(axis=0, ddof=1) / np.sqrt(PARTS))[order]


class _Growth:
    """How fast neighbouring orbits part, spike by spike."""

    def __init__(self, mapping: ReturnMap) -> None:
        self.mapping = mapping
        self.free = list(mapping.free)
        self.Q = np.eye(len(self.free))
        self.logarithms: list[Array] = []

    def along(self, stretch: Trajectory, state: Array, n_spikes: int) -> None:
        """Go along a stretch that begins with the end of a refractory period."""
        if not self.free:
            return
        unit = np.eye(len(self.mapping.neuron.system.states))[:, self.free]
        directions = free_directions(self.mapping.neuron, self.mapping.released(state)[1])
        variation = propagate(
            stretch,
            directions,
            rtol=1e-8,
            n_spikes=n_spikes,
            renew=lambda gradient, after: (np.zeros_like(gradient), unit),
        )
        for spike in variation.spikes:
            self.Q, R = np.linalg.qr(spike.after[self.free] @ self.Q)
            with np.errstate(divide="ignore"):
                self.logarithms.append(np.log(np.abs(np.diag(R))))


@attrs.frozen(eq=False, slots=False, repr=False)
class ResetBifurcation(Result):
    """Orbits of the return map against a parameter.

    Attributes
    ----------
    parameter : str
        ``"v_reset"``, ``"v_thresh"``, ``"tau_ref"``, or another of the neuron's.
    values : ndarray, shape (n_values,)
    orbits : tuple of Orbit
        One per value.
    """

    parameter: str
    values: Array
    orbits: tuple[Orbit, ...] = attrs.field(repr=False)

    def data(self) -> dict[str, Any]:
        """Give what firing settles to at each value as plain data."""
        return {
            "parameter": self.parameter,
            "values": self.values,
            "periods": self.periods,
            "lyapunov": self.lyapunov,
            "lyapunov_errors": np.array([each.lyapunov_error for each in self.orbits]),
        }

    @property
    def lyapunov(self) -> Array:
        """Largest Lyapunov exponent per value, shape (n_values,), per spike."""
        return np.array([each.lyapunov for each in self.orbits])

    @property
    def periods(self) -> tuple[int | None, ...]:
        """Spikes per cycle for each value; None where the orbit does not repeat."""
        return tuple(each.period for each in self.orbits)

    def points(self, name: str = "interval") -> tuple[Array, Array]:
        """Give all points of the picture.

        Parameters
        ----------
        name : str
            ``"interval"`` (ms), or a free state just after the reset, such as ``"Na.h"``.

        Returns
        -------
        values, points : ndarray, shape (n_points,)

        Raises
        ------
        KeyError
            When there is no such state.
        """
        names = self.orbits[0].names if self.orbits else ()
        if name != "interval" and name not in names:
            raise KeyError(f"name must be interval or one of {', '.join(names)}, got {name!r}")
        column = None if name == "interval" else names.index(name)
        found = [each.intervals if column is None else each.states[:, column] for each in self.orbits]
        repeated = np.repeat(self.values, [points.size for points in found])
        return repeated, np.concatenate(found) if found else np.empty(0)


def reset_bifurcation(
    neuron: AnyNeuron,
    I: float,
    parameter: str,
    values: Sequence[float] | Array,
    *,
    transient: int = 50,
    count: int = 50,
    follow: bool = False,
    lyapunov: bool = True,
    solver: Solver | None = None,
    longest: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> ResetBifurcation:
    """Show what firing settles to against a parameter of the reset.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    I : float
        Constant input, mV.
    parameter : str
        ``"v_reset"``, ``"v_thresh"``, ``"tau_ref"``, or another of the neuron's.
    values : sequence of float
    transient, count : int
        Spikes left out, and spikes kept, at each value.
    follow : bool
        Begin where the value before ended, rather than at the neuron's own start.
    lyapunov, solver, longest
        As for `orbit`.
    progress : callable, optional
        Told each value before it is run.

    Raises
    ------
    ModelError
        When there is no such parameter, or a value breaks a rule.
    """
    orbits: list[Orbit] = []
    values = as_numbers("values", values).ravel().tolist()
    for value in values:
        Number().check(parameter, value)
        if progress:
            progress(float(value))
        start = orbits[-1].states[-1] if follow and orbits and len(orbits[-1].states) else None
        orbits.append(
            orbit(
                neuron.changed({parameter: float(value)}),
                I,
                transient=transient,
                count=count,
                start=start,
                lyapunov=lyapunov,
                solver=solver,
                longest=longest,
            )
        )
    return ResetBifurcation(parameter, np.array(values, dtype=float), tuple(orbits))
