"""Rates and CV without runs: closed forms, limits, quadrature, and ensembles of runs."""

import math

import numpy as np
import pytest
import sympy
from scipy.integrate import quad
from scipy.special import gamma

import natrium
from natrium.analysis.noise import coloured as coloured_noise
from natrium.model import ModelError, UnsupportedModel
from natrium.model.files.new import template

V, I = sympy.symbols("V I", real=True)
LIF = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
EAGER = natrium.Neuron(tau_m=10.0, tau_ref=0.0, v_rest=-70.0, v_thresh=-55.0)
PERFECT = natrium.HybridNeuron(equations={"V": I}, initial={"V": 0.1}, reset={"V": 0.0}, v_thresh=1.0)


def white(mean, intensity, step=0.1):
    return natrium.Noise(mean, intensity=intensity, tau=0.0, step=step, seed=0)


def coloured(mean, sigma, tau):
    return natrium.Noise(mean, sigma=sigma, tau=tau, step=0.01, seed=0)


@pytest.mark.parametrize(
    ("mean", "intensity"), [(14.0, 10.0), (10.0, 16.0), (30.0, 3.0), (4.0, 6.0), (0.0, 3.0), (-20.0, 20.0)]
)
def test_the_leaky_neuron_agrees_with_siegert(mean, intensity):
    noise = white(mean, intensity)
    found, exact = natrium.fokker_planck(LIF, noise), natrium.white_noise_firing(LIF, noise)
    np.testing.assert_allclose(
        [found.rate, found.cv, found.sampled_rate, found.sampled_cv],
        [exact.rate, exact.cv, exact.sampled_rate, exact.sampled_cv],
        rtol=1e-9,
    )
    assert abs(found.rate - exact.rate) <= 3.0 * found.rate_error + 1e-12 * exact.rate
    share = np.trapezoid(found.density, found.V)
    np.testing.assert_allclose(share, 1.0 - 2e-3 * found.rate, rtol=1e-4)


def test_a_perfect_integrator_has_inverse_gaussian_intervals():
    found = natrium.fokker_planck(PERFECT, white(0.05, 0.2))
    np.testing.assert_allclose(found.rate, 50.0, rtol=1e-9)
    np.testing.assert_allclose(found.cv, math.sqrt(0.04 / 0.05), rtol=1e-8)
    assert found.shift > 0.0


def test_the_quadratic_neuron_at_its_fold():
    # From minus to plus infinity without drift at 0: T = 3^(-1/3) Gamma(1/3)^2 D^(-1/3), CV^2 = 1/3 (Sigeti &
    # Horsthemke 1989; Lindner et al. 2003); beyond +-x V needs 1/x more.
    x, D = 400.0, 0.7
    neuron = natrium.HybridNeuron(equations={"V": V**2 + I}, initial={"V": 0.0}, reset={"V": -x}, v_thresh=x)
    found = natrium.fokker_planck(neuron, white(0.0, math.sqrt(2.0 * D)))
    exact = gamma(1.0 / 3.0) ** 2 / (3.0 * D) ** (1.0 / 3.0)
    np.testing.assert_allclose(1000.0 / found.rate + 2.0 / x, exact, rtol=1e-6)
    np.testing.assert_allclose(found.cv * (1000.0 / found.rate) / exact, 1.0 / math.sqrt(3.0), rtol=1e-6)


def test_the_exponential_neuron_agrees_with_quadrature():
    neuron = natrium.HybridNeuron(
        equations={"V": "(-(V + 65) + 2*exp((V + 52)/2) + I)/10"},
        initial={"V": -65.0},
        reset={"V": -62.0},
        v_thresh=-40.0,
        tau_ref=1.5,
    )
    D = 0.5 * (8.0 / 10.0) ** 2

    def potential(v):  # the integral of the drift over D
        return (-0.5 * (v + 65.0) ** 2 + 4.0 * math.exp((v + 52.0) / 2.0) + 9.0 * v) / 10.0 / D

    def inner(v):
        return quad(lambda s: math.exp(potential(s) - potential(v)), -100.0, v, points=[v - 2.0], limit=200)[
            0
        ]

    mean = 1.5 + quad(inner, -62.0, -40.0, epsabs=1e-9, limit=200)[0] / D
    found = natrium.fokker_planck(neuron, white(9.0, 8.0))
    np.testing.assert_allclose(1000.0 / found.rate, mean, rtol=1e-7)


def test_a_perfect_integrator_under_coloured_noise_keeps_its_mean_rate():
    mean, sigma, tau = 0.05, 0.005, 8.0
    found = natrium.fokker_planck(PERFECT, coloured(mean, sigma, tau))
    np.testing.assert_allclose(found.rate, 50.0, atol=3.0 * found.rate_error + 1e-6)
    T = 20.0
    spread = 2.0 * (sigma * tau / mean) ** 2 * (T / tau - 1.0 + math.exp(-T / tau))
    assert abs(found.cv - math.sqrt(spread) / T) < 0.03 * found.cv + found.cv_error


@pytest.mark.parametrize(("tau", "within"), [(1.0, 0.05), pytest.param(0.2, 0.012, marks=pytest.mark.slow)])
def test_fast_noise_shifts_threshold_and_reset(tau, within):
    # Fourcaud & Brunel (2002): by sqrt(2) |zeta(1/2)| / 2 sigma sqrt(tau/tau_m), up to terms of order tau.
    sigma = 5.0
    found = natrium.fokker_planck(EAGER, coloured(16.0, sigma * math.sqrt(5.0 / tau), tau))
    shift = 1.4603545088095868 / math.sqrt(2.0) * sigma * math.sqrt(tau / 10.0)
    moved = {"tau_ref": 0.0, "v_reset": -70.0 + shift, "v_thresh": -55.0 + shift}
    exact = float(natrium.siegert_rate(-54.0, sigma, **moved))
    assert abs(found.rate / exact - 1.0) < within
    assert found.rate_error < 2e-3 * found.rate


@pytest.mark.slow
def test_slow_noise_averages_the_rates_of_constant_inputs():
    sigma = 3.0
    found = natrium.fokker_planck(LIF, coloured(25.0, sigma, 5000.0))
    z = np.linspace(-5.0, 5.0, 4001) * sigma
    level = 25.0 + z
    rates = np.zeros_like(z)
    rates[level > 15.0] = 1000.0 / (2.0 + 10.0 * np.log(level[level > 15.0] / (level[level > 15.0] - 15.0)))
    weights = np.exp(-0.5 * (z / sigma) ** 2)
    assert abs(found.rate - rates @ weights / weights.sum()) < 0.01 * found.rate


@pytest.mark.slow
def test_errors_are_those_of_finer_grids(monkeypatch):
    neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0, v_reset=-80.0)
    noise = natrium.Noise(14.0, intensity=10.0, tau=100.0, step=0.01, seed=0)
    found = natrium.fokker_planck(neuron, noise)
    monkeypatch.setattr(coloured_noise, "CELLS", 2 * coloured_noise.CELLS)
    finer = natrium.fokker_planck(neuron, noise)
    assert abs(found.rate - finer.rate) <= found.rate_error
    assert abs(found.cv - finer.cv) <= found.cv_error
    assert found.rate_error < 0.05 * found.rate


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["leaky, coloured", "exponential, white"])
def test_ensembles_agree(kind):
    if kind == "leaky, coloured":
        neuron = LIF
        noise = natrium.Noise(16.0, sigma=5.0, tau=5.0, step=0.2, seed=0)
    else:
        model = natrium.loads(template("exponential"))
        neuron, level = model.neuron, model.largest_input()
        noise = natrium.Noise(0.7 * level, intensity=0.5 * level, tau=0.0, step=0.1, seed=0)
    runs = natrium.simulate_many(
        neuron, noise, t_end=1600.0, parameters={"seed_0": np.arange(30)}, solver="compiled"
    )
    ours, theirs = natrium.fokker_planck(neuron, noise), natrium.interval_statistics(runs, t_start=100.0)
    rate, cv = theirs.rate, theirs.cv
    assert 1.5 * (rate.low - rate.value) < ours.sampled_rate - rate.value < 1.5 * (rate.high - rate.value)
    assert 1.5 * (cv.low - cv.value) < ours.sampled_cv - cv.value < 1.5 * (cv.high - cv.value)


def test_what_has_no_such_equation_is_refused():
    with pytest.raises(UnsupportedModel, match="one state"):
        natrium.fokker_planck(natrium.notebook.lif_na().neuron, white(10.0, 5.0))
    with pytest.raises(ModelError, match="threshold"):
        natrium.fokker_planck(natrium.Neuron(v_thresh=None), white(10.0, 5.0))
    with pytest.raises(ModelError, match="Noise"):
        natrium.fokker_planck(LIF, natrium.Constant(20.0))
    with pytest.raises(ModelError, match="strength"):
        natrium.fokker_planck(LIF, white(10.0, 0.0))
    with pytest.raises(ModelError, match="run away"):
        natrium.fokker_planck(PERFECT, white(-0.1, 1.0))
    growing = natrium.HybridNeuron(
        equations={"V": I * V / 70.0 - V}, initial={"V": 0.0}, reset={"V": 0.0}, v_thresh=1.0
    )
    with pytest.raises(UnsupportedModel, match="constant factor"):
        natrium.fokker_planck(growing, white(1.0, 1.0))


def test_what_is_too_rare_for_doubles_is_told():
    found = natrium.fokker_planck(LIF, white(-40.0, 1.0))
    assert found.rate == 0.0
    assert "rarely" in found.sentences()[0]


def test_rare_spikes_keep_their_digits():
    found = natrium.fokker_planck(LIF, white(0.0, 3.0))
    assert 0.0 < found.rate < 1e-80
    np.testing.assert_allclose(found.cv, 1.0, rtol=1e-9)
    assert "Hz" in found.sentences()[0]
