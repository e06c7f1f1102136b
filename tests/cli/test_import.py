"""natrium import: files of other simulators on the command line."""

import importlib.util
import json

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.imports.nmodl import source
from tests.imports.nmodl.cases import CASES

needs_neuron = pytest.mark.skipif(
    importlib.util.find_spec("neuron") is None, reason="needs NEURON's parser: pip install natrium[neuron]"
)


def call(*arguments):
    done = CliRunner().invoke(app, ["import", *map(str, arguments)])
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.fixture
def mod(tmp_path):
    path = tmp_path / "small.mod"
    path.write_text(CASES["branches"].text, encoding="utf-8")
    return path


@needs_neuron
def test_a_channel_is_written_once_and_read_again(mod, tmp_path):
    before = mod.read_bytes()
    out = tmp_path / "small.toml"
    done = call(mod, "-o", out)
    assert done.exit_code == 0
    assert f"{out}: natrium run {out}" in done.stdout
    assert "E = 50 mV, gates m" in done.stdout
    assert "a threshold at -55 mV, and a step of input\n" in done.stdout
    model = natrium.load(out)
    assert model.neuron.channels[0].name == "small"
    assert out.read_text(encoding="utf-8").startswith("# small.mod, NMODL: a small channel\n")
    assert (call(mod, "-o", out).exit_code, mod.read_bytes()) == (2, before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.mod", "small.toml"]
    assert natrium.loads(call(mod).stdout) == model
    data = json.loads(call(mod, "--json").stdout)
    assert natrium.from_dict(data["model"]) == model
    assert any("NEURON's own" in line for line in data["assumed"])


@needs_neuron
def test_a_refusal_is_one_line(mod):
    mod.write_text(mod.read_text(encoding="utf-8").replace("RANGE gbar", "POINTER p"), encoding="utf-8")
    done = call(mod)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("natrium: small.mod: POINTER: a POINTER reads another mechanism")


def test_without_the_parser_the_extra_is_named(mod, monkeypatch):
    monkeypatch.setattr(source, "_ask", lambda texts: ([{"missing": True}], False))
    done = call(mod)
    assert done.exit_code == 2
    assert 'pip install "natrium[neuron]"' in done.stderr


def test_a_parser_that_dies_is_told(mod, monkeypatch):
    monkeypatch.setattr(source, "_ask", lambda texts: ([], False))
    assert "NEURON's parser died of it" in call(mod).stderr
    monkeypatch.setattr(source, "_ask", lambda texts: ([], True))
    assert "took more than" in call(mod).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "got neither"),
        (["no.mod", "--check", "."], "got both"),
        (["no.mod"], "cannot read no.mod"),
        (["."], "must be a plain file, got ."),
        (["--check", "nowhere"], "1 to 5000 .mod files, got 0"),
        (["--check", ".", "--celsius", "3"], "takes no other option"),
    ],
)
def test_bad_input(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_other_endings_and_long_files(tmp_path):
    (tmp_path / "x.txt").write_text("x", encoding="utf-8")
    assert "must end in" in call(tmp_path / "x.txt").stderr
    (tmp_path / "x.mod").write_bytes(b" " * 200_001)
    assert "at most 200000 bytes" in call(tmp_path / "x.mod").stderr
