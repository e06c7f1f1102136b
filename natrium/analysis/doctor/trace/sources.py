"""Where live classes, functions and numbers were typed: a file's text, or a notebook's cell."""

from __future__ import annotations

import ast
import linecache
import math
import operator
import symtable
import sys
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np

Definition = ast.FunctionDef | ast.ClassDef | ast.Lambda
_OPERATIONS: dict[type[ast.operator], Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip


@attrs.frozen
class SourceText:
    """A text that Python code was made of.

    Attributes
    ----------
    file : str
        As code objects have it; of a cell no path.
    lines : tuple of str
    tree : ast.Module
    definitions : tuple of nodes
        All classes, functions and lambdas in it.
    """

    file: str
    lines: tuple[str, ...]
    tree: ast.Module = attrs.field(eq=False)
    definitions: tuple[Definition, ...] = attrs.field(eq=False)


def text_of(file: str, names: Mapping[str, Any] | None = None) -> SourceText | None:
    """Give a text by the name that code objects have for it; None where there is none."""
    linecache.checkcache(file)
    lines = tuple(line.rstrip("\r\n") for line in linecache.getlines(file, dict(names or {})))
    try:
        return _parsed(file, lines) if lines else None
    except (SyntaxError, ValueError):
        return None


@cache
def _parsed(file: str, lines: tuple[str, ...]) -> SourceText:
    tree = ast.parse("\n".join(lines))
    made = tuple(one for one in ast.walk(tree) if isinstance(one, Definition))
    return SourceText(file, lines, tree, made)


def functions_of(kind: type) -> list[types.FunctionType]:
    """List the functions that a class holds itself."""
    found: list[types.FunctionType] = []
    for name, one in vars(kind).items():
        if name.startswith("__annotat"):  # Python 3.14 keeps a class's annotations as a function
            continue
        inner = getattr(one, "__func__", one)
        parts = (inner.fget, inner.fset) if isinstance(inner, property) else (inner,)
        found += [part for part in parts if isinstance(part, types.FunctionType)]
    return found


def source_of(value: Any) -> tuple[SourceText, Definition] | None:
    """Find where a class or function was typed; None where it was not, or nothing keeps the text."""
    if isinstance(value, type):
        return _of_class(value)
    code = value.__code__
    source = text_of(code.co_filename, value.__globals__)
    if source is None:
        return None
    found = [one for one in source.definitions if _is_made_of(one, code)]
    return (source, min(found, key=_size)) if found else None


def _size(node: Any) -> tuple[int, int]:
    return node.end_lineno - node.lineno, node.end_col_offset - node.col_offset


def _is_made_of(node: Definition, code: types.CodeType) -> bool:
    """Tell whether a code object is that of a definition."""
    if isinstance(node, ast.FunctionDef):
        top = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        return node.name == code.co_name and top == code.co_firstlineno
    if not isinstance(node, ast.Lambda) or code.co_name != "<lambda>" or node.lineno != code.co_firstlineno:
        return False
    body = node.body
    places = [(line, at) for line, _, at, end in code.co_positions() if line and at is not None and end != at]
    first, last = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    return all(first <= one <= last for one in places)


def _of_class(kind: type) -> tuple[SourceText, ast.ClassDef] | None:
    for function in functions_of(kind):
        first = function.__code__.co_firstlineno
        source = text_of(function.__code__.co_filename, function.__globals__)
        around = [] if source is None else [
            one for one in _classes(source, kind.__name__) if one.lineno <= first <= (one.end_lineno or 0)
        ]  # fmt: skip
        if source is not None and around:
            return source, around[-1]
    for source in sources_of(vars(sys.modules.get(kind.__module__, types.ModuleType("none")))):
        found = [one for one in _classes(source, kind.__name__) if _holds(one, kind)]
        if found:
            return source, found[-1]
    return None


def _classes(source: SourceText, name: str) -> list[ast.ClassDef]:
    return [one for one in source.definitions if isinstance(one, ast.ClassDef) and one.name == name]


def _holds(node: ast.ClassDef, kind: type) -> bool:
    """Tell whether a class without functions of its own is that of a definition, by its names."""
    stored = {name for one in node.body for name in stored_names(one)}
    return {name for name in vars(kind) if not name.startswith("_")} <= stored


def stored_names(statement: ast.stmt) -> list[str]:
    """List the names that an assignment gives a value."""
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    flat = [one for target in targets for one in getattr(target, "elts", [target])]
    return [one.id for one in flat if isinstance(one, ast.Name)]


def sources_of(names: Mapping[str, Any]) -> Iterator[SourceText]:
    """Go through the texts that a module was typed in: its file, or the cells of a notebook, last first."""
    file = names.get("__file__")
    listed = [file] if file else [
        one for one in reversed(list(linecache.cache))
        if one.startswith("<ipython-input") or "ipykernel_" in one
    ]  # fmt: skip
    for one in listed:
        source = text_of(one, names)
        if source is not None:
            yield source


def statement_of(name: str, names: Mapping[str, Any]) -> tuple[SourceText, ast.Assign] | None:
    """Find the statement that gave a module's name its number; None where running it again would not."""
    for source in sources_of(names):
        for statement in reversed(source.tree.body):
            if name in stored_names(statement) and isinstance(statement, (ast.Assign, ast.AnnAssign)):
                value = _given(statement, name)
                if value is None or _computed(value, names) != names[name]:
                    return None
                target = ast.Name(id=name, ctx=ast.Store())
                return source, ast.copy_location(ast.Assign(targets=[target], value=value), statement)
    return None


def _given(statement: ast.Assign | ast.AnnAssign, name: str) -> ast.expr | None:
    """Give the expression that a name is assigned."""
    if isinstance(statement, ast.AnnAssign):
        return statement.value
    for target in statement.targets:
        if isinstance(target, ast.Name) and target.id == name:
            return statement.value
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            for one, value in zip(target.elts, statement.value.elts, strict=False):
                if isinstance(one, ast.Name) and one.id == name:
                    return value
    return None


def _computed(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Compute what is made of numbers, names and functions of mathematics alone; None where more is."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() | ast.Attribute():
            return resolved(node, names)
        case ast.UnaryOp(op=ast.USub()):
            inner = _computed(node.operand, names)
            return -inner if isinstance(inner, (int, float)) else None
        case ast.BinOp() if type(node.op) in _OPERATIONS:
            sides = [_computed(one, names) for one in (node.left, node.right)]
            if all(isinstance(one, (int, float)) for one in sides):
                return _OPERATIONS[type(node.op)](*sides)
        case ast.Call(keywords=[]):
            function = resolved(node.func, names)
            known = isinstance(function, np.ufunc) or getattr(function, "__module__", "") == math.__name__
            values = [_computed(one, names) for one in node.args]
            if known and all(isinstance(one, (int, float)) for one in values):
                return function(*values)
    return None


def resolved(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Give what a name with dots stands for; None where it is not known."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(resolved(node.value, names), node.attr, None)
    return None


def free_names(statement: ast.stmt) -> list[str]:
    """List the names that a statement takes from its module."""
    ahead = [symtable.symtable(ast.unparse(statement), "statement", "exec")]
    found = dict[str, None]()
    while ahead:
        table = ahead.pop(0)
        outer = table.get_type() == "module"
        found |= dict.fromkeys(
            one.get_name() for one in table.get_symbols()
            if one.is_referenced() and (outer or one.is_global())
        )  # fmt: skip
        ahead += table.get_children()
    return list(found)


def line_of_attribute(kind: type, attr: str) -> tuple[SourceText, int] | None:
    """Find the line in which a class gives an object's attribute its value."""
    for one in kind.__mro__[:-1]:
        found = source_of(one)
        if found is None:
            continue
        for node in ast.walk(found[1]):
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            flat = [part for target in targets for part in getattr(target, "elts", [target])]
            if any(isinstance(part, ast.Attribute) and part.attr == attr for part in flat):
                return found[0], node.lineno  # type: ignore[attr-defined]  # a statement has its line
    return None


def is_on_disk(source: SourceText) -> bool:
    """Tell a file from a cell."""
    return Path(source.file).is_file()
