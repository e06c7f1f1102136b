"""Mutation testing: what the fast tests of `model` and `solvers` notice of small changes to the code.

Each mutant of a sample is tried in a copy of the checkout. One traced run of the tests without any mutant, in
which all must pass, says which of them execute which lines, and what each costs. A mutant is then met by the
tests that mirror its file, and, where these pass, by those others that execute its line, nearest and cheapest
first. Each is run by a fork of a process that holds what natrium imports, not natrium.

The order of the sample is that of a hash: a part of it is a sample as well, and code that changes elsewhere
leaves it as it is. What is known to change nothing is listed, with the reason, in `mutants.toml` beside this.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import faulthandler
import functools
import gc
import hashlib
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest
from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("model", "solvers")
TESTS = [f"tests/{room}" for room in ROOMS]
# What writes native code or is compiled: no line of it is traced, and its caches are not to be emptied.
NATIVE = tuple(
    f"natrium/solvers/{part}" for part in ("compiled/", "event_driven/stride", "inputs", "machine", "store")
)
WARM = (
    *("attrs", "numpy", "sympy", "mpmath", "llvmlite.binding", "xarray"),
    *(f"scipy.{part}" for part in ("integrate", "interpolate", "optimize", "special", "linalg", "stats")),
)  # fmt: skip
# Those whose outcome still runs: a `|` for a `+` dies at once and would say nothing about the tests.
OPERATORS = (
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_GtE", "Gt_LtE", "Eq_NotEq", "NotEq_Eq", "Is_IsNot",
        "IsNot_Is",
    )),
    "ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Not", "AddNot", "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ZeroIterationForLoop", "NumberReplacer",
)  # fmt: skip
# A test takes as long as this many traced runs of it and so many seconds of the processor, or it runs without
# end, which is noticed. Native code is compiled anew.
SLOWER, MARGIN, NATIVE_MARGIN = 3.0, 10.0, 25.0
EFFORT = 90.0  # s of traced tests, after which a mutant counts as not noticed
SILENT = 60.0  # s by the clock, beyond ten times that: what waits for ever takes no time of the processor
MEMORY = 4 * 2**30
UNUSED = shutil.ignore_patterns(".*", "build", "dist", "htmlcov", "reproduction", "__pycache__")


# -- the sample


def draw(n: int, seed: int) -> list[dict[str, Any]]:
    """Draw mutants, each change at each place as likely as any other."""
    found = []
    for path in sorted(path for room in ROOMS for path in (ROOT / "natrium" / room).rglob("*.py")):
        code, file = path.read_text(), str(path.relative_to(ROOT))
        lines, nodes, unseen = code.splitlines(), list(_nodes(get_ast(code))), _annotations(code)
        seen: Counter[str] = Counter()
        for name in OPERATORS:
            operator = get_operator(f"core/{name}")()
            places = [place for node in nodes for place in operator.mutation_positions(node)]
            for k, (begin, _) in enumerate(places):
                if begin in unseen:
                    continue
                what = f"{file} {name} {begin[1]} {lines[begin[0] - 1]}"
                seen[what] += 1
                key = hashlib.sha256(f"{seed} {what} {seen[what]}".encode()).hexdigest()
                found.append({"key": key, "file": file, "operator": name, "occurrence": k, "line": begin[0]})
    return sorted(found, key=lambda one: str(one["key"]))[:n]


def _nodes(tree: Any) -> Iterator[Any]:
    yield tree
    for child in getattr(tree, "children", ()):
        yield from _nodes(child)


def _annotations(code: str) -> set[tuple[int, int]]:
    """List the places of annotations, which nothing evaluates."""
    held = []
    for node in ast.walk(ast.parse(code)):
        held += [getattr(node, name, None) for name in ("annotation", "returns")]
    inner = [child for tree in held if tree is not None for child in ast.walk(tree)]
    return {
        (child.lineno, column)
        for child in inner
        if isinstance(child, ast.expr)
        for column in range(child.col_offset, (child.end_col_offset or 0) + 1)
    }


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


def _pytest(files: list[str], run: Run) -> int:
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
        code = _pytest(TESTS, run)
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
    _pytest(["--collect-only", *TESTS], run)
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


# -- one mutant


def try_one(mutant: dict[str, Any], copy: Path, covered: Covered) -> dict[str, Any]:
    """Say what notices a mutant, if anything does, and what it changes."""
    target = copy / mutant["file"]
    original, status = target.read_text(), target.stat()
    changed = mutate_code(original, get_operator(f"core/{mutant['operator']}")(), mutant["occurrence"])
    try:
        compile(changed or "", target, "exec", dont_inherit=True)
    except SyntaxError:
        return mutant | {"noticed": "nothing"}
    pairs = zip(original.splitlines(), (changed or original).splitlines(), strict=False)
    differing = [(was.strip(), becomes.strip()) for was, becomes in pairs if was != becomes]
    if not differing:
        return mutant | {"noticed": "nothing"}
    known = mutant | dict(zip(("was", "becomes"), differing[0], strict=True))
    if place(known) in equivalent():
        return known | {"noticed": "", "tests": 0}
    order, near = covered.order(mutant["file"], mutant["line"]), mirror(mutant["file"])
    native = mutant["file"].startswith(NATIVE)
    cache = copy / ".cache"
    if native:  # the names of what is kept do not tell what wrote it
        cache = copy / ".parts"
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(copy.parent / "parts", cache)
        cache.chmod(0o700)
    target.write_text(changed)
    begin = time.monotonic()
    try:
        for stage in ("mirror", "others"):
            tests = {
                name: cost
                for name, cost in order.items()
                if name.startswith(f"{near}::") == (stage == "mirror")
            }
            files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
            if stage == "mirror":
                files = [near] if (copy / near).exists() else []
            if not files:
                continue
            run = Run(tests, near if stage == "mirror" else "", NATIVE_MARGIN if native else MARGIN)

            def met(files: list[str] = files, run: Run = run) -> list[Any]:
                sys.dont_write_bytecode = True
                os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
                resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
                return [_pytest(files, run), run.failed]

            answer = in_fork(met, copy, cache)
            if isinstance(answer, str):
                return known | {"noticed": answer, "s": round(time.monotonic() - begin, 1)}
            if answer[0] not in (0, 5):  # all passed, or none was there
                return known | {"noticed": stage, "by": answer[1], "s": round(time.monotonic() - begin, 1)}
    finally:
        target.write_text(original)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return known | {"noticed": "", "tests": len(order), "s": round(time.monotonic() - begin, 1)}


_mine: list[Any] = []  # a worker's copy of the checkout, and what its tests execute


def _start(folder: Path, kept: Path, tests: list[str]) -> None:
    copy = folder / str(os.getpid())
    shutil.copytree(folder / "0", copy, symlinks=True)
    _mine[:] = copy, Covered(kept, copy, tests)


def _go(mutant: dict[str, Any]) -> dict[str, Any]:
    return try_one(mutant, *_mine)


def equivalent() -> dict[tuple[str, str, str], str]:
    """Give the reasons why some mutants change nothing, by file and by the line before and after."""
    listed = tomllib.loads((ROOT / "scripts" / "mutants.toml").read_text())["equivalent"]
    return {(one["file"], one["was"], one["becomes"]): one["reason"] for one in listed}


def place(mutant: dict[str, Any]) -> tuple[str, str, str]:
    """Give the file of a mutant, and the line before and after."""
    return mutant["file"], mutant["was"], mutant["becomes"]


def tell(results: list[dict[str, Any]]) -> int:
    """List what survived, say the score, and give the exit code."""
    reasons = equivalent()
    survived = [one for one in results if not one["noticed"]]
    alike = [one for one in survived if place(one) in reasons]
    for one in survived:
        if one not in alike:
            print(
                f"{one['file']}:{one['line']}: {one['was']} -> {one['becomes']} survived {one['tests']} tests"
            )
    changed = [one for one in results if one["noticed"] != "nothing"]
    score = 1.0 - (len(survived) - len(alike)) / max(len(changed) - len(alike), 1)
    print(f"{len(changed)} mutants, {len(alike)} known to change nothing; {score:.1%} of the others noticed")
    return int(score < 0.85)


def main() -> int:
    """Try a sample and list what survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--skip", type=int, default=0, help="leave out as many of the first of them")
    parser.add_argument("--seed", type=int, default=1952)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "mutants.jsonl")
    parser.add_argument("--again", action="store_true", help="try those that survived before once more")
    options = parser.parse_args()
    # In the background Ctrl-C is ignored, by the tests as well, some of which are of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    kept = options.out.parent / "contexts"
    kept.mkdir(parents=True, exist_ok=True)
    tried = {}
    if options.out.exists():
        tried = {one["key"]: one for one in map(json.loads, options.out.read_text().splitlines())}
    mutants = draw(options.n, options.seed)[options.skip :]
    for name in WARM:
        importlib.import_module(name)
    # No test fails for being slow, or by what was kept of another mutant.
    hypothesis.settings.register_profile("mutants", deadline=None, database=None)
    hypothesis.settings.load_profile("mutants")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = Path(shutil.copytree(ROOT, folder / "0", symlinks=True, ignore=UNUSED))
        for cache in (copy / ".cache", folder / "parts"):
            cache.mkdir(mode=0o700)
        if not (kept / "commit").exists() and not collect(copy, copy / ".cache", kept):
            print(f"the tests must pass without any mutant: run make test, or see {kept / 'output'}")
            return 2
        tests = in_fork(names, copy, copy / ".cache")
        if not tests or isinstance(tests, str):
            print(f"the tests cannot be collected: {(copy / '.output').read_text()}")
            return 2
        load = "from natrium.solvers.compiled.parts import Part, part\nfor one in Part.__args__: part(one)"
        environment = os.environ | {"PYTHONPATH": str(copy), "NATRIUM_CACHE_DIR": str(folder / "parts")}
        subprocess.run([sys.executable, "-c", load], cwd=copy, env=environment, check=True)
        shutil.copytree(folder / "parts", copy / ".cache", dirs_exist_ok=True)
        done = {key for key, one in tried.items() if one["noticed"] or not options.again}
        pending = [one for one in mutants if one["key"] not in done]
        forks = get_context("fork")
        with ProcessPoolExecutor(options.workers, forks, _start, (folder, kept, tests)) as pool:
            for found in pool.map(_go, pending):
                tried[found["key"]] = found
                with options.out.open("a") as file:
                    file.write(json.dumps(found) + "\n")
    return tell([tried[one["key"]] | {"line": one["line"]} for one in mutants])


if __name__ == "__main__":
    raise SystemExit(main())
