"""The house: where things live, what is published, how it is built."""

import functools
import importlib
import inspect
import io
import json
import re
import subprocess
import sys
import tokenize
import tomllib
import types
import zipfile
from pathlib import Path

import pytest

from tests.sources import PACKAGE, ROOT, sources

BASE_DEPENDENCIES = {"attrs", "cattrs", "matplotlib", "numba", "numpy", "scipy", "sympy", "typer"}
MAX_LINES = 400

in_checkout = pytest.mark.skipif((ROOT / "PKG-INFO").is_file(), reason="an unpacked sdist holds no links")


def settings() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


MARKER = re.compile(
    r"#\s*noqa(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?(?![\w:])|#\s*type:\s*ignore(?:\[[^\]]*\])?",
    re.IGNORECASE,
)


def silent_ignores(path: str, text: str) -> list[str]:
    """List the lint and type ignores that give no reason (two words at least) in their line."""
    offences = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not MARKER.search(token.string):
            continue
        reason = MARKER.sub("", token.string)
        if len(re.findall(r"[^\W_]+", reason)) < 2:
            offences.append(f"{path}:{token.start[0]}: {token.string}")
    return offences


@in_checkout
@pytest.mark.parametrize("room", ["model", "solvers", "analysis"])
def test_link_resolves(room: str) -> None:
    link = ROOT / room
    assert link.is_symlink()
    assert link.readlink() == Path("natrium", room)
    assert link.resolve() == (PACKAGE / room).resolve()
    assert (link / "__init__.py").is_file()


def test_base_dependencies_are_the_eight() -> None:
    names = [re.match(r"[\w.-]+", line).group() for line in settings()["project"]["dependencies"]]
    assert len(names) == len(BASE_DEPENDENCIES)
    assert set(names) == BASE_DEPENDENCIES


def test_no_file_is_too_long() -> None:
    lengths = {path: len(text.splitlines()) for path, text in sources()}
    assert {path: n for path, n in lengths.items() if n > MAX_LINES} == {}


def test_warnings_are_errors(pytestconfig: pytest.Config) -> None:
    assert settings()["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert "error" in pytestconfig.getini("filterwarnings")


def test_every_ignore_gives_its_reason() -> None:
    assert [line for path, text in sources() for line in silent_ignores(path, text)] == []


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# noqa", True),
        ("# noqa: N803", True),
        ("# noqa: N803, E741", True),
        ("# type: ignore[misc]", True),
        ("# type: ignore[misc]  # noqa: N803", True),
        ("# noqa: N803 - the field's name", False),
        ("# type: ignore[misc]  # SymPy has no types", False),
        ("# type: ignore[misc]  # noqa: N803  # SymPy has no types", False),
        ("# an ordinary comment", False),
    ],
)
def test_silent_ignores_are_seen(comment: str, silent: bool) -> None:
    assert bool(silent_ignores("natrium/x.py", f"x = 1  {comment}\n")) is silent


def has_own_docstring(value: object) -> bool:
    if isinstance(value, type):
        own = vars(value).get("__doc__") or ""
        return bool(own.strip()) and not own.startswith(f"{value.__name__}(")  # a dataclass's own
    if isinstance(value, types.ModuleType) or callable(value):
        return bool((inspect.getdoc(value) or "").strip())
    return True  # plain data, such as a version or a table


def test_public_names_are_there_and_documented() -> None:
    natrium = importlib.import_module("natrium")
    assert natrium.__all__
    assert len(set(natrium.__all__)) == len(natrium.__all__)
    missing = [name for name in natrium.__all__ if not hasattr(natrium, name)]
    assert missing == []
    silent = [name for name in natrium.__all__ if not has_own_docstring(getattr(natrium, name))]
    assert silent == []


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_path_named_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:natrium|tests|docs|examples|benchmarks)/[\w./-]*)`", text))
    named |= set(re.findall(r"\]\(([\w./-]+)", text))
    assert named
    homes = (ROOT, ROOT / Path(page).parent)
    assert [path for path in named if not any((home / path).exists() for home in homes)] == []


def test_the_map_shows_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in PACKAGE.glob("*/*/__init__.py")]
    assert [room for room in rooms if f"{room}/" not in text] == []


def test_every_slow_test_is_there() -> None:
    from tests.conftest import DEAR, SCANS

    for name in (*(line.partition("  ")[0] for line in SCANS.split()), *DEAR):
        file, _, test = name.partition("[")[0].partition("::")
        if test:
            assert f"def {test.rpartition('::')[2]}(" in source_of(file), name


@functools.cache
def source_of(file: str) -> str:
    return (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_version_has_one_source() -> None:
    version = settings()["project"]["version"]
    assert importlib.import_module("natrium").__version__ == version
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert cited is not None
    assert cited.group(1) == version


HELP = """
import sys
sys.argv = ["natrium", "--help"]
from natrium.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
HEAVY = """
import json, sys
tops = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted(tops & {"matplotlib", "scipy", "sympy"})), file=sys.stderr)
"""


@pytest.mark.parametrize("code", ["import natrium.cli", HELP], ids=["import", "help"])
def test_command_line_starts_light(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code + "\n" + HEAVY],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1]) == []


AT_END = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 10_000))
"""


def test_command_line_ends_without_a_look_for_garbage() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_END + HELP],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "True"


ONE_FIGURE = """
import json, sys
import matplotlib
matplotlib.use("agg")
import natrium
natrium.simulate(natrium.Neuron(), natrium.Constant(20.0), t_end=20.0).plot()
loaded = [name for name in sys.modules if name.startswith(("natrium.figures.", "natrium.analysis", "natrium.reports"))]
print(json.dumps(sorted(loaded)))
"""


def test_a_plot_loads_its_own_figure_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_FIGURE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["natrium.figures.style", "natrium.figures.trajectory"]


REPLAY = """
import json, sys
import natrium
natrium.EventDriven, natrium.Compiled
assert natrium.run(natrium.notebook.lif_na()).n_spikes
print(json.dumps([name for name in sys.modules if name.startswith("scipy.") and name.count(".") == 1 and "_" not in name]))
"""


def test_a_replay_waits_for_nothing_of_scipy() -> None:
    """SciPy's rooms take longer to load than such a run: each is loaded when first used."""
    done = subprocess.run(
        [sys.executable, "-c", REPLAY], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["scipy.version"]


@pytest.mark.slow
def test_wheel_holds_natrium_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path]
    done = subprocess.run(
        [*command, ROOT], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    version = settings()["project"]["version"]
    wheel = tmp_path / f"natrium-{version}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"natrium", f"natrium-{version}.dist-info"}
    assert "natrium/py.typed" in names
    assert {path for path, _ in sources()} == {name for name in names if name.endswith(".py")}
