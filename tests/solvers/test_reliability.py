"""The error estimate of every spike holds what the error really is."""

import attrs
import numpy as np
import pytest
from cases import NA, STEP, TRAINS, solve, train

import natrium


@pytest.mark.parametrize("rtol", [1e-6, 1e-9, 1e-13])
@pytest.mark.parametrize("name", [name for name in TRAINS if name[0] != "r"])
def test_the_estimate_covers_the_error_and_not_much_more(name, rtol):
    model, spikes = train(name)
    run = solve(model, rtol=rtol)
    error = np.abs(run.spike_times - spikes)
    assert run.spike_time_errors.shape == error.shape
    assert np.all(error <= run.spike_time_errors + 1e-13)
    if rtol >= 1e-9:
        assert run.spike_time_errors.max(initial=0.0) < 1e3 * rtol


def test_a_spike_without_a_counterpart_is_undecided():
    run = natrium.simulate(NA, STEP, t_end=100.0)
    extra = attrs.evolve(run, events=(*run.events, attrs.evolve(run.events[-1], time=99.0)))
    assert np.all(np.isfinite(extra.spike_time_errors[:3]))
    assert np.isinf(extra.spike_time_errors[3])


def test_the_closed_form_is_right_to_rounding_and_a_script_says_nothing():
    exact = natrium.ClosedForm().solve(natrium.Neuron(), natrium.Constant(20.0), t_end=100.0)
    assert exact.spike_time_errors.max() < 1e-12
    assert exact.spike_time_errors.min() > 0.0
    script = natrium.FixedStep(dt=0.1).solve(NA, STEP, t_end=100.0)
    assert np.isnan(script.spike_time_errors).all()


def test_an_absolute_tolerance_is_tightened_as_well():
    run = natrium.simulate(NA, STEP, t_end=100.0, rtol=1e-10, atol=1e-6)
    truth = natrium.simulate(NA, STEP, t_end=100.0, rtol=1e-12).spike_times
    assert np.all(np.abs(run.spike_times - truth) <= run.spike_time_errors)
