"""What a step computes and lets nothing read: the slope of a state, a term beside others of its kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.trace.meanings import state_of_slope

# I_Na and I_K, iNa and iK, k1 and k2: what comes before the part by which they differ.
_KIND = re.compile(r"[^\W_]+_(?=\w)|[A-Za-z](?=[A-Z0-9])")


def never_used(
    source: Sequence[str], lines: Collection[int], states: Sequence[str]
) -> tuple[str, int, int] | None:
    """Find what a step computes, of its states or beside others of a kind, and never uses.

    A sum of others that are used is no such thing.

    Parameters
    ----------
    source : sequence of str
    lines : collection of int
        Of the step.
    states : sequence of str
        What the script calls its states, without what they are attributes of.

    Returns
    -------
    (str, int, int) or None
        The name, its line, and the line of the statement that moves the state whose slope it is called, or
        that takes others of its kind, or comes next.
    """
    nodes = nodes_of(source)
    read = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    made_of = set(states)
    for block in nodes:
        body = getattr(block, "body", None)
        if not isinstance(body, list):
            continue
        beside = set(map(_named, body))
        taken = [at for at in lines if _is_step_of(body, at)]
        for one, after in pairwise(body) if taken else ():
            name = _named(one)
            if not isinstance(one, ast.Assign) or not isinstance(one.value, (ast.BinOp, ast.Call)):
                continue
            kind = _KIND.match(name)
            alike = {each for each in beside - {name} if kind and each.startswith(kind[0])}
            if not name or not (made_of & _names(one.value) or alike & read):
                continue
            made_of.add(name)
            if name not in read and one.lineno < max(taken) and not alike & _names(one.value):
                moved = _moved_by(name, states, body) or _taken_with(alike, one.lineno, body)
                return name, one.lineno, moved or after.lineno
    return None


def _is_step_of(body: Sequence[ast.stmt], line: int) -> bool:
    """Tell whether a line is in some statements, and in no loop or function of theirs."""
    held = [one for one in body if one.lineno <= line <= (one.end_lineno or 0)]
    if not held or isinstance(held[0], (ast.For, ast.While, ast.FunctionDef, ast.ClassDef)):
        return False
    blocks = [getattr(held[0], name, None) for name in ("body", "orelse")]
    inner = [one for one in blocks if isinstance(one, list) and one]
    return not inner or any(_is_step_of(one, line) for one in inner) or line < inner[0][0].lineno


def moved_on(source: Sequence[str], state: str, dt: str) -> int:
    """Give the line in which a loop gives a name of its own to a state moved on by a part of a step; 0: none.

    Parameters
    ----------
    source : sequence of str
    state, dt : str
        What they are called, without what they are attributes of.
    """
    for one in (each for each in nodes_of(source) if isinstance(each, ast.Assign)):
        value = one.value if _named(one) not in ("", state) else None
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            first = value.left.value if isinstance(value.left, ast.Subscript) else value.left
            parts = {called(part) for part in ast.walk(value.right)}
            if called(first) == state and dt in parts and len(parts - {""}) > 1:
                return one.lineno
    return 0


def read_beside(source: Sequence[str], line: int, state: str) -> int:
    """Give the one statement that reads what a line sets and a state as it was; the line where none does.

    Parameters
    ----------
    source : sequence of str
    line : int
        Where another state is moved on.
    state : str
        What it is called, without what it is an attribute of.
    """
    statements = [one for one in nodes_of(source) if isinstance(one, ast.Assign)]
    made = next((name for one in statements if one.lineno == line and (name := _named(one))), "")
    found = {
        one.lineno
        for one in statements
        if one.lineno > line and {made, state} <= {called(part) for part in ast.walk(one.value)}
    }
    return found.pop() if made and len(found) == 1 else line


def _moved_by(name: str, states: Sequence[str], body: Sequence[ast.stmt]) -> int:
    """Give the line that moves the state of which a name is a slope's; 0: none does, or it is no slope's."""
    own = state_of_slope(name)
    for one in body:
        targets = [one.target] if isinstance(one, ast.AugAssign) else getattr(one, "targets", [])
        if own in states and [ast.unparse(target) for target in targets] == [own]:
            return one.lineno
    return 0


def _taken_with(alike: Collection[str], line: int, body: Sequence[ast.stmt]) -> int:
    """Give the line that reads the most of some names after a line, the last of them; 0: none does."""
    reads = [_read_at(one, alike) for one in reversed(body) if one.lineno > line]
    most: list[int] = max(reads, key=len, default=[])
    return max(most, default=0)


def _named(statement: ast.stmt) -> str:
    """Give the one name that a statement sets; empty where it sets another thing."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _read_at(statement: ast.stmt, names: Collection[str]) -> list[int]:
    nodes = (one for one in ast.walk(statement) if isinstance(one, ast.Name))
    return [one.lineno for one in nodes if isinstance(one.ctx, ast.Load) and one.id in names]
