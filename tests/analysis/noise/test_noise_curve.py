"""Rate and CV against the mean, beside runs; drawn, and by the command line."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app
from natrium.figures import plot_noise_curve
from natrium.model import ModelError
from natrium.model.files.new import template

LIF = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
NOISE = natrium.Noise(0.0, intensity=10.0, tau=0.0, step=0.5, seed=7)


@pytest.fixture(scope="module")
def curve():
    return natrium.noise_curve(LIF, NOISE, [12.0, 18.0], runs=20, t_end=1000.0)


def test_it_has_the_equation_and_the_runs_of_each_mean(curve):
    exact = [natrium.white_noise_firing(LIF, one.noise).rate for one in curve.found]
    np.testing.assert_allclose(curve.column("rate"), exact, rtol=1e-9)
    for one, runs in zip(curve.found, curve.statistics, strict=True):
        assert abs(runs.rate.value - one.sampled_rate) < 0.1 * one.sampled_rate
    rows = curve.table()
    assert [row["mean_mV"] for row in rows] == [12.0, 18.0]
    assert rows[0]["runs_rate_Hz_low"] < rows[0]["runs_rate_Hz"] < rows[0]["runs_rate_Hz_high"]
    assert str(curve.data()["within"]) in curve.sentences()[1]


def test_it_is_drawn_with_its_runs(curve):
    figure = plot_noise_curve(curve, title="LIF")
    rate, cv = figure.axes
    np.testing.assert_array_equal(rate.get_lines()[0].get_ydata(), curve.column("rate"))
    np.testing.assert_array_equal(cv.get_lines()[0].get_ydata(), curve.column("cv"))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["Fokker-Planck", "held for 0.5 ms", "runs"]


def test_wrong_numbers_are_refused():
    with pytest.raises(ModelError, match="runs"):
        natrium.noise_curve(LIF, NOISE, [12.0], runs=1)
    with pytest.raises(ModelError, match="mean"):
        natrium.noise_curve(LIF, NOISE, [])


def test_the_verb_writes_figure_table_and_results(tmp_path):
    path, out = tmp_path / "cell.toml", tmp_path / "out"
    path.write_text(template("exponential"))
    asked = ["noise", str(path), "--means", "4:8:2", "--intensity", "4", "--out", str(out), "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert [row["mean_mV"] for row in json.loads(done.stdout)["rows"]] == [4.0, 8.0]
    assert {one.name for one in out.iterdir()} >= {"noise.png", "noise.csv", "report.html", "results.json"}
    for wrong, message in (
        (["--means", "4:8", "--intensity", "4"], "LOW:HIGH:COUNT"),
        (["--means", "4:8:2"], "--intensity"),
        (["--means", "4:8:2", "--intensity", "-1"], "intensity"),
        (["--means", "4:8:2", "--intensity", "4", "--runs", "1"], "runs"),
    ):
        done = CliRunner().invoke(app, ["noise", str(path), *wrong, "--out", str(tmp_path / "no")])
        assert done.exit_code == 2, done.output
        assert message in done.output


def test_runs_are_as_long_as_the_model_s_own_scale_of_time_asks():
    found = []
    for ms in (1.0, 1e-3):
        cell = natrium.HybridNeuron(
            equations={"V": "(v_rest - V + I)/tau"},
            parameters={"v_rest": -70.0 * ms, "tau": 10.0 * ms},
            initial={"V": -70.0 * ms},
            v_thresh=-55.0 * ms,
            reset={"V": "v_rest"},
        )
        noise = natrium.Noise(0.0, intensity=10.0 * ms**1.5, tau=0.0, step=0.5 * ms, seed=3)
        found.append(natrium.noise_curve(cell, noise, [14.0 * ms], runs=4).statistics[0].rate.value)
    assert found[1] == pytest.approx(1e3 * found[0], rel=1e-6)
