"""Formulas with their brackets moved, or with two of their parts in each other's place."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Any, cast

import attrs

FEW = 8  # elements of a tuple, names of a formula, whose order may be wrong


def changed(node: Any, **fields: Any) -> Any:
    """Give a node with some fields another."""
    return ast.copy_location(type(node)(**(dict(ast.iter_fields(node)) | fields)), node)


def exchanged(node: Any, field: str, any_kind: bool = False) -> Iterator[Any]:
    """Give a node with two of its parts in each other's place, of one kind or of any."""
    parts = getattr(node, field)
    if any(isinstance(one, ast.Starred) for one in parts):
        return
    for i, j in combinations(range(min(len(parts), FEW)), 2):
        alike = field == "args" or any_kind or _kind(parts[i]) is _kind(parts[j])
        if not alike or ast.dump(parts[i]) == ast.dump(parts[j]):
            continue
        turned = list(parts)
        turned[i], turned[j] = turned[j], turned[i]
        yield changed(node, **{field: turned})


def _kind(node: ast.AST) -> type:
    """Tell what a part is; a number below zero is a number."""
    return type(node.operand if isinstance(node, ast.UnaryOp) else node)


def regrouped(node: ast.BinOp) -> Iterator[ast.expr]:
    """Give a formula with its outermost brackets moved by one operand, or into or out of a call."""

    def of(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.BinOp:
        return ast.copy_location(ast.BinOp(left, op, right), node)

    for left in _ends(node.left, last=True):
        yield left.put(of(left.end, node.op, node.right))
    for right in _ends(node.right, last=False):
        yield right.put(of(node.left, node.op, right.end))


@attrs.frozen(eq=False)
class _End:
    """The last or the first operand of a formula, and how to put another in its place."""

    end: ast.expr
    put: Callable[[ast.expr], ast.expr]


def _ends(node: ast.expr, last: bool) -> Iterator[_End]:
    if isinstance(node, ast.BinOp):
        field = "right" if last else "left"
        inner = getattr(node, field)
    elif isinstance(node, ast.UnaryOp):
        field, inner = "operand", node.operand
    elif isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords and last:
        field, inner = "args", node.args[0]
    else:
        return

    def put(new: ast.expr) -> ast.expr:
        found: ast.expr = changed(node, **{field: [new] if field == "args" else new})
        return found

    yield _End(inner, put)
    for further in _ends(inner, last):
        yield _End(further.end, partial(_within, put, further.put))


def _within(
    outer: Callable[[ast.expr], ast.expr], inner: Callable[[ast.expr], ast.expr], new: ast.expr
) -> ast.expr:
    return outer(inner(new))


def turned_round(node: ast.Assign) -> Iterator[ast.Assign]:
    """Give an assignment that gives a name to what it took it from: y = x for x = y, each of several."""
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    target, value = node.targets[0], node.value
    if isinstance(target, kinds) and isinstance(value, kinds):
        yield changed(node, targets=[_as(value, ast.Store())], value=_as(target, ast.Load()))
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for at, (one, other) in enumerate(zip(target.elts, value.elts, strict=False)):
            if isinstance(one, kinds) and isinstance(other, kinds):
                stored = [*target.elts[:at], _as(other, ast.Store()), *target.elts[at + 1 :]]
                read = [*value.elts[:at], _as(one, ast.Load()), *value.elts[at + 1 :]]
                yield changed(node, targets=[changed(target, elts=stored)], value=changed(value, elts=read))


def _as(node: ast.expr, ctx: ast.expr_context) -> ast.expr:
    """Give what is read as it is set, or the other way round."""
    found: ast.expr = changed(node, ctx=ctx)
    return found


def turned_names(node: ast.expr) -> Iterator[ast.expr]:
    """Give a formula with two of its names in each other's place."""
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    names = sorted({ast.unparse(one) for one in _read_in(node)})
    for one, other in combinations(names[:FEW], 2):
        turn = {one: other, other: one}

        class Turn(ast.NodeTransformer):
            def visit(self, part: ast.AST, turn: dict[str, str] = turn) -> ast.AST:
                new = turn.get(ast.unparse(part)) if isinstance(part, kinds) else None
                return ast.parse(new, mode="eval").body if new else self.generic_visit(part)

        yield cast(ast.expr, Turn().visit(copy.deepcopy(node)))


def _read_in(node: ast.AST) -> Iterator[ast.expr]:
    """List the names, fields and elements that a formula reads, each as a whole."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        yield node
        return
    for one in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Call) and one is node.func):
            yield from _read_in(one)


def summed(node: ast.expr) -> list[ast.expr]:
    """List what is added up in a sum."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*summed(node.left), *summed(node.right)]
    return [node]


def many(parts: Sequence[ast.AST]) -> float:
    """Tell how much less likely an exchange is where there are many to be exchanged."""
    return 0.05 * max(len(parts) - 3, 0)
