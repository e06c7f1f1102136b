r"""How often a forced neuron fires per period of its input: the rotation number, by a run.

Of the intervals T_k between spikes, in periods, :math:`1/\rho = \sum w_k T_k / \sum w_k`, with weights that
vanish with all their derivatives at both ends: for quasi-periodic firing the sum then comes to its limit
faster than any power of its length. Where the last spikes repeat after q periods it is the ratio p/q itself.

References
----------
.. [1] J. P. Keener, F. C. Hoppensteadt, J. Rinzel, "Integrate-and-fire models of nerve membrane response to
   oscillatory input", SIAM J. Appl. Math. 41 (1981) 503-517. https://doi.org/10.1137/0141042
.. [2] S. Das, Y. Saiki, E. Sander, J. A. Yorke, "Quantitative quasiperiodicity", Nonlinearity 30 (2017)
   4111-4140. https://doi.org/10.1088/1361-6544/aa84c2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.forcing.axis import Forcing, forcing_of
from natrium.analysis.result import Result, show_settled
from natrium.model import AnyNeuron, Count, Stimulus
from natrium.model.arrays import Array
from natrium.solvers import Trajectory, accurate

RUN_RTOL = 1e-9
TRANSIENT, PERIODS = 60, 120  # of the input: left out, and counted
MOST_SPIKES = 32  # after which firing is asked to repeat
REPEATS = 1e-5  # periods: spikes that come back so near are locked
FEW = 8  # intervals: fewer have no mean to speak of


@attrs.frozen(eq=False, repr=False)
class RotationNumber(Result):
    """Spikes per period of the input, in the long run.

    Attributes
    ----------
    period : float
        Of the input, ms.
    value : float
    error : float
        How far it can be trusted: 0 of locked firing.
    n_spikes, n_periods : int
        p and q of firing that repeats; both 0 where it does not, n_spikes 0 and n_periods 1 of none at all.
    phases : ndarray, shape (n_counted,)
        Of the spikes counted, in periods, each in [0, 1).
    """

    period: float
    value: float
    error: float
    n_spikes: int
    n_periods: int
    phases: Array

    @property
    def locked(self) -> bool:
        """Whether firing repeats after some periods."""
        return self.n_periods > 0

    def table(self) -> list[dict[str, Any]]:
        """Give one row."""
        return [
            {
                "period_ms": self.period,
                "rotation_number": self.value,
                "error": self.error,
                "spikes": self.n_spikes,
                "periods": self.n_periods,
            }
        ]

    def sentences(self) -> list[str]:
        """Say how it fires."""
        if not self.locked:
            return [
                f"It fires {show_settled(self.value, self.error, 6)} times per period of "
                f"{self.period:.6g} ms; no {MOST_SPIKES} spikes or fewer repeat."
            ]
        if not self.n_spikes:
            return [f"It does not fire at a period of {self.period:.6g} ms."]
        return [
            f"It is locked {self.n_spikes}:{self.n_periods}: {count(self.n_spikes, 'spike')} in "
            f"{count(self.n_periods, 'period')} of {self.period:.6g} ms."
        ]


def count(n: int, what: str) -> str:
    """Write so many of something."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def rotation_number(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    period: float | None = None,
    periods: int = PERIODS,
    transient: int = TRANSIENT,
) -> RotationNumber:
    """Count spikes per period of a periodic input, in the long run.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold; it begins as it is given.
    stimulus : Stimulus or sequence of Stimulus
    period : float, optional
        Of the input, ms; where it does not say.
    periods, transient : int
        How many are counted, and left out before.

    Raises
    ------
    ModelError, StimulusError
        When the neuron has no threshold, or the input does not repeat.
    SolverError
        When the run fails.
    """
    Count(low=10, high=10**6).check("periods", periods)
    Count(low=0, high=10**6).check("transient", transient)
    forcing = forcing_of(neuron, stimulus, period)
    return rotation_of(forcing, long_run(forcing, transient + periods), transient)


def long_run(forcing: Forcing, periods: int) -> Trajectory:
    """Run from the neuron's own start for so many periods from where the input repeats."""
    end = (forcing.first + periods) * forcing.period
    run: Trajectory = accurate(forcing.neuron, RUN_RTOL).solve(forcing.neuron, forcing.stimulus, t_end=end)
    return run


def rotation_of(forcing: Forcing, run: Trajectory, transient: int) -> RotationNumber:
    """Read the rotation number off a run."""
    times = run.spike_times[run.spike_times > (forcing.first + transient) * forcing.period] / forcing.period
    phases = times % 1.0
    counted = run.t_end / forcing.period - forcing.first - transient
    if times.size == 0:
        return RotationNumber(forcing.period, 0.0, 0.0, 0, 1, phases)
    found = repeats(times)
    if found is not None:
        return RotationNumber(forcing.period, found[0] / found[1], 0.0, *found, phases)
    if times.size < FEW:
        return RotationNumber(forcing.period, times.size / counted, 1.0 / counted, 0, 0, phases)
    gaps = np.diff(times)
    value, shorter = mean_rate(gaps), mean_rate(gaps[: 3 * gaps.size // 4])
    return RotationNumber(forcing.period, value, abs(value - shorter) + 1e-12, 0, 0, phases)


def mean_rate(gaps: Array) -> float:
    """Give one over the weighted mean of intervals."""
    x = (np.arange(gaps.size) + 0.5) / gaps.size
    weights = np.exp(-1.0 / (x * (1.0 - x)))
    return float(weights.sum() / (weights @ gaps))


def repeats(times: Array) -> tuple[int, int] | None:
    """Tell after how many spikes and periods the last spikes repeat; None where they do not."""
    for p in range(1, min(MOST_SPIKES, times.size // 3) + 1):
        ahead = times[p:] - times[:-p]
        last = ahead[-max(p, 3) :]
        q = round(float(last[-1]))
        if q >= 1 and float(np.abs(last - q).max()) < REPEATS:
            return p, q
    return None
