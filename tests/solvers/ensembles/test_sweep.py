"""Sweeps: the file holds what the runs give, and a kill at any instant loses and repeats nothing."""

import json
import multiprocessing
import sys
from contextlib import suppress
from pathlib import Path

import attrs
import numpy as np
import pytest
import xarray

from natrium.analysis import sweep
from natrium.model import Model, ModelError, Neuron, Simulation, Step, notebook
from natrium.model.files import toml
from natrium.solvers import ClosedForm, EventDriven, Limits, simulate_many
from natrium.solvers.ensembles.journal import Journal

MODEL = Model(neuron=Neuron(), stimulus=Step(1.0, start=2.0), simulation=Simulation(t_end=60.0))
GRID = {"tau_ref": [1.0, 2.0, 3.0], "I": np.linspace(0.0, 40.0, 5)}


def opened(path):
    engine = "zarr" if path.suffix == ".zarr" else "netcdf4"
    return xarray.open_dataset(path, engine=engine)


def assert_holds(path, grid=GRID, model=MODEL):
    """Check that a file holds what the runs themselves give."""
    direct = simulate_many(
        model.neuron, model.stimulus, t_end=60.0, grid=grid, solver="closed-form"
    ).to_xarray()
    with opened(path) as data:
        for name, variable in direct.variables.items():
            np.testing.assert_array_equal(data[name], variable, err_msg=name)
        assert data["count"].dims == direct["count"].dims


@attrs.frozen
class Counting:
    """The closed form; counts its runs in a list."""

    runs: list = attrs.field(factory=list)

    def solve(self, neuron, stimulus=None, *, t_start, t_end):
        self.runs.append((neuron.tau_ref, stimulus.parts[0].amplitude))
        return ClosedForm().solve(neuron, stimulus, t_start=t_start, t_end=t_end)


@pytest.mark.parametrize("name", ["x.nc", "x.zarr"])
def test_the_file_holds_what_the_runs_give(tmp_path, name):
    out = tmp_path / name
    done = sweep(MODEL, GRID, out, solver="closed-form", chunk=4)
    assert (done.n_runs, done.done_before, done.done_now, done.complete) == (15, 0, 15, True)
    assert done.shape == (3, 5)
    assert list(tmp_path.iterdir()) == [out]
    assert_holds(out)
    with opened(out) as data:
        assert toml.loads(data.attrs["model"]).neuron == MODEL.neuron
        told = json.loads(data.attrs["sweep"])
        assert told["solver"] == "ClosedForm"
        assert told["span"] == [0.0, 60.0]
        assert "numpy" in json.loads(data.attrs["manifest"])["versions"]
        assert data["I"].attrs["units"] == "mV"
        assert "units" not in data["tau_ref"].attrs or data["tau_ref"].attrs["units"] == "ms"


@pytest.mark.parametrize("name", ["x.nc", "x.zarr"])
def test_a_finished_sweep_is_not_done_again(tmp_path, name):
    sweep(MODEL, GRID, tmp_path / name, solver=ClosedForm())
    again = sweep(MODEL, GRID, tmp_path / name, solver=ClosedForm())
    assert (again.done_before, again.done_now, again.complete) == (15, 0, True)


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(monkeypatch, owner, name, call, after):
    """Let a function end the process at its n-th call, before or after its work."""
    original, calls = getattr(owner, name), []

    def deadly(*args, **options):
        calls.append(name)
        if len(calls) == call and not after:
            raise Killed
        result = original(*args, **options)
        if len(calls) == call:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, deadly)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        (Journal, "keep", 1),
        (Journal, "keep", 3),
        (Journal, "keep", 4),
        (Path, "replace", 1),  # of the identity
        (Path, "replace", 2),  # of a chunk
        (Journal, "missing", 1),
        (Journal, "place", 1),
        (xarray.Dataset, "to_netcdf", 1),
        (xarray.Dataset, "to_zarr", 1),
        (Journal, "publish", 1),
        (Journal, "close", 1),
    ],
)
def test_a_kill_at_any_instant_loses_and_repeats_nothing(
    tmp_path, monkeypatch, suffix, after, owner, name, call
):
    out = tmp_path / f"x{suffix}"
    first, second = Counting([]), Counting([])
    with monkeypatch.context() as patched:
        kill_at(patched, owner, name, call, after)
        try:
            sweep(MODEL, GRID, out, solver=first, chunk=4)
        except Killed:
            pass
        else:
            assert {".nc": "to_zarr", ".zarr": "to_netcdf"}[suffix] == name
    kept = 0
    if out.with_name(out.name + ".partial").exists():
        kept = sum(int(p.stem.split("-")[2]) - int(p.stem.split("-")[1]) for p in tmp_path.glob("*/runs-*"))
    done = sweep(MODEL, GRID, out, solver=second, chunk=5)
    assert done.complete
    assert list(tmp_path.iterdir()) == [out]
    assert_holds(out)
    if done.done_before < 15:  # otherwise all was there
        assert done.done_before == kept
        assert len(second.runs) == 15 - kept
    else:
        assert second.runs == []
    assert sorted(set(first.runs) | set(second.runs)) == sorted(
        (r, i) for r in GRID["tau_ref"] for i in GRID["I"]
    )


def test_a_write_that_is_cut_short_leaves_no_chunk(tmp_path, monkeypatch):
    out = tmp_path / "x.nc"
    with monkeypatch.context() as patched:
        kill_at(patched, toml.os, "fdopen", 3, False)
        with pytest.raises(Killed):
            sweep(MODEL, GRID, out, solver="closed-form", chunk=4)
    done = sweep(MODEL, GRID, out, solver="closed-form")
    assert done.done_before == 4
    assert_holds(out)


def test_a_chunk_that_cannot_be_read_is_done_again(tmp_path, monkeypatch):
    out = tmp_path / "x.nc"
    with monkeypatch.context() as patched:
        kill_at(patched, Journal, "place", 1, False)
        with pytest.raises(Killed):
            sweep(MODEL, GRID, out, solver="closed-form", chunk=4)
    kept = sorted((tmp_path / "x.nc.partial").glob("runs-*"))
    assert len(kept) == 4
    kept[0].write_bytes(b"")
    kept[2].write_bytes(kept[2].read_bytes()[:100])
    kept[3].write_bytes(kept[1].read_bytes())  # of another size than its name says
    done = sweep(MODEL, GRID, out, solver="closed-form")
    assert (done.done_before, done.done_now) == (4, 11)
    assert_holds(out)


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch):
    out = tmp_path / "x.nc"
    original, calls = Journal.keep, []

    def interrupting(self, start, chunk):
        original(self, start, chunk)
        calls.append(start)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "keep", interrupting)
        done = sweep(MODEL, GRID, out, solver="closed-form", chunk=4)
    assert done.interrupted
    assert not done.complete
    assert not out.exists()
    assert done.journal.exists()
    again = sweep(MODEL, GRID, out, solver="closed-form", chunk=4)
    assert again.complete
    assert again.done_before >= 4
    assert_holds(out)


CHANGES = {
    "grid": {"grid": {"tau_ref": [1.0, 2.0, 3.0], "I": np.linspace(0.0, 41.0, 5)}},
    "model": {"model": attrs.evolve(MODEL, neuron=Neuron(tau_m=11.0))},
    "span": {"model": attrs.evolve(MODEL, simulation=Simulation(t_end=61.0))},
    "solver": {"solver": "event"},
    "settings": {"solver": ClosedForm(limits=Limits(max_spikes=1000))},
}


@pytest.mark.parametrize("finished", [True, False], ids=["file", "journal"])
@pytest.mark.parametrize("what", CHANGES)
def test_another_sweep_s_file_is_refused(tmp_path, monkeypatch, what, finished):
    out = tmp_path / "x.nc"
    with monkeypatch.context() as patched:
        if not finished:
            kill_at(patched, Journal, "keep", 2, False)
        with suppress(Killed):
            sweep(MODEL, GRID, out, solver="closed-form", chunk=4)
    asked = {"model": MODEL, "grid": GRID, "solver": "closed-form"} | CHANGES[what]
    with pytest.raises(ModelError, match=rf"another sweep \(it differs in .*{what}"):
        sweep(asked["model"], asked["grid"], out, solver=asked["solver"])
    sweep(MODEL, GRID, out, solver="closed-form")
    assert_holds(out)


def test_another_file_is_not_touched(tmp_path):
    out = tmp_path / "x.nc"
    out.write_text("precious")
    with pytest.raises(ModelError, match="is there and is no sweep"):
        sweep(MODEL, GRID, out, solver="closed-form")
    assert out.read_text() == "precious"
    folder = tmp_path / "y.nc.partial"
    folder.mkdir()
    (folder / "sweep.json").write_text("{")
    with pytest.raises(ModelError, match="beginning of another sweep"):
        sweep(MODEL, GRID, tmp_path / "y.nc", solver="closed-form")


def hold(folder, taken, release):
    with Journal(folder, {"a": 1}).locked():
        taken.set()
        release.wait(20.0)


def test_two_at_once_are_refused(tmp_path):
    context = multiprocessing.get_context("spawn")
    taken, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "x.partial", taken, release))
    other.start()
    assert taken.wait(30.0)
    with pytest.raises(ModelError, match="is in use"), Journal(tmp_path / "x.partial", {"a": 1}).locked():
        pass
    other.kill()  # the lock goes with the process
    other.join()
    with Journal(tmp_path / "x.partial", {"a": 1}).locked():
        pass


def test_failures_are_in_the_file(tmp_path):
    out = tmp_path / "x.nc"
    solver = EventDriven(limits=Limits(max_spikes=3))
    done = sweep(MODEL, GRID, out, solver=solver)
    assert done.failed == 6
    with opened(out) as data:
        failed = data["flags"].values.ravel() & 4 > 0
        assert failed.sum() == 6
        assert data["message_run"].values.tolist() == np.flatnonzero(failed).tolist()
        assert data["message"].values[0].startswith("tau_ref = 1.0, I_0 = 30.0: a run may fire at most 3")
        assert np.isnan(data["rate"].values.ravel()[failed]).all()
    again = sweep(MODEL, GRID, out, solver=solver)
    assert (again.failed, again.done_now) == (6, 0)


def test_a_channel_s_sweep(tmp_path):
    model = attrs.evolve(notebook.lif_na(), simulation=Simulation(t_end=15.0))
    sweep(model, {"g_Na": [80, 120], "I_0": 10.0}, tmp_path / "x.zarr", solver="event", rtol=1e-8)
    with opened(tmp_path / "x.zarr") as data:
        assert data["state"].values.tolist() == ["V", "Na.m", "Na.h"]
        assert dict(data.sizes)["I_0"] == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"out": "x.csv"}, "must end in .nc or .zarr"),
        ({"out": "missing/x.nc"}, "folder must be there"),
        ({"grid": {}}, "no axis"),
        ({"grid": {"g_K": [1.0]}}, "got 'g_K'"),
        ({"grid": {"tau_m": [1.0, -1.0]}}, "run 1 of 2"),
        (
            {"grid": {"tau_m": np.ones(10**5), "tau_ref": np.ones(10**4)}},
            "at most 100000000 runs, got 1000000000",
        ),
        ({"model": attrs.evolve(MODEL, simulation=Simulation())}, "no t_end"),
        ({"solver": "quick"}, "solver must be one of"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, changed, message):
    asked = {"model": MODEL, "grid": GRID, "out": "x.nc", "solver": "closed-form"} | changed
    with pytest.raises(ModelError, match=message):
        sweep(asked["model"], asked["grid"], tmp_path / asked["out"], solver=asked["solver"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "missing"), [("x.nc", "netCDF4"), ("x.zarr", "zarr"), ("x.nc", "xarray")])
def test_without_the_extra_it_is_named(tmp_path, monkeypatch, name, missing):
    module = sys.modules["natrium.solvers.ensembles.sweep"]  # the function has taken its name in the package
    monkeypatch.setattr(module, "find_spec", lambda package: None if package == missing else package)
    with pytest.raises(ModelError, match=rf'need {missing}: pip install "natrium\[data\]"'):
        sweep(MODEL, GRID, tmp_path / name, solver="closed-form")
