r"""Strength against duration: the least pulse that makes a resting cell fire.

Without channels it is Lapicque's law, I(d) = I_rheobase/(1 - exp(-d/tau_m)).
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.equilibria import equilibria
from natrium.analysis.firing import SILENT, slowest, starting_at
from natrium.analysis.intervals import Array
from natrium.model import ModelError, Neuron, Number, Step
from natrium.solvers import EventDriven

__all__ = ["StrengthDuration", "strength_duration"]

TOLERANCE = 1e-9  # relative, of an amplitude
LARGEST = 1e9  # mV: a cell that no pulse of this size excites is not excitable
RTOL = 1e-10


@attrs.frozen(eq=False)
class StrengthDuration:
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

    def chronaxie(self, rheobase: float) -> float:
        """Give the duration at which twice the rheobase is needed (log-linear between points), ms; or NaN."""
        level = 2.0 * rheobase
        if not self.amplitudes.min() <= level <= self.amplitudes.max():
            return float("nan")
        order = np.argsort(self.amplitudes)
        logs = np.interp(np.log(level), np.log(self.amplitudes[order]), np.log(self.durations[order]))
        return float(np.exp(logs))


def strength_duration(neuron: Neuron, durations: npt.ArrayLike, *, base: float = 0.0) -> StrengthDuration:
    """Find the least pulse that makes a resting cell fire at least once, during it or after.

    Parameters
    ----------
    neuron : Neuron
        With a threshold and a stable rest below it.
    durations : array_like, shape (n_durations,)
        ms.
    base : float
        Constant input on which the pulse stands, mV.

    Returns
    -------
    StrengthDuration
        Closed form without channels; else bisected to 1e-9 with located spikes.

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
    if not neuron.fires:
        raise ModelError("a pulse needs a threshold to reach, got v_thresh = None: give v_thresh")
    times = np.atleast_1d(np.asarray(durations, dtype=float))
    for duration in times.tolist():
        Number("ms", 0.0, open_low=True).check("durations", duration)
    rest = next((e for e in equilibria(neuron, base) if e.stable and e.below_threshold), None)
    if rest is None:
        raise ModelError(
            f"a pulse starts from rest, got no stable equilibrium below threshold at {base!r} mV: "
            "give a lower base"
        )
    if neuron.channels:
        resting = starting_at(neuron, rest.state)
        amplitudes = np.array([_bisected(resting, base, duration) for duration in times.tolist()])
    else:
        amplitudes = (neuron.v_thresh - rest.V) / -np.expm1(-times / neuron.tau_m)
    return StrengthDuration(times, amplitudes, amplitudes * times, base, rest.V)


def _bisected(neuron: Neuron, base: float, duration: float) -> float:
    tail = SILENT / 2.0 * slowest(neuron, neuron.v_init)
    solver = EventDriven(rtol=RTOL)

    def fires(amplitude: float) -> bool:
        pulse = [Step(base, start=0.0), Step(amplitude, start=0.0, stop=duration)]
        # A short run first: a spike mostly comes early.
        early = min(tail, 2.0 * duration + 3.0 * neuron.tau_m)
        return any(solver.solve(neuron, pulse, t_end=end).n_spikes > 0 for end in (early, duration + tail))

    low, high = 0.0, neuron.v_thresh - neuron.v_init
    while not fires(high):
        low, high = high, 2.0 * high
        if high > LARGEST:
            raise ModelError(
                f"a pulse must be able to make the cell fire, got no spike up to {LARGEST:g} mV over "
                f"{duration:g} ms: give a longer pulse"
            )
    while high - low > TOLERANCE * high:
        middle = 0.5 * (low + high)
        if fires(middle):
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)
