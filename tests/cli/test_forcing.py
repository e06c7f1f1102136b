"""``natrium forcing``: what it writes, and what it refuses."""

import json

import pytest
from typer.testing import CliRunner

from natrium.cli import app
from natrium.model.files.new import template


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(template("lif"))
    return path


def test_it_writes_figures_tables_and_results(model, tmp_path):
    out = tmp_path / "out"
    asked = ["--sine", "3:16", "--along", "period=14:18", "--points", "5", "--highest", "1"]
    done = CliRunner().invoke(
        app, ["forcing", str(model), *asked, "--amplitudes", "2:3:2", "--out", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["rotation"]["value"] == result["locked"]["rotation_number"] == 1.0
    (plateau,) = result["staircase"]["plateaus"]
    assert 14.0 <= plateau["low_period_ms"] < 16.0 < plateau["high_period_ms"] <= 18.0
    assert {row["amplitude_mV"] for row in result["tongues"]["rows"]} == {2.0, 3.0}
    names = {path.name for path in out.iterdir()}
    assert names >= {"staircase.png", "tongues.png", "plateaus.csv", "tongues.csv", "report.html"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "say its period"),
        (["--input", "20"], "--sine"),
        (["--sine", "3"], "AMPLITUDE:PERIOD"),
        (["--sine", "3:0"], "AMPLITUDE:PERIOD"),
        (["--sine", "3:16", "--along", "period=9:1"], "from low to high"),
        (["--sine", "3:16", "--along", "g_Xyz=0:1"], "g_Xyz"),
        (["--sine", "3:16", "--along", "period=-4:10"], "positive"),
        (["--sine", "3:16", "--points", "1"], "points"),
        (["--sine", "3:16", "--amplitudes", "3:1:2", "--points", "2", "--highest", "1"], "increase"),
    ],
)
def test_what_cannot_be_followed_is_refused(model, tmp_path, asked, message):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["forcing", str(model), *asked, "--out", str(out)])
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert not list(out.glob("*"))
