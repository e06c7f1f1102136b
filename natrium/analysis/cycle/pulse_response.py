"""The phase response to a pulse of current of finite height and width, by experiment."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.cycle.direct_response import SMOOTH_RTOL, cycles_needed, is_settled, still_to_come
from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.phase_response import checked_times, cycle_of
from natrium.analysis.cycle.smooth_cycle import SmoothCycle, rising_crossings
from natrium.analysis.result import Result, rows_of
from natrium.model import AnyNeuron, Constant, Count, Number, SolverError, Step, Sum, UnsupportedModel
from natrium.model.arrays import Array
from natrium.solvers import EventDriven


@attrs.frozen(eq=False, repr=False)
class PulseResponse(Result):
    """Phase response to a pulse of current.

    Attributes
    ----------
    cycle : LimitCycle or SmoothCycle
    amplitude, width : float
        Of the pulse, mV and ms.
    times : ndarray, shape (n_times,)
        When it begins, since phase zero, ms.
    next_spike : ndarray, shape (n_times,)
        How much earlier the next spike after its beginning comes, ms; NaN of a cycle without resets.
    asymptotic : ndarray, shape (n_times,)
        How much earlier spikes come in the long run, ms; without resets within half a period.
    left : ndarray, shape (n_times,)
        How much of it is still to come after so many cycles, ms.
    cycles : int
        How many cycles later spikes counted as in the long run.
    """

    cycle: LimitCycle | SmoothCycle
    amplitude: float
    width: float
    times: Array
    next_spike: Array
    asymptotic: Array
    left: Array
    cycles: int

    @property
    def per_area(self) -> Array:
        """Long-run advance per area of the pulse, shape (n_times,), ms per (mV ms).

        For small pulses the infinitesimal response's `input`, averaged over the pulse.
        """
        return np.asarray(self.asymptotic / (self.amplitude * self.width))

    @property
    def settled(self) -> bool:
        """Whether what is still to come is less than 1e-6 of the largest shift, at every time."""
        return is_settled(self.left, self.asymptotic)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per time."""
        return rows_of(
            {"time_ms": self.times, "next_spike_ms": self.next_spike, "long_run_ms": self.asymptotic}
        )

    def data(self) -> dict[str, Any]:
        """Give the response as plain data."""
        best, worst = int(np.argmax(self.asymptotic)), int(np.argmin(self.asymptotic))
        return {
            "amplitude_mV": self.amplitude,
            "width_ms": self.width,
            "time_ms": self.times,
            "next_spike_ms": self.next_spike,
            "long_run_ms": self.asymptotic,
            "left_ms": self.left,
            "cycles": self.cycles,
            "most_ms": float(self.asymptotic[best]),
            "most_at_ms": float(self.times[best]),
            "least_ms": float(self.asymptotic[worst]),
            "least_at_ms": float(self.times[worst]),
        }

    def sentences(self) -> list[str]:
        """Say what the pulse does at most."""
        found = self.data()
        said = [
            f"A pulse of {self.amplitude:.6g} mV for {self.width:.6g} ms moves later spikes by "
            f"{found['least_ms']:z.6g} ms (begun at {found['least_at_ms']:.6g} ms) to "
            f"{found['most_ms']:z.6g} ms (at {found['most_at_ms']:.6g} ms) earlier."
        ]
        if not self.settled:
            said.append(f"Up to {self.left.max():.2g} ms is still to come after {self.cycles} cycles.")
        return said


def pulse_response(
    neuron: AnyNeuron | LimitCycle | SmoothCycle,
    amplitude: float,
    width: float,
    times: npt.ArrayLike,
    I: float | None = None,
    *,
    period: int = 1,
    cycles: int | None = None,
) -> PulseResponse:
    """Add a pulse of current at each of some times along a cycle and run on.

    The pulse acts through spikes and refractory periods as any input does.

    Parameters
    ----------
    neuron : Neuron, HybridNeuron, LimitCycle or SmoothCycle
        A cycle, or the neuron whose cycle is looked for.
    amplitude, width : float
        mV and ms.
    times : array_like, shape (n_times,)
        In [0, period), ms.
    I : float, optional
        Constant input, mV; with a neuron.
    period : int
        Spikes per cycle; with a neuron.
    cycles : int, optional
        How many cycles later spikes count as in the long run; by default until the largest multiplier
        leaves nothing to come.

    Raises
    ------
    ModelError
        When a number is out of range.
    SolverError
        When firing ends.
    UnsupportedModel
        When what moves in a refractory period has no closed form and the pulse begins there.
    """
    cycle = cycle_of(neuron, I, period)
    Number("mV").check("amplitude", amplitude)
    Number("ms", 0.0, open_low=True).check("width", width)
    cycles = cycles_needed(cycle) + int(np.ceil(width / cycle.period)) if cycles is None else cycles
    Count(low=1).check("cycles", cycles)
    at = checked_times(cycle, times)
    found = np.array([_shifts(cycle, float(t), float(amplitude), float(width), cycles) for t in at])
    following, last, before = found.reshape(-1, 3).T
    left = still_to_come(cycle, last, before)
    return PulseResponse(cycle, float(amplitude), float(width), at, following, last, left, cycles)


def _shifts(
    cycle: LimitCycle | SmoothCycle, t: float, amplitude: float, width: float, cycles: int
) -> tuple[float, float, float]:
    """Give the shift of the next spike, of the last, and of the one a cycle earlier."""
    if isinstance(cycle, SmoothCycle):
        return _along(cycle, t, amplitude, width, cycles)
    return _after_spikes(cycle, t, amplitude, width, cycles)


def _after_spikes(
    cycle: LimitCycle, t: float, amplitude: float, width: float, cycles: int
) -> tuple[float, float, float]:
    """Give the shift of the next spike, of the last, and of the one a cycle earlier."""
    mapping, ends = cycle.map, np.cumsum(cycle.intervals)
    length, _ = mapping.linear.refractory()
    k = min(int(np.searchsorted(ends, t, side="right")), cycle.n_spikes - 1)
    since = t - (ends[k] - cycle.intervals[k])
    if since < length and mapping.linear.system.rested(0.0) is None:
        raise UnsupportedModel(
            "a pulse within a refractory period needs a closed form of what moves there, got the rule "
            f"{mapping.linear.system.refractory.rule!r}: begin it later"
        )
    start = since - length  # of the pulse, since V is free
    y = mapping.released(cycle.returns[k].before)[0]
    expected = np.tile(cycle.intervals, cycles + 2)[k:].cumsum() - length
    count = cycles * cycle.n_spikes
    stimulus = Sum((Constant(cycle.input), Step(amplitude, start=start, stop=start + width)))
    span = float(expected[count]) * 1.02 + 2.0 * cycle.period
    run = mapping.solver.solve(cycle.neuron.started(y.tolist()), stimulus, t_end=span)
    found = run.spike_times
    if found.size <= count:
        raise SolverError(
            f"firing must go on after a pulse, got {found.size} spikes in {span:.6g} ms after one at "
            f"{t:.6g} ms; make it smaller"
        )
    early = expected[: count + 1] - found[: count + 1]
    return float(early[0]), float(early[count]), float(early[count - cycle.n_spikes])


def _along(
    cycle: SmoothCycle, t: float, amplitude: float, width: float, cycles: int
) -> tuple[float, float, float]:
    """Give NaN, and the shifts of two rises through the section, a cycle apart, some cycles later."""
    start, base = cycle.neuron.started(cycle.state.tolist()), Constant(cycle.input)
    end, half = (cycles + 1.5) * cycle.period, 0.5 * cycle.period
    solver = EventDriven(rtol=SMOOTH_RTOL)
    runs = [
        solver.solve(start, stimulus, t_end=end)
        for stimulus in (base, Sum((base, Step(amplitude, start=t, stop=t + width))))
    ]
    shifts = []
    for due in (cycles * cycle.period, (cycles - 1) * cycle.period):
        found = []
        for run in runs:
            rises = rising_crossings(run, cycle.section, max(due - half, 0.0), due + half)
            if not rises.size:
                raise SolverError(
                    f"firing must go on after a pulse, got none after one at {t:.6g} ms; make it smaller"
                )
            found.append(float(rises[np.argmin(np.abs(rises - due))]))
        shifts.append(found[0] - found[1])
    return float("nan"), shifts[0], shifts[1]
