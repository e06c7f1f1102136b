"""A script's text, and its runs: in a scratch folder, with nothing drawn, asked or written elsewhere."""

from __future__ import annotations

import ast
import contextlib
import importlib.abc
import importlib.util
import io
import json
import os
import random
import shutil
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.trace.beside import Beside, with_whole_names
from natrium.analysis.doctor.trace.folds import with_loops
from natrium.analysis.doctor.trace.forms import Enough
from natrium.analysis.doctor.trace.rewrite import Rewriter
from natrium.analysis.doctor.trace.shared import Shared
from natrium.analysis.doctor.trace.standins import Outputs
from natrium.analysis.doctor.trace.syntax import HOOK, copy_of
from natrium.model import ModelError

# Files beside the script that it may want to read are copied up to so many bytes all told.
_COPIED = 20_000_000
# Lines of files beside the script count from here on, so that they are nobody else's.
BESIDE = 1_000_000
_DRIVER = 900 * BESIDE
_MODULE = "natrium_traced_script"
USAGE = 2  # with which a script ends that is given no arguments and needs some
SIMULATORS = (
    "brian",
    "brian2",
    "nest",
    "neuron",
    "pyNN",
    "ANNarchy",
    "arbor",
    "brainpy",
    "nengo",
    "snntorch",
)


@attrs.frozen(eq=False)
class Script:
    """A script as it is to be run.

    Attributes
    ----------
    path : Path
    text : str
        Of a notebook: its code cells, one after the other, magics emptied.
    main : bool
        Whether what stands under ``if __name__ == "__main__"`` is run.
    driver : str
        What is run after it, written by natrium.
    tree : ast.Module or None
        What of the text is run, where that is not all of it.
    given : mapping
        What is there before it runs.
    entry : int
        Which run of its loop is recorded, from 1 on; 0: the first of those that show most.
    kept : mapping of int to tuple of int
        Of some loops the turns that are made, from 0 on; of others all are.
    runs : int
        How often the stepping loop is run in a turn of these.
    """

    path: Path
    text: str
    main: bool = True
    driver: str = ""
    tree: ast.Module | None = None
    given: Mapping[str, Any] = attrs.field(factory=dict)
    entry: int = 0
    kept: Mapping[int, tuple[int, ...]] = attrs.field(factory=dict)
    runs: int = 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The script's lines."""
        return tuple(self.text.splitlines())


def load_script(path: str | os.PathLike[str]) -> Script:
    """Read a script or a notebook.

    Raises
    ------
    ModelError
        When there is none, or it is no Python.
    """
    file = Path(path)
    if not file.is_file():
        raise ModelError(f"a script must exist, got {str(file)!r}; give path/script.py or a notebook")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"a script must be text, got {type(error).__name__} from {file.name!r}") from None
    if file.suffix == ".ipynb":
        text = notebook_text(text, file.name)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise ModelError(
            f"a script must be Python, got {error.__class__.__name__} in {file.name}"
            + (f", line {line}" if line else "") + f": {getattr(error, 'msg', error)}; mend it first"
        ) from None  # fmt: skip
    return Script(file, text)


def notebook_text(text: str, name: str) -> str:
    """Join a notebook's code cells: line after line, what is no Python emptied.

    Raises
    ------
    ModelError
        When it is no notebook.
    """
    try:
        cells = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise ModelError(f"a notebook must be JSON with cells, got {name!r}; save it anew") from None
    lines: list[str] = []
    for source in sources:
        cell = (source if isinstance(source, str) else "".join(source)).splitlines()
        magic = next((line for line in cell if line.strip()), "").lstrip()
        kept = not magic.startswith("%%") or magic.split()[0] in ("%%time", "%%timeit", "%%capture")
        lines += [_without_magic(line) if kept else "" for line in cell]
    return "\n".join(lines) + "\n"


def _without_magic(line: str) -> str:
    bare = line.lstrip()
    if bare.startswith(("%", "!", "?")) or bare.rstrip().endswith("?"):
        return line[: len(line) - len(bare)] + ("pass" if line[:1].isspace() else "")
    return line


class _Loader(importlib.abc.InspectLoader):
    """Loads rewritten source as the import system loads any."""

    def __init__(self, tree: ast.Module, filename: str) -> None:
        self.tree, self.filename = tree, filename

    def get_source(self, fullname: str) -> str:
        """Give the rewritten text."""
        return ast.unparse(self.tree)

    def get_code(self, fullname: str) -> types.CodeType:
        """Give the code of the rewritten tree."""
        return self.source_to_code(self.tree, self.filename)


class Run:
    """One run of a script.

    Parameters
    ----------
    script : Script
    tracing : bool
    compiled : bool
        Whether what Numba compiles is left to it.
    """

    def __init__(self, script: Script, tracing: bool, compiled: bool = False) -> None:
        self.script, self.tracing, self.compiled = script, tracing, compiled
        self.filename = f"<traced {script.path.name}>"
        self.outputs = Outputs()
        self.error: BaseException | None = None
        self.namespace: dict[str, Any] = {}
        self.loops: dict[int, int] = {}
        self._siblings: dict[str, Any] = {}
        self._files: list[str] = []  # of the modules beside it
        self._loaded: set[str] = set()  # names of modules
        self._constants: dict[str, dict[str, tuple[float, int]]] = {}
        self._beside = Beside(script.path)

    def rewritten(
        self, tree: ast.Module, main: bool, filename: str, driver: str = "", beside: int = 0
    ) -> ast.Module:
        """Rewrite a tree; the driver's lines count as none, those of files beside the script from afar."""
        ast.increment_lineno(tree, BESIDE * beside)
        extra = ast.parse(driver)
        ast.increment_lineno(extra, _DRIVER)
        tree.body += extra.body
        tree = with_loops(tree, _DRIVER)
        rewriter = Rewriter(tree, self.tracing, self._beside.names, main, self.compiled, beside)
        tree.body = rewriter.block(tree.body)
        ast.fix_missing_locations(tree)
        self._constants[filename] = rewriter.constants
        if filename == self.filename:
            self.loops = rewriter.loops
        return tree

    def sibling(self, name: str) -> Any:
        """Load a module that the script brings along, after the packages that it is in; None: it is none."""
        file = self._beside.find(name)
        if file is None:
            return None
        outer, _, own = name.rpartition(".")
        parent = self.sibling(outer) if outer else None
        if name in self._siblings:
            return self._siblings[name]
        module = self._siblings[name] = types.ModuleType(f"{_MODULE}_{name.replace('.', '_')}")
        if file.is_file():
            tree = ast.parse(file.read_text(encoding="utf-8-sig"))
            inside = name if file.name == "__init__.py" else outer
            tree = with_whole_names(tree, tuple(filter(None, inside.split("."))))
            self._files.append(file.name)
            tree = self.rewritten(tree, False, str(file), beside=len(self._files))
            self._load(module, tree, self.filename, str(file))
        if parent is not None:
            setattr(parent, own, module)
        return module

    def _load(self, module: types.ModuleType, tree: ast.Module, filename: str, name: str) -> None:
        loader = _Loader(tree, filename)
        module.__spec__ = importlib.util.spec_from_loader(module.__name__, loader)
        module.__dict__[HOOK] = self._hook
        for constant, (value, line) in self._constants[name].items():
            module.__dict__[constant] = self._hook.given(value, line)
        module.__dict__["__file__"] = str(self._beside.file) if name == self.filename else name
        sys.modules[module.__name__] = module
        self._loaded.add(module.__name__)
        loader.exec_module(module)

    def go(
        self, make_hook: Callable[[Path], Any], given: dict[str, Any] | None = None,
        scratch: Path | None = None,
    ) -> None:  # fmt: skip
        """Run the script to its end, or to the error that ends it; in a scratch folder of its own, or one."""
        script = self.script
        tree = copy_of(script.tree) if script.tree is not None else ast.parse(script.text)
        tree = with_whole_names(tree, self._beside.package)
        tree = self.rewritten(tree, script.main, self.filename, script.driver)
        self.run(tree, make_hook, given, scratch)

    def shared(self) -> Shared | None:
        """Give what rewrites texts that are made of the script's; None where its own loops are put in."""
        tree = self.script.tree if self.script.tree is not None else ast.parse(self.script.text)
        put_in = len(with_loops(copy_of(tree), _DRIVER).body) > len(tree.body)
        if self.tracing or self.script.driver or put_in:
            return None
        return Shared(tree, self._beside.names, self.script.main)

    def run(
        self, tree: ast.Module, make_hook: Callable[[Path], Any], given: dict[str, Any] | None = None,
        scratch: Path | None = None,
    ) -> None:  # fmt: skip
        """Run a rewritten text as `go` runs the script's."""
        self._constants.setdefault(self.filename, {})
        module = types.ModuleType(_MODULE)
        module.__dict__.update(given or {})
        with aside(self._beside.folder) if scratch is None else contextlib.nullcontext(scratch) as folder:
            self._hook = make_hook(folder)
            module.__dict__["display"] = self._hook.print_
            module.__dict__["get_ipython"] = lambda: None
            try:
                self._load(module, tree, self.filename, self.filename)
            except (SystemExit, Enough) as end:
                if getattr(end, "code", None) == USAGE:
                    self.error = end
            except (Exception, KeyboardInterrupt) as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                self.error = error
            finally:
                for name in self._loaded:
                    sys.modules.pop(name, None)
        self.namespace = dict(vars(module))

    @property
    def ended_at(self) -> int:
        """The line in which an error ended the run; 0 where none did."""
        line = (getattr(self.error, "lineno", None) or 0) if isinstance(self.error, SyntaxError) else 0
        trace = self.error.__traceback__ if self.error is not None else None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.filename:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line

    def said(self) -> str:
        """Say which error ended the run, and where."""
        if self.error is None:
            return ""
        line = self.ended_at
        text = str(self.error).splitlines()[0][:120] if str(self.error) else ""
        beside, line = divmod(line, BESIDE)
        name = self._files[beside - 1] if 0 < beside <= len(self._files) else self.script.path.name
        place = f" in {name}" + (f", line {line}" if line else "")
        return f"{type(self.error).__name__}{place}" + (f": {text}" if text else "")

    def remedy(self) -> str:
        """Say what to do about the error that ended the run."""
        if isinstance(self.error, ImportError) and (self.error.name or "").split(".")[0] in SIMULATORS:
            return (
                "there the simulator steps, not the script: `natrium new` begins a model file, "
                "`natrium import` reads .mod, NeuroML and .ode files"
            )
        words = "".join(self.script.lines)
        if isinstance(self.error, (IndexError, SystemExit)) and ("argv" in words or "argparse" in words):
            return "it is run without arguments: give them defaults"
        if isinstance(self.error, FileNotFoundError):
            return "it is run in a copy of its folder: put there the data that it reads"
        return "mend it or give another"


@contextlib.contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """Work in a scratch folder, silent, with random numbers from the start, and put all back."""
    here = Path.cwd()
    states = np.random.get_state(), random.getstate()  # noqa: NPY002 - the script's generator is put back
    output, errors, arguments, path = sys.stdout, sys.stderr, sys.argv, list(sys.path)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        scratch = Path(name)
        _copy_data(folder, scratch)
        np.random.seed(0)  # noqa: NPY002 - the script's own generator
        random.seed(0)
        os.chdir(scratch)
        sys.stdout, sys.stderr, sys.argv = io.StringIO(), io.StringIO(), [str(folder / "script.py")]
        try:
            yield scratch
        finally:
            sys.stdout, sys.stderr, sys.argv, sys.path[:] = output, errors, arguments, path
            os.chdir(here)
            np.random.set_state(states[0])  # noqa: NPY002 - the script's generator is put back
            random.setstate(states[1])


def _copy_data(folder: Path, scratch: Path) -> None:
    """Copy what the script may read, within bounds."""
    left = _COPIED
    for one in sorted(folder.iterdir())[:500]:
        if one.is_file() and one.suffix not in (".py", ".ipynb", ".pyc") and not one.name.startswith("."):
            left -= one.stat().st_size
            if left < 0:
                return
            shutil.copy(one, scratch / one.name)
