"""Runs and ensembles as tables and labelled data sets."""

import json

import numpy as np
import pytest

import natrium
from tests.solvers.exchange.runs import ensemble, run

pytest.importorskip("pandas", reason='needs pip install "natrium[data]"')
xarray = pytest.importorskip("xarray", reason='needs pip install "natrium[data]"')


@pytest.mark.parametrize("step", [None, 0.1])
def test_a_run_as_a_table(step):
    frame = run().to_pandas(step)
    assert list(frame.columns) == [*run().names, "I"]
    assert frame.attrs["units"] == {"V": "mV", "Na.m": "1", "Na.h": "1", "I": "mV"}
    assert frame.attrs["spike_times"] == run().spike_times.tolist()
    times = run().t if step is None else 0.1 * np.arange(601)
    np.testing.assert_allclose(frame.index.to_numpy(), times, rtol=1e-14)
    states = run().y if step is None else run().state(frame.index.to_numpy())
    np.testing.assert_array_equal(frame[list(run().names)].to_numpy().T, states)
    np.testing.assert_array_equal(frame["I"] == 30.0, frame.index >= 5.0)


def test_a_run_as_a_data_set_goes_through_a_file(tmp_path):
    pytest.importorskip("netCDF4", reason='needs pip install "natrium[data]"')
    data = run().to_xarray()
    data.to_netcdf(tmp_path / "run.nc", engine="netcdf4")
    with xarray.open_dataset(tmp_path / "run.nc", engine="netcdf4") as back:
        assert back.identical(data)
        np.testing.assert_array_equal(back["V"], run().V)
        np.testing.assert_array_equal(back["spike_time"], run().spike_times)
        np.testing.assert_array_equal(back["spike_time_error"], run().spike_time_errors)
        np.testing.assert_array_equal(back["state_before"][:, 0], [e.before[0] for e in run().events])
        assert back["V"].attrs["units"] == "mV"
        assert natrium.loads(back.attrs["model"]).neuron == run().neuron
        assert json.loads(back.attrs["manifest"]) == run().manifest


def test_a_run_without_spikes_and_of_a_function_is_told_as_well():
    drive = natrium.Custom(lambda t: 0.1 * t, max_step=1.0)
    data = natrium.simulate(natrium.Neuron(), drive, t_end=5.0).to_xarray()
    assert data.sizes["spike"] == 0
    assert data["state_before"].shape == (0, 1)
    assert "model" not in data.attrs


def test_an_ensemble_as_a_table():
    frame = ensemble().to_pandas()
    assert len(frame) == 4
    assert frame.loc[3, "g_Na"] == 120.0
    assert frame.loc[3, "I"] == 20.0
    np.testing.assert_array_equal(frame["count"], ensemble().counts)
    np.testing.assert_array_equal(frame["first_spike"], ensemble().first_spikes)
    np.testing.assert_array_equal(frame["final_V"], ensemble().final("V"))
    assert not frame[["failed", "grazing", "fell_back", "not_run"]].to_numpy().any()
    assert frame.attrs["units"].items() >= {"I": "mV", "rate": "Hz", "final_V": "mV"}.items()
