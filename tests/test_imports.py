"""The house: who may import whom, and what runs no code."""

import ast
import functools
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import PACKAGE, ROOT, module_name, nodes_of, sources

# The layers, lowest first: each imports itself and those below. What is in none of them stands above all.
LAYERS = (
    "natrium.faces",
    "natrium.model",
    "natrium.solvers",
    "natrium.analysis",
    "natrium.imports",
    "natrium.figures",
    "natrium.reports",
    "natrium.explore",
    "natrium.export",
    "natrium.cli",
)

DRAWING = {"matplotlib", "mpl_toolkits", "pylab"}
# Each runs code from text.
BUILTIN_RUNNERS = {"eval", "exec", "compile", "__import__"}
SYMPY_RUNNERS = {"sympify", "parse_expr"}


MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in PACKAGE.rglob("*.py")
}


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def layer_of(path: str) -> str | None:
    return next((layer for layer in LAYERS if is_within(module_name(path), layer)), None)


def imports_of(text: str) -> Iterator[tuple[str, int]]:
    """Give what a file imports, wherever in it (deferred, for types only), with its line.

    What is taken from natrium itself or is a module is named whole: ``from natrium import model`` is
    natrium.model. A relative import is ``"."``.
    """
    for node in nodes_of(text):
        match node:
            case ast.Import(names=aliases):
                yield from ((alias.name, node.lineno) for alias in aliases)
            case ast.ImportFrom(level=0, module=str(module), names=aliases):
                inner = [f"{module}.{alias.name}" for alias in aliases]
                if module == "natrium":
                    yield from ((name, node.lineno) for name in inner)
                    continue
                modules = [name for name in inner if name in MODULES]
                yield from ((name, node.lineno) for name in modules)
                if len(modules) < len(inner):
                    yield module, node.lineno
            case ast.ImportFrom():
                yield ".", node.lineno


def import_offences(path: str, text: str) -> list[str]:
    """List what breaks the one way: every layer imports itself and those below."""
    layer = layer_of(path)
    below = LAYERS[: LAYERS.index(layer) + 1] if layer else (*LAYERS, "natrium")
    offences = []
    for target, line in imports_of(text):
        top = target.split(".")[0]
        if target == ".":
            offences.append(f"{path}:{line}: imports must be absolute")
        elif top == "natrium" and not any(is_within(target, one) for one in below):
            if (layer, target) != ("natrium.cli", "natrium.__version__"):
                offences.append(f"{path}:{line}: {layer} must not import {target}")
        elif top in DRAWING and layer != "natrium.figures":
            offences.append(f"{path}:{line}: only natrium.figures may import {target}")
        elif top in {"model", "solvers", "analysis"}:
            offences.append(f"{path}:{line}: import natrium.{target}, not the link")
    return offences


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """List the circles of a graph: sets of nodes that all lead to each other."""

    def reached(start: str) -> set[str]:
        seen, ahead = set[str](), [start]
        while ahead:
            ahead += [node for node in arrows.get(ahead.pop(), ()) if node not in seen and not seen.add(node)]
        return seen

    far = {node: reached(node) for node in arrows}
    found = {
        tuple(sorted(other for other in far[node] if node in far.get(other, ())))
        for node in arrows
        if node in far[node]
    }
    return sorted(map(list, found))


@functools.cache
def arrows_between_files() -> dict[str, set[str]]:
    found = {}
    for path, text in sources():
        name = module_name(path)
        found[name] = {target for target, _ in imports_of(text) if target in MODULES and target != name}
    return found


def test_no_imports_go_in_a_circle() -> None:
    """Not even deferred ones, or for types only."""
    assert circles(arrows_between_files()) == []


HOUSES = sorted(
    {module_name(file.parent.parent.relative_to(ROOT).as_posix()) for file in PACKAGE.rglob("__init__.py")}
)


@pytest.mark.parametrize("house", [one for one in HOUSES if one.startswith("natrium.")])
def test_no_rooms_import_each_other_in_a_circle(house: str) -> None:
    """Of what lies in a folder, its own folders."""

    def room(name: str) -> str | None:
        part = name.removeprefix(house + ".").split(".")[0]
        inside = is_within(name, house) and (ROOT.joinpath(*house.split("."), part)).is_dir()
        return part if inside else None

    arrows: dict[str, set[str]] = {}
    for name, targets in arrows_between_files().items():
        if here := room(name):
            arrows.setdefault(here, set()).update(
                there for one in targets if (there := room(one)) and there != here
            )
    assert circles(arrows) == []


def test_circles_are_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == [["b", "c"]]
    assert circles({"a": {"b"}, "b": {"a"}, "c": {"c"}}) == [["a", "b"], ["c"]]


def test_faces_are_plain_and_rooms_within_have_none() -> None:
    for path, text in sources():
        assert "__all__" not in text or path == "natrium/faces.py", path
        body = ast.parse(text).body
        if path.endswith("/__init__.py") and path.count("/") > 2 and "/doctor/" not in path:
            assert len(body) == 1, f"{path} holds more than a docstring"


FACES = ("natrium", "natrium.analysis", "natrium.figures", "natrium.reports")


@pytest.mark.parametrize("package", FACES)
def test_what_a_face_loads_later_is_what_it_says(package: str) -> None:
    """Each name from its file, under the name that it has there."""
    face = importlib.import_module(package)
    body = ast.parse(inspect.getsource(face)).body
    (for_types,) = (node.body for node in body if isinstance(node, ast.If))
    said = [(node.module, name.name, name.asname) for node in for_types for name in node.names]
    for file, name, known in said:
        assert name == known
        assert getattr(face, name) is getattr(importlib.import_module(file), name)
    names = {name for _, name, _ in said}
    assert names <= set(dir(face))
    assert names <= set(face.__all__)
    folder = Path(inspect.getfile(face)).parent
    assert names.isdisjoint(path.stem for path in folder.iterdir()), "Python would give the file or folder"


def test_a_verb_loads_no_analysis_but_its_own() -> None:
    code = "import sys, natrium.reports.excitability; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "natrium.analysis.excitability.verdict" in loaded
    others = ("doctor", "forcing", "noise", "accuracy", "papers")
    assert not {f"natrium.analysis.{room}" for room in others} & loaded
    assert "natrium.reports.reproduce" not in loaded


@pytest.mark.parametrize("package", FACES)
def test_a_face_tells_its_names(package: str) -> None:
    face = importlib.import_module(package)
    public = {name for name in dir(face) if not name.startswith("_")}
    assert {"f_i_curve", "equilibria"} <= public if package == "natrium.analysis" else public
    with pytest.raises(AttributeError, match=f"{package}.*'nothing'"):
        _ = face.nothing


def names_used(text: str) -> Iterator[tuple[str, int]]:
    """Give every name read, imported or reached as an attribute, with its line."""
    for node in nodes_of(text):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name, node.lineno
            case ast.ImportFrom(names=aliases):
                yield from ((alias.name, node.lineno) for alias in aliases)


def running_offences(path: str, text: str) -> list[str]:
    offences = [f"{path}:{line}: {name}" for name, line in names_used(text) if name in SYMPY_RUNNERS]
    for node in nodes_of(text):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in BUILTIN_RUNNERS:
                offences.append(f"{path}:{node.lineno}: {name}")
            case ast.Attribute(value=ast.Name(id="builtins"), attr=name) if name in BUILTIN_RUNNERS:
                offences.append(f"{path}:{node.lineno}: builtins.{name}")
            case ast.ImportFrom(module="builtins"):
                offences.append(f"{path}:{node.lineno}: names taken from builtins")
    return offences


def test_import_rule_holds() -> None:
    assert [line for path, text in sources() for line in import_offences(path, text)] == []


PLOT = "class Trajectory:\n    def plot(self):\n        {}\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("natrium/model/gate.py", "import natrium"),
        ("natrium/model/gate.py", "from natrium import simulate"),
        ("natrium/model/gate.py", "from natrium import solvers"),
        ("natrium/model/gate.py", "from natrium.solvers import simulate"),
        ("natrium/model/gate.py", "def f():\n    import natrium.cli"),
        ("natrium/model/gate.py", "from ..solvers import simulate"),
        ("natrium/model/gate.py", "from . import channel"),
        ("natrium/model/gate.py", "if TYPE_CHECKING:\n    from natrium.solvers import Trajectory"),
        ("natrium/model/__init__.py", "import natrium.analysis"),
        ("natrium/solvers/script.py", "import natrium.analysis.fi"),
        ("natrium/solvers/script.py", PLOT.format("import natrium.figures")),
        ("natrium/solvers/trajectory.py", "import natrium.figures"),
        ("natrium/solvers/trajectory.py", "if TYPE_CHECKING:\n    import natrium.figures"),
        ("natrium/solvers/trajectory.py", PLOT.format("import natrium.cli")),
        ("natrium/solvers/trajectory.py", PLOT.format("import matplotlib.pyplot")),
        ("natrium/solvers/trajectory.py", "def plot():\n    import natrium.figures"),
        ("natrium/analysis/fi.py", "import natrium.figures"),
        ("natrium/analysis/fi.py", "from matplotlib.axes import Axes"),
        ("natrium/analysis/fi.py", "if TYPE_CHECKING:\n    import matplotlib"),
        ("natrium/figures/__init__.py", "import natrium.reports"),
        ("natrium/reports/x.py", "import matplotlib"),
        ("natrium/reports/x.py", "import natrium.cli"),
        ("natrium/solvers/trajectory.py", PLOT.format("from natrium import figures")),
        ("natrium/cli/__init__.py", "import matplotlib"),
        ("natrium/cli/__init__.py", "from model import Neuron"),
    ],
)
def test_import_rule_refuses(path: str, text: str) -> None:
    assert len(import_offences(path, text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("natrium/model/gate.py", "import sympy\nfrom natrium.model.errors import ModelError"),
        ("natrium/solvers/script.py", "from natrium.model import Neuron"),
        ("natrium/analysis/fi.py", "from natrium.solvers.event import EventDriven"),
        ("natrium/figures/traces.py", "import matplotlib\nimport natrium.analysis"),
        ("natrium/reports/x.py", "import natrium.figures\nimport natrium.model"),
        ("natrium/cli/__init__.py", "import natrium.reports\nfrom natrium import __version__"),
        ("natrium/modelling.py", "import natrium.cli"),
    ],
)
def test_import_rule_allows(path: str, text: str) -> None:
    assert import_offences(path, text) == []


def test_rooms_import_nothing_by_text() -> None:
    """A module named in a string would slip past the import rule."""
    assert [
        f"{path}:{line}"
        for path, text in sources()
        if layer_of(path) is not None and path != "natrium/faces.py"  # names a room's own files alone
        for name, line in names_used(text)
        if name == "import_module"
    ] == []


def test_lambdify_lives_in_one_file() -> None:
    users = {path for path, text in sources() for name, _ in names_used(text) if name == "lambdify"}
    assert users == {"natrium/model/kernel.py"}


def test_nothing_runs_code_from_text() -> None:
    assert [line for path, text in sources() for line in running_offences(path, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "exec(text)",
        "compile(text, '', 'eval')",
        "builtins.eval(text)",
        "from builtins import eval as safe",
        "sympy.sympify(text)",
        "from sympy import sympify as build",
        "parse_expr(text)",
    ],
)
def test_running_code_is_seen(text: str) -> None:
    assert running_offences("natrium/x.py", text)


def test_harmless_neighbours_pass() -> None:
    text = "ast.literal_eval(x)\nre.compile(x)\ndef eval(cls, x): ...\nexpr.evalf()"
    assert running_offences("natrium/x.py", text) == []
