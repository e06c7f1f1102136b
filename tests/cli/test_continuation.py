"""``natrium continue``: what it writes, and what it refuses."""

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


def test_it_writes_figure_tables_and_results(model, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["continue", str(model), "--along", "I=5:40", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert [one["kind"] for one in result["special"]].count("threshold") >= 1
    names = {path.name for path in out.iterdir()}
    assert names >= {"bifurcations.png", "cycles_0.csv", "special.csv", "results.json", "report.html"}


@pytest.mark.parametrize(
    ("along", "message"),
    [
        ("I", "NAME=LOW:HIGH"),
        ("I=1:2:3", "NAME=LOW:HIGH"),
        ("I=a:b", "NAME=LOW:HIGH"),
        ("I=9:1", "from low to high"),
        ("g_Xyz=0:1", "g_Xyz"),
    ],
)
def test_what_is_no_range_is_refused(model, tmp_path, along, message):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["continue", str(model), "--along", along, "--out", str(out)])
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output
