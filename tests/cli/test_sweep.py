"""natrium sweep: outputs, messages, exit codes; killed and started again."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.cli.sweep import axes_of
from natrium.model import Model, ModelError, Neuron, Simulation, Step, notebook

KEYS = ["file", "shape", "n_runs", "done_before", "done_now", "complete", "failed", "grazing", "fell_back"]


def call(*arguments):
    return CliRunner().invoke(app, ["sweep", *map(str, arguments)])


@pytest.fixture
def lif(tmp_path):
    path = tmp_path / "lif.toml"
    Model(neuron=Neuron(), stimulus=Step(20.0, start=1.0), simulation=Simulation(t_end=30.0, rtol=1e-7)).save(
        path
    )
    return path


@pytest.mark.parametrize(
    ("items", "axes"),
    [
        (["g_Na=80:160:9"], {"g_Na": [80.0, 90.0, 100.0, 110.0, 120.0, 130.0, 140.0, 150.0, 160.0]}),
        (["I=1,2.5,-3", "tau_m=4"], {"I": [1, 2.5, -3.0], "tau_m": [4]}),
        (["I=5:1:3"], {"I": [5.0, 3.0, 1.0]}),
        (["I=0:1:1"], {"I": [0.0]}),
        ([f"seed_0={2**60 + 1},2"], {"seed_0": [2**60 + 1, 2]}),
    ],
)
def test_axes(items, axes):
    assert axes_of(items) == axes


@pytest.mark.parametrize(
    "item", ["I", "I=", "I=a", "I=1:2", "I=1:2:3:4", "I=1:2:2.5", "I=1:2:0", "I=1:2:99999999", "I=1,,2"]
)
def test_axes_that_are_none(item):
    with pytest.raises(ModelError, match=f"got {re.escape(repr(item))}"):
        axes_of([item])


def test_json_is_one_object(lif, tmp_path):
    out = tmp_path / "x.nc"
    result = call(
        lif, "--grid", "tau_ref=1:3:3", "--grid", "I=10,20", "--out", out, "--solver", "event", "--json"
    )
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    said = json.loads(result.stdout)
    assert list(said) == KEYS
    assert said == {
        "file": str(out),
        "shape": [3, 2],
        "n_runs": 6,
        "done_before": 0,
        "done_now": 6,
        "complete": True,
        "failed": 0,
        "grazing": 0,
        "fell_back": 0,
    }
    with xarray.open_dataset(out) as data:
        assert data["count"].dims == ("tau_ref", "I")
        expected = natrium.simulate(Neuron(tau_ref=2.0), Step(20.0, start=1.0), t_end=30.0, rtol=1e-7)
        assert data["first_spike"].sel(tau_ref=2.0, I=20.0).item() == expected.spike_times[0]
        assert json.loads(data.attrs["sweep"])["settings"]["rtol"] == 1e-7


def test_options_and_words(lif, tmp_path):
    out = tmp_path / "x.zarr"
    asked = (lif, "--grid", "I=10,20", "--out", out, "--solver", "event", "--rtol", "1e-5", "--t-end", "20")
    first = call(*asked)
    assert (first.exit_code, first.stdout) == (0, f"{out}: 2 runs, 2 of them now\n")
    assert call(*asked).stdout == f"{out}: 2 runs, 0 of them now\n"
    with xarray.open_zarr(out, chunks=None) as data:
        assert data.attrs["t_end_ms"] == 20.0
        assert json.loads(data.attrs["sweep"])["settings"]["rtol"] == 1e-5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--grid": "I"}, "an axis must be NAME=LOW:HIGH:COUNT or NAME=V1,V2,V3"),
        ({"--grid": "g_K=1"}, "must be one of tau_m.*got 'g_K'"),
        ({"--grid": "tau_m=0:1:2"}, r"run 0 of 2 \(tau_m = 0.0\): tau_m must be positive"),
        ({"--out": "x.csv"}, "must end in .nc or .zarr"),
        ({"--solver": "script"}, "solver 'script' needs a time step, got no dt"),
        ({"--solver": "quick"}, "solver must be one of 'event'.*, got 'quick'"),
        ({"--rtol": "-1"}, "rtol must be"),
        ({"--scheduler": "tcp://127.0.0.1:1"}, "cannot reach a scheduler at tcp://127.0.0.1:1"),
        ({"--scheduler": "nowhere"}, "cannot reach a scheduler at nowhere"),
    ],
)
def test_bad_input_is_told_plainly(lif, tmp_path, monkeypatch, changed, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("natrium.cli.sweep.WAIT", "0.2s")
    asked = {"--grid": "I=1,2", "--out": "x.nc", "--solver": "event"} | changed
    result = call(lif, *(item for pair in asked.items() for item in pair))
    assert result.exit_code == 2
    assert re.search(message, result.stderr)
    assert "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["lif.toml"]


def test_an_axis_twice_is_refused(lif, tmp_path):
    result = call(lif, "--grid", "I=1", "--grid", "I=2", "--out", tmp_path / "x.nc", "--solver", "event")
    assert result.exit_code == 2
    assert "must be named once, got 'I' again" in result.stderr


def test_runs_that_fail_are_told(tmp_path):
    path = tmp_path / "run_away.toml"
    model = Model(
        neuron=Neuron(tau_ref=0.0), stimulus=Step(1.0, start=0.0), simulation=Simulation(t_end=10.0)
    )
    model.save(path)
    result = call(path, "--grid", "I=1,1e9", "--out", tmp_path / "x.nc", "--solver", "event")
    assert result.exit_code == 1
    assert "1 of 2 runs failed; see flags and message in" in result.stderr
    assert (tmp_path / "x.nc").exists()


def started(folder, *more):
    asked = (folder / "na.toml", "--grid", "g_Na=80:160:12", "--grid", "I=10:30:10", "--out", folder / "x.nc")
    command = [sys.executable, "-m", "natrium", "sweep", *map(str, asked), "--solver", "event", *more]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
    )


def wait_for(folder, number, process):
    begin = time.monotonic()
    while len(list(folder.glob("x.nc.partial/runs-*"))) < number and process.poll() is None:
        assert time.monotonic() - begin < 60.0
        time.sleep(0.01)


@pytest.fixture
def sodium(tmp_path):
    path = tmp_path / "na.toml"
    model = notebook.lif_na()
    Model(neuron=model.neuron, stimulus=model.stimulus, simulation=Simulation(t_end=100.0)).save(path)
    return tmp_path


@pytest.mark.slow
def test_a_killed_sweep_finishes_what_is_missing_and_nothing_twice(sodium):
    kept = {}
    for number, ending in ((1, signal.SIGKILL), (3, signal.SIGINT), (5, signal.SIGKILL)):
        process = started(sodium)
        wait_for(sodium, number, process)
        os.kill(process.pid, ending)
        said = process.communicate(timeout=60.0)[1]
        found = {path.name: path.stat().st_mtime_ns for path in sodium.glob("x.nc.partial/runs-*")}
        assert kept.items() <= found.items()  # nothing was done again
        kept = found
        assert not (sodium / "x.nc").exists()
        if ending == signal.SIGINT:
            assert process.returncode == 130
            done = sum(int(name[18:30]) - int(name[5:17]) for name in found)
            assert f"natrium: interrupted; {done} of 120 runs are kept in" in said
            assert "Traceback" not in said
    process = started(sodium, "--json")
    said, complaints = process.communicate(timeout=120.0)
    assert (process.returncode, complaints) == (0, "")
    told = json.loads(said)
    before = sum(int(name[18:30]) - int(name[5:17]) for name in kept)
    assert (told["done_before"], told["done_now"]) == (before, 120 - before)
    model = natrium.load(sodium / "na.toml")
    with xarray.open_dataset(sodium / "x.nc") as data:
        for g in data["g_Na"].values[::5].tolist():
            for level in data["I"].values[::4].tolist():
                changed = natrium.with_parameters(model, {"g_Na": g, "I_0": level})
                assert data["count"].sel(g_Na=g, I=level).item() == natrium.run(changed).n_spikes
        starts = np.cumsum(data["spike_count"].values)
        assert starts[-1] == data.sizes["spike"]


@pytest.mark.slow
def test_processes_and_a_cluster_write_the_same(sodium):
    distributed = pytest.importorskip("distributed")
    asked = (sodium / "na.toml", "--grid", "g_Na=80,120", "--grid", "I=10:30:5", "--solver", "event")
    assert call(*asked, "--out", sodium / "one.nc").exit_code == 0
    assert call(*asked, "--out", sodium / "two.nc", "--workers", "2").exit_code == 0
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        address = cluster.scheduler_address
        result = call(*asked, "--out", sodium / "three.nc", "--scheduler", address)
        assert result.exit_code == 0, result.output
    files = [xarray.open_dataset(sodium / f"{name}.nc") for name in ("one", "two", "three")]
    for other in files[1:]:
        assert other.identical(files[0])
    for file in files:
        file.close()


def test_without_distributed_the_extra_is_named(lif, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = call(
        lif,
        "--grid",
        "I=1",
        "--out",
        tmp_path / "x.nc",
        "--solver",
        "event",
        "--scheduler",
        "tcp://127.0.0.1:1",
    )
    assert result.exit_code == 2
    assert 'pip install "natrium[distributed]"' in result.stderr
