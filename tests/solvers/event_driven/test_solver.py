"""The event-driven solver: every method on every model, error in units of tolerance, cost bounded."""

from itertools import pairwise

import attrs
import numpy as np
import pytest

import natrium
from tests.solvers.cases import METHODS, NA, STEP, TRAINS, solve, train

LIF = natrium.Neuron(tau_m=8.0, tau_ref=1.5, v_rest=-70.0, v_thresh=-53.0, v_reset=-75.0)
# Inputs with a closed form; a new one is tested by being listed.
INPUTS = {
    "constant": natrium.Constant(25.0),
    "step": natrium.Step(30.0, start=3.3, stop=41.0),
    "pulses": natrium.Pulses(90.0, width=1.7, period=7.0, start=0.4),
    "ramp": natrium.Ramp(0.9, start=5.0, stop=50.0),
    "held ramp": natrium.Ramp(0.7, start=-5.0, stop=35.0, hold=True),
    "sine": natrium.Sine(20.0, 80.0, phase=0.7, offset=16.0),
    "samples": natrium.Samples([-5.0, 10.0, 11.0, 40.0, 41.0], [0.0, 30.0, 12.0, 35.0, 20.0], "linear"),
    "held samples": natrium.Samples([0.0, 10.0, 21.0, 33.0], [5.0, 30.0, 12.0, 35.0]),
    "sum": natrium.Constant(14.0)
    + natrium.Sine(9.0, 210.0)
    + natrium.Ramp(0.2)
    + natrium.Step(4.0, start=20),
}
# Of the reference spike trains, one of each kind that every method gets through fast.
QUICK = ["lif", "na1", "na2", "r01-pulses", "r04-step", "script2_clamp"]


def unit(neuron, rtol):
    """Give the tolerance on V near threshold, mV: what a step may err by."""
    return rtol * (1.0 + neuron.v_thresh - neuron.v_rest)


def error(trajectory, spikes):
    """Give the largest error of V at a true spike, mV: the spike's error in time by its slope."""
    assert trajectory.n_spikes == len(spikes)
    slopes = np.array([event.slope for event in trajectory.events])
    return np.max(np.abs(trajectory.spike_times - spikes) * slopes, initial=0.0)


@pytest.mark.parametrize("rtol", [1e-7, 1e-10])
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("method", METHODS)
def test_error_against_the_closed_form(method, name, rtol):
    truth = natrium.ClosedForm().solve(LIF, INPUTS[name], t_end=60.0)
    found = natrium.EventDriven(method=method, rtol=rtol).solve(LIF, INPUTS[name], t_end=60.0)
    assert truth.n_spikes > 1
    assert error(found, truth.spike_times) < 5.0 * unit(LIF, rtol)
    times = np.linspace(0.0, 60.0, 997)
    away = np.abs(times[:, None] - truth.spike_times).min(axis=1) > 1e-3
    # Dense output between steps is up to 31 times as far off as the steps.
    assert np.abs(found.state(times) - truth.state(times))[0, away].max() < 50.0 * unit(LIF, rtol)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("method", METHODS)
def test_error_against_the_reference(method, name):
    model, spikes = train(name)
    assert error(solve(model, method=method, rtol=1e-8), spikes) < 5.0 * unit(model.neuron, 1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("rtol", [1e-7, 1e-9, 1e-11])
@pytest.mark.parametrize("name", TRAINS)
@pytest.mark.parametrize("method", METHODS)
def test_error_against_every_reference(method, name, rtol):
    model, spikes = train(name)
    assert error(solve(model, method=method, rtol=rtol), spikes) < 5.0 * unit(model.neuron, rtol)


def test_the_error_follows_the_tolerance():
    model, spikes = train("r05-pulses")
    errors = [error(solve(model, rtol=rtol), spikes) for rtol in (1e-6, 1e-8, 1e-10, 1e-12)]
    assert all(tight < 0.1 * loose for loose, tight in pairwise(errors))


# Right-hand-side calls on the notebook's second model: what was measured, and a fifth more.
COST = {
    ("auto", 1e-9): 4992,
    ("auto", 1e-12): 12300,
    ("RK45", 1e-9): 10785,
    ("DOP853", 1e-6): 1839,
    ("Radau", 1e-6): 2282,
}


@pytest.mark.parametrize(("method", "rtol"), COST)
def test_cost_is_bounded(method, rtol):
    run = natrium.EventDriven(method=method, rtol=rtol).solve(NA, STEP, t_end=100.0)
    assert run.n_spikes == 3
    assert 0 < run.rhs_evaluations < 1.2 * COST[method, rtol]


def test_rest_costs_next_to_nothing():
    run = natrium.EventDriven().solve(LIF, natrium.Step(1.0, start=1.0, stop=2.0), t_end=1e6)
    assert run.n_spikes == 0
    assert run.rhs_evaluations < 10_000


def test_the_first_spike_and_its_record():
    run = natrium.EventDriven().solve(NA, STEP, t_end=100.0)
    event = run.events[0]
    assert event.time == run.spike_times[0] == pytest.approx(40.948476902, abs=6e-9)
    assert (event.before[0], event.after[0]) == (-55.0, -70.0)
    np.testing.assert_array_equal(event.before[1:], event.after[1:])
    assert np.all((event.before[1:] > 0.0) & (event.before[1:] < 1.0))
    h = 1e-4
    v = run.state(np.array([event.time - h, event.time - h / 2]))[0]
    assert event.slope == pytest.approx((v[1] - v[0]) / (h / 2), rel=1e-3)


def test_tolerances_below_what_doubles_allow_are_raised_and_said():
    run = natrium.EventDriven(rtol=1e-300).solve(LIF, natrium.Constant(25.0), t_end=30.0)
    assert any("rtol raised" in warning for warning in run.warnings)
    truth = natrium.ClosedForm().solve(LIF, natrium.Constant(25.0), t_end=30.0)
    np.testing.assert_allclose(run.spike_times, truth.spike_times, rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_an_absolute_tolerance_may_be_as_small_as_one_likes(method):
    run = natrium.EventDriven(method=method, rtol=1e-6, atol=1e-300).solve(NA, STEP, t_end=45.0)
    assert run.spike_times == pytest.approx([40.948476902], abs=1e-5)


@pytest.mark.parametrize("rtol", [0.1, 0.01, 1e-3])
@pytest.mark.parametrize("method", METHODS)
def test_coarse_tolerances_still_end(method, rtol):
    run = natrium.EventDriven(method=method, rtol=rtol).solve(NA, STEP, t_end=100.0)
    assert 2 <= run.n_spikes <= 5
    assert np.diff(run.spike_times).min() >= NA.tau_ref
    if rtol <= 1e-3:
        np.testing.assert_allclose(run.spike_times, [40.948, 65.587, 90.386], atol=0.01)


def test_settings_are_checked_and_kept():
    for wrong in ({"rtol": 0.0}, {"rtol": 0.2}, {"rtol": "1e-9"}, {"atol": -1.0}, {"method": "LSODA"}):
        with pytest.raises(natrium.ModelError, match=next(iter(wrong))):
            natrium.EventDriven(**wrong)
    run = natrium.EventDriven(method="RK45", rtol=1e-7).solve(LIF, t_end=1.0)
    assert (run.solver, run.method) == ("event", "RK45")
    assert run.manifest["settings"]["rtol"] == 1e-7
    assert run.manifest["versions"]["natrium"] == natrium.__version__
    assert len(run.manifest["model_sha256"]) == 64
    other = natrium.EventDriven().solve(attrs.evolve(LIF, tau_m=8.5), t_end=1.0)
    assert other.manifest["model_sha256"] != run.manifest["model_sha256"]
    custom = natrium.EventDriven().solve(LIF, natrium.Custom(lambda t: t, max_step=1.0), t_end=1.0)
    assert "Python function" in custom.manifest["model_sha256"]
