r"""Strength against duration: the least pulse that makes a resting cell fire.

Without channels it is Lapicque's law, I(d) = I_rheobase/(1 - exp(-d/tau_m)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.equilibria.curve import equilibria
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.excitability.bracket import WIDER, WIDEST
from natrium.analysis.excitability.long_run import SILENT, slowest
from natrium.analysis.excitability.mirror import is_lowered, mirrored, turned
from natrium.analysis.excitability.rheobase import ASIDE, rheobase
from natrium.analysis.result import Result, rows_of, settled, show_settled
from natrium.model import AnyNeuron, ModelError, Number, SolverError, Step, lower
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.model.leak import InputUnit, Leak, input_unit, leak_of, told_in
from natrium.model.protocol import check_neuron
from natrium.model.scales import scales_of
from natrium.solvers import Runs, accurate, solve_chunk
from natrium.solvers.flags import RunFlag
from natrium.solvers.reliability import second_tolerance
from natrium.solvers.runs import ManyRuns

Whole = npt.NDArray[np.int_]
Flags = npt.NDArray[np.bool_]

TOLERANCE = 1e-9  # relative, of an amplitude
LARGEST = 1e9  # times the input's scale: a cell that no pulse of this size excites is not excitable
RTOL = 1e-10
ROUNDING = 4.0  # in units of the last place
SHORT = 1e-3  # of the slowest time constant: the pulse with which the search for the chronaxie begins
DOUBLINGS = 4  # of the amplitude, tried at once
AT_ONCE = (
    8  # runs side by side, of a solver that carries many: its lanes, as those that stay silent take long
)


@attrs.frozen(eq=False, repr=False)
class StrengthDuration(Result):
    """The least amplitude of a pulse that makes a resting cell fire.

    Attributes
    ----------
    durations : ndarray, shape (n_durations,)
        ms.
    amplitudes : ndarray, shape (n_durations,)
        Input above `base`, mV.
    charges : ndarray, shape (n_durations,)
        Amplitude times duration, mV ms.
    base : float
        Constant input on which the pulse stands, mV.
    rest : float
        V of the rest from which it starts, mV.
    rheobase : float
        Least amplitude of a pulse that does not end, above `base`, mV. Less than what a slowly growing input
        needs where the cell accommodates.
    chronaxie : float
        Least duration of a pulse of twice the rheobase, ms.
    amplitude_errors : ndarray, shape (n_durations,)
    rheobase_error, chronaxie_error : float
        How far these can be trusted: rounding, or where they are bisected the brackets that a second solve at
        another tolerance confirms.
    """

    durations: Array
    amplitudes: Array
    charges: Array
    base: float
    rest: float
    rheobase: float
    chronaxie: float
    amplitude_errors: Array
    rheobase_error: float
    chronaxie_error: float
    unit: str = "mV"
    leak: Leak | None = None

    @property
    def told_in(self) -> InputUnit:
        """What inputs are told in."""
        return told_in(self.unit, self.leak)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per duration."""
        return rows_of(
            {
                "duration_ms": self.durations,
                "amplitude_mV": self.amplitudes,
                "amplitude_error_mV": self.amplitude_errors,
                **self.told_in.beside("amplitude", self.amplitudes),
                "charge_mV_ms": self.charges,
            }
        )

    def sentences(self) -> list[str]:
        """Give rheobase and chronaxie of pulses in words."""
        unit = self.told_in
        least = unit.show(self.rheobase, settled(unit.of(self.rheobase_error), of=unit.of(self.rheobase)))
        return [
            f"Least pulses: {least} where they do not end (the rheobase of pulses); at twice that the least "
            f"duration is {show_settled(self.chronaxie, self.chronaxie_error)} ms (the chronaxie)."
        ]


def strength_duration(neuron: AnyNeuron, durations: npt.ArrayLike, *, base: float = 0.0) -> StrengthDuration:
    """Find the least pulse that makes a resting cell fire at least once, during it or after.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold and a stable rest below it.
    durations : array_like, shape (n_durations,)
        ms.
    base : float
        Constant input on which the pulse stands, mV.

    Returns
    -------
    StrengthDuration
        Closed form without channels; else bisected to 1e-9 with located spikes, all durations at once.

    Raises
    ------
    ModelError
        When there is no threshold or no rest, or a duration is not positive.
    SolverError
        When a run cannot be carried through.

    References
    ----------
    .. [1] L. Lapicque, "Recherches quantitatives sur l'excitation electrique des nerfs traitee comme une
       polarisation", J. Physiol. Pathol. Gen. 9 (1907) 620-635.
    .. [2] L. Lapicque, "Definition experimentale de l'excitabilite", C. R. Soc. Biol. 67 (1909) 280-283:
       rheobase and chronaxie.
    """
    check_neuron(neuron)
    if not neuron.fires:
        raise ModelError("a pulse needs a threshold to reach, got v_thresh = None: give v_thresh")
    if is_lowered(neuron):
        found = strength_duration(mirrored(neuron), durations, base=-base)
        return cast(StrengthDuration, turned(found, "amplitudes", "charges", "base", "rheobase"))
    times = np.atleast_1d(as_numbers("durations", durations))
    for duration in times.tolist():
        Number("ms", 0.0, open_low=True).check("durations", duration)
    rest = next((e for e in equilibria(neuron, base) if e.stable and e.below_threshold), None)
    if rest is None:
        raise ModelError(
            f"a pulse starts from rest, got no stable equilibrium below threshold at {base!r} mV: "
            "give a lower base"
        )
    if neuron.is_leaky:
        endless, inertia = neuron.v_thresh - rest.V, float(held_input(neuron).inertia(rest.V))
        amplitudes, chronaxie = endless / -np.expm1(-times / inertia), inertia * float(np.log(2.0))
        endless_error = ROUNDING * float(np.spacing(max(abs(neuron.v_thresh), abs(rest.V))))
        errors, chronaxie_error = (
            amplitudes * (endless_error / endless),
            ROUNDING * float(np.spacing(chronaxie)),
        )
    else:
        resting, longest = neuron.started(rest.state.tolist()), float(times.max())
        pulses, second = (
            _Pulses(resting, base, longest),
            _Pulses(resting, base, longest, RTOL * second_tolerance(RTOL)),
        )
        amplitudes = _least_amplitudes(pulses, times)
        errors = _errors(lambda which, tried: second.fire(_beside(times[which], tried), tried), amplitudes)
        endless, endless_error = _endless(neuron, pulses, second)
        chronaxie = _chronaxie(pulses, 2.0 * endless)
        # A pulse of twice the rheobase, as far as that is known.
        twice = 2.0 * (endless + endless_error * np.array([1.0, -1.0]))
        (chronaxie_error,) = _errors(lambda _, tried: second.fire(tried, twice[None]), np.array([chronaxie]))
    return StrengthDuration(
        durations=times,
        amplitudes=amplitudes,
        charges=amplitudes * times,
        base=base,
        rest=rest.V,
        rheobase=endless,
        chronaxie=chronaxie,
        amplitude_errors=errors,
        rheobase_error=endless_error,
        chronaxie_error=float(chronaxie_error),
        unit=neuron.input_unit,
        leak=leak_of(neuron),
    )


def _beside(durations: Array, tried: Array) -> Array:
    """Give each row's duration to all amplitudes that are tried in it."""
    return np.broadcast_to(durations[:, None], tried.shape)


class _Pulses:
    """Pulses on a constant input, tried many at once."""

    def __init__(self, resting: AnyNeuron, base: float, longest: float, rtol: float = RTOL) -> None:
        self.resting, self.base = resting, base
        self.pace = slowest(resting, resting.initial_state()[0])
        self.t_end = longest + SILENT / 2.0 * self.pace
        # The first spike tells: refractory from then on, a run costs no more.
        self.neuron = resting.changed({"tau_ref": 2.0 * self.t_end})
        self.solver = accurate(resting, rtol)
        self.at_once = AT_ONCE if isinstance(self.solver, ManyRuns) else 1

    def fire(self, durations: Array, amplitudes: Array) -> Flags:
        """Tell which pulses make a spike; shapes alike."""
        runs = Runs(
            neuron=self.neuron,
            stimulus=(Step(self.base, start=0.0), Step(1.0, start=0.0, stop=1.0)),
            varied={"I_1": amplitudes.ravel(), "stop_1": durations.ravel()},
            t_end=self.t_end,
        )
        chunk, _ = solve_chunk(self.solver, runs)
        for run in np.flatnonzero(chunk.flags & RunFlag.FAILED).tolist():
            raise SolverError(chunk.messages[run])
        return (chunk.counts > 0).reshape(amplitudes.shape)


def _least_amplitudes(pulses: _Pulses, durations: Array) -> Array:
    """Find the least amplitude at each duration."""
    resting, scales, unit = pulses.resting, scales_of(pulses.resting), input_unit(pulses.resting)
    start, largest = np.array(resting.initial_state()), LARGEST * scales.input
    lacking = float(lower(resting.system).frame.threshold(start) - start[0])
    high: Array = np.full(durations.size, lacking / scales.V * scales.input)
    found, missing = _least(
        lambda which, tried: pulses.fire(_beside(durations[which], tried), tried),
        high,
        pulses.at_once,
        largest,
    )
    if missing.size:
        raise ModelError(
            f"a pulse must be able to make the cell fire, got no spike up to {unit.show(largest)} over "
            f"{durations[missing[0]]:g} ms: give a longer pulse"
        )
    return found


def _endless(neuron: AnyNeuron, pulses: _Pulses, second: _Pulses) -> tuple[float, float]:
    """Find the least amplitude of a pulse that does not end, and its error.

    Where one a little below the rheobase of a slowly growing input leaves the cell silent, it is that.
    """
    slow, long = rheobase(neuron), np.array([pulses.t_end])
    if np.isfinite(slow.value):
        below = np.array([slow.value - ASIDE * scales_of(neuron).of_input(slow.value) - pulses.base])
        if not pulses.fire(long, below)[0]:
            return slow.value - pulses.base, slow.error
    found = _least_amplitudes(pulses, long)
    (error,) = _errors(lambda which, tried: second.fire(_beside(long[which], tried), tried), found)
    return float(found[0]), float(error)


def _chronaxie(pulses: _Pulses, amplitude: float) -> float:
    """Find the least duration of pulses of one amplitude."""
    found, _ = _least(
        lambda which, tried: pulses.fire(tried, np.full(tried.shape, amplitude)),
        np.array([SHORT * pulses.pace]),
        pulses.at_once,
        pulses.t_end,
    )
    return float(found[0])


def _least(
    fires: Callable[[Whole, Array], Flags], high: Array, at_once: int, largest: float
) -> tuple[Array, Whole]:
    """Find the least numbers that make spikes: doubled until there is one, then by sections.

    Returns
    -------
    ndarray, shape as `high`
    ndarray of int
        Those without a spike up to `largest`.
    """
    doublings = 2.0 ** np.arange(min(at_once, DOUBLINGS))
    low, high = np.zeros(high.size), high.copy()
    left: Whole = np.arange(high.size)
    while left.size:
        tried = high[left, None] * doublings
        low[left], high[left], fired = _between(fires(left, tried), low[left], tried)
        left = left[~fired]
        if left.size and high[left].max() > largest:
            return high, left[np.argsort(-high[left], kind="stable")]
    while (left := np.flatnonzero(high - low > TOLERANCE * high)).size:
        sections = max(1, at_once // left.size) + 1
        parts = np.arange(1, sections) / sections
        tried = low[left, None] + (high - low)[left, None] * parts
        below, above, fired = _between(fires(left, tried), low[left], tried)
        low[left], high[left] = below, np.where(fired, above, high[left])
    return np.asarray(0.5 * (low + high)), np.empty(0, dtype=int)


def _errors(fires: Callable[[Whole, Array], Flags], found: Array) -> Array:
    """Give how far from what was found a second solve makes no spike below, and one above."""
    errors, left, width = np.full(found.size, np.inf), np.arange(found.size), TOLERANCE
    while left.size and width <= WIDEST:
        fired = fires(left, found[left, None] * (1.0 + width * np.array([-1.0, 1.0])))
        agree = fired[:, 1] & ~fired[:, 0]
        errors[left[agree]] = width * found[left[agree]]
        left, width = left[~agree], WIDER * width
    return errors


def _between(fires: Flags, low: Array, tried: Array) -> tuple[Array, Array, Flags]:
    """Give, per row, the last amplitude below the first that fires, that one, and whether there is one.

    Without one: the last that was tried, and twice that.
    """
    found, rows = np.asarray(fires.any(axis=1)), np.arange(len(tried))
    first = np.where(found, np.argmax(fires, axis=1), tried.shape[1])
    padded = np.column_stack([low, tried, 2.0 * tried[:, -1]])
    return padded[rows, first], padded[rows, first + 1], found
