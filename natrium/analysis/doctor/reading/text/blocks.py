"""Where statements stand: in which branches, and what they set."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of
from natrium.analysis.doctor.trace.meanings import plain

_BODIES = ("body", "orelse", "finalbody")


def block_of(source: Sequence[str], line: int) -> frozenset[tuple[int, str]]:
    """Give the bodies that a line stands in, each by the line in which it begins and its kind.

    Parameters
    ----------
    source : sequence of str
    line : int
    """
    found = set()
    for one in nodes_of(source):
        for kind in _BODIES if isinstance(one, ast.stmt) else ():
            body: list[ast.stmt] = getattr(one, kind, [])
            if body and body[0].lineno <= line <= (body[-1].end_lineno or body[-1].lineno):
                found.add((body[0].lineno, kind))
    return frozenset(found)


def condition_of(source: Sequence[str], line: int) -> int:
    """Give the line of the innermost condition of a loop's under which a line is run; itself without one."""
    around = [
        one
        for one in nodes_of(source)
        if isinstance(one, (ast.If, ast.While, ast.For)) and one.lineno < line <= (one.end_lineno or 0)
    ]
    loops = [one.lineno for one in around if not isinstance(one, ast.If)]
    tests = (
        one.lineno for one in around if not isinstance(one, ast.For) and one.lineno > min(loops, default=0)
    )
    return max(tests, default=line)


def lone_in(source: Sequence[str], line: int, timers: Collection[str]) -> int:
    """Give the line of all that is done under the condition of a line, where that sets one thing.

    Itself where more is done, or a timer is set.

    Parameters
    ----------
    source : sequence of str
    line : int
    timers : collection of str
        What they are called, without what they are attributes of.
    """
    for one in nodes_of(source):
        if isinstance(one, ast.If) and one.lineno == line and len(one.body) == 1 and not one.orelse:
            pairs = sets_of(one.body[0])
            if len(pairs) == 1 and plain(ast.unparse(pairs[0][0])) not in timers:
                return one.body[0].lineno
    return line


def sets_of(statement: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """List what a statement sets, or changes, each with what it is given, or changed by."""
    if isinstance(statement, ast.AugAssign):
        return [(statement.target, statement.value)]
    return list(given_by(statement)) if isinstance(statement, ast.Assign) else []


def given_to(source: Sequence[str], name: str) -> list[tuple[ast.stmt | ast.Call, ast.expr, ast.expr]]:
    """List what a list or an array is made of, gets, or has set in it: the place, the target, the value.

    Parameters
    ----------
    source : sequence of str
    name : str
        What it is called, whosever it is.
    """
    found: list[tuple[ast.stmt | ast.Call, ast.expr, ast.expr]] = []
    for one in nodes_of(source):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "append":
            pairs = [(one.func.value, one.args[0])] if one.args else []
        elif isinstance(one, (ast.Assign, ast.AugAssign)):
            pairs = sets_of(one)
        else:
            continue
        found += [(one, to, value) for to, value in pairs if plain(ast.unparse(to)) == plain(name)]
    return found


def grown_at(source: Sequence[str], name: str) -> int:
    """Give the line by which a list or an array gets another element; 0 where none does."""
    for one, to, _ in given_to(source, name):
        if not isinstance(one, ast.Assign) or isinstance(to, ast.Subscript):
            return one.lineno
    return 0


def set_in(source: Sequence[str], line: int) -> frozenset[str]:
    """Give what the statement of a line sets, as it is written.

    Parameters
    ----------
    source : sequence of str
    line : int
    """
    found = set()
    for one in nodes_of(source):
        if isinstance(one, (ast.Assign, ast.AugAssign)) and one.lineno <= line <= (one.end_lineno or 0):
            found |= {ast.unparse(to) for to, _ in sets_of(one)}
    return frozenset(found)
