"""The command line: outputs, messages and exit codes as the contract says."""

import csv
import json
import runpy
import sys

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app, main

KEYS = [
    "spike_times",
    "n_spikes",
    "t_start",
    "t_end",
    "solver",
    "method",
    "final_state",
    "rhs_evaluations",
    "warnings",
]


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def second(tmp_path):
    path = tmp_path / "second.toml"
    natrium.notebook.lif_na().save(path)
    return path


def test_json_is_one_object_with_exactly_the_keys_of_the_contract(second):
    result = call("run", second, "--solver", "event", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    data = json.loads(result.stdout)
    assert list(data) == KEYS
    assert data["spike_times"] == pytest.approx([40.948476902, 65.587194137, 90.386461710], abs=1e-8)
    assert (data["n_spikes"], data["t_start"], data["t_end"]) == (3, 0.0, 100.0)
    assert (data["solver"], data["method"], data["warnings"]) == ("event", "auto", [])
    assert list(data["final_state"]) == ["V", "Na.m", "Na.h"]
    assert data["rhs_evaluations"] > 1000


def test_the_compiled_solver_gives_the_same_spikes_and_keys(second):
    result = call("run", second, "--solver", "compiled", "--rtol", 1e-10, "--json")
    assert result.exit_code == 0
    assert all("compiling" in line for line in result.stderr.splitlines())
    data = json.loads(result.stdout)
    assert list(data) == KEYS
    assert data["spike_times"] == pytest.approx([40.948476902, 65.587194137, 90.386461710], abs=1e-9)
    assert data["solver"] == "compiled"
    assert data["method"].startswith("Taylor series of order ")
    assert data["warnings"] == []


def test_the_file_s_own_solver_is_used_unless_told_otherwise(second):
    data = json.loads(call("run", second, "--json").stdout)
    assert (data["solver"], data["method"]) == ("script", "sequential-euler")
    assert data["spike_times"] == pytest.approx([40.7, 65.2, 89.9])


@pytest.mark.parametrize("method", ["DOP853", "RK45", "Radau", "Radau13"])
def test_options_override_the_file(second, method):
    result = call(
        "run",
        second,
        "--solver",
        "event",
        "--method",
        method,
        "--rtol",
        1e-7,
        "--atol",
        1e-7,
        "--t-end",
        41,
        "--json",
    )
    data = json.loads(result.stdout)
    assert data["method"] == method
    assert data["t_end"] == 41.0
    assert data["spike_times"] == pytest.approx([40.948476902], abs=1e-5)


def test_text_output_names_the_spikes(second):
    result = call("run", second, "--solver", "event")
    assert result.exit_code == 0
    assert "3 spikes from 0 to 100 ms (event, auto)" in result.stdout
    assert "40.948476902 ms" in result.stdout
    assert "Na.h =" in result.stdout


def test_warnings_go_to_standard_error(tmp_path):
    neuron = natrium.Neuron(v_thresh=-60.0)
    model = natrium.Model(
        neuron=neuron, stimulus=natrium.Constant(10.0), simulation=natrium.Simulation(t_end=400.0)
    )
    model.save(tmp_path / "graze.toml")
    result = call("run", tmp_path / "graze.toml")
    assert result.exit_code == 0
    assert "grazing" in result.stderr
    assert "grazing" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--solver", "magic"), "solver must be one of"),
        (("--method", "Euler"), "method must be one of"),
        (("--rtol", "-1"), "rtol must be"),
        (("--rtol", "nan"), "rtol must be finite"),
        (("--t-end", "-5"), "t_end must be after"),
        (("--dt", "0"), "dt must be positive"),
        (
            ("--dt", "0.1", "--solver", "event"),
            "--dt is not for solver 'event': leave it out, or give --solver script",
        ),
        (("--dt", "0.1", "--solver", "compiled"), "--dt is not for solver 'compiled'"),
        (("--method", "RK45", "--solver", "compiled"), "--method is not for solver 'compiled'"),
        (("--rtol", "1e-3", "--solver", "script", "--dt", "0.1"), "give --solver event or compiled"),
        (("--atol", "1e-3", "--solver", "closed-form"), "--atol is not for solver 'closed-form'"),
        (("--rtol", "much"), "--rtol"),
        (("--solver", "closed-form"), "use EventDriven"),
        (("--no-such-option",), "no-such-option"),
    ],
)
def test_bad_input_is_exit_code_2_with_a_plain_message(second, arguments, told):
    result = call("run", second, *arguments, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_missing_file_and_a_wrong_file_are_exit_code_2(tmp_path):
    assert call("run", tmp_path / "none.toml").exit_code == 2
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("natrium = 1\n[neuron]\ntau_m = -1\ntau_mm = 2\n")
    result = call("run", wrong)
    assert result.exit_code == 2
    assert "neuron.tau_m: tau_m must be positive, got -1.0 ms" in result.stderr
    assert "neuron.tau_mm: unknown key" in result.stderr


def test_a_run_without_end_asks_for_one(tmp_path):
    path = tmp_path / "endless.toml"
    path.write_text("natrium = 1\n[neuron]\n")
    assert "--t-end" in call("run", path).stderr
    assert call("run", path, "--t-end", 10).exit_code == 0


def test_a_run_that_fails_is_exit_code_1(tmp_path):
    path = tmp_path / "runaway.toml"
    path.write_text(
        "natrium = 1\n[neuron]\ntau_ref = 0\n[[stimuli]]\nkind = 'constant'\namplitude = 1e10\n"
        "[simulation]\nt_end = 1\n"
    )
    result = call("run", path, "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "spikes" in result.stderr


def test_channels_lists_the_whole_catalogue_with_sources():
    data = json.loads(call("channels", "--json").stdout)
    assert set(data) == set(natrium.CHANNELS)
    assert all(entry["source"] and entry["gates"] for entry in data.values())
    text = call("channels").stdout
    for name in natrium.CHANNELS:
        assert name in text


def test_reproduce_as_json_prints_the_results_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(natrium.notebook, "SCRIPTS", {"lif": natrium.notebook.lif})
    result = call("reproduce", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert set(data["scripts"]) == set(data["dynamics"]) == {"lif"}
    assert (tmp_path / "out" / "report.html").is_file()


def test_compare_writes_figures_tables_and_report(tmp_path, monkeypatch):
    monkeypatch.setattr("natrium.analysis.accuracy.work_precision.RTOLS", (1e-6, 1e-8))
    monkeypatch.setattr("natrium.analysis.accuracy.work_precision.WORK_STEPS", (0.2, 0.1))
    monkeypatch.setattr("natrium.analysis.accuracy.compare.STEPS", (0.4, 0.3, 0.2, 0.1))
    model = natrium.Model(neuron=natrium.Neuron(), stimulus=natrium.Constant(20.0))
    model.save(tmp_path / "lif.toml")
    out = tmp_path / "out"
    result = call("compare", tmp_path / "lif.toml", "--t-end", 40, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data == json.loads((out / "results.json").read_text())
    assert (data["dt_ms"], data["interrupted"]) == (0.1, False)
    figures = {"comparison", "budget", "convergence", "work", "spikes"}
    assert {path.stem for path in out.glob("*.svg")} == figures == {path.stem for path in out.glob("*.png")}
    tables = {path.stem for path in out.glob("*.csv")}
    assert tables == {"spikes", "budget", "convergence", "work_precision"}
    report = (out / "report.html").read_text()
    assert report.count("data:image/svg+xml") == len(figures)
    assert "Observed orders" in report


def test_compare_interrupted_keeps_what_is_done(tmp_path, monkeypatch, undrawn):
    undrawn(monkeypatch)

    def interrupted(truth, *others):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("natrium.analysis.accuracy.compare.STEPS", (0.4, 0.3))
    monkeypatch.setattr("natrium.analysis.accuracy.compare.work_precision", interrupted)
    model = natrium.Model(
        neuron=natrium.Neuron(), stimulus=natrium.Constant(20.0), simulation=natrium.Simulation(t_end=40.0)
    )
    model.save(tmp_path / "lif.toml")
    out = tmp_path / "out"
    result = call("compare", tmp_path / "lif.toml", "--out", out)
    assert result.exit_code == 130
    assert "Interrupted" in result.output
    assert (out / "convergence.svg").exists()
    assert json.loads((out / "results.json").read_text())["interrupted"] is True


def test_interrupted_before_anything_is_done_writes_nothing(tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("natrium.solvers.run", interrupted)
    natrium.notebook.lif().save(tmp_path / "lif.toml")
    result = call("run", tmp_path / "lif.toml")
    assert result.exit_code == 130
    assert "interrupted" in result.output


def test_version_and_help():
    assert call("--version").stdout.strip() == f"natrium {natrium.__version__}"
    shown = call("--help")
    assert shown.exit_code == 0
    verbs = (
        "run",
        "reproduce",
        "channels",
        "compare",
        "doctor",
        "phase-plane",
        "excitability",
        "cycle",
        "fit",
    )
    for verb in verbs:
        assert verb in shown.stdout
    assert call().exit_code == 2


def test_main_and_module_run_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["natrium", "--version"])
    for start in (main, lambda: runpy.run_module("natrium", run_name="__main__")):
        with pytest.raises(SystemExit) as stopped:
            start()
        assert stopped.value.code == 0
        assert "natrium" in capsys.readouterr().out


def test_run_into_a_folder_writes_figure_trace_spikes_and_the_run(tmp_path):
    model = natrium.notebook.lif_na()
    model.save(tmp_path / "second.toml")
    out = tmp_path / "out"
    result = call("run", tmp_path / "second.toml", "--out", out)
    assert result.exit_code == 0, result.output
    files = {path.name for path in out.iterdir()}
    assert files == {
        "run.png",
        "run.svg",
        "trace.csv",
        "spikes.csv",
        "results.json",
        "manifest.json",
        "run.nc",
    }
    told = result.output.partition("written: ")[2].partition("(")[2].partition(")")[0]
    assert set(told.split(", ")) == files
    again = natrium.load_run(out / "run.nc")
    assert again.n_spikes == 3
    with (out / "trace.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["time_ms", "V_mV", "Na.m", "Na.h"]
    assert float(rows[-1]["V_mV"]) == again.final_state["V"]
    fitted = call(
        "fit", tmp_path / "second.toml", out / "spikes.csv", "-p", "g_Na", "--out", tmp_path / "fit"
    )
    assert fitted.exit_code == 0, fitted.output
