"""What the documentation shows is so: docstring examples, README, the example scripts."""

import doctest
import importlib
import pkgutil
import re
import runpy
import sys
import tomllib
from pathlib import Path

import pytest

import natrium
from natrium import figures
from natrium.model.files.new import template

ROOT = Path(__file__).parents[1]
MODULES = ["natrium"] + [
    module.name
    for module in pkgutil.walk_packages(natrium.__path__, "natrium.")
    if module.name != "natrium.__main__"
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name, monkeypatch):
    # The debugger that doctest makes for each docstring looks whether any file has changed.
    monkeypatch.setattr("linecache.checkcache", lambda filename=None: None)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(encoding="utf-8"), re.DOTALL)


def shown(code, after):
    """Give the numbers that a comment of the code shows."""
    return [float(number) for number in re.search(rf"{after} +# \w+\(\[?(.*?)\]?\)", code)[1].split(",")]


def test_the_readme_s_python_runs_and_gives_the_numbers_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks("README.md", "python"))
    scope = {}
    exec(compile(code, "README.md", "exec"), scope)  # noqa: S102 - our own README
    run = scope["trajectory"]
    assert run.spike_times == pytest.approx(shown(code, "spike_times"), abs=1e-7)
    assert run.spike_time_errors == pytest.approx(shown(code, "spike_time_errors"), rel=0.05)
    value, uncertainty = (
        float(number)
        for number in re.search(r"order +# Order\(value=(.*?), uncertainty=(.*?),", code).groups()
    )
    order = natrium.convergence(scope["rk4"], scope["truth"]).order
    assert order.value == pytest.approx(value, abs=0.005)
    assert order.uncertainty == pytest.approx(uncertainty, abs=0.005)
    assert scope["potassium"].gates[0].name == "n"
    (period,) = re.search(r"limit_cycle\(adex, 1000.0\).period  # (\S+) ms", code).groups()
    assert natrium.limit_cycle(scope["adex"], 1000.0).period == pytest.approx(float(period), abs=2e-9)


def test_the_readme_s_model_file_is_valid():
    (text,) = blocks("README.md", "toml")
    assert tomllib.loads(text)["natrium"] == 1
    model = natrium.loads(text)
    assert natrium.run(model).spike_times == pytest.approx([40.948477, 65.587194, 90.386462], abs=1e-5)


def test_the_defaults_of_a_model_file_are_those_that_its_page_tells():
    page = (ROOT / "docs/model-file.md").read_text(encoding="utf-8")
    model = natrium.loads("natrium = 1\n[neuron]\n")
    for name, value in re.findall(r"`(\w+)`(?: [>≥] 0)? \((?:default )?(-?[\d.e-]+)\)", page):
        holder = model.neuron if hasattr(model.neuron, name) else model.simulation
        if hasattr(holder, name):
            assert getattr(holder, name) == float(value), name
    assert "`tau_m` > 0 (default 10)" in page
    assert (model.neuron.refractory, model.simulation.solver, model.simulation.method) == (
        "hold",
        "event",
        "auto",
    )


def test_the_page_s_file_of_equations_is_the_template_but_for_comments():
    (text,) = blocks("docs/model-file.md", "toml")
    assert natrium.loads(text).neuron == natrium.loads(template("adex")).neuron


def test_the_page_of_units_has_a_file_that_is_read():
    (text,) = blocks("docs/units.md", "toml")
    assert natrium.loads(text).neuron.conversions()[0] == "C/g_L = 1 uF/cm^2 / 0.3 mS/cm^2 = 3.3333 ms"


def test_each_figure_is_in_the_gallery():
    shown = "\n".join(path.read_text() for path in (ROOT / "docs/gallery").glob("plot_*.py"))
    listed = [name for name in dir(figures) if name.startswith("plot_")]
    assert len(listed) > 20
    assert [name for name in listed if f"import {name}\n" not in shown] == []


PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_a_page_s_python_runs(page):
    code = "\n".join(blocks(page, "python"))
    exec(compile(code, page, "exec"), {"__name__": page})  # noqa: S102 - our own page


SAID = {
    "accuracy_comparison.py": "90.3864617",
    "phase_plane.py": "24.812443759",
    "reproduce_notebook.py": "90.386462",
    "xor_in_spike_times.py": "output spikes (ms): 22.000 18.000 18.000 22.000",
}
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.skipif(not EXAMPLES, reason="an unpacked source archive may hold no examples")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [path.name, str(tmp_path / "out")])
    runpy.run_path(str(path), run_name="__main__")
    assert SAID[path.name] in capsys.readouterr().out
    drawn = list((tmp_path / "out").glob("*.png"))
    assert drawn
    assert all(figure.stat().st_size > 10_000 for figure in drawn)
    assert len(path.read_text().splitlines()) < 90  # a page
