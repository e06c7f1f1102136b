"""White noise in closed form: against many digits, against the equations, against runs."""

import math
import re
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import natrium
from natrium.analysis.noise.white_noise import OVERSHOOT

CONTEXT = mpmath.MPContext()
CONTEXT.dps = 40


def exact_rate(mu: float, sigma: float, tau_ref: float = 2.0) -> Any:
    """Siegert's integral as written, with 40 digits."""
    a, b = ((CONTEXT.mpf(v) - mu) / CONTEXT.mpf(sigma) for v in (-70.0, -55.0))
    inner = [*(-(10.0**k) for k in range(8)), 0.0, 1.0, 3.0, b - CONTEXT.mpf(1) / 4, b - CONTEXT.mpf(1) / 40]
    nodes = sorted([a, b, *(node for node in inner if a < node < b)])
    integral = CONTEXT.quad(lambda u: CONTEXT.exp(u * u) * CONTEXT.erfc(-u), nodes)
    return 1000 / (tau_ref + 10 * CONTEXT.sqrt(CONTEXT.pi) * integral)


@pytest.mark.parametrize(
    ("mu", "sigma"),
    [
        (-60.0, 3.0), (-52.0, 3.0), (-70.0, 3.0), (-30.0, 100.0), (-55.0, 1e-4), (-54.9999, 1e-3),
        (-40.0, 0.01), (-40.0, 1e-6), (-75.0, 1.0), (-80.0, 1.2), (-72.0, 0.7), (-55.1, 0.005), (20.0, 500.0),
    ],
)  # fmt: skip
def test_rate_has_its_digits(mu: float, sigma: float) -> None:
    """Rates from 1e-253 Hz on."""
    assert natrium.siegert_rate(mu, sigma) == pytest.approx(float(exact_rate(mu, sigma)), rel=1e-12)


def moments(a: float, b: float) -> tuple[float, float]:
    """Mean and variance of the passage from a to b, tau_m = 1, by the equations that they obey.

    T''/2 - y T' = -1 and M''/2 - y M' = -2 T, both 0 at b and without growth far below.
    """
    low = min(a, 0.0) - 8.0
    rules = {"rtol": 1e-12, "atol": 1e-14, "method": "DOP853", "dense_output": True}

    def first(y: float, z: Any) -> list[float]:
        return [2 * y * z[0] - 2, z[0]]

    T = solve_ivp(first, (low, b), [1 / low, 0.0], **rules).sol

    def second(y: float, z: Any) -> list[float]:
        return [2 * y * z[0] - 4 * (T(y)[1] - T(b)[1]), z[0]]

    M = solve_ivp(second, (low, b), [0.0, 0.0], **rules).sol
    mean = T(a)[1] - T(b)[1]
    return mean, M(a)[1] - M(b)[1] - mean**2


@pytest.mark.parametrize("tau_ref", [0.0, 2.0])
@pytest.mark.parametrize(
    ("a", "b"),
    [(-4.0, 1.0), (-1.0, 2.5), (0.5, 1.5), (-9.0, -3.0), (-2.0, -0.5), (-0.3, 0.0), (-30.0, -20.0)],
)
def test_rate_and_cv_solve_the_equations_of_first_passage(a: float, b: float, tau_ref: float) -> None:
    mean, variance = moments(a, b)
    scale = {"tau_m": 10.0, "tau_ref": tau_ref, "v_reset": 4.0 * a, "v_thresh": 4.0 * b}
    interval = tau_ref + 10.0 * mean
    assert natrium.siegert_rate(0.0, 4.0, **scale) == pytest.approx(1000.0 / interval, rel=1e-9)
    assert natrium.siegert_cv(0.0, 4.0, **scale) == pytest.approx(
        10.0 * math.sqrt(variance) / interval, rel=1e-6
    )


def test_without_noise_the_rate_is_the_neurons_own() -> None:
    rates = natrium.siegert_rate([-80.0, -55.0, -50.0], [[0.0], [1e-160]])
    own = 1000.0 / (2.0 + 10.0 * math.log(20.0 / 5.0))
    assert rates.shape == (2, 3)
    assert rates[:, [0, 2]] == pytest.approx(np.array([[0.0, own]] * 2), rel=1e-14)
    assert rates[0, 1] == 0.0
    assert natrium.siegert_rate(-50.0, 1e-5) == pytest.approx(own, rel=1e-9)
    spikes = natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=1000.0).spike_times
    assert 1000.0 / np.diff(spikes) == pytest.approx(np.full(spikes.size - 1, own), rel=1e-7)


def test_limits_of_the_cv() -> None:
    """A clock without noise, Poisson's where spikes are rare; of weak noise, the first order in sigma.

    By linear response the first passage varies by the free V's variance over the slope there squared.
    """
    assert natrium.siegert_cv([-50.0, -80.0], [0.0, 0.1]).tolist() == [0.0, 1.0]
    assert np.isnan(natrium.siegert_cv(-80.0, 0.0))
    assert natrium.siegert_cv(-75.0, 1.5) == pytest.approx(1.0, abs=1e-9)
    decay = 5.0 / 20.0  # of V - mu from reset to threshold
    spread = math.sqrt(0.5 * (1 - decay**2)) * 1e-3 / (5.0 / 10.0)
    assert natrium.siegert_cv(-50.0, 1e-3, tau_ref=0.0) == pytest.approx(
        spread / (10.0 * math.log(4.0)), rel=1e-5
    )


def test_no_argument_is_too_large() -> None:
    """Nothing warns; rates rise with the mean, and stay below 1/tau_ref."""
    mu = np.concatenate([-55.0 - np.geomspace(1e-9, 1e9, 40)[::-1], -55.0 + np.geomspace(1e-9, 1e9, 40)])
    for sigma in (1e-12, 1e-3, 1.0, 30.0, 1e6):
        rates, cvs = natrium.siegert_rate(mu, sigma), natrium.siegert_cv(mu[::4], sigma)
        assert np.all(np.diff(rates) >= -1e-11 * rates[1:])
        assert np.all((rates >= 0.0) & (rates <= 500.0 * (1 + 1e-12)))
        assert np.all(cvs >= 0.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sigma": -1.0}, "sigma must be zero or positive, got -1.0 mV"),
        ({"mu": math.nan}, "mu must be finite"),
        ({"tau_m": 0.0}, "tau_m must be positive, got 0.0 ms"),
        ({"tau_ref": -1.0}, "tau_ref must be zero or positive"),
        ({"v_reset": -55.0}, r"v_reset must be below v_thresh \(-55.0 mV\), got -55.0 mV"),
        ({"v_thresh": "none"}, "v_thresh must be a number, got 'none'"),
    ],
)
def test_values_have_their_rules(changed: dict[str, Any], message: str) -> None:
    for function in (natrium.siegert_rate, natrium.siegert_cv):
        with pytest.raises(natrium.ModelError, match=message):
            function(**{"mu": -60.0, "sigma": 3.0} | changed)


# --- a neuron and its noise ----------------------------------------------------------------------


def white(step: float, seed: int = 0, mean: float = 18.0) -> natrium.Noise:
    return natrium.Noise(mean, tau=0.0, intensity=10.0, step=step, seed=seed)


def test_sigma_is_the_noise_in_the_membrane() -> None:
    """Without threshold the variance of V is sigma^2/2."""
    neuron = natrium.Neuron(tau_m=8.0)
    found = natrium.white_noise_firing(neuron, white(0.1))
    assert (found.mu, found.sigma) == (-52.0, 10.0 / math.sqrt(8.0))
    assert found.sigma**2 / 2 == pytest.approx(10.0**2 / (2 * 8.0))
    assert found.rate == natrium.siegert_rate(-52.0, found.sigma, tau_m=8.0)
    assert found.cv == natrium.siegert_cv(-52.0, found.sigma, tau_m=8.0)
    by_sigma = natrium.Noise(18.0, 10.0 / math.sqrt(0.1), tau=0.0, step=0.1, seed=0)
    assert natrium.white_noise_firing(neuron, by_sigma).rate == pytest.approx(found.rate, rel=1e-14)


def test_sampling_raises_the_threshold() -> None:
    assert pytest.approx(float(-CONTEXT.zeta(0.5) / CONTEXT.sqrt(2 * CONTEXT.pi)), rel=1e-15) == OVERSHOOT
    neuron = natrium.Neuron()
    coarse, fine = (natrium.white_noise_firing(neuron, white(step)) for step in (0.4, 0.1))
    assert coarse.shift == pytest.approx(2.0 * fine.shift)
    assert coarse.rate == fine.rate > fine.sampled_rate > coarse.sampled_rate
    assert natrium.white_noise_firing(neuron, white(1e-12)).sampled_rate == pytest.approx(fine.rate, rel=1e-5)
    raised = natrium.siegert_rate(fine.mu, fine.sigma, v_thresh=-55.0 + fine.shift)
    assert fine.sampled_rate == raised


@pytest.mark.parametrize(
    ("neuron", "noise"),
    [
        (natrium.notebook.lif_na().neuron, white(0.1)),
        (natrium.Neuron(v_thresh=None), white(0.1)),
        (natrium.Neuron(), natrium.Noise(1.0, 2.0, tau=1.0, step=0.1, seed=0)),
        (natrium.Neuron(), natrium.Noise(1.0, 2.0, tau=0.0, step=0.1, seed=0, interpolation="linear")),
        (natrium.Neuron(), natrium.Constant(20.0)),
    ],
    ids=["channels", "no threshold", "coloured", "lines", "no noise"],
)
def test_other_models_have_no_closed_form_here(neuron: Any, noise: Any) -> None:
    with pytest.raises(natrium.ModelError, match="the closed form needs a"):
        natrium.white_noise_firing(neuron, noise)


def held_noise_trains(neuron: natrium.Neuron, noise: natrium.Noise, t_end: float, n_runs: int) -> list[Any]:
    """Run many copies at once, each under its own independent samples: the same law, by other means."""
    draw, tau = np.random.default_rng(noise.seed), neuron.tau_m
    V, free = np.full(n_runs, neuron.v_init), np.zeros(n_runs)
    times, owners = [], []
    for k in range(round(t_end / noise.step)):
        end = (k + 1) * noise.step
        target = neuron.v_rest + noise.mean + noise.sample_sigma * draw.standard_normal(n_runs)
        begin = np.maximum(k * noise.step, free)
        going = np.flatnonzero(begin < end)
        while going.size:
            old, to = V[going], target[going]
            new = to + (old - to) * np.exp((begin[going] - end) / tau)
            up = new >= neuron.v_thresh
            V[going] = np.where(up, neuron.v_reset, new)
            wait = tau * np.log((to[up] - old[up]) / (to[up] - neuron.v_thresh))
            going = going[up]
            times.append(begin[going] + wait)
            owners.append(going)
            free[going] = begin[going] = times[-1] + neuron.tau_ref
            going = going[begin[going] < end]
    spikes, owner = np.concatenate(times), np.concatenate(owners)
    return [spikes[owner == run] for run in range(n_runs)]


@pytest.mark.parametrize(("tau_ref", "mean"), [(0.0, 18.0), (2.0, 18.0), (2.0, 11.0)])
def test_ensemble_has_the_rate_and_cv_of_the_closed_form(tau_ref: float, mean: float) -> None:
    """Within its bootstrap interval (99.9 %) and the error of order step/tau_m; not without the shift."""
    neuron, noise = natrium.Neuron(tau_ref=tau_ref), white(0.2, mean=mean)
    trains = held_noise_trains(neuron, noise, t_end=900.0, n_runs=1000)
    found = natrium.interval_statistics(trains, t_start=100.0, t_end=900.0, confidence=0.999)
    theory = natrium.white_noise_firing(neuron, noise)
    assert abs(theory.sampled_rate - found.rate.value) < (
        0.5 * (found.rate.high - found.rate.low) + 0.2 * noise.step / neuron.tau_m * theory.rate
    )
    assert not found.rate.low < theory.rate < found.rate.high
    if mean == 18.0:  # spans of many intervals
        assert found.cv.value == pytest.approx(theory.sampled_cv, rel=0.02)


def seeds(neuron: natrium.Neuron, step: float, n_runs: int, t_end: float) -> list[Any]:
    runs = natrium.simulate_many(
        neuron, white(step, 0), t_end=t_end, parameters={"seed_0": np.arange(n_runs)}, solver="compiled"
    )
    return [runs.train(run) for run in range(n_runs)]


def test_runs_over_seeds_have_the_rate_of_the_closed_form() -> None:
    """Some seeds, a coarse step: the noise's own samples, through a solver."""
    neuron = natrium.Neuron()
    found = natrium.interval_statistics(
        seeds(neuron, 0.5, 12, 600.0), t_start=100.0, t_end=600.0, confidence=0.999
    )
    theory = natrium.white_noise_firing(neuron, white(0.5))
    assert found.rate.low < theory.sampled_rate < found.rate.high
    assert found.n_spikes > 250


@pytest.mark.slow
def test_rate_over_seeds_tends_to_siegerts_as_the_step_shrinks() -> None:
    neuron, gaps = natrium.Neuron(), []
    for step, n_runs in ((0.8, 100), (0.1, 60)):
        found = natrium.interval_statistics(
            seeds(neuron, step, n_runs, 1000.0), t_start=100.0, t_end=1000.0, confidence=0.999
        )
        theory = natrium.white_noise_firing(neuron, white(step))
        allowed = 0.2 * step / neuron.tau_m * theory.rate
        assert found.rate.low - allowed < theory.sampled_rate < found.rate.high + allowed
        gaps.append(theory.rate - found.rate.value)
    assert 0.0 < gaps[1] < 0.55 * gaps[0]


def test_event_driven_and_closed_form_give_the_same_statistics() -> None:
    neuron, noise = natrium.Neuron(), white(1.0)
    trains = [
        natrium.simulate(neuron, noise, t_end=200.0, solver=name).spike_times
        for name in ("event", "closed-form")
    ]
    one, two = (natrium.interval_statistics(train, t_end=200.0) for train in trains)
    assert one.rate.value == pytest.approx(two.rate.value, rel=1e-8)
    assert one.n_spikes == two.n_spikes > 5


def test_the_page_s_example_gives_what_it_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "noise.md").read_text(encoding="utf-8")
    code, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(code, "noise.md", "exec"), scope)  # noqa: S102 - our own page
    said = re.search(r"# (\S+) and (\S+) Hz", code)
    assert said is not None
    theory, found = scope["theory"], scope["found"]
    assert [f"{rate:.1f}" for rate in (theory.rate, theory.sampled_rate)] == [said[1], said[2]]
    assert f"Estimate(value={found.rate.value:.1f}," in code
    assert found.rate.low < theory.sampled_rate < found.rate.high < theory.rate
