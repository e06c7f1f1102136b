"""Rate and regularity under noise against the mean input: by the Fokker-Planck equation, and by runs."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.noise.fokker_planck import FokkerPlanck, fokker_planck
from natrium.analysis.noise.interval_statistics import IntervalStatistics, interval_statistics
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Count, ModelError, Noise, Number
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.model.scales import scales_of
from natrium.solvers import accurate, simulate_many

RUN_RTOL = 1e-6
T_END = 1000.0  # ms, or of the scale of time
LEFT_OUT = 0.1  # of each run, at its beginning


@attrs.frozen(eq=False, repr=False)
class NoiseCurve(Result):
    """Firing under noises that differ in their mean.

    Attributes
    ----------
    noise : Noise
        One of them.
    means : ndarray, shape (n_means,)
        mV.
    found : tuple of FokkerPlanck
        By the equation.
    statistics : tuple of IntervalStatistics
        Of runs; none where none were made.
    """

    noise: Noise
    means: Array
    found: tuple[FokkerPlanck, ...]
    statistics: tuple[IntervalStatistics, ...]

    def column(self, name: str) -> Array:
        """Give one number of each of `found`, shape (n_means,)."""
        return np.array([getattr(one, name) for one in self.found])

    def table(self) -> list[dict[str, Any]]:
        """Give one row per mean."""
        rows = [one.table()[0] for one in self.found]
        for row, one in zip(rows, self.statistics, strict=False):
            for name, estimate in (("rate_Hz", one.rate), ("cv", one.cv)):
                row[f"runs_{name}"] = estimate.value
                row[f"runs_{name}_low"], row[f"runs_{name}_high"] = estimate.low, estimate.high
        return rows

    def data(self) -> dict[str, Any]:
        """Give the rows as plain data."""
        return {"rows": self.table(), "within": self.within, "runs": len(self.statistics)}

    @property
    def within(self) -> int:
        """At how many means the equation's rate lies in the runs' interval."""
        pairs = zip(self.found, self.statistics, strict=False)
        return sum(two.rate.low <= one.sampled_rate <= two.rate.high for one, two in pairs)

    def sentences(self) -> list[str]:
        """Say how rate and CV go, and how many runs agree."""
        rate, cv = self.column("rate"), self.column("cv")
        said = [
            f"Mean inputs from {self.means[0]:.6g} to {self.means[-1]:.6g} mV: rate {rate[0]:.6g} to "
            f"{rate[-1]:.6g} Hz, CV {cv[0]:.6g} to {cv[-1]:.6g}."
        ]
        if self.statistics:
            share = f"{self.statistics[0].confidence:.0%}"
            said.append(
                f"The equation's rate lies in the runs' {share} interval at {self.within} of "
                f"{len(self.statistics)} means."
            )
        return said


def noise_curve(
    neuron: AnyNeuron, noise: Noise, means: npt.ArrayLike, *, runs: int = 0, t_end: float | None = None
) -> NoiseCurve:
    """Give rate and CV against the mean input, by the Fokker-Planck equation and by runs.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        Of one state; see `fokker_planck`.
    noise : Noise
        Its mean is replaced, its seed too in the runs.
    means : array_like, shape (n_means,)
        mV.
    runs : int
        Of each mean; 0 makes none, else 2 at least.
    t_end : float, optional
        Of a run, whose first tenth is left out, ms; by default 1000, of the scale of time.

    Raises
    ------
    ModelError
        When a number is out of range, or V may run away downwards.
    UnsupportedModel
        When the neuron has more states, or noise enters otherwise.
    """
    values = as_numbers("means", means)
    if not values.size or not isinstance(noise, Noise):
        raise ModelError(f"a curve needs one mean at least, and a Noise, got {values.size} and {noise!r}")
    Count(low=0, high=100_000).check("runs", runs)
    if runs == 1:
        raise ModelError("runs must be 0, or 2 at least, got 1: of one there is no spread")
    t_end = T_END * scales_of(neuron).time if t_end is None else t_end
    Number("ms", 0.0, open_low=True).check("t_end", t_end)
    noises = [attrs.evolve(noise, mean=mean) for mean in values.tolist()]
    found = tuple(fokker_planck(neuron, one) for one in noises)
    statistics = tuple(
        interval_statistics(
            simulate_many(
                neuron,
                one,
                t_end=t_end,
                parameters={"seed_0": noise.seed + np.arange(runs)},
                solver=accurate(neuron, RUN_RTOL),
            ),
            t_start=LEFT_OUT * t_end,
        )
        for one in (noises if runs else [])
    )
    return NoiseCurve(noises[0], values, found, statistics)
