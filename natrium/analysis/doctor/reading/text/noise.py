"""Noise that a text draws before its loop, for all steps at once."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from natrium.analysis.doctor.reading.text.blocks import given_to
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.trace.meanings import is_noise, plain

DEEP = 4  # names through which an array is followed to where it is drawn


def drawn_before(source: Sequence[str], name: str, dt: str) -> bool:
    """Tell whether what an array is made of is drawn, and scaled by a root of the step.

    Parameters
    ----------
    source : sequence of str
    name : str
        Of the array, or of an element of it.
    dt : str
        Of the step.
    """
    nodes = _made_of(source, plain(name).partition("[")[0], DEEP)
    return bool(_draws(nodes)) and any(_is_root(one, plain(dt)) for one in nodes)


def is_drawn_before(source: Sequence[str], name: str) -> bool:
    """Tell whether what an array is made of is drawn, many at once."""
    return any(one.args or one.keywords for one in _draws(_made_of(source, plain(name), DEEP)))


def _draws(nodes: Sequence[ast.AST]) -> list[ast.Call]:
    return [one for one in nodes if isinstance(one, ast.Call) and is_noise(ast.unparse(one.func))]


def numbered(source: Sequence[str], line: int, name: str) -> list[str]:
    """List the elements of an array that a line reads by a number that is written there."""
    return [
        ast.unparse(one)
        for one in nodes_of(source)
        if isinstance(one, ast.Subscript)
        and one.lineno == line
        and isinstance(one.slice, ast.Constant)
        and plain(ast.unparse(one.value)) == name
    ]


def _made_of(source: Sequence[str], name: str, deep: int) -> list[ast.AST]:
    """List the parts of what a name is given, and of what the names in it are given."""
    found = [part for _, _, value in given_to(source, name) for part in ast.walk(value)]
    names = {plain(ast.unparse(one)) for one in found if isinstance(one, (ast.Name, ast.Attribute))} - {name}
    return found + [part for one in names if deep for part in _made_of(source, one, deep - 1)]


def _is_root(node: ast.AST, dt: str) -> bool:
    """Tell whether a root of the step is taken."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "sqrt":
        within: list[ast.AST] = [part for one in node.args for part in ast.walk(one)]
    elif (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and ast.unparse(node.right) in ("0.5", "1 / 2")
    ):
        within = list(ast.walk(node.left))
    else:
        return False
    return any(isinstance(one, (ast.Name, ast.Attribute)) and plain(ast.unparse(one)) == dt for one in within)
