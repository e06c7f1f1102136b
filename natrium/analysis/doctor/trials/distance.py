"""How far lines of a script are from each other, by what they set, read and call."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from natrium.analysis.doctor.reading.text.passing import passed_to

FAR = 6  # what is not reached


def distances(tree: ast.Module, begin: Iterable[int]) -> dict[int, int]:
    """Give, for each line of a text, how many names away it is from some lines.

    Parameters
    ----------
    tree : ast.Module
    begin : iterable of int

    Returns
    -------
    dict of int to int
    """
    functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    reads: dict[int, set[str]] = {}
    sets: dict[int, set[str]] = {}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = node.id if isinstance(node, ast.Name) else node.attr
            kept = sets if isinstance(node.ctx, ast.Store) else reads
            kept.setdefault(line, set()).add(name)
        elif isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    sets.setdefault(key.lineno, set()).add(key.value)
        elif isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                kept = sets if isinstance(node.ctx, ast.Store) else reads
                kept.setdefault(line, set()).add(node.slice.value)
            if not isinstance(node.ctx, ast.Store):
                continue
            sets.setdefault(line, set()).update(
                one.id if isinstance(one, ast.Name) else one.attr
                for one in [node.value]
                if isinstance(one, (ast.Name, ast.Attribute))
            )
        elif isinstance(node, ast.FunctionDef):
            sets.setdefault(line, set()).add(node.name)
            for arg in [*node.args.args, *node.args.kwonlyargs]:
                sets.setdefault(arg.lineno, set()).add(arg.arg)
            for one in ast.walk(node):
                if isinstance(one, ast.Return):
                    sets.setdefault(one.lineno, set()).add(node.name)
            for at in {one.lineno for one in ast.walk(node) if hasattr(one, "lineno")}:
                reads.setdefault(at, set()).add(f"{node.name}()")  # what is within comes from the call
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            sets.setdefault(line, set()).add(f"{name}()")
            for one in node.keywords:
                sets.setdefault(one.value.lineno, set()).update(passed_to(one.value, node, functions))
        elif isinstance(node, (ast.If, ast.While)):
            decides = f"line {line}"  # what is done comes from what is asked
            sets.setdefault(line, set()).add(decides)
            for at in {part.lineno for one in (*node.body, *node.orelse) for part in _statements(one)}:
                reads.setdefault(at, set()).add(decides)
        elif isinstance(node, ast.keyword) and node.arg:
            sets.setdefault(node.value.lineno, set()).add(node.arg)
    makers: dict[str, set[int]] = {}
    for line, names in sets.items():
        for name in names:
            makers.setdefault(name, set()).add(line)
    users: dict[str, set[int]] = {}
    for line, names in reads.items():
        for name in names:
            users.setdefault(name, set()).add(line)
    found = {line: 0 for line in begin if line}
    front = set(found)
    for far in range(1, FAR):
        front = {
            other
            for line in front
            for other in (
                *(at for name in reads.get(line, ()) for at in makers.get(name, ())),
                *(at for name in sets.get(line, ()) if not name.endswith("()") for at in users.get(name, ())),
            )
        } - set(found)
        found |= dict.fromkeys(front, far)
    return found


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """List a statement and those within it."""
    yield from (one for one in ast.walk(node) if isinstance(one, ast.stmt))
