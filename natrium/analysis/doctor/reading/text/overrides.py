"""Methods of a class that leave out what those of its base do."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from natrium.analysis.doctor.reading.text.labels import nodes_of


def overriding(source: Sequence[str], name: str) -> int:
    """Give the line of the method that overrides one that sets a field, and neither sets nor calls; 0: none.

    Parameters
    ----------
    source : sequence of str
    name : str
        Of the field.

    Returns
    -------
    int
        0 also where several do.
    """
    classes = {one.name: one for one in nodes_of(source) if isinstance(one, ast.ClassDef)}
    lines = {
        own.lineno
        for one in classes.values()
        for own in _methods(one)
        for base in _bases(one, classes)
        for method in _methods(base)
        if method.name == own.name and _sets(method, name) and not (_sets(own, name) or _calls(own))
    }
    return lines.pop() if len(lines) == 1 else 0


def _methods(one: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    yield from (each for each in one.body if isinstance(each, ast.FunctionDef) and each.name != "__init__")


def _bases(one: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """List the classes of the text that a class is made from, however far up."""
    for base in one.bases:
        found = classes.get(base.id) if isinstance(base, ast.Name) else None
        if found is not None and found is not one:
            yield found
            yield from _bases(found, classes)


def _sets(method: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(one, ast.Attribute) and one.attr == name and isinstance(one.ctx, ast.Store)
        for one in ast.walk(method)
    )


def _calls(method: ast.FunctionDef) -> bool:
    """Tell whether a method calls another of its name: its base's."""
    return any(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == method.name
        for one in ast.walk(method)
    )
