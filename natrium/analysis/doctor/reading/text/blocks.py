"""Where statements stand: in which branches, and what they set."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of

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


def sets_of(statement: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """List what a statement sets, or changes, each with what it is given, or changed by."""
    if isinstance(statement, ast.AugAssign):
        return [(statement.target, statement.value)]
    return list(given_by(statement)) if isinstance(statement, ast.Assign) else []


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
