"""Pulses of finite size: a closed form, the infinitesimal response as their limit, and both kinds of cycle."""

import attrs
import numpy as np
import pytest

import natrium
from natrium.model import ModelError
from natrium.model.files.new import template


def test_the_lif_answers_a_pulse_as_its_closed_form_says():
    # A pulse that ends before the spike adds A (exp(-(T-t-w)/tau) - exp(-(T-t)/tau)) to V at the old spike's time.
    found = natrium.pulse_response(natrium.Neuron(tau_ref=0.0), 4.0, 1.0, [0.0, 3.0, 7.0], 20.0)
    T = 10.0 * np.log(4.0)
    for t, early in zip(found.times, found.asymptotic, strict=True):
        forgotten = -20.0 + 4.0 * (np.exp((t + 1.0) / 10.0) - np.exp(t / 10.0))  # V - mu is this exp(-T/tau)
        assert abs(T - 10.0 * np.log(forgotten / -5.0) - early) < 1e-9
    assert found.settled


@pytest.mark.parametrize("kind", ["lif-na", "fitzhugh-nagumo"])
def test_small_pulses_have_the_infinitesimal_response(kind):
    model = natrium.loads(template(kind))
    if kind == "lif-na":
        cycle = natrium.limit_cycle(model.neuron, model.largest_input())
    else:
        cycle = natrium.smooth_cycle(attrs.evolve(model.neuron, v_thresh=None), model.largest_input())
    times = np.array([0.5, 0.85]) * cycle.period
    width, sizes = 0.02, (8.0, 4.0) if kind == "lif-na" else (0.08, 0.04)
    exact = natrium.phase_response(cycle, None, times + 0.5 * width).input
    off = [
        np.abs(natrium.pulse_response(cycle, amplitude, width, times).per_area - exact).max()
        for amplitude in sizes
    ]
    assert off[1] < 0.02 * np.abs(exact).max()
    assert 1.6 < off[0] / off[1] < 2.5  # of first order in the pulse's size


def test_a_pulse_in_the_refractory_period_acts_with_what_is_left_of_it():
    cycle = natrium.limit_cycle(natrium.Neuron(tau_ref=2.0), 20.0)
    within, short, none = (
        natrium.pulse_response(cycle, 4.0, width, [0.5]).asymptotic[0] for width in (3.0, 1.6, 1.2)
    )
    later = natrium.pulse_response(cycle, 4.0, 1.5, [2.0]).asymptotic[0]
    np.testing.assert_allclose(within, later, atol=1e-10)
    assert 0.0 < short < later
    assert abs(none) < 1e-10
    with pytest.raises(ModelError):
        natrium.pulse_response(cycle, 4.0, 0.0, [0.5])
