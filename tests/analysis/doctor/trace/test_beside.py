"""Modules that a script brings along."""

import ast

import pytest

from natrium.analysis.doctor.trace import trace_script
from natrium.analysis.doctor.trace.beside import with_whole_names
from natrium.model import ModelError

CELL = """
from ..constants import tau
class Cell:
    def __init__(self):
        self.v = 0.0
    def step(self, drive, dt):
        self.v += dt * (drive - self.v) / tau
"""
RUN = """
{head}
cell = Cell()
for k in range(40):
    cell.step(1.5, 0.1)
"""


def package(folder, init):
    for name, text in {"constants": "tau = 10.0\n", "cells/lif": CELL}.items():
        file = folder / "lab" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if init:
            (file.parent / "__init__.py").write_text("")


@pytest.mark.parametrize("init", [True, False], ids=["package", "folder"])
@pytest.mark.parametrize(
    ("place", "head"),
    [
        ("run.py", "from lab.cells.lif import Cell"),
        ("run.py", "import lab.cells.lif\nCell = lab.cells.lif.Cell"),
        ("run.py", "from lab.cells import lif\nCell = lif.Cell"),
        ("scripts/run.py", "import sys\nsys.path.append('..')\nfrom lab.cells.lif import Cell"),
        (
            "scripts/run.py",
            "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parents[1]))\n"
            "from lab.cells.lif import Cell",
        ),
    ],
)
def test_modules_of_a_package_are_traced_with_the_script(tmp_path, init, place, head):
    package(tmp_path, init)
    script = tmp_path / place
    script.parent.mkdir(exist_ok=True)
    script.write_text(RUN.format(head=head))
    record = trace_script(script)
    assert record.fallback == ""
    assert len(record.states) == 1
    assert record.parameters["tau"].value == 10.0


def test_a_script_that_is_named_from_its_own_folder_knows_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "run.py").write_text(
        "from pathlib import Path\nv = 0.0\nfor k in range(40):\n    v = v + 0.1 * (1.5 - v)\n"
        "print(f'beside {Path(__file__).resolve().parent}')\n"
    )
    monkeypatch.chdir(tmp_path)
    assert trace_script("run.py").fallback == ""


def test_a_script_within_a_package_may_name_its_neighbours_by_dots(tmp_path):
    package(tmp_path, init=True)
    script = tmp_path / "lab" / "run.py"
    script.write_text(RUN.format(head="from .cells.lif import Cell"))
    assert trace_script(script).fallback == ""


def test_an_error_in_a_module_is_told_by_its_own_file_and_line(tmp_path):
    (tmp_path / "lab.py").write_text("a = 1\nb = a + nothing\n")
    script = tmp_path / "run.py"
    script.write_text("import lab\n")
    with pytest.raises(ModelError, match=r"NameError in lab\.py, line 2"):
        trace_script(script)


def test_what_is_neither_installed_nor_brought_along_is_missing_as_ever(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None\n"
        "v = 0.0\nfor k in range(40):\n    v = v + 0.1 * (1.5 - v)\n"
    )
    assert trace_script(script).fallback == ""


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("from . import rates", "from lab.cells import rates"),
        ("from .rates import am", "from lab.cells.rates import am"),
        ("from ..constants import tau", "from lab.constants import tau"),
        ("from numpy import exp", "from numpy import exp"),
    ],
)
def test_dots_count_from_the_modules_own_package(written, whole):
    assert ast.unparse(with_whole_names(ast.parse(written), ("lab", "cells"))) == whole
