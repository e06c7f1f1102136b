"""The tests, for `mutants.py`: runs of them in forks, bounded or traced, and what each of them executes."""

from __future__ import annotations

import ast
import contextlib
import faulthandler
import functools
import gc
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("model", "solvers")
TESTS = [f"tests/{room}" for room in ROOMS]
# What writes native code or is compiled: no line of it is traced, and its caches are not to be emptied.
NATIVE = tuple(
    f"natrium/solvers/{part}" for part in ("compiled/", "event_driven/stride", "inputs", "machine", "store")
)
# A test takes as long as this many traced runs of it and so many seconds of the processor, or it runs without
# end, which is noticed. Native code is compiled anew.
SLOWER, MARGIN, NATIVE_MARGIN = 3.0, 10.0, 25.0
EFFORT = 90.0  # s of traced tests, after which a mutant counts as not noticed
SILENT = 60.0  # s by the clock, beyond ten times that: what waits for ever takes no time of the processor


# -- runs of tests


class Run:
    """A plugin of pytest that orders tests, and bounds or traces each.

    Parameters
    ----------
    order : dict of str to float, optional
        Names of the tests to run, and what each costs, s; without it all are run.
    whole : str, optional
        A file of which all tests are run, those in `order` first.
    margin : float, optional
        Time of the processor that each test may take beyond some multiple of its cost, s.
    trace : Coverage, optional
    """

    def __init__(
        self,
        order: dict[str, float] | None = None,
        whole: str = "",
        margin: float = 0.0,
        trace: coverage.Coverage | None = None,
    ) -> None:
        self.order, self.whole, self.margin, self.trace = order, whole, margin, trace
        self.costs: dict[str, float] = {}
        self.names: list[str] = []
        self.failed = ""
        self._kept: tuple[int, list[Any]] = (0, [])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.order is not None:
            place = {name: k for k, name in enumerate(self.order)}
            chosen = [one for one in items if one.nodeid in place or one.nodeid.startswith(f"{self.whole}::")]
            items[:] = sorted(chosen, key=lambda one: place.get(one.nodeid, len(place)))
        self.names = [one.nodeid for one in items]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begin = time.process_time()
        if self.trace:
            self._forget()
        else:
            cost = SLOWER * (self.order or {}).get(item.nodeid, 0.0) + self.margin
            resource.setrlimit(resource.RLIMIT_CPU, (int(begin + cost) + 1, resource.RLIM_INFINITY))
            faulthandler.dump_traceback_later(SILENT + 10.0 * cost, exit=True)
        value = yield
        self.costs[item.nodeid] = time.process_time() - begin
        return value

    def _forget(self) -> None:
        """Empty the caches of natrium, whose first user alone would execute what fills them."""
        loaded = len(sys.modules)
        if loaded != self._kept[0]:
            # Asking what kind a weak proxy is would ask what it stands for, which may be gone.
            caches = (one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper)
            names = [(one, str(one.__module__).replace(".", "/") + "/") for one in caches]
            # Native code is gone with its cache, but some of it is known by its address.
            ours = [one for one, name in names if name.startswith("natrium/") and not name.startswith(NATIVE)]
            self._kept = loaded, ours
        for one in self._kept[1]:
            one.cache_clear()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        # What fixtures do is done for all tests of the file.
        self._switch(nodeid.partition("::")[0])

    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self._switch(item.nodeid)

    def _switch(self, context: str) -> None:
        if self.trace:
            self.trace.switch_context(context)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid


def in_fork(task: Callable[[], Any], folder: Path, cache: Path) -> Any:
    """Do a task in a fork, in a copy of the checkout, and give its answer; ``"time"`` if it has no end."""
    answer = folder / ".answer"
    answer.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.chdir(folder)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            output = os.open(folder / ".output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(output, stream)
            os.environ |= {"PYTHONPATH": str(folder), "NATRIUM_CACHE_DIR": str(cache)}
            sys.path.insert(0, str(folder))
            answer.write_text(json.dumps(task()))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # what the tests have left
    if os.WIFSIGNALED(status):
        return "time" if os.WTERMSIG(status) == signal.SIGXCPU else f"signal {os.WTERMSIG(status)}"
    if os.WEXITSTATUS(status):
        return "time"
    return json.loads(answer.read_text()) if answer.exists() else "end"


def run_pytest(files: list[str], run: Run) -> int:
    """Run tests in this process, and give pytest's exit code."""
    # hypothesis is there before pytest could look into it; and it is not to find by luck.
    options = (
        "-q --tb=line -p no:cacheprovider --hypothesis-seed=0 -W ignore::pytest.PytestAssertRewriteWarning"
    )
    return int(pytest.main([*options.split(), *([] if run.trace else ["-x"]), *files], plugins=[run]))


# -- what the tests execute


def collect(folder: Path, cache: Path, kept: Path) -> bool:
    """Run the tests of the rooms without mutant, traced, and keep what each executes and costs."""

    def traced() -> bool:
        trace = coverage.Coverage(data_file=str(kept / "lines"), config_file=False, source=["natrium"])
        trace.erase()
        run = Run(trace=trace)
        trace.start()
        code = run_pytest(TESTS, run)
        trace.stop()
        trace.save()
        (kept / "costs.json").write_text(json.dumps(run.costs))
        return code == 0

    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    passed = in_fork(traced, folder, cache) is True
    shutil.copy(folder / ".output", kept / "output")
    if passed:
        (kept / "commit").write_text(commit)
    return passed


def names() -> list[str]:
    """List the tests."""
    run = Run()
    sys.dont_write_bytecode = False  # forks load what is written here
    run_pytest(["--collect-only", *TESTS], run)
    return run.names


class Covered:
    """Which tests execute a line of a copy of the checkout; of what is new among `tests` all might."""

    def __init__(self, kept: Path, root: Path, tests: list[str]) -> None:
        self.root = root
        self.costs: dict[str, float] = json.loads((kept / "costs.json").read_text())
        self.new = set(tests) - self.costs.keys()
        self.costs |= dict.fromkeys(self.new, 0.0)
        self.data = coverage.CoverageData(str(kept / "lines"))
        self.data.read()
        files = self.data.measured_files()
        self.paths = {path[path.rindex("/natrium/") + 1 :]: path for path in files}
        since = ["git", "diff", "--name-only", (kept / "commit").read_text()]
        self.changed = set(subprocess.check_output(since, cwd=ROOT, text=True).splitlines())
        self.of = functools.cache(self._of)
        native = [self.of(one).values() for one in self.paths if one.startswith(NATIVE)]
        self.native = {context for lines in native for contexts in lines for context in contexts}

    def _of(self, file: str) -> dict[int, list[str]]:
        return self.data.contexts_by_lineno(self.paths[file]) if file in self.paths else {}

    def order(self, file: str, line: int) -> dict[str, float]:
        """Give the tests that a changed line can matter to, the first to run first, with their costs.

        What stands in no function is executed on import: it matters to whatever executes the file, as does
        what has changed since the tests were traced. Of what is compiled nothing is seen, and it is kept: it
        matters to whatever has it run.
        """
        lines = self.of(file)
        span, inner = _statement((self.root / file).read_text(), line)
        first = {context for k in span for context in lines.get(k, ())} | self.new
        rest = (
            set()
            if inner and file not in self.changed
            else {context for contexts in lines.values() for context in contexts}
        )
        if file.startswith(NATIVE):
            rest |= self.native
        everywhere = first | rest
        chosen = [name for name in self.costs if {name, name.partition("::")[0]} & everywhere]
        near = Path("tests", *Path(file).parts[1:-1])
        per_file: Counter[str] = Counter()
        for name in chosen:
            per_file[name.partition("::")[0]] += self.costs[name]

        def rank(name: str) -> tuple[Any, ...]:
            test = name.partition("::")[0]
            distance = len(Path(os.path.relpath(Path(test).parent, near)).parts)
            here = test != mirror(file), distance, per_file[test], test, self.costs[name]
            return name not in first, *here

        ranked, spent = dict[str, float](), 0.0
        for name in sorted(chosen, key=rank):
            spent += self.costs[name]
            if spent < EFFORT or name.startswith(f"{mirror(file)}::"):
                ranked[name] = self.costs[name]
        return ranked


def _statement(code: str, line: int) -> tuple[range, bool]:
    """Give the lines of the statement at a line, without its body; and whether it is in a function."""
    found, inner = range(line, line + 1), False
    for node in ast.walk(ast.parse(code)):  # from the outermost on
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            if not body:
                found = range(node.lineno, (node.end_lineno or 0) + 1)
            elif line < body[0].lineno:
                found = range(node.lineno, body[0].lineno)
            else:
                inner |= isinstance(node, ast.FunctionDef)
    return found, inner


def mirror(file: str) -> str:
    """Give the test file that stands where a module stands."""
    place = Path(file).relative_to("natrium")
    return str(Path("tests") / place.parent / f"test_{place.stem}.py")
