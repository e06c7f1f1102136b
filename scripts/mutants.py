"""Mutation testing: what the tests of `model` and `solvers` notice of small changes to the code.

A sample of mutants is drawn with a seed, each tried in a copy of the checkout: first by the tests that mirror
its file, and, where these pass, by all fast tests of its room. What survives both is listed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
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
LONGEST = 300.0  # s that the tests of one mutant may take: an endless loop is noticed


def draw(n: int, seed: int) -> list[dict[str, Any]]:
    """Draw mutants, each place as likely as any other."""
    found = []
    for path in sorted(path for room in ROOMS for path in (ROOT / "natrium" / room).rglob("*.py")):
        code = path.read_text()
        unseen = _annotations(code)
        for name in OPERATORS:
            operator = get_operator(f"core/{name}")()
            places = [place for node in _nodes(get_ast(code)) for place in operator.mutation_positions(node)]
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
        (line, column)
        for child in inner
        if isinstance(child, ast.expr)
        for line in (child.lineno,)
        for column in range(child.col_offset, (child.end_col_offset or 0) + 1)
    }


def stages(file: str) -> list[list[str]]:
    """Give the tests that mirror a file, and then those of its room."""
    place = Path(file).relative_to("natrium")
    own = ROOT / "tests" / place.parent / f"test_{place.stem}.py"
    folder = ROOT / "tests" / place.parent
    first = own if own.exists() else folder if folder.exists() else ROOT / "tests" / place.parts[0]
    return [[str(first.relative_to(ROOT))], [f"tests/{place.parts[0]}"]]


def try_one(mutant: dict[str, Any], copy: Path) -> str:
    """Say what notices a mutant: ``"mirror"``, ``"room"``, ``"time"``; ``"survived"`` where nothing does."""
    target = copy / mutant["file"]
    original = target.read_text()
    changed = mutate_code(original, get_operator(f"core/{mutant['operator']}")(), mutant["occurrence"])
    if changed is None or changed == original:
        return "nothing"
    target.write_text(changed)
    environment = os.environ | {"PYTHONPATH": str(copy), "NATRIUM_CACHE_DIR": str(copy / ".cache")}
    try:
        for stage, tests in zip(("mirror", "room"), stages(mutant["file"]), strict=True):
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
            run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=LONGEST)
            if run.returncode:
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
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = (
        [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    )
    tried = {(one["file"], one["operator"], one["occurrence"]): one for one in known}
    mutants = draw(options.n, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for k in range(options.workers):
            copies.put(Path(folder) / str(k))
            for part in (
                "natrium",
                "tests",
                "examples",
                "docs",
                "pyproject.toml",
                "README.md",
                "CHANGELOG.md",
            ):
                source = ROOT / part
                target = Path(folder) / str(k) / part
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

        def go(mutant: dict[str, Any]) -> dict[str, Any]:
            key = (mutant["file"], mutant["operator"], mutant["occurrence"])
            if key in tried:
                return tried[key]
            copy = copies.get()
            try:
                found = mutant | {"noticed": try_one(mutant, copy)}
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
