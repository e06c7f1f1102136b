"""The command line with models in absolute units: conversions shown, inputs with units taken, results in them."""

import csv
import json

import pytest
from typer.testing import CliRunner

from natrium.cli import app

LIF = """
natrium = 1
[neuron]
C = "281 pF"
g_L = "30 nS"
v_rest = "-70.6 mV"
v_thresh = "-50.4 mV"
tau_ref = "2 ms"
[[stimuli]]
kind = "step"
amplitude = "800 pA"
start = "20 ms"
[simulation]
t_end = "0.1 s"
"""


@pytest.fixture
def lif(tmp_path):
    (tmp_path / "lif.toml").write_text(LIF, encoding="utf-8")
    return tmp_path / "lif.toml"


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_run_shows_the_conversion(lif):
    said = call("run", lif).stdout
    assert "units: C/g_L = 281 pF / 30 nS = 9.3667 ms" in said
    data = json.loads(call("run", lif, "--json").stdout)
    assert data["units"][0] == "C/g_L = 281 pF / 30 nS = 9.3667 ms"
    lif.write_text('natrium = 1\n[neuron]\ntau_m = "0.02 s"\n[simulation]\nt_end = "0.01 s"')
    assert "units" not in call("run", lif).stdout
    assert "units" not in json.loads(call("run", lif, "--json").stdout)


def test_excitability_in_pA(lif, tmp_path):
    out = tmp_path / "out"
    done = call("excitability", lif, "--inputs", "500 pA:1 nA:3", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["rheobase"]["value_mV"] == pytest.approx(20.2)
    assert data["rheobase"]["value_pA"] == pytest.approx(606.0)
    assert data["pulse"]["rheobase_pA"] == pytest.approx(606.0)
    with (out / "f_i.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["input_pA"]) for row in rows] == pytest.approx([500.0, 750.0, 1000.0])
    assert [float(row["input_mV"]) for row in rows] == pytest.approx([50 / 3, 25.0, 100 / 3])
    page = (out / "report.html").read_text()
    assert "606.000000000 pA" in page
    assert "281 pF / 30 nS = 9.3667 ms" in page


@pytest.mark.parametrize("given", ["800 pA", "0.8 nA", "26.666666666666668", None])
def test_an_input_with_a_unit(lif, tmp_path, given):
    option = ["--input", given] if given else []
    data = json.loads(call("cycle", lif, *option, "--out", tmp_path / "out", "--json").stdout)
    assert (data["I_mV"], data["I_pA"]) == (80 / 3, pytest.approx(800.0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cycle", "--input", "8 nS"), "--input must be a current"),
        (("cycle", "--input", "much"), "--input must be a number, got 'much'"),
        (("excitability", "--inputs", "1 pA:2 nS:3"), "--inputs must be a current"),
        (("excitability", "--inputs", "1 pA"), "values must be LOW:HIGH:COUNT"),
    ],
)
def test_what_is_no_input_is_bad_input(lif, tmp_path, arguments, said):
    verb, *options = arguments
    done = call(verb, lif, *options, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert said in done.stderr


def test_parameters_tell_the_current_too(lif):
    assert "amplitude (800 pA)" in call("parameters", lif).stdout
    row = json.loads(call("parameters", lif, "--json").stdout)["I_0"]
    assert (row["value"], row["unit"], row["value_pA"]) == (80 / 3, "mV", pytest.approx(800.0))
    lif.write_text('natrium = 1\ninput_unit = "pA"\n[equations]\nV = "I - V"\n[initial]\nV = 0\n'
                   '[[stimuli]]\nkind = "constant"\namplitude = 3')  # fmt: skip
    assert json.loads(call("parameters", lif, "--json").stdout)["I_0"]["unit"] == "pA"


def test_a_unit_that_does_not_fit_is_a_plain_message(lif):
    lif.write_text(LIF.replace('"30 nS"', '"30 pA"'))
    done = call("run", lif)
    assert done.exit_code == 2
    assert "g_L must be a conductance (nS, uS or mS/cm^2), got '30 pA'" in done.stderr
    assert "Traceback" not in done.stderr
