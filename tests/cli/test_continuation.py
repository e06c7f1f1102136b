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


def test_a_map_needs_two_ranges(model, tmp_path):
    asked = [
        "map",
        str(model),
        "--x",
        "I=5:40",
        "--y",
        "tau_m=5:10",
        "--rows",
        "2",
        "--out",
        str(tmp_path / "m"),
    ]
    done = CliRunner().invoke(app, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    assert {row["state"] for row in json.loads(done.stdout)["states"]} == {"rest", "firing"}
    assert (tmp_path / "m" / "map.png").exists()
    bad = CliRunner().invoke(
        app, ["map", str(model), "--x", "I=5:40", "--y", "tau_m", "--out", str(tmp_path)]
    )
    assert bad.exit_code == 2
    assert "NAME=LOW:HIGH" in bad.output
