r"""The phase response along a cycle, through resets and refractory periods.

Z(t) is how much earlier all later spikes come, in the long run, per unit that a state is moved by at t:
the adjoint of the variational equations, dZ/dt = -J^T Z, solved backwards. At a spike that crosses the
guard h at the rate h_y f, followed by free states that delay later spikes by w per unit,

.. math:: Z(t^*-) = \frac{h_y}{h_y f}\big(1 + w \cdot r_y f\big) - r_y^T w .

While refractory V answers to nothing, and the gates as the refractory rule says.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.course import RTOL, adjoint, course
from natrium.analysis.cycle.limit_cycle import LimitCycle, limit_cycle
from natrium.analysis.cycle.return_map import rested
from natrium.analysis.cycle.smooth_cycle import SmoothCycle, smooth_cycle
from natrium.analysis.result import Result, rows_of
from natrium.model import AnyNeuron, Count, ModelError, check_neuron
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.solvers.reliability import ROUNDING, SAFETY, second_tolerance

PHASES = 200
STILL = 1e-9  # of its size: a state that varies less stands
FINE = 20  # times as many on which a cycle's course is measured
DIP = 0.1  # of the largest advance: a delay that makes a response of type 2
FLAT = 1e-6  # of the largest of either: a delay that is rounding


@attrs.frozen(eq=False, slots=False, repr=False)
class PhaseResponse(Result):
    """Infinitesimal phase response along one cycle.

    Attributes
    ----------
    cycle : LimitCycle or SmoothCycle
    times : ndarray, shape (n_times,)
        Since phase zero, ms: the first reset, or where V rises through the section.
    states : ndarray, shape (n_states, n_times)
        The cycle there.
    Z : ndarray, shape (n_states, n_times)
        How much earlier spikes come in the long run, ms per unit that a state is moved by.
    next_spike : ndarray, shape (n_states, n_times)
        The same of the next spike alone; NaN for a cycle without resets.
    input : ndarray, shape (n_times,)
        The same per area of a brief input, ms per (mV ms).
    refractory : ndarray of bool, shape (n_times,)
    rtol : float
        Relative tolerance of the adjoint equations.
    """

    cycle: LimitCycle | SmoothCycle
    times: Array
    states: Array
    Z: Array
    next_spike: Array
    input: Array
    refractory: npt.NDArray[np.bool_]
    rtol: float

    def table(self) -> list[dict[str, Any]]:
        """Give one row per time: the advance of later spikes per mV."""
        return rows_of({"time_ms": self.times, "V_ms_per_mV": self.V})

    def data(self) -> dict[str, Any]:
        """Give the response to V as plain data."""
        return {
            "time_ms": self.times,
            "V_ms_per_mV": self.V,
            "error_ms_per_mV": float(self.errors[0].max()),
            "type": self.kind,
            "dip": self.dip,
        }

    def sentences(self) -> list[str]:
        """Give the type of the response in words."""
        if self.dip == 0.0:
            push = "never delays spikes"
        else:
            push = f"delays spikes at some phases, by up to {self.dip:.2g} of the most that it advances them"
        return [f"Its phase response is of type {self.kind}: a push up in V {push}."]

    @property
    def phase(self) -> Array:
        """Times over the period, shape (n_times,)."""
        return self.times / self.cycle.period

    @property
    def V(self) -> Array:
        """Advance of spikes per mV that V is moved by, shape (n_times,), ms/mV."""
        return np.asarray(self.Z[0])

    @cached_property
    def errors(self) -> Array:
        """How far `Z` can be trusted, checked by a second solve of cycle and adjoint, shape as `Z`."""
        second = self.cycle.second or self.cycle
        phases = np.minimum(self.phase * second.period, np.nextafter(second.period, 0.0))
        again = _respond(second, phases, self.rtol * second_tolerance(self.rtol))
        return np.asarray(SAFETY * np.abs(self.Z - again.Z) + ROUNDING * np.spacing(np.abs(self.Z)))

    @property
    def kind(self) -> int:
        """2 where moving V up delays spikes by a tenth at least of the most that it advances them; else 1.

        For spikes born at a fold the response has one sign, at a Hopf point two (Ermentrout 1996); a reset
        may add a small dip to either.
        """
        return 1 if self.dip < DIP else 2

    @property
    def dip(self) -> float:
        """The largest delay over the largest advance; 0 within rounding of none, infinity without advance."""
        delay, advance = -float(self.V.min(initial=0.0)), float(self.V.max(initial=0.0))
        if delay <= FLAT * max(delay, advance):
            return 0.0
        return delay / advance if advance > 0.0 else float("inf")


def phase_response(
    neuron: AnyNeuron | LimitCycle | SmoothCycle,
    I: float | None = None,
    times: npt.ArrayLike | int = PHASES,
    *,
    period: int = 1,
) -> PhaseResponse:
    """Give the infinitesimal phase response along periodic firing.

    Parameters
    ----------
    neuron : Neuron, HybridNeuron, LimitCycle or SmoothCycle
        A cycle, or the neuron whose cycle is looked for.
    I : float, optional
        Constant input, mV; with a neuron.
    times : int or array_like, shape (n_times,)
        How many times, evenly spread, or times in [0, period), ms.
    period : int
        Spikes per cycle (rises of V through the section, without resets); with a neuron.

    Raises
    ------
    ModelError
        When a number is out of range.
    SolverError
        When there is no cycle.

    References
    ----------
    .. [1] B. Ermentrout, "Type I membranes, phase resetting curves, and synchrony", Neural Comput. 8
       (1996) 979-1001. https://doi.org/10.1162/neco.1996.8.5.979
    .. [2] T. Chartrand, M. S. Goldman, T. J. Lewis, "Synchronization of electrically coupled
       resonate-and-fire neurons" (2018): the adjoint through a reset. https://arxiv.org/abs/1801.05874
    """
    cycle = cycle_of(neuron, I, period)
    if isinstance(times, int):
        Count(low=1).check("times", times)
        at = np.linspace(0.0, cycle.period, times, endpoint=False)
    else:
        at = checked_times(cycle, times)
    return _respond(cycle, at, RTOL)


def telling_times(cycle: LimitCycle | SmoothCycle, count: int = PHASES) -> Array:
    """Give times on a cycle that show its course: evenly spread, and as many evenly along the curve itself.

    Parameters
    ----------
    cycle : LimitCycle or SmoothCycle
    count : int
        How many of either.

    Returns
    -------
    ndarray, shape (n_times,)
        In [0, period), ms.
    """
    even = np.linspace(0.0, cycle.period, count, endpoint=False)
    if isinstance(cycle, SmoothCycle):
        linear, flows = cycle.linear, [(0.0, cycle.state, cycle.period)]
    else:
        linear = cycle.map.linear
        length, _ = linear.refractory()
        begins = length + np.cumsum([0.0, *cycle.intervals])
        flows = [
            (float(begin), cycle.map.released(back.before)[0], back.interval - length)
            for begin, back in zip(begins, cycle.returns, strict=False)
        ]
    times, states = [], []
    for begin, state, span in flows:
        at = np.linspace(0.0, span, max(2, round(FINE * count * span / cycle.period)))
        times.append(begin + at)
        states.append(course(cycle.neuron, linear, state, cycle.input, span)(at))
    t, y = np.concatenate(times), np.column_stack(states)
    width = np.ptp(y, axis=1)
    moves = width > STILL * np.abs(y).max(axis=1)
    steps = np.diff(np.vstack([t / cycle.period, y[moves] / width[moves, None]]), axis=1)
    steps[:, np.cumsum([part.size for part in times])[:-1] - 1] = 0.0  # the resets
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(steps, axis=0))])
    found = np.union1d(even, np.interp(np.linspace(0.0, along[-1], count + 2)[1:-1], along, t))
    return found[found < cycle.period]


def _respond(cycle: LimitCycle | SmoothCycle, at: Array, rtol: float) -> PhaseResponse:
    """Give the response along a cycle at times on it."""
    states = np.empty((len(cycle.neuron.system.states), at.size))
    Z, following = np.zeros_like(states), np.full_like(states, np.nan)
    refractory = np.zeros(at.size, dtype=bool)
    if isinstance(cycle, SmoothCycle):
        y = course(cycle.neuron, cycle.linear, cycle.state, cycle.input, cycle.period, rtol, closed=True)
        states[:] = y(at)
        Z[:] = adjoint(y, cycle.response[:, None], at, rtol)[:, 0]
        linear = cycle.linear
    else:
        linear, begins = cycle.map.linear, np.cumsum([0.0, *cycle.intervals])
        for k, begin in enumerate(begins[:-1]):
            here = (at >= begin) & ((at < begins[k + 1]) | (k == cycle.n_spikes - 1))
            if here.any():
                states[:, here], Z[:, here], following[:, here], refractory[here] = _interval(
                    cycle, k, at[here] - begin, rtol
                )
    by_input = np.array([linear.flow(y, cycle.input)[2] for y in states.T]).reshape(-1, len(states))
    area = np.where(refractory, 0.0, np.einsum("ij,ji->j", Z, by_input))
    return PhaseResponse(cycle, at, states, Z, following, area, refractory, rtol)


def cycle_of(
    neuron: AnyNeuron | LimitCycle | SmoothCycle, I: float | None, period: int
) -> LimitCycle | SmoothCycle:
    """Give the cycle, or look for it."""
    if isinstance(neuron, (LimitCycle, SmoothCycle)):
        return neuron
    check_neuron(neuron)
    if I is None:
        raise ModelError("a neuron's cycle needs an input, got no I: give it in mV")
    return limit_cycle(neuron, I, period) if neuron.fires else smooth_cycle(neuron, I, crossings=period)


def checked_times(cycle: LimitCycle | SmoothCycle, times: npt.ArrayLike) -> Array:
    """Give times as an array, all of them on the cycle."""
    at = np.atleast_1d(as_numbers("times", times)).ravel()
    if not at.size:
        raise ModelError("times must be at least one, got none")
    if not np.all((at >= 0.0) & (at < cycle.period)):
        raise ModelError(
            f"times must lie within the cycle, [0, {cycle.period:.9g}) ms, "
            f"got {at.min():.9g} to {at.max():.9g} ms"
        )
    return at


def _interval(
    cycle: LimitCycle, k: int, at: Array, rtol: float
) -> tuple[Array, Array, Array, npt.NDArray[np.bool_]]:
    """Give states, both responses and what is refractory, at times after the k-th reset."""
    mapping, back = cycle.map, cycle.returns[k]
    linear, (length, _) = mapping.linear, mapping.linear.refractory()
    released, free_time = mapping.released(back.before)[0], back.interval - length
    y = course(cycle.neuron, linear, released, cycle.input, free_time, rtol)
    before = y.end
    f, _, _ = y.linears[-1].flow(before, cycle.input)
    (h_y, _), (r_y, _) = linear.guard(before), linear.reset(before)
    r_free, w = r_y[list(mapping.free)], cycle.delays[(k + 1) % cycle.n_spikes]
    crossing = h_y / (h_y @ f)
    ends = np.column_stack([crossing * (1.0 + w @ r_free @ f) - r_free.T @ w, crossing])
    held, moves = at < length, linear.system.resting.rhs[0] != 0
    # The first is the end of the refractory period.
    free = np.maximum(np.array([0.0, *(at - length)]), 0.0)
    Z = adjoint(y, ends, free, rtol)
    states, responses = y(np.maximum(at - length, 0.0)), Z[:, :, 1:].copy()
    for column in np.flatnonzero(held):
        states[:, column] = rested(linear, mapping.full(back.before), float(at[column]), cycle.input)[0]
        by_state = rested(linear, states[:, column], length - float(at[column]), cycle.input)[1]
        responses[:, :, column] = by_state.T @ Z[:, :, 0]
        if not moves:
            responses[0, :, column] = 0.0
    return states, responses[:, 0], responses[:, 1], held
