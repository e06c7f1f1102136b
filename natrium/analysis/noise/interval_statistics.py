"""Statistics of the intervals between spikes, each with the interval in which resampling finds it.

References
----------
.. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 6, 13, 14.
   https://doi.org/10.1201/9780429246593
.. [2] H. R. Kuensch, "The jackknife and the bootstrap for general stationary observations", Ann. Statist. 17
   (1989) 1217-1241 (blocks of intervals that follow each other). https://doi.org/10.1214/aos/1176347265
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt
import scipy

from natrium.analysis.result import Result
from natrium.model import Count, ModelError, Number
from natrium.model.arrays import Array
from natrium.model.checks import show
from natrium.solvers import Ensemble

MAX_UNITS = 400  # that are drawn from: the jackknife takes time with their square
BATCH = 100  # resamples at once


@attrs.frozen(repr=False)
class Estimate(Result):
    """A number and the interval that it is known to lie in.

    Attributes
    ----------
    value : float
    low, high : float
        Ends of the bootstrap interval; NaN where there is too little to resample.
    """

    value: float
    low: float
    high: float


@attrs.frozen(eq=False, repr=False)
class IntervalStatistics(Result):
    """Rate and intervals of spike trains of the same kind.

    Attributes
    ----------
    rate : Estimate
        Hz: spikes over time; of one run 1000 over the mean interval.
    mean_interval : Estimate
        ms.
    cv : Estimate
        Coefficient of variation: standard deviation of all intervals over their mean.
    intervals : ndarray, shape (n_intervals,)
        ms, run after run.
    edges : ndarray, shape (n_bins + 1,)
        Of the histogram, ms.
    density, density_low, density_high : ndarray, shape (n_bins,)
        Share of the intervals per ms in each bin, and its bootstrap interval.
    n_runs, n_spikes : int
    resampled : {"runs", "intervals"}
        What the bootstrap draws from.
    confidence : float
        Of all intervals given.
    """

    rate: Estimate
    mean_interval: Estimate
    cv: Estimate
    intervals: Array = attrs.field(repr=False)
    edges: Array = attrs.field(repr=False)
    density: Array = attrs.field(repr=False)
    density_low: Array = attrs.field(repr=False)
    density_high: Array = attrs.field(repr=False)
    n_runs: int
    n_spikes: int
    resampled: Literal["runs", "intervals"]
    confidence: float

    def table(self) -> list[dict[str, float | str]]:
        """Give one row per number."""
        rows = {"rate_Hz": self.rate, "mean_interval_ms": self.mean_interval, "cv": self.cv}
        return [
            {"statistic": name, "value": found.value, "low": found.low, "high": found.high}
            for name, found in rows.items()
        ]

    def histogram(self) -> list[dict[str, float]]:
        """Give one row per bin."""
        columns = (self.edges[:-1], self.edges[1:], self.density, self.density_low, self.density_high)
        names = ("from_ms", "to_ms", "per_ms", "low_per_ms", "high_per_ms")
        return [dict(zip(names, row, strict=True)) for row in np.column_stack(columns).tolist()]


def interval_statistics(
    trains: Ensemble | Iterable[npt.ArrayLike] | npt.ArrayLike,
    *,
    t_end: float | None = None,
    t_start: float | None = None,
    bins: int | npt.ArrayLike = 40,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> IntervalStatistics:
    """Measure rate, mean interval, coefficient of variation and histogram, with bootstrap intervals.

    Of several runs the runs are drawn anew, with all their spikes: nothing is taken for granted of what
    lies within a run. Few runs give rough intervals. Of one run its intervals are drawn. Of more than 400
    runs, or intervals, groups that follow each other are drawn. Scalars have the bias-corrected and
    accelerated interval (the percentile interval where there is none), bins of the histogram the
    percentile interval.

    Parameters
    ----------
    trains : Ensemble, iterable of array_like, or array_like, shape (n_spikes,)
        Spike times of each run, or of one, ms. Of an ensemble the runs that came to their end.
    t_start, t_end : float
        Only what lies within counts, ms; the span of an ensemble by default, and 0 for the start. Give a
        start behind the transient: the rate then has no bias. Intervals longer than the span are never
        seen, so that it must be many intervals long.
    bins : int or array_like
        How many, or their edges, ms.
    confidence : float
        Of the bootstrap intervals.
    resamples : int
    seed : int
        Of the resampling.

    Raises
    ------
    ModelError
        When a value is out of range or the spike times are none.
    """
    if isinstance(trains, Ensemble):
        t_start = trains.t_start if t_start is None else t_start
        t_end = trains.t_end if t_end is None else t_end
        trains = [trains.train(int(index)) for index in np.flatnonzero(trains.finished)]
    t_start = 0.0 if t_start is None else t_start
    Number("ms").check("t_start", t_start)
    Number("ms", t_start, open_low=True).check("t_end", t_end)
    assert t_end is not None  # checked
    Number("", 0.0, 1.0, open_low=True).check("confidence", confidence)
    Count(100, 10**6).check("resamples", resamples)
    Count(0, 2**63 - 1).check("seed", seed)
    inside = [train[(train >= t_start) & (train <= t_end)] for train in _trains(trains)]
    pieces = [np.diff(train) for train in inside]
    intervals = np.concatenate(pieces)
    edges = _edges(intervals, bins)
    center = float(intervals.mean()) if intervals.size else 0.0
    one = len(inside) == 1
    units = np.array_split(pieces[0], max(1, min(intervals.size, MAX_UNITS))) if one else pieces
    columns = _columns(units, edges, center)
    n_spikes = sum(train.size for train in inside)
    # Of several runs the rate is spikes over time, of one that of its intervals: what is drawn decides.
    weights = np.ones(columns.shape[1]) if one else np.array([train.size for train in inside], dtype=float)
    drawn = _group(np.vstack([np.ones(columns.shape[1]), weights, columns]))

    def scalars(sums: Array) -> Array:
        runs, spikes, count, total, squares = sums[:5]
        with np.errstate(all="ignore"):  # no intervals at all: NaN
            mean = center + total / count
            spread = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0.0))
            rate = 1000.0 / mean if one else 1000.0 * spikes / (runs * (t_end - t_start))
            return np.stack([rate, mean, spread / mean])

    def densities(sums: Array) -> Array:
        found = sums[5:]
        with np.errstate(all="ignore"):
            share: Array = found / sums[2]
        return share / np.diff(edges).reshape(-1, *[1] * (found.ndim - 1))

    draw = _Bootstrap(drawn, confidence, resamples, seed)
    values, low, high = draw(scalars, "BCa")
    density, density_low, density_high = draw(densities, "percentile")
    if one and not intervals.size:
        values[0] = 1000.0 * n_spikes / (t_end - t_start)
    rate, mean, cv = (Estimate(*triple) for triple in np.column_stack([values, low, high]).tolist())
    return IntervalStatistics(
        rate=rate,
        mean_interval=mean,
        cv=cv,
        intervals=intervals,
        edges=edges,
        density=density,
        density_low=density_low,
        density_high=density_high,
        n_runs=len(inside),
        n_spikes=n_spikes,
        resampled="intervals" if one else "runs",
        confidence=float(confidence),
    )


def _trains(given: Any) -> list[Array]:
    """Take one train, or many."""
    trains = [given] if isinstance(given, np.ndarray) and given.dtype != object else list(given)
    if trains and all(np.ndim(item) == 0 for item in trains):
        trains = [trains]
    if isinstance(given, np.ndarray) and given.ndim == 2:
        trains = list(given)
    if not trains:
        raise ModelError("statistics need at least one spike train, got none")
    made = []
    for index, train in enumerate(trains):
        try:
            times = np.asarray(train, dtype=float)
        except (TypeError, ValueError):
            times = np.full((1, 1), np.nan)
        if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) < 0.0):
            raise ModelError(
                f"a spike train must be a row of finite times in order, got {show(train)} (train {index})"
            )
        made.append(times)
    return made


def _edges(intervals: Array, bins: Any) -> Array:
    if np.ndim(bins) == 0:
        Count(1, 10**5).check("bins", bins)
    elif np.ndim(bins) != 1 or np.size(bins) < 2 or not np.all(np.diff(np.asarray(bins, dtype=float)) > 0.0):
        raise ModelError(f"edges of bins must be at least 2 and increase strictly, got {show(bins)}")
    return np.asarray(np.histogram_bin_edges(intervals, bins), dtype=float)


def _columns(units: list[Array], edges: Array, center: float) -> Array:
    """Give of each unit how many intervals, their sums, and the histogram, shape (3 + n_bins, n_units)."""
    made = np.empty((2 + edges.size, len(units)))
    for index, unit in enumerate(units):
        away = unit - center
        made[:3, index] = unit.size, away.sum(), np.sum(away**2)
        made[3:, index] = np.histogram(unit, edges)[0]
    return made


def _group(columns: Array) -> Array:
    """Add up neighbours where there are too many units, shape (n_columns, n_groups)."""
    n_units = columns.shape[1]
    if n_units <= MAX_UNITS:
        return columns
    begins = np.linspace(0, n_units, MAX_UNITS, endpoint=False).astype(int)
    return np.asarray(np.add.reduceat(columns, begins, axis=1))


@attrs.frozen(eq=False)
class _Bootstrap:
    """Draws units anew and says how far statistics of their sums spread."""

    columns: Array  # shape (n_columns, n_units)
    confidence: float
    resamples: int
    seed: int

    def __call__(
        self, statistic: Callable[[Array], Array], method: Literal["BCa", "percentile"]
    ) -> tuple[Array, Array, Array]:
        """Give values and both ends of their intervals, shapes (n_values,)."""
        n_units = self.columns.shape[1]
        values = statistic(self.columns.sum(axis=1))
        if n_units < 2:
            return values, np.full_like(values, np.nan), np.full_like(values, np.nan)

        def of_drawn(drawn: Any, axis: int = -1) -> Array:
            return statistic(self.columns[:, drawn].sum(axis=-1))

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # A large import; options differ between SciPy's versions, and its stubs know the newest only.
            stats: Any = scipy.stats
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            found = stats.bootstrap(
                (np.arange(n_units),),
                of_drawn,
                n_resamples=self.resamples,
                batch=BATCH,
                vectorized=True,
                confidence_level=self.confidence,
                method=method,
                random_state=np.random.default_rng(self.seed),
            )
        low, high = np.array(found.confidence_interval, dtype=float)
        bare = np.isnan(low) | np.isnan(high)  # all draws agree, or some hold no interval
        known = bare & ~np.isnan(found.bootstrap_distribution).all(axis=-1)
        tail = 0.5 * (1.0 - self.confidence)
        if known.any():
            drawn = found.bootstrap_distribution[known]
            low[known], high[known] = np.nanquantile(drawn, (tail, 1.0 - tail), axis=-1)
        return values, low, high
