"""Noise: its law, its grid, and that it is one frozen input."""

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import numpy as np
import pytest
from scipy import stats

import natrium
from natrium.model.stimuli.noise import BLOCK, MAX_SAMPLES
from tests.model.stimuli.inputs import drawn, pointwise

OU = natrium.Noise(10.0, 4.0, tau=5.0, step=0.5, seed=7)
WHITE = natrium.Noise(10.0, tau=0.0, intensity=4.0, step=0.5, seed=7)


def values(noise: natrium.Noise, count: int) -> Any:
    found = noise.samples_in(0.0, (count - 1) * noise.step).values
    assert found.size == count
    return found


# --- the law -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.0, 0.1, 5.0, 40.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_samples_have_the_moments_of_the_process(tau: float, seed: int) -> None:
    """Mean, variance and autocovariance within 4.5 of their own standard errors (Bartlett's formula)."""
    n, sigma = 400_000, 4.0
    x = values(natrium.Noise(10.0, sigma, tau=tau, step=0.5, seed=seed), n) - 10.0
    rho = math.exp(-0.5 / tau) if tau else 0.0
    assert abs(x.mean()) < 4.5 * sigma * math.sqrt((1 + rho) / (1 - rho) / n)
    sums = (1 + rho**2) / (1 - rho**2)  # of rho^(2 |k|) over all k
    for lag in (0, 1, 2, 10, 50, 300):
        found = np.mean(x[: n - lag] * x[lag:])
        own = rho ** (2 * lag) * (2 * lag + sums)  # of rho^|k + lag| rho^|k - lag|
        error = sigma**2 * math.sqrt((sums + own) / n)
        assert abs(found - sigma**2 * rho**lag) < 4.5 * error, lag


@pytest.mark.parametrize("noise", [OU, WHITE], ids=["ou", "white"])
def test_samples_are_normal(noise: natrium.Noise) -> None:
    x = values(noise, 400_000)[::80]
    assert stats.kstest((x - 10.0) / noise.sample_sigma, "norm").pvalue > 1e-3


def test_process_is_stationary_from_its_first_sample_on_and_through_it() -> None:
    """Over many seeds: the samples at 0 and on both sides of it are those of one stationary process."""
    n, rho = 2000, math.exp(-0.5 / 5.0)
    x = np.array([attrs.evolve(OU, seed=seed).samples_in(-1.0, 1.0).values for seed in range(n)])
    expected = 16.0 * rho ** np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    assert np.abs(x.mean(axis=0) - 10.0).max() < 4.5 * 4.0 / math.sqrt(n)
    assert np.abs(np.cov(x.T) - expected).max() < 4.5 * 16.0 * math.sqrt(2 / n)


@pytest.mark.parametrize(("tau", "step"), [(0.0, 0.5), (0.2, 0.5), (5.0, 0.5), (300.0, 0.1), (5.0, 80.0)])
def test_intensity_is_the_sum_of_the_autocovariances(tau: float, step: float) -> None:
    noise = natrium.Noise(0.0, 3.0, tau=tau, step=step, seed=0)
    lags = np.arange(1, 400_000)
    expected = 9.0 * step * (1.0 + 2.0 * np.exp(-lags * step / tau).sum() if tau else 1.0)
    assert noise.sample_intensity**2 == pytest.approx(expected, rel=1e-11)
    same = natrium.Noise(intensity=noise.sample_intensity, tau=tau, step=step, seed=0)
    assert same.sample_sigma == pytest.approx(3.0, rel=1e-14)
    assert (noise.sample_sigma, same.sample_intensity) == (3.0, noise.sample_intensity)


def test_white_noise_is_the_limit() -> None:
    """In tau at one step for either strength; and for fine steps intensity tends to sigma sqrt(2 tau)."""
    for strength in ({"sigma": 3.0}, {"intensity": 3.0}):
        white = natrium.Noise(1.0, tau=0.0, step=0.5, seed=3, **strength)
        near = natrium.Noise(1.0, tau=0.01, step=0.5, seed=3, **strength)
        assert values(near, 1000) == pytest.approx(values(white, 1000), abs=1e-12)
    fine = natrium.Noise(0.0, 3.0, tau=20.0, step=1e-3, seed=3)
    assert fine.sample_intensity == pytest.approx(3.0 * math.sqrt(40.0), rel=1e-9)
    assert natrium.Noise(0.0, 3.0, tau=1e300, step=1e-20, seed=3).correlation == 1.0
    assert np.ptp(values(natrium.Noise(0.0, 3.0, tau=1e300, step=1.0, seed=3), 5000)) < 1e-100 < 3.0


def test_halving_the_step_keeps_the_integral_of_white_noise() -> None:
    """Its variance over 10 ms, over many seeds."""
    n = 3000
    for step in (1.0, 0.25):
        white = [natrium.Noise(intensity=4.0, tau=0.0, step=step, seed=seed) for seed in range(n)]
        integrals = [step * noise.samples_in(0.0, 10.0 - step).values.sum() for noise in white]
        assert np.var(integrals) == pytest.approx(160.0, rel=4.5 * math.sqrt(2 / n))


# --- one frozen input ----------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [OU, WHITE], ids=["ou", "white"])
def test_longer_span_goes_on_with_the_same_input(noise: natrium.Noise) -> None:
    count = 3 * BLOCK + 17
    whole = values(noise, count)
    for part in (1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK):
        assert np.array_equal(values(attrs.evolve(noise), part), whole[:part])
    late = attrs.evolve(noise)
    assert late((count - 1) * 0.5) == whole[-1]  # asked for out of order
    assert np.array_equal(values(late, count), whole)
    assert late(0.0) == whole[0]


def test_same_seed_is_the_same_input_and_another_another() -> None:
    again = pickle.loads(pickle.dumps(OU))
    assert (again, hash(again)) == (OU, hash(OU))
    assert np.array_equal(values(again, 100), values(OU, 100))
    assert not np.any(values(attrs.evolve(OU, seed=8), 100) == values(OU, 100))
    assert attrs.evolve(OU, seed=8) != OU


def test_samples_are_not_pickled() -> None:
    noise = attrs.evolve(OU)
    before = len(pickle.dumps(noise))
    values(noise, 100_000)
    assert len(pickle.dumps(noise)) == before < 1000


def test_samples_drawn_by_many_threads_are_the_same() -> None:
    noise, ends = attrs.evolve(OU), [BLOCK * 0.5 * (1 + k % 7) for k in range(28)]
    with ThreadPoolExecutor(7) as threads:
        parts = list(threads.map(lambda end: noise.samples_in(-end, end).values, ends))
    for end, part in zip(ends, parts, strict=True):
        assert np.array_equal(part, attrs.evolve(OU).samples_in(-end, end).values)


@pytest.mark.parametrize("interpolation", ["hold", "linear"])
@pytest.mark.parametrize("window", [{}, {"start": 20.3}, {"stop": 35.1}, {"start": -7.0, "stop": 35.1}])
def test_bulk_and_single_samples_agree(interpolation: Any, window: dict[str, float]) -> None:
    noise = attrs.evolve(OU, interpolation=interpolation, **window)
    times, found, _ = noise.samples_in(10.1, 50.2)
    assert times[0] == window["start"] if window.get("start", 0.0) > 10.1 else 9.6 < times[0] <= 10.1
    end = min(50.2, window.get("stop", 50.2))
    assert times[-2] < end <= times[-1]
    inside = [t for t in times.tolist() if noise.active(t)]
    assert [noise(t) for t in inside] == found[: len(inside)].tolist()
    assert set(times[(times >= 10.1) & (times <= end)].tolist()) <= set(noise.edges(10.1, 50.2))
    knots = natrium.Samples(times, found, interpolation)
    for t in np.linspace(10.1, 50.2, 57).tolist():
        expected = knots(t) if noise.active(t) else 0.0
        assert noise(t) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_span_outside_the_window_has_no_samples() -> None:
    for window in ({"start": 60.0}, {"stop": 5.0}):
        times, found, _ = attrs.evolve(OU, **window).samples_in(10.0, 50.0)
        assert times.size == found.size == 0


def test_grid_begins_at_the_start() -> None:
    """The same samples, later; before the start there is no noise."""
    later = attrs.evolve(OU, start=123.4)
    times, found, _ = later.samples_in(0.0, 173.4)
    assert times[0] == 123.4
    assert np.array_equal(found[:100], values(OU, 100))
    assert later(123.3) == 0.0


def test_noise_without_start_goes_back_before_zero() -> None:
    times, found, _ = OU.samples_in(-20.0, 20.0)
    assert (times[0], times[-1], times.size) == (-20.0, 20.0, 81)
    assert np.array_equal(found[40:], values(OU, 41))
    assert found == pytest.approx([pointwise(OU, t) for t in times.tolist()], rel=1e-12)
    assert drawn(OU)(-20.0) == pytest.approx(OU(-20.0), rel=1e-12)


# --- every solver --------------------------------------------------------------------------------

NEURON = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)


@pytest.mark.parametrize("interpolation", ["hold", "linear"])
@pytest.mark.parametrize("tau", [0.0, 5.0])
def test_solvers_see_the_same_input(interpolation: Any, tau: float) -> None:
    noise = natrium.Noise(16.0, 8.0, tau=tau, step=0.5, seed=11, interpolation=interpolation, start=3.0)
    exact = natrium.simulate(NEURON, noise, t_end=150.0, solver="closed-form")
    event = natrium.simulate(NEURON, noise, t_end=150.0)
    assert exact.n_spikes >= 4
    assert event.spike_times == pytest.approx(exact.spike_times, abs=1e-7)
    errors = []
    for dt in (0.13, 0.013):
        rules = {
            "scheme": "heun",
            "spike_time": "cubic",
            "refractory": "exact",
            "label": "end",
            "read": "split",
        }
        stepped = natrium.simulate(NEURON, noise, t_end=150.0, solver="script", dt=dt, **rules)
        errors.append(np.abs(stepped.spike_times - exact.spike_times).max())
    assert errors[1] < 0.03 * errors[0] < 1e-3


def test_membrane_is_the_sum_over_the_samples() -> None:
    """Without threshold V is linear in the samples; white noise in it has the variance that the page says.

    V_n - V_0 a^n = sum_k (1 - a) a^(n - 1 - k) x_k, a = exp(-step/tau_m), so that independent samples
    of variance s^2 give it s^2 (1 - a)/(1 + a) = intensity^2/(2 tau_m) tanh(x)/x, x = step/(2 tau_m).
    """
    membrane = natrium.Neuron(tau_m=10.0, v_rest=-70.0, v_thresh=None)
    n = 400
    run = natrium.simulate(membrane, WHITE, t_end=n * 0.5, solver="closed-form")
    a, x = math.exp(-0.05), 0.025
    weights = (1 - a) * a ** np.arange(n - 1, -1, -1)
    assert run.final_state["V"] == pytest.approx(-70.0 + weights @ values(WHITE, n), abs=1e-11)
    stationary = WHITE.sample_sigma**2 * (weights @ weights) / (1 - a ** (2 * n))
    assert stationary == pytest.approx(16.0 / 20.0 * math.tanh(x) / x, rel=1e-13)


def test_membrane_varies_as_white_noise_makes_it() -> None:
    """A long run, within 4.5 standard errors of a process whose correlations last for tau_m."""
    membrane = natrium.Neuron(tau_m=2.0, v_rest=-70.0, v_thresh=None, v_init=-60.0)
    run = natrium.simulate(membrane, WHITE, t_end=10_000.0, solver="closed-form")
    V = run.state(np.arange(20.0, 10_000.0, 0.5))[0]
    a, x = math.exp(-0.25), 0.125
    variance, error = 16.0 / 4.0 * math.tanh(x) / x, math.sqrt(2 * (1 + a**2) / (1 - a**2) / V.size)
    assert V.mean() == pytest.approx(-60.0, abs=4.5 * 4.0 / math.sqrt(10_000.0))
    assert V.var() == pytest.approx(variance, rel=4.5 * error)


def test_mean_square_error_of_the_sampling_is_the_stated_one() -> None:
    """A fine noise is the process; every 40th of its samples, held or joined by lines, is the frozen input."""
    fine = natrium.Noise(0.0, 1.0, tau=100.0, step=0.1, seed=5)
    x, part = values(fine, 400_001), 40
    held = np.repeat(x[:-1:part], part)
    lines = np.interp(np.arange(x.size - 1), np.arange(0, x.size, part), x[::part])
    assert np.mean((x[:-1] - held) ** 2) == pytest.approx(4.0 / 100.0, rel=0.06)
    assert np.mean((x[:-1] - lines) ** 2) == pytest.approx(4.0 / 300.0, rel=0.06)


# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sigma": -1.0}, "sigma must be zero or positive, got -1.0 mV"),
        ({"sigma": math.inf}, "sigma must be finite, got inf mV"),
        ({"sigma": None}, "noise needs sigma or intensity, got none"),
        ({"intensity": 2.0}, "noise needs sigma or intensity, got sigma and intensity"),
        ({"sigma": None, "intensity": -2.0}, r"intensity must be zero or positive, got -2.0 mV ms^(1/2)"),
        ({"mean": "0"}, "mean must be a number, got '0'"),
        ({"tau": -1.0}, "tau must be zero or positive, got -1.0 ms"),
        ({"step": 0.0}, "step must be positive, got 0.0 ms"),
        ({"seed": -1}, "seed must be a whole number from 0 to 9223372036854775807, got -1"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": 2**63}, "seed must be a whole number"),
        ({"seed": math.nan}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"seed": "1"}, "seed must be a whole number"),
        ({"interpolation": "cubic"}, "interpolation must be one of 'hold', 'linear', got 'cubic'"),
        (
            {"start": 1e9, "step": 1e-8},
            "step must be at least 4.77e-07 ms, so that samples after 1000000000.0",
        ),
        ({"mean": 1e308, "step": 1e-3}, "noise and its slope must be finite, got a mean of 1e"),
        ({"sigma": 1e307}, "noise and its slope must be finite"),
    ],
)
def test_values_have_their_rules(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(natrium.StimulusError) as caught:
        attrs.evolve(OU, **changed)
    assert message in str(caught.value)


@pytest.mark.parametrize("seed", [3, 3.0, np.int64(3), np.float64(3.0)])
def test_seed_may_be_any_whole_number(seed: Any) -> None:
    """A sweep keeps its numbers in one array of doubles."""
    noise = attrs.evolve(OU, seed=seed)
    assert (noise.seed, type(noise.seed)) == (3, int)
    assert noise == attrs.evolve(OU, seed=3)


def test_absurd_numbers_of_samples_are_refused() -> None:
    tiny = attrs.evolve(OU, step=1e-9)
    for ask in (tiny.samples_in, lambda a, b: list(tiny.edges(a, b))):
        with pytest.raises(natrium.StepLimit, match="at most 2000000 samples within a run, got 1e.11"):
            ask(0.0, 100.0)
    with pytest.raises(natrium.StepLimit, match="within a run, got inf of step 1e-300"):
        attrs.evolve(OU, step=1e-300, intensity=1.0, sigma=None).samples_in(0.0, 1e20)
    with pytest.raises(natrium.StepLimit, match=f"at most {MAX_SAMPLES} samples before and after its start"):
        OU(1e12)
    with pytest.raises(natrium.StepLimit, match="give a start near the run"):
        natrium.simulate(NEURON, OU, t_start=1e12, t_end=1e12 + 10.0)
    assert attrs.evolve(OU, start=1e12)(1e12) == OU(0.0)


def test_noise_in_a_model_file_is_read_by_its_keys() -> None:
    text = """natrium = 1
[neuron]
[[stimuli]]
kind = "noise"
mean = 10.0
sigma = 4.0
tau = 5.0
step = 0.5
seed = 7
"""
    assert natrium.loads(text).stimulus.parts == (OU,)
    with pytest.raises(natrium.ModelError) as caught:
        natrium.loads(text.replace("seed = 7", "sed = 7").replace("step = 0.5", "step = 0"))
    for problem in ("stimuli[0].seed: missing key", "sed: unknown key", "step: step must be positive"):
        assert problem in str(caught.value)
