"""How far one run is from the truth."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.accuracy.matching import match_spikes
from natrium.analysis.accuracy.truth import Reference
from natrium.analysis.result import Result
from natrium.model import ModelError, Number
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers, show
from natrium.model.scales import scales_of
from natrium.solvers import FixedStep, Trajectory

VOLTAGES, GUARD = 64, 1.0  # fixed times at which V is compared; ms from a spike, or of the scale of time


@attrs.frozen(eq=False, repr=False)
class Accuracy(Result):
    """How far one run is from the truth.

    Attributes
    ----------
    differences : ndarray, shape (n_matched,)
        Spike time less true time of each spike that has a partner, ms.
    missed, extra : int
        True spikes without a partner in the run, and the reverse.
    voltage_error : float
        Largest distance of V from the true one at fixed times away from spikes, mV; NaN where no voltages
        are known.
    """

    differences: Array
    missed: int
    extra: int
    voltage_error: float

    @property
    def spike_error(self) -> float:
        """Largest error of a spike time, ms; NaN without spikes, or with other spikes than the truth's."""
        if self.missed or self.extra or not self.differences.size:
            return float("nan")
        return float(np.abs(self.differences).max())


def measure(found: Trajectory | npt.ArrayLike, truth: Reference, window: float | None = None) -> Accuracy:
    """Measure a run, or a train of spike times, against the truth.

    Parameters
    ----------
    found : Trajectory or array_like, shape (n_spikes,)
        A run, or its spike times, ms.
    truth : Reference
    window : float, optional
        Spikes further apart than this (ms) are no partners; by default half the shortest true interval.
    """
    times = found.spike_times if isinstance(found, Trajectory) else as_numbers("found", found)
    if times.ndim != 1 or not np.all(np.isfinite(times)):
        raise ModelError(f"spike times must be a row of finite numbers, got {show(found)}")
    true_times = truth.spike_times
    if window is None:
        window = float(0.5 * np.diff(true_times).min()) if true_times.size > 1 else np.inf
    Number("ms", 0.0, np.inf).check("window", min(window, 1e300))
    pairs = match_spikes(times, true_times, window)
    return Accuracy(
        differences=np.array([pair.difference for pair in pairs if pair.difference is not None]),
        missed=sum(pair.label is None for pair in pairs),
        extra=sum(pair.truth is None for pair in pairs),
        voltage_error=_voltage_error(found, truth) if isinstance(found, Trajectory) else float("nan"),
    )


def _voltage_error(found: Trajectory, truth: Reference) -> float:
    """Compare V away from spikes: a fixed-step run at its samples next to the fixed times."""
    trajectory = truth.trajectory
    times = np.linspace(trajectory.t_start, trajectory.t_end, VOLTAGES + 2)[1:-1]
    sampled = isinstance(found.made_by, FixedStep)
    if sampled:
        times = found.t[np.clip(np.searchsorted(found.t, times), 0, found.t.size - 1)]
    times = times[(times >= trajectory.t_start) & (times <= trajectory.t_end)]
    guard = GUARD * scales_of(found.neuron).time
    held = found.neuron.tau_ref + guard
    for spikes in (truth.spike_times, found.spike_times):
        for spike in spikes.tolist():
            times = times[(times < spike - guard) | (times > spike + held)]
    if not times.size:
        return float("nan")
    return float(np.abs(found.state(times)[0] - trajectory.state(times)[0]).max())
