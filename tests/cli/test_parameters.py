"""natrium parameters: every name with value, unit, bounds and meaning."""

import json

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app

MODEL = natrium.notebook.lif_na()


@pytest.fixture
def path(tmp_path):
    MODEL.save(tmp_path / "lif_na.toml")
    return tmp_path / "lif_na.toml"


def call(*arguments):
    return CliRunner().invoke(app, ["parameters", *map(str, arguments)])


def test_json_has_every_name_and_its_facts(path):
    said = json.loads(call(path, "--json").stdout)
    assert {name: row["value"] for name, row in said.items()} == natrium.parameters(
        MODEL.neuron, MODEL.stimulus
    )
    assert said["tau_m"] == {
        "value": 10.0, "unit": "ms", "low": 0.0, "low_excluded": True, "high": None,
        "meaning": "membrane time constant", "differentiable": True,
    }  # fmt: skip
    assert (said["g_Na"]["low"], said["g_Na"]["low_excluded"], said["g_Na"]["unit"]) == (0.0, False, "")
    assert all(row["meaning"] for row in said.values())


def test_words(path):
    said = call(path).stdout
    for word in ("tau_ref", "membrane time constant", "> 0", ">= 0", "I_0", "mV", "I is short for I_0"):
        assert word in said


@pytest.mark.parametrize(
    "stimulus", [[natrium.Constant(1.0)] * 2, natrium.Formula("sin(t)")], ids=["two", "none"]
)
def test_no_short_name_is_told_that_would_be_refused(stimulus, tmp_path):
    natrium.Model(neuron=natrium.Neuron(), stimulus=stimulus).save(tmp_path / "model.toml")
    assert "short for" not in call(tmp_path / "model.toml").stdout


def test_a_whole_number_and_a_bound_above(tmp_path):
    noise = natrium.Noise(mean=10.0, sigma=2.0, tau=5.0, step=0.5, seed=2**60 + 1)
    model = natrium.Model(neuron=natrium.Neuron(), stimulus=[noise, natrium.Sine(1.0, 5.0)])
    model.save(tmp_path / "noise.toml")
    said = json.loads(call(tmp_path / "noise.toml", "--json").stdout)
    assert said["seed_0"]["value"] == 2**60 + 1
    assert not said["seed_0"]["differentiable"]
    assert (said["frequency_1"]["low"], said["frequency_1"]["high"]) == (0.0, 1e15)
    assert "0 to 1e+15" in call(tmp_path / "noise.toml").stdout


def test_a_file_that_is_none(tmp_path):
    done = call(tmp_path / "none.toml")
    assert done.exit_code == 2
    assert "Traceback" not in done.output
