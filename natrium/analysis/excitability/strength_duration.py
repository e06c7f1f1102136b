r"""Strength against duration: the least pulse that makes a resting cell fire.

Without channels it is Lapicque's law, I(d) = I_rheobase/(1 - exp(-d/tau_m)).
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.equilibria.curve import equilibria
from natrium.analysis.equilibria.steady_input import steady_input
from natrium.analysis.excitability.long_run import SILENT, slowest
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, ModelError, Number, SolverError, Step
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.model.protocol import check_neuron
from natrium.solvers import Runs, accurate, solve_chunk
from natrium.solvers.flags import RunFlag
from natrium.solvers.runs import ManyRuns

Whole = npt.NDArray[np.int_]
Flags = npt.NDArray[np.bool_]

TOLERANCE = 1e-9  # relative, of an amplitude
LARGEST = 1e9  # mV: a cell that no pulse of this size excites is not excitable
RTOL = 1e-10
DOUBLINGS = 4  # of the amplitude, tried at once
SECTIONS = (
    15  # amplitudes tried at once by a solver that carries many runs: a round makes a range 16 times less
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
    """

    durations: Array
    amplitudes: Array
    charges: Array
    base: float
    rest: float

    def table(self) -> list[dict[str, Any]]:
        """Give one row per duration."""
        columns = (self.durations.tolist(), self.amplitudes.tolist(), self.charges.tolist())
        return [
            {"duration_ms": duration, "amplitude_mV": amplitude, "charge_mV_ms": charge}
            for duration, amplitude, charge in zip(*columns, strict=True)
        ]

    def chronaxie(self, rheobase: float) -> float:
        """Give the duration at which twice the rheobase is needed (log-linear between points), ms; or NaN."""
        level = 2.0 * rheobase
        if not self.amplitudes.min() <= level <= self.amplitudes.max():
            return float("nan")
        order = np.argsort(self.amplitudes)
        logs = np.interp(np.log(level), np.log(self.amplitudes[order]), np.log(self.durations[order]))
        return float(np.exp(logs))


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
    """
    check_neuron(neuron)
    if not neuron.fires:
        raise ModelError("a pulse needs a threshold to reach, got v_thresh = None: give v_thresh")
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
        amplitudes = (neuron.v_thresh - rest.V) / -np.expm1(-times / steady_input(neuron).inertia(rest.V))
    else:
        amplitudes = _least(neuron.started(rest.state.tolist()), base, times)
    return StrengthDuration(times, amplitudes, amplitudes * times, base, rest.V)


class _Pulses:
    """Pulses of several durations, tried many at once."""

    def __init__(self, resting: AnyNeuron, base: float, durations: Array) -> None:
        self.base, self.durations = base, durations
        self.t_end = float(durations.max()) + SILENT / 2.0 * slowest(resting, resting.initial_state()[0])
        # The first spike tells: refractory from then on, a run costs no more.
        self.neuron = resting.changed({"tau_ref": 2.0 * self.t_end})
        self.solver = accurate(resting, RTOL)
        self.at_once = SECTIONS if isinstance(self.solver, ManyRuns) else 1

    def fire(self, which: Whole, amplitudes: Array) -> Flags:
        """Tell which amplitudes, shape (n, at_once), of the durations with these indices make a spike."""
        runs = Runs(
            neuron=self.neuron,
            stimulus=(Step(self.base, start=0.0), Step(1.0, start=0.0, stop=1.0)),
            varied={
                "I_1": amplitudes.ravel(),
                "stop_1": np.repeat(self.durations[which], amplitudes.shape[1]),
            },
            t_end=self.t_end,
        )
        chunk, _ = solve_chunk(self.solver, runs)
        for run in np.flatnonzero(chunk.flags & RunFlag.FAILED).tolist():
            raise SolverError(chunk.messages[run])
        return (chunk.counts > 0).reshape(amplitudes.shape)


def _least(resting: AnyNeuron, base: float, durations: Array) -> Array:
    """Find the least amplitudes: doubled until there is a spike, then by sections."""
    pulses = _Pulses(resting, base, durations)
    doublings = 2.0 ** np.arange(min(pulses.at_once, DOUBLINGS))
    low: Array = np.zeros(durations.size)
    high: Array = np.full(durations.size, resting.v_thresh - resting.initial_state()[0])
    left: Whole = np.arange(durations.size)
    while left.size:
        tried = high[left, None] * doublings
        low[left], high[left], fired = _between(pulses.fire(left, tried), low[left], tried)
        left = left[~fired]
        if left.size and high[left].max() > LARGEST:
            raise ModelError(
                f"a pulse must be able to make the cell fire, got no spike up to {LARGEST:g} mV over "
                f"{durations[left[int(np.argmax(high[left]))]]:g} ms: give a longer pulse"
            )
    parts = np.arange(1, pulses.at_once + 1) / (pulses.at_once + 1)
    while (left := np.flatnonzero(high - low > TOLERANCE * high)).size:
        tried = low[left, None] + (high - low)[left, None] * parts
        below, above, fired = _between(pulses.fire(left, tried), low[left], tried)
        low[left], high[left] = below, np.where(fired, above, high[left])
    return np.asarray(0.5 * (low + high))


def _between(fires: Flags, low: Array, tried: Array) -> tuple[Array, Array, Flags]:
    """Give, per row, the last amplitude below the first that fires, that one, and whether there is one.

    Without one: the last that was tried, and twice that.
    """
    found, rows = np.asarray(fires.any(axis=1)), np.arange(len(tried))
    first = np.where(found, np.argmax(fires, axis=1), tried.shape[1])
    padded = np.column_stack([low, tried, 2.0 * tried[:, -1]])
    return padded[rows, first], padded[rows, first + 1], found
