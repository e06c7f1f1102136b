"""What many runs give: trains, statistics against plain loops, axes, labels."""

import json
import sys

import attrs
import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

import natrium
from natrium.model import ModelError, Neuron, SolverError
from natrium.solvers.ensembles.ensemble import Ensemble, assemble
from natrium.solvers.ensembles.grid import runs_of
from natrium.solvers.flags import RunFlag
from natrium.solvers.runs import Chunk


def chunk_of(trains, **changes):
    """Make a chunk of given trains; the state at the end tells the train's length."""
    counts = np.array([len(train) for train in trains], np.int64)
    made = Chunk(
        counts=counts,
        spike_times=np.concatenate([np.asarray(train, float) for train in trains] or [[]]),
        final_states=counts[:, None].astype(float),
        samples=None,
        flags=np.zeros(len(trains), np.uint8),
        steps=counts + 10,
        messages={},
    )
    return attrs.evolve(made, **changes)


def ensemble_of(trains, shape=None, **changes):
    n = len(trains)
    runs = runs_of(Neuron(), None, {"I": np.arange(float(n))}, t_start=0.0, t_end=100.0)
    axes = {"run": np.arange(n)}
    if shape:
        axes = {name: np.arange(float(size)) for name, size in zip("ab", shape, strict=True)}
    chunks = [(0, chunk_of(trains, **changes))]
    return assemble(runs, chunks, axes=axes, parameters={"I": runs.varied["I_0"]})


TRAINS = [[10.0, 20.0, 40.0], [], [5.0], [1.0, 2.0, 4.0, 8.0]]


def test_trains_and_their_statistics():
    found = ensemble_of(TRAINS)
    assert len(found) == 4
    assert [train.tolist() for train in found] == TRAINS
    assert found.train(-1).tolist() == TRAINS[3]
    assert found.counts.tolist() == [3, 0, 1, 4]
    assert found.offsets.tolist() == [0, 3, 3, 4, 8]
    assert found.rates.tolist() == [30.0, 0.0, 10.0, 40.0]
    np.testing.assert_array_equal(found.first_spikes, [10.0, np.nan, 5.0, 1.0])
    assert found.intervals(3).tolist() == [1.0, 2.0, 4.0]
    assert found.intervals(1).size == 0
    assert found.final("V").tolist() == [3.0, 0.0, 1.0, 4.0]
    for index in (4, -5):
        with pytest.raises(IndexError, match="below 4"):
            found.train(index)
    with pytest.raises(KeyError, match="must be one of V, got 'Na.m'"):
        found.final("Na.m")


@given(st.lists(st.lists(st.floats(0.01, 10.0), max_size=6), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_statistics_are_those_of_each_train(gaps):
    found = ensemble_of([np.cumsum(each) for each in gaps])
    for k in range(len(found)):
        intervals = found.intervals(k)
        mean = intervals.mean() if intervals.size else np.nan
        cv = intervals.std() / mean if intervals.size > 1 else np.nan
        assert found.mean_intervals[k] == pytest.approx(mean, rel=1e-12, nan_ok=True)
        assert found.cvs[k] == pytest.approx(cv, rel=1e-9, abs=1e-12, nan_ok=True)


def test_values_along_the_axes():
    found = ensemble_of(TRAINS, shape=(2, 2))
    assert found.shape == (2, 2)
    assert found.on_axes(found.counts).tolist() == [[3, 0], [1, 4]]
    assert found.on_axes(found.final_states).shape == (2, 2, 1)


def test_chunks_come_in_any_order_and_may_be_missing():
    runs = runs_of(Neuron(), None, {"I": np.arange(6.0)}, t_end=100.0)
    parts = [
        (4, chunk_of([[9.0]], messages={0: "late"})),
        (0, chunk_of([[1.0], [2.0, 3.0]], messages={1: "early"})),
    ]
    found = assemble(runs, parts, axes={"run": np.arange(6)}, parameters={})
    assert [train.tolist() for train in found] == [[1.0], [2.0, 3.0], [], [], [9.0], []]
    assert found.flags.tolist() == [0, 0, RunFlag.NOT_RUN, RunFlag.NOT_RUN, 0, RunFlag.NOT_RUN]
    assert found.messages == {1: "early", 4: "late"}
    assert not found.complete
    np.testing.assert_array_equal(np.isnan(found.rates), [False, False, True, True, False, True])
    assert "not run: 3" in repr(found)
    none = assemble(runs, [], axes={"run": np.arange(6)}, parameters={})
    assert none.spike_times.size == 0
    assert not none.finished.any()


FLAGS = np.array([0, RunFlag.GRAZE | RunFlag.FALLBACK, RunFlag.FAILED, RunFlag.FAILED], np.uint8)


def test_flags():
    found = ensemble_of(TRAINS, flags=FLAGS, messages={2: "I = 2.0: <no>"})
    assert found.grazing.tolist() == found.fell_back.tolist() == [False, True, False, False]
    assert found.failed.tolist() == [False, False, True, True]
    assert found.finished.tolist() == [True, True, False, False]
    assert found.complete
    assert "failed: 2" in repr(found)
    assert "<td>2</td>" in found._repr_html_()
    with pytest.raises(SolverError, match=r"2 of 4 runs failed: run 2: I = 2.0: <no>; run 3: no reason"):
        found.raise_for_failures()
    ensemble_of(TRAINS).raise_for_failures()
    with pytest.raises(SolverError, match="; 5 more"):
        ensemble_of([[]] * 10, flags=np.full(10, RunFlag.FAILED, np.uint8)).raise_for_failures()


def test_an_ensemble_is_frozen():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ensemble_of(TRAINS).t_end = 3.0


def read_back(data, path, suffix):
    if suffix == ".zarr":
        data.to_zarr(path, zarr_format=2)
        return xarray.open_zarr(path, chunks=None)
    data.to_netcdf(path, engine="netcdf4")
    return xarray.open_dataset(path, engine="netcdf4")


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("messages", [{}, {2: "grün – why"}], ids=["quiet", "told"])
def test_labelled_data_and_their_files(tmp_path, suffix, messages):
    found = ensemble_of(TRAINS, shape=(2, 2), messages=messages)
    data = found.to_xarray()
    assert data["count"].dims == ("a", "b")
    assert data["count"].sel(a=1.0, b=0.0) == 1
    assert data["rate"].attrs["units"] == "Hz"
    assert data["final_state"].dims == ("a", "b", "state")
    assert data["state"].values.tolist() == ["V"]
    assert data["I"].dims == ("run",)
    assert data["I"].attrs["units"] == "mV"
    assert data["spike_count"].attrs["sample_dimension"] == "spike"
    with read_back(data, tmp_path / f"x{suffix}", suffix) as back:
        starts = np.concatenate([[0], np.cumsum(back["spike_count"])])
        trains = [back["spike_time"].values[a:b].tolist() for a, b in zip(starts, starts[1:], strict=False)]
        assert trains == TRAINS
        if messages:
            assert back["message"].values.tolist() == list(messages.values())
            assert back["message_run"].values.tolist() == list(messages)
        else:
            assert "message" not in back
            assert len(back.to_dataframe()) > 0
        assert json.loads(back.attrs["axes"]) == ["a", "b"]
        np.testing.assert_array_equal(back["first_spike"], found.on_axes(found.first_spikes))


def test_samples_are_labelled():
    found = natrium.simulate_many(
        natrium.notebook.lif_na().neuron,
        t_end=5.0,
        grid={"I": [0.0, 20.0]},
        sample_times=[0.0, 2.5, 5.0],
        solver="event",
    )
    data = found.to_xarray()
    assert data["sample"].dims == ("I", "state", "sample_time")
    assert float(data["sample"].sel(I=0.0, state="V", sample_time=0.0)) == -70.0
    np.testing.assert_array_equal(data["sample"].sel(sample_time=5.0), found.final_states)


def test_without_xarray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ModelError, match=r'pip install "natrium\[data\]"'):
        ensemble_of(TRAINS).to_xarray()


def test_units_are_those_of_the_fields_that_hold_the_numbers():
    stimulus = natrium.Constant(1.0) + natrium.Sine(1.0, 50.0, start=3.0)
    stimulus += natrium.Noise(sigma=1.0, tau=0.0, step=0.1, seed=1) + natrium.Gaussian(1.0, 5.0, 2.0)
    neuron = natrium.notebook.lif_na().neuron
    units = assemble(runs_of(neuron, stimulus, {}, t_end=1.0), [], axes={}, parameters={}).units
    expected = {
        "I": "mV",
        "I_0": "mV",
        "E_Na": "mV",
        "v_reset": "mV",
        "tau_ref": "ms",
        "g_Na": "",
        "start_1": "ms",
        "frequency_1": "Hz",
        "sigma_2": "mV",
        "sigma_3": "ms",
        "seed_2": "",
        "run": "",
    }
    assert {name: units.get(name, "") for name in expected} == expected


def test_an_ensemble_is_an_ensemble():
    assert isinstance(ensemble_of(TRAINS), Ensemble)
    assert natrium.Ensemble is Ensemble
