"""Rotation numbers against closed forms, staircases and tongues against each other."""

import numpy as np
import pytest
import sympy

import natrium

LIF = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
V, I = sympy.symbols("V I", real=True)
PERFECT = natrium.HybridNeuron(equations={"V": I}, initial={"V": 0.1}, reset={"V": 0.0}, v_thresh=1.0)


@pytest.mark.parametrize("mean", [0.0137, 0.05 * np.sqrt(2.0), 0.11])
def test_a_perfect_integrator_fires_as_its_mean_says(mean):
    # Between spikes the input's integral is 1, whatever its phase: rho = mean T, and no plateau has a width.
    period = 13.0
    found = natrium.rotation_number(
        PERFECT, natrium.Sine(0.4 * mean, 1000.0 / period, offset=mean), periods=400
    )
    assert abs(found.value - mean * period) <= 3.0 * found.error + 1e-9
    assert found.error < 1e-3


@pytest.mark.slow
def test_a_perfect_integrator_has_no_plateaus():
    stimulus = natrium.Sine(0.02, 1000.0 / 13.0, offset=0.07)
    found = natrium.devils_staircase(PERFECT, stimulus, "offset_0", between=(0.06, 0.09), points=7, highest=1)
    np.testing.assert_allclose(found.rotation, 13.0 * found.values, atol=1e-3)
    assert all(one.width < 1e-9 for one in found.plateaus)


def test_the_staircase_rises_and_keeps_to_its_plateaus():
    found = natrium.devils_staircase(
        LIF, natrium.Sine(3.0, 50.0, offset=18.0), between=(9.0, 42.0), points=23, highest=2
    )
    assert [(one.n_spikes, one.n_periods) for one in found.plateaus] == [(1, 2), (1, 1), (3, 2), (2, 1)]
    assert np.all(np.diff(found.rotation) >= -found.errors[1:] - found.errors[:-1] - 1e-12)
    for one in found.plateaus:
        inside = (one.low.value < found.values) & (found.values < one.high.value)
        np.testing.assert_array_equal(found.rotation[inside], one.rotation_number)
        assert one.low.error < 1e-9
        assert one.high.error < 1e-9
        outside = (found.values < one.low.value - 1e-6) | (found.values > one.high.value + 1e-6)
        assert not np.any(found.rotation[outside] == one.rotation_number)
    assert 0.2 < found.covered < 0.6
    assert len(found.table()) == 23
    assert "1:1" in " ".join(found.sentences())


def test_tongues_have_the_plateaus_of_single_amplitudes_and_their_tips():
    stimulus = natrium.Sine(3.0, 50.0, offset=18.0)
    found = natrium.locking_tongues(LIF, stimulus, [0.5, 3.0], between=(8.0, 40.0), ratios=[(1, 2), (1, 1)])
    own = 2.0 + 10.0 * np.log(6.0)
    for one, ratio in zip(found.tongues, (0.5, 1.0), strict=True):
        np.testing.assert_allclose(one.tip, ratio * own, rtol=1e-9)
        low, high = one.bounds().T
        assert np.all(low < one.tip)
        assert np.all(one.tip < high)
        assert high[0] - low[0] < high[1] - low[1]
    alone = natrium.locking_plateau(LIF, stimulus, between=(8.0, 40.0))
    np.testing.assert_allclose(found.tongues[1].bounds()[1], [alone.low.value, alone.high.value], rtol=1e-12)
    by_themselves = natrium.locking_tongues(LIF, stimulus, [2.0], between=(18.0, 22.0))
    assert (1, 1) in {(one.n_spikes, one.n_periods) for one in by_themselves.tongues}


@pytest.mark.slow
def test_an_orbit_that_would_need_a_later_crossing_is_none():
    # Above 3 mV V turns back below the threshold; what Newton's method follows there may fire no such spikes.
    found = natrium.locking_tongues(
        LIF, natrium.Sine(3.0, 70.0, offset=18.0), [3.25, 4.0], between=(12.0, 15.0), ratios=[(2, 3)]
    ).tongues[0]
    last = found.plateaus[-1]
    for value in np.linspace(last.low.value, last.high.value, 4)[1:-1]:
        run = natrium.rotation_number(LIF, natrium.Sine(4.0, 1000.0 / value, offset=18.0))
        assert (run.n_spikes, run.n_periods) == (2, 3)
