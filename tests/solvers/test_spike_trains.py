"""Spike times against trains that are known to 1e-11 ms and better."""

from functools import cache

import numpy as np
import pytest

import natrium
from tests.solvers.cases import SODIUM, TRAINS, read, solve, train

FI = read("fI_reference")
INPUTS = FI["input_mV"]
# All over the range, and about where firing begins: there a spike is slowest to come.
FIRST = next(index for index, count in enumerate(FI["n_spikes"]) if count)
SPREAD = sorted({*range(12, 1000, 33), *range(FIRST - 4, FIRST + 5)})


@pytest.mark.parametrize(("rtol", "tolerance"), [(1e-9, 1e-8), (1e-12, 1e-10)])
@pytest.mark.parametrize("name", TRAINS)
def test_spike_train(name, rtol, tolerance):
    model, spikes = train(name)
    found = solve(model, rtol=rtol)
    assert found.n_spikes == spikes.size
    np.testing.assert_allclose(found.spike_times, spikes, rtol=0.0, atol=tolerance)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lif_na", (40.948476902, 65.587194137, 90.386461710)),
        ("lif_na2", (26.181768159, 36.359128872, 47.097010994)),
        ("lif", ()),
    ],
)
def test_the_notebook_s_own_models(name, expected):
    model = natrium.notebook.SCRIPTS[name]()
    found = natrium.EventDriven().solve(model.neuron, model.stimulus, t_end=100.0)
    np.testing.assert_allclose(found.spike_times, expected, rtol=0.0, atol=6e-9)


@cache
def fire(index):
    neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0, channels=[SODIUM])
    return natrium.simulate(neuron, natrium.Constant(INPUTS[index]), t_end=1000.0).spike_times


def check_rate(index):
    spikes = fire(index)
    assert spikes.size == FI["n_spikes"][index]
    if spikes.size:
        assert spikes[-1] == pytest.approx(FI["last_spike_ms"][index], abs=1e-6)


@pytest.mark.parametrize("index", SPREAD)
def test_a_spread_of_inputs_fires_as_often_and_as_late_as_the_reference(index):
    check_rate(index)


@pytest.mark.parametrize("index", ["150", "400", "975"])
def test_every_spike_of_a_long_train(index):
    expected = FI["all_spikes_of_every_25th"][index]
    np.testing.assert_allclose(fire(int(index)), expected, rtol=0.0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 12, 2))
def test_a_third_of_the_rate_curve(first):
    """In parts, so that they can run side by side."""
    assert len(INPUTS) == 1000
    for index in range(first, 1000, 36):
        for one in {index, index - 1}.difference(SPREAD):
            check_rate(one)
