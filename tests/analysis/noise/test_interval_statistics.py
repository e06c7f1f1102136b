"""Interval statistics: values by hand, and bootstrap intervals that hold the truth as often as they say."""

import math
from typing import Any

import attrs
import numpy as np
import pytest

import natrium
from natrium.analysis.noise.interval_statistics import MAX_UNITS


def gamma_train(draw: np.random.Generator, t_end: float, shape: float = 4.0, mean: float = 20.0) -> Any:
    """A renewal train from equilibrium on: it has run for long before 0."""
    gaps = draw.gamma(shape, mean / shape, size=int(3 * t_end / mean) + 60)
    times = np.cumsum(gaps) - 40 * mean
    return times[(times > 0.0) & (times <= t_end)]


def test_values_are_those_of_the_definitions() -> None:
    trains = [[10.0, 20.0, 40.0], np.array([5.0]), (), [1.0, 2.0, 98.0]]
    found = natrium.interval_statistics(trains, t_end=100.0, bins=[0.0, 10.0, 20.0, 100.0])
    gaps = np.array([10.0, 20.0, 1.0, 96.0])
    assert found.intervals.tolist() == gaps.tolist()
    assert found.rate.value == pytest.approx(1000.0 * 7 / 400.0)
    assert found.mean_interval.value == pytest.approx(gaps.mean())
    assert found.cv.value == pytest.approx(gaps.std() / gaps.mean())
    assert found.density == pytest.approx(np.array([1, 1, 2]) / 4 / np.array([10, 10, 80]))
    assert (found.n_runs, found.n_spikes, found.resampled) == (4, 7, "runs")
    for estimate in (found.rate, found.mean_interval, found.cv):
        assert estimate.low <= estimate.value <= estimate.high
    assert [row["statistic"] for row in found.table()] == ["rate_Hz", "mean_interval_ms", "cv"]
    assert found.table()[0]["value"] == found.rate.value
    assert found.histogram()[1]["from_ms"] == 10.0
    assert [row["per_ms"] for row in found.histogram()] == found.density.tolist()


def test_span_cuts_the_trains() -> None:
    trains = [np.arange(0.0, 101.0, 10.0)] * 3
    found = natrium.interval_statistics(trains, t_start=15.0, t_end=70.0)
    assert found.n_spikes == 18
    assert found.rate.value == pytest.approx(1000.0 * 18 / (3 * 55.0))
    assert found.intervals == pytest.approx(10.0)
    assert (found.rate.low, found.rate.high) == (found.rate.value, found.rate.value)
    assert found.cv.value == found.cv.low == found.cv.high == 0.0


@pytest.mark.parametrize("given", [[1.0, 3.0, 7.0], np.array([1.0, 3.0, 7.0]), np.array([[1.0, 3.0, 7.0]])])
def test_one_train_is_resampled_by_its_intervals(given: Any) -> None:
    found = natrium.interval_statistics(given, t_end=100.0)
    assert (found.n_runs, found.resampled) == (1, "intervals")
    assert found.rate.value == pytest.approx(1000.0 / 3.0)
    assert (found.rate.low, found.rate.high) == pytest.approx((250.0, 500.0))


def test_silence_has_no_intervals() -> None:
    for trains, rate in (([np.array([])], 0.0), ([[], []], 0.0), (np.array([]), 0.0), ([[5.0]], 10.0)):
        found = natrium.interval_statistics(trains, t_end=100.0)
        assert found.rate.value == rate
        assert math.isnan(found.mean_interval.value)
        assert math.isnan(found.cv.value)
        assert np.isnan(found.density).all()
        assert found.table()


def test_order_of_runs_and_seed() -> None:
    draw = np.random.default_rng(2)
    trains = [gamma_train(draw, 400.0) for _ in range(12)]
    one = natrium.interval_statistics(trains, t_end=400.0)
    same = natrium.interval_statistics(iter(trains), t_end=400.0)
    other = natrium.interval_statistics(trains, t_end=400.0, seed=1)
    assert (one.rate, one.cv) == (same.rate, same.cv)
    assert other.rate.value == one.rate.value
    assert other.rate.low != one.rate.low
    assert natrium.interval_statistics(trains[::-1], t_end=400.0).cv.value == pytest.approx(one.cv.value)
    wide = natrium.interval_statistics(trains, t_end=400.0, confidence=0.999)
    assert wide.rate.low < one.rate.low < one.rate.high < wide.rate.high


@pytest.mark.parametrize("n_runs", [1, 30])
def test_intervals_hold_the_truth_as_often_as_they_say(n_runs: int) -> None:
    """Gamma intervals have the CV 1/sqrt(shape) and, from equilibrium on, the rate 1/mean.

    Of 150 ensembles nine tenths hold it, within 4 standard errors and what the bootstrap falls short by.
    """
    draw, t_end, n = np.random.default_rng(5), 2400.0 if n_runs == 1 else 400.0, 150
    held = {"rate": 0, "cv": 0}
    for _ in range(n):
        trains = [gamma_train(draw, t_end) for _ in range(n_runs)]
        found = natrium.interval_statistics(trains, t_end=t_end, confidence=0.9, resamples=400)
        held["rate"] += found.rate.low <= 50.0 <= found.rate.high
        held["cv"] += found.cv.low <= 0.5 <= found.cv.high
    spread = 4.0 * math.sqrt(0.9 * 0.1 / n)
    for name, count in held.items():
        assert 0.9 - spread - 0.04 < count / n < 0.9 + spread, name


def test_histogram_follows_the_law_of_the_intervals() -> None:
    draw = np.random.default_rng(8)
    trains = [np.cumsum(draw.exponential(10.0, size=400)) for _ in range(50)]
    found = natrium.interval_statistics(trains, t_end=1e5, bins=np.arange(0.0, 60.0, 5.0), confidence=0.999)
    width = np.diff(found.edges)
    law = (np.exp(-found.edges[:-1] / 10.0) - np.exp(-found.edges[1:] / 10.0)) / width
    assert np.all((found.density_low < law) & (law < found.density_high))
    assert (found.density * width).sum() == pytest.approx(1.0 - np.mean(found.intervals > 55.0))


def test_many_runs_are_grouped() -> None:
    draw = np.random.default_rng(9)
    trains = [gamma_train(draw, 100.0) for _ in range(3 * MAX_UNITS + 11)]
    whole = natrium.interval_statistics(trains, t_end=100.0)
    counts = np.array([train.size for train in trains])
    error = 10.0 * counts.std() / math.sqrt(counts.size)
    assert whole.rate.value == pytest.approx(10.0 * counts.mean())
    assert whole.rate.high - whole.rate.low == pytest.approx(2 * 1.96 * error, rel=0.12)


@pytest.mark.parametrize(
    ("trains", "changed", "message"),
    [
        ([], {}, "statistics need at least one spike train, got none"),
        ([[1.0, 2.0], [2.0, 1.0]], {}, r"times in order, got \[2.0, 1.0\] \(train 1\)"),
        ([[math.nan]], {}, "a spike train must be a row of finite times"),
        (["abc"], {}, "a spike train must be a row of finite times"),
        ([[[1.0]]], {}, "a spike train must be a row of finite times"),
        ([[1.0]], {"t_end": 0.0}, "t_end must be above 0|t_end must be positive"),
        ([[1.0]], {"confidence": 0.0}, "confidence must be within"),
        ([[1.0]], {"resamples": 10}, "resamples must be a whole number from 100"),
        ([[1.0]], {"seed": -1}, "seed must be a whole number"),
        ([[1.0]], {"bins": 0}, "bins must be a whole number"),
        ([[1.0]], {"bins": [1.0, 1.0]}, "edges of bins must be at least 2 and increase strictly"),
    ],
)
def test_what_is_given_has_its_rules(trains: Any, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.ModelError, match=message):
        natrium.interval_statistics(trains, **{"t_end": 10.0} | changed)


def test_ensemble_over_seeds_is_taken_as_it_is() -> None:
    """Runs that failed are left out."""
    noise = natrium.Noise(18.0, tau=0.0, intensity=10.0, step=1.0, seed=0)
    runs = natrium.simulate_many(
        natrium.Neuron(), noise, t_end=200.0, parameters={"seed_0": np.arange(6)}, solver="closed-form"
    )
    expected = natrium.interval_statistics([runs.train(k) for k in range(6)], t_end=200.0)
    found = natrium.interval_statistics(runs)
    assert (found.rate, found.cv, found.n_runs) == (expected.rate, expected.cv, 6)
    by_hand = natrium.simulate(
        natrium.Neuron(), attrs.evolve(noise, seed=4), t_end=200.0, solver="closed-form"
    ).spike_times
    assert runs.train(4).tolist() == by_hand.tolist()
    late = natrium.interval_statistics(runs, t_start=100.0)
    assert late.n_spikes == np.count_nonzero(runs.spike_times >= 100.0)
    part = attrs.evolve(runs, flags=np.array([0, 4, 0, 8, 0, 1], dtype=np.uint8))
    kept = natrium.interval_statistics([runs.train(k) for k in (0, 2, 4, 5)], t_end=200.0)
    assert natrium.interval_statistics(part).rate == kept.rate
    with pytest.raises(natrium.ModelError, match="at least one spike train"):
        natrium.interval_statistics(attrs.evolve(runs, flags=np.full(6, 4, dtype=np.uint8)))
