"""Numbers that a text writes down, element by element or piece by piece."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from natrium.analysis.doctor.reading.text.labels import nodes_of


def data_line(source: Sequence[str], line: int) -> int:
    """Give the line of the one list or array of numbers that a line's statement is made of; 0: none.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of a statement, or of the branch that is taken where the list has ended.
    """
    nodes = nodes_of(source)
    at = [one for one in nodes if isinstance(one, ast.stmt) and one.lineno == line]
    around = [
        one
        for one in nodes
        if isinstance(one, (ast.If, ast.Try)) and one.lineno < line <= (one.end_lineno or 0)
    ]
    parts = [
        part for one in around for part in (*getattr(one, "body", ()), getattr(one, "test", None)) if part
    ]
    read = {ast.unparse(one) for part in (*at, *parts) for one in ast.walk(part) if _is_read(one)}
    made = [one for one in nodes if isinstance(one, ast.Assign) and read & {*map(ast.unparse, one.targets)}]
    lines = {one.lineno for one in made if _is_data(one.value) and one.lineno != line}
    return lines.pop() if len(lines) == 1 else 0


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)


def _is_data(value: ast.expr) -> bool:
    """Tell whether what is set is written down, element by element or piece by piece."""
    parts = list(ast.walk(value))
    numbers = any(isinstance(one, ast.Constant) and isinstance(one.value, (int, float)) for one in parts)
    pieces = any(isinstance(one, (ast.List, ast.Tuple)) and one.elts for one in parts)
    return numbers and pieces
