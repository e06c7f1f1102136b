"""The verbs about one neuron: phase-plane, excitability, cycle, fit."""

import json

import attrs
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.reports import read_spikes


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path):
    natrium.notebook.lif_na().save(tmp_path / "second.toml")
    lif = natrium.Model(
        neuron=natrium.Neuron(), stimulus=natrium.Constant(20.0), simulation=natrium.Simulation(t_end=60.0)
    )
    lif.save(tmp_path / "lif.toml")
    return tmp_path


def result_of(out, *arguments):
    result = call(*arguments, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data == json.loads((out / "results.json").read_text())
    return data


def test_phase_plane(files):
    data = result_of(files / "out", "phase-plane", files / "second.toml", "--input", 3)
    assert [point["type"] for point in data["equilibria"]] == ["stable node", "saddle", "stable focus"]
    assert data["I_mV"] == 3.0
    assert (files / "out" / "phase_plane.svg").exists()
    assert "data:image/svg+xml" in (files / "out" / "report.html").read_text()


def test_phase_plane_takes_the_largest_input_of_the_file(files):
    data = result_of(files / "out", "phase-plane", files / "second.toml")
    assert (data["I_mV"], data["x"]) == (10.0, "Na.h")


def test_excitability_of_the_lif(files):
    data = result_of(files / "out", "excitability", files / "lif.toml", "--inputs", "14:30:5")
    assert data["rheobase"]["value_mV"] == 15.0
    assert 0.0 < data["rheobase"]["error_mV"] < 1e-12
    assert data["rheobase"]["cause"] == "threshold"
    assert {"rheobase_error_mV", "chronaxie_error_ms"} < data["pulse"].keys()
    assert "amplitude_error_mV" in data["strength_duration"][0]
    assert [row["input_mV"] for row in data["f_i"]] == [14.0, 18.0, 22.0, 26.0, 30.0]
    assert data["f_i"][0]["rate_Hz"] == 0.0 < data["f_i"][1]["rate_Hz"]
    assert {path.stem for path in (files / "out").glob("*.svg")} == {
        "equilibria",
        "f_i",
        "strength_duration",
    }


def test_cycle_of_the_second_script_s_model(files):
    data = result_of(files / "out", "cycle", files / "second.toml")
    assert data["period_ms"] == pytest.approx(24.812443759, abs=1e-8)
    assert abs(complex(*data["multipliers"][0])) == pytest.approx(0.074491, abs=1e-6)
    assert data["stable"] is True


def test_cycle_against_a_parameter(files):
    vary = ("--vary", "v_reset=-72:-65:3")
    data = result_of(files / "out", "cycle", files / "lif.toml", *vary)
    assert data["bifurcation"]["values"] == [-72.0, -68.5, -65.0]
    assert data["bifurcation"]["periods"] == [1, 1, 1]
    assert (files / "out" / "bifurcation.svg").exists()


def test_a_membrane_without_threshold_has_a_smooth_cycle(files):
    """Hodgkin and Huxley's axon at 10 uA/cm2: 14.638 ms, and one multiplier is 1."""
    leak = 0.3
    channels = [
        attrs.evolve(natrium.CHANNELS[name], g=g / leak)
        for name, g in (("hh_sodium", 120.0), ("hh_potassium", 36.0))
    ]
    neuron = natrium.Neuron(tau_m=1.0 / leak, v_rest=-54.402, v_thresh=None, channels=channels)
    natrium.Model(neuron=neuron, stimulus=natrium.Constant(10.0 / leak)).save(files / "axon.toml")
    data = result_of(files / "out", "cycle", files / "axon.toml")
    twice = result_of(files / "twice", "cycle", files / "axon.toml", "--period", 2)
    assert twice["period_ms"] == pytest.approx(2.0 * data["period_ms"], abs=1e-6)
    assert [one["interval_ms"] for one in twice["states"]] == pytest.approx([data["period_ms"]] * 2, abs=1e-6)
    assert twice["spikes_per_cycle"] == 2
    assert data["period_ms"] == pytest.approx(14.638325, abs=0.01)
    assert abs(complex(*data["multipliers"][0])) == pytest.approx(1.0, abs=1e-6)


def test_a_silent_neuron_has_no_cycle(files):
    result = call("cycle", files / "lif.toml", "--input", 10, "--out", files / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("natrium: ")
    assert not (files / "out" / "results.json").exists()


def test_fit_finds_the_parameters_that_made_the_spikes(files):
    made = natrium.notebook.lif_na()
    truth = natrium.with_parameters(made, {"g_Na": 110.0})
    spikes = natrium.run(truth, natrium.EventDriven(rtol=1e-11)).spike_times
    (files / "spikes.csv").write_text("spike_ms\n" + "".join(f"{time!r}\n" for time in spikes.tolist()))
    data = result_of(files / "out", "fit", files / "second.toml", files / "spikes.csv", "-p", "g_Na=80:160")
    assert data["parameters"][0]["value"] == pytest.approx(110.0, rel=1e-6)
    fitted = natrium.load(files / "out" / "fitted.toml")
    assert fitted.neuron.channels[0].g == pytest.approx(110.0, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("excitability", "lif.toml", "--inputs", "1:2"), "LOW:HIGH:COUNT"),
        (("excitability", "lif.toml", "--inputs", "nan:2:3"), "finite"),
        (("excitability", "lif.toml", "--inputs", "1:2:99999999"), "COUNT"),
        (("cycle", "lif.toml", "--vary", "v_reset"), "LOW:HIGH:COUNT"),
        (("cycle", "lif.toml", "--vary", "colour=1:2:3"), "colour"),
        (("cycle", "lif.toml", "--period", "0"), "period"),
        (("phase-plane", "lif.toml"), "gate"),
        (("phase-plane", "second.toml", "--x", "Na.q"), "Na.q"),
        (("phase-plane", "second.toml", "--reduction", "none"), "reduction"),
        (("phase-plane", "missing.toml"), "missing.toml"),
        (("fit", "second.toml", "missing.csv", "-p", "g_Na"), "missing.csv"),
        (("fit", "second.toml", "words.csv", "-p", "g_Na"), "must be a number"),
        (("fit", "second.toml", "good.csv", "-p", "colour"), "colour"),
        (("fit", "second.toml", "good.csv", "-p", "g_Na=1:x"), "LOW:HIGH"),
    ],
)
def test_bad_input_is_a_plain_message(files, arguments, told, monkeypatch):
    (files / "words.csv").write_text("spike_ms\n1.0\ntwo\n")
    (files / "good.csv").write_text("40.9\n65.6\n")
    monkeypatch.chdir(files)
    result = call(*arguments, "--out", files / "out")
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert not (files / "out" / "results.json").exists()


def test_fit_reads_the_spikes_that_natrium_writes(files, tmp_path):
    """A table of labels and true times: the true ones, or the column that is named."""
    table = "spike,script_label_ms,true_hold_ms\n1,40.7,40.948477\n2,65.2,65.587194\n3,,90.386462\n"
    (tmp_path / "spikes.csv").write_text(table)
    assert read_spikes(tmp_path / "spikes.csv") == [40.948477, 65.587194, 90.386462]
    assert read_spikes(tmp_path / "spikes.csv", "script_label_ms") == [40.7, 65.2]
    (tmp_path / "trace.csv").write_text("V_mV,m\n1,2\n")
    with pytest.raises(natrium.ModelError, match="got V_mV, m: name it with --column"):
        read_spikes(tmp_path / "trace.csv")
    (tmp_path / "plain.csv").write_text("40.9\n65.6\n")
    with pytest.raises(natrium.ModelError, match="leave --column out"):
        read_spikes(tmp_path / "plain.csv", "spike_ms")


def test_a_fit_that_does_not_converge_exits_1_and_says_what_to_do(files, monkeypatch, undrawn):
    undrawn(monkeypatch)
    (files / "few.csv").write_text("41.0\n66.0\n91.0\n")
    result = call(
        "fit",
        files / "second.toml",
        files / "few.csv",
        "-p",
        "g_Na",
        "-p",
        "tau_m",
        "--max-evaluations",
        "1",
        "--out",
        files / "out",
    )
    assert result.exit_code == 1
    assert "Not converged" in result.stdout
    assert "allow more runs" in result.stdout
    assert "did not converge" in result.stderr
    assert json.loads((files / "out" / "results.json").read_text())["converged"] is False
