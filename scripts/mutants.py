"""Mutation testing: what the tests of `model` and `solvers` notice of small changes to the code.

A sample of mutants is drawn with a seed, each tried in a copy of the checkout: first by the tests that mirror
its file, and, where these pass, by all fast tests of its room. What survives both is listed. The tests of
each room must pass in such a copy without any mutant; else whatever fails there would count as noticed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("model", "solvers")
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
SLOWER = 3.0  # than a room's tests without mutant: beyond it they run without end, which is noticed
UNUSED = shutil.ignore_patterns(".*", "build", "dist", "htmlcov", "reproduction", "__pycache__")


def draw(n: int, seed: int) -> list[dict[str, Any]]:
    """Draw mutants, each change at each place as likely as any other."""
    found = []
    for path in sorted(path for room in ROOMS for path in (ROOT / "natrium" / room).rglob("*.py")):
        code = path.read_text()
        nodes, unseen = list(_nodes(get_ast(code))), _annotations(code)
        for name in OPERATORS:
            operator = get_operator(f"core/{name}")()
            places = [place for node in nodes for place in operator.mutation_positions(node)]
            found += [
                {"file": str(path.relative_to(ROOT)), "operator": name, "occurrence": k, "line": place[0][0]}
                for k, place in enumerate(places)
                if place[0] not in unseen
            ]
    return random.Random(seed).sample(found, min(n, len(found)))


def _nodes(tree: Any) -> Any:
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


def stages(file: str) -> dict[str, str]:
    """Give the tests of a file's room, before them those that mirror it, where there are any."""
    place = Path(file).relative_to("natrium")
    folder, room = Path("tests") / place.parent, f"tests/{place.parts[0]}"
    nearest = [path for path in (folder / f"test_{place.stem}.py", folder) if (ROOT / path).exists()]
    mirror = str(nearest[0]) if nearest else room
    return {"room": room} if mirror == room else {"mirror": mirror, "room": room}


def passes(tests: str, copy: Path, longest: float | None = None) -> bool:
    """Tell whether some tests pass in a copy; an error where they take longer than `longest` s."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
    environment = os.environ | {"PYTHONPATH": str(copy), "NATRIUM_CACHE_DIR": str(copy / ".cache")}
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=longest)
    return run.returncode == 0


def try_one(mutant: dict[str, Any], copy: Path, longest: float) -> str:
    """Say what notices a mutant: ``"mirror"``, ``"room"``, ``"time"``; ``"survived"`` where nothing does."""
    target = copy / mutant["file"]
    original = target.read_text()
    changed = mutate_code(original, get_operator(f"core/{mutant['operator']}")(), mutant["occurrence"])
    if changed is None or changed == original:
        return "nothing"
    target.write_text(changed)
    try:
        for stage, tests in stages(mutant["file"]).items():
            if not passes(tests, copy, longest):
                return stage
    except subprocess.TimeoutExpired:
        return "time"
    finally:
        target.write_text(original)
    return "survived"


def main() -> int:
    """Try a sample and list what survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1952)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "mutants.jsonl")
    options = parser.parse_args()
    # In the background Ctrl-C is ignored, by the tests as well, some of which are of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = (
        [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    )
    tried = {(one["file"], one["operator"], one["occurrence"]): one for one in known}
    mutants = draw(options.n, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for k in range(options.workers):
            copies.put(Path(shutil.copytree(ROOT, Path(folder) / str(k), symlinks=True, ignore=UNUSED)))
        longest = {}
        for room in ROOMS:
            begin = time.perf_counter()
            if not passes(f"tests/{room}", Path(folder) / "0"):
                print(f"the tests of {room} must pass without any mutant, got a failure: run make test")
                return 2
            longest[room] = SLOWER * (time.perf_counter() - begin)

        def go(mutant: dict[str, Any]) -> dict[str, Any]:
            key = (mutant["file"], mutant["operator"], mutant["occurrence"])
            if key in tried:
                return tried[key]
            copy = copies.get()
            try:
                room = Path(mutant["file"]).parts[1]
                found = mutant | {"noticed": try_one(mutant, copy, longest[room])}
            finally:
                copies.put(copy)
            with options.out.open("a") as file:
                file.write(json.dumps(found) + "\n")
            return found

        with ThreadPoolExecutor(options.workers) as pool:
            results = [one for one in pool.map(go, mutants) if one["noticed"] != "nothing"]
    survived = [one for one in results if one["noticed"] == "survived"]
    for one in survived:
        print(f"{one['file']}:{one['line']}: {one['operator']} survived")
    score = 1.0 - len(survived) / max(len(results), 1)
    print(f"{len(results)} mutants, {score:.1%} noticed")
    return int(score < 0.85)


if __name__ == "__main__":
    raise SystemExit(main())
