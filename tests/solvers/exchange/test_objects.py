"""Runs and ensembles as pynapple's objects: the same numbers, in seconds to a nanosecond."""

import numpy as np
import pytest

import natrium
from tests.solvers.exchange.runs import ensemble, run

pytest.importorskip("pynapple", reason='needs pip install "natrium[pynapple]"')
NANOSECOND = 1e-9


def test_a_run():
    found = run().to_pynapple()
    np.testing.assert_allclose(found["spikes"][0].t, 1e-3 * run().spike_times, rtol=0.0, atol=NANOSECOND)
    np.testing.assert_allclose(found["states"].t, 1e-3 * run().t, rtol=0.0, atol=NANOSECOND)
    np.testing.assert_array_equal(found["states"].values, run().y.T)
    assert list(found["states"].columns) == list(run().names)
    assert float(found["input"].get(0.004)[0]) == 0.0
    assert float(found["input"].get(0.010)[0]) == 30.0
    assert [list(found[name]["unit"]) for name in ("states", "input")] == [["mV", "1", "1"], ["mV"]]
    assert natrium.loads(found["provenance"]["model"]).neuron == run().neuron
    support = found["spikes"].time_support
    assert (float(support.start[0]), float(support.end[0])) == (0.0, 0.06)


def test_a_run_at_regular_times():
    found = run().to_pynapple(0.5)["states"]
    np.testing.assert_allclose(found.t, 5e-4 * np.arange(121), rtol=0.0, atol=NANOSECOND)
    np.testing.assert_array_equal(found.values, run().state(0.5 * np.arange(121)).T)


def test_an_ensemble():
    found = ensemble().to_pynapple()
    for index in range(4):
        expected = 1e-3 * ensemble().train(index)
        np.testing.assert_allclose(found["spikes"][index].t, expected, rtol=0.0, atol=NANOSECOND)
    np.testing.assert_array_equal(found["spikes"]["g_Na"], ensemble().parameters["g_Na"])
    assert found["provenance"]["unit of I"] == "mV"
    np.testing.assert_array_equal(found["samples"].values, np.moveaxis(ensemble().samples, -1, 0))
