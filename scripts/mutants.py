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
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hypothesis
from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from mutant_tests import (
    MARGIN,
    NATIVE,
    NATIVE_MARGIN,
    ROOMS,
    ROOT,
    Covered,
    Run,
    collect,
    in_fork,
    mirror,
    names,
    run_pytest,
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
                return [run_pytest(files, run), run.failed]

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
