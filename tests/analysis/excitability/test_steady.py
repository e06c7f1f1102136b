"""Steady rates and how far they can be trusted: closed forms, slow trends, places passed slowly."""

import attrs
import numpy as np
import pytest
import sympy
from scipy.optimize import brentq

import natrium
from natrium import HybridNeuron, Neuron
from natrium.analysis.excitability import long_run
from natrium.analysis.excitability.f_i import f_i_curve
from natrium.analysis.excitability.long_run import fire
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.steady import own_cycle, steady
from natrium.model.files.new import template

LIF = Neuron()
BURSTS = natrium.loads(template("bursting")).neuron
SODIUM = natrium.notebook.lif_na().neuron


def test_rates_say_how_far_they_can_be_trusted():
    inputs = np.array([15.000001, 15.01, 20.0, 60.0])
    found = f_i_curve(LIF, inputs)
    true = 1000.0 / (2.0 + 10.0 * np.log(inputs / (inputs - 15.0)))
    assert np.all(np.abs(found.rates - true) <= found.rate_errors + 1e-14 * true)
    assert np.all(found.rate_errors < 1e-8 * true)


def test_just_above_a_fold_it_fires_however_long_that_takes():
    fold = rheobase(SODIUM)
    found = f_i_curve(SODIUM, fold.value + np.array([1e-6, 1e-3, 1.0]))
    assert found.outcomes == ("sustained",) * 3
    assert 1000.0 / found.rates[0] == pytest.approx(fold.fold.passage * 1e3, rel=1e-3)


def test_what_has_not_settled_is_said_to_be_so():
    """A slow state that each spike kicks: after 500 spikes it still creeps, and the cycle itself is found."""
    V, w, I = sympy.symbols("V w I", real=True)
    cell = HybridNeuron(
        equations={"V": (I - V - w) / 10.0, "w": -w / 1000.0},
        initial={"V": 0.0, "w": 0.0},
        v_thresh=15.0,
        reset={"V": 0.0, "w": w + sympy.Float(0.05)},
    )
    run = fire(cell, 30.0, np.array([0.0, 0.0]), settle=1e-12)
    end = steady(cell, run)
    assert end.cycle is not None
    assert end.interval > run.interval * 1.003

    def missing(T):  # of the threshold, at the end of a cycle; w just after a reset follows from T
        w = 0.05 / -np.expm1(-T / 1000.0)
        return 30.0 * -np.expm1(-T / 10.0) - w / 0.99 * (np.exp(-T / 1000.0) - np.exp(-T / 10.0)) - 15.0

    assert end.interval == pytest.approx(brentq(missing, 5.0, 20.0, xtol=1e-13), abs=1e-10)


@pytest.mark.parametrize("shrinks", [0.5, 0.9, 0.97, 0.99, 0.995])
def test_without_a_cycle_a_trend_is_followed_to_where_it_leads(monkeypatch, shrinks):
    def no_cycle(*_args, **_more):
        raise natrium.SolverError("none here")

    monkeypatch.setattr("natrium.analysis.excitability.steady.limit_cycle", no_cycle)
    intervals = 10.0 - shrinks ** np.arange(100)
    run = fire(LIF, 20.0, np.array([-70.0]))
    end = steady(LIF, attrs.evolve(run, period=0, spike_times=np.cumsum(intervals)))
    assert end.cycle is None
    assert abs(end.interval - 10.0) < end.error < np.inf
    short = steady(LIF, attrs.evolve(run, period=0, spike_times=np.cumsum(intervals[:9])))
    assert short.error == np.inf


def test_a_cell_of_a_large_scheme_has_rates_too():
    """Four steps of two states each: the same as a gate to its fourth power."""
    rate, back = "0.1*exp((V + 40)/30)", "0.12*exp(-(V + 40)/40)"
    states = ["n0", "n1", "n2", "n3", "n4"]
    steps = [
        way
        for k in range(4)
        for way in (
            (states[k], states[k + 1], f"{4 - k}*{rate}"),
            (states[k + 1], states[k], f"{k + 1}*{back}"),
        )
    ]
    chain = natrium.Channel("K", 3.0, -90.0, scheme=natrium.Scheme(states, steps, ["n4"]))
    power = natrium.Channel("K", 3.0, -90.0, [natrium.Gate("n", 4, alpha=rate, beta=back)])
    inputs = [10.0, 25.0, 40.0]
    found, expected = (natrium.f_i_curve(natrium.Neuron(channels=[one]), inputs) for one in (chain, power))
    assert found.outcomes == expected.outcomes == ("rest", "sustained", "sustained")
    assert found.rates == pytest.approx(expected.rates, rel=1e-7)


def test_bursts_are_a_cycle_of_as_many_spikes_as_they_repeat_after():
    """Two intervals that still creep towards their cycle after two hundred spikes."""
    found = own_cycle(BURSTS, 2.5)
    intervals = fire(BURSTS, 2.5, np.array(BURSTS.initial_state())).intervals
    assert (found.n_spikes, found.least_n_spikes, found.stable) == (2, 2, True)
    assert found.period == pytest.approx(intervals[-2:].sum(), rel=1e-6)
    assert own_cycle(LIF, 20.0).period == pytest.approx(2.0 + 10.0 * np.log(4.0), rel=1e-12)


def test_a_run_that_would_take_too_many_explicit_steps_goes_on_by_the_event_driven_solver(monkeypatch):
    """Plant's burster, driven to -250 mV, is stiff there: here the budget is made small instead."""
    start = np.array(SODIUM.initial_state())
    usual = fire(SODIUM, 12.0, start)
    monkeypatch.setattr(long_run, "MANY", 2_000)
    tried = []
    solve = natrium.EventDriven.solve
    monkeypatch.setattr(natrium.EventDriven, "solve", lambda *a, **k: tried.append(1) or solve(*a, **k))
    monkeypatch.setattr(long_run, "SLOWER", 0.01)
    again = fire(SODIUM, 12.0, start)
    assert tried
    np.testing.assert_allclose(again.spike_times, usual.spike_times, rtol=1e-9)


def test_a_pattern_of_any_number_of_intervals_is_seen_to_repeat():
    burst = np.append(np.linspace(5.0, 9.0, 11), 300.0)
    assert long_run.repeating(np.tile(burst, 3)[5:], 1e-7) == 0
    assert long_run.repeating(np.tile(burst, 4)[5:], 1e-7) == 12


def test_a_cycle_is_waited_for_as_long_as_its_interval_takes():
    """V' = V^2 + I goes fast far out, which is its scale of time, and slowly by its rest: pi/sqrt(I) in all."""
    cell = HybridNeuron(equations={"V": "V**2 + I"}, initial={"V": -10.0}, v_thresh=1e3, reset={"V": -1e3})
    assert own_cycle(cell, 0.01).period == pytest.approx((np.pi - 2.0 * np.arctan(1e-4)) / 0.1, rel=1e-9)


def test_the_interval_of_what_repeats_asks_for_no_multipliers():
    run = fire(SODIUM, 10.0, np.array(SODIUM.initial_state()), settle=1e-9)
    found = steady(SODIUM, run)
    assert found.interval == pytest.approx(run.interval, rel=1e-8)
    assert "multipliers" not in vars(found.cycle)
    assert 0.0 < found.error < 1e-9 * found.interval
    assert found.cycle.stable


def test_an_error_is_not_that_of_a_cycle_that_is_left(monkeypatch):
    run = fire(SODIUM, 10.0, np.array(SODIUM.initial_state()), settle=1e-9)
    found = steady(SODIUM, run)
    monkeypatch.setattr(type(found.cycle), "stable", False)
    assert found.error == found.doubt > 0.0


def test_firing_that_dies_out_is_told_by_how_long_it_lasted():
    dying = HybridNeuron(
        equations={"V": "(-10*(V + 60) + 25*exp((V + 50)/2.5) - w + I)/200", "w": "(20*(V + 60) - w)/600"},
        initial={"V": -60.0, "w": 0.0},
        v_thresh=-40.0,
        reset={"V": -60.0},
        tau_ref=2.5,
        refractory="clamp",
    )
    with pytest.raises(
        natrium.SolverError, match=r"firing must go on, got 56 spikes .* the last at 3004.71 ms"
    ):
        own_cycle(dying, 250.0)
