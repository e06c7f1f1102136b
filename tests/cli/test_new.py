"""natrium new, and every verb on files of equations."""

import json
import re

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.model.files.new import template, template_names
from natrium.model.files.schema import schema


def call(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert "Traceback" not in done.output
    return done


def test_the_list_names_all():
    done = call("new")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(template_names())


def test_a_file_is_written_once(tmp_path):
    path = tmp_path / "mine.toml"
    assert call("new", "adex", "--out", path).exit_code == 0
    text = f"#:schema natrium-1.schema.json\n{template('adex')}"
    assert path.read_text(encoding="utf-8") == text == call("new", "adex").stdout
    assert json.loads((tmp_path / "natrium-1.schema.json").read_text(encoding="utf-8")) == schema()
    again = call("new", "lif", "--out", path)
    assert (again.exit_code, path.read_text(encoding="utf-8")) == (2, text)
    assert "must not replace another" in again.output
    assert "did you mean 'adex'" in call("new", "adx").output or "adex" in call("new", "adx").output


@pytest.mark.parametrize(
    ("arguments", "file", "kind"),
    [
        (["cell", "--from", "hh"], "cell.toml", "hodgkin-huxley"),
        (["cell.toml", "--from", "lif_na2"], "cell.toml", "lif-na2"),
        (["cell.toml"], "cell.toml", "lif-na"),
        (["--from", "LIF_NA", "--out", "other.toml"], "other.toml", "lif-na"),
    ],
)
def test_a_name_and_a_kind(tmp_path, monkeypatch, arguments, file, kind):
    monkeypatch.chdir(tmp_path)
    assert call("new", *arguments).exit_code == 0
    assert {one.name for one in tmp_path.iterdir()} == {file, "natrium-1.schema.json"}
    assert natrium.load(file) == natrium.loads(template(kind))
    assert call("new", "--from", kind).stdout == (tmp_path / file).read_text(encoding="utf-8")


def test_the_schema_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "natrium-1.schema.json").write_text("{}", encoding="utf-8")
    assert call("new", tmp_path / "a.toml").exit_code == 0
    assert (tmp_path / "natrium-1.schema.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cell", "--from", "hx"], "got 'hx'"),
        (["cell", "--from", "lif", "--out", "a.toml"], "one file is written, got cell and a.toml"),
        (["no/cell", "--from", "lif"], "cannot write no/cell.toml"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_written(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    done = call("new", *arguments)
    assert (done.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert said in done.output


@pytest.fixture
def path(tmp_path):
    """An adaptive exponential cell, a short run."""
    text = re.sub(r"t_end = \S+", "t_end = 120.0", template("adex"))
    (tmp_path / "adex.toml").write_text(text, encoding="utf-8")
    return tmp_path / "adex.toml"


def test_run_by_every_solver(path):
    said = {
        solver: json.loads(call("run", path, "--json", "--solver", solver).stdout)
        for solver in ("event", "compiled", "script")
    }
    assert said["event"]["n_spikes"] == 3
    assert said["compiled"]["spike_times"] == pytest.approx(said["event"]["spike_times"], abs=1e-6)
    assert said["script"]["spike_times"] == pytest.approx(said["event"]["spike_times"], abs=2.0)
    refused = call("run", path, "--solver", "closed-form")
    assert (refused.exit_code, "use EventDriven" in refused.output) == (2, True)


def test_parameters(path):
    said = json.loads(call("parameters", path, "--json").stdout)
    assert {"C", "Delta_T", "b", "v_thresh", "tau_ref", "v_init", "I_0"} <= set(said)


def test_cycle(path, tmp_path):
    done = call("cycle", path, "--json", "--out", tmp_path / "cycle")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["stable"] is True


def test_fit_finds_a_parameter_again(path, tmp_path):
    model = natrium.load(path)
    spikes = natrium.run(natrium.with_parameters(model, {"b": 70.0})).spike_times
    (tmp_path / "spikes.csv").write_text(
        "spike_ms\n" + "\n".join(map(repr, spikes.tolist())), encoding="utf-8"
    )
    done = call("fit", path, tmp_path / "spikes.csv", "-p", "b", "--out", tmp_path / "fit", "--json")
    assert done.exit_code == 0
    assert natrium.load(tmp_path / "fit" / "fitted.toml").neuron.numbers()["b"].value == pytest.approx(
        70.0, abs=1e-3
    )


@pytest.mark.parametrize("verb", ["compare", "doctor"])
@pytest.mark.slow
def test_reports(verb, path, tmp_path):
    done = call(verb, path, "--out", tmp_path / verb)
    assert done.exit_code == 0
    assert (tmp_path / verb / "report.html").exists()


def test_a_script_is_held_against_equations(path, tmp_path):
    """A class without the model's second equation: it is said which one is missing."""
    (tmp_path / "script.py").write_text(
        "class Cell:\n    v = -70.0\n    def update(self, dt, current):\n"
        "        self.v += dt * (-70.0 - self.v + current) / 10.0\n"
        "        if self.v > -50.0:\n            self.v = -70.0\n",
        encoding="utf-8",
    )
    done = call("doctor", path, "--script", f"{tmp_path / 'script.py'}:Cell", "--out", tmp_path, "--json")
    assert done.exit_code == 0
    assert "gate-missing" in {one["key"] for one in json.loads(done.stdout)["findings"]}
