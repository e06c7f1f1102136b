"""Brackets that stand elsewhere than they should: every way to set one pair of a line's anew."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import ARRAYS, LEAF, NUMBER, name_of
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}
_OPERATIONS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip
LONGEST = 48  # signs of a line


@attrs.frozen
class Sign:
    """One sign of an expression: an operand, an operation, or a bracket, maybe of a function.

    Attributes
    ----------
    text : str
    opens : str
        ``"("`` for a bracket that opens, ``")"`` for one that closes, empty for others.
    is_operand : bool
    """

    text: str
    opens: str = ""
    is_operand: bool = False


def rebracketed(bench: Bench) -> Iterator[tuple[Node, Node]]:
    """Give what stands and what should, wherever one pair of brackets set anew makes the whole right."""
    for at, node in bench.open:
        if node.op in (LEAF, NUMBER) or not _begins_line(bench, at, node):
            continue
        operands: list[Node] = []
        signs = _signs(node, node.line, operands)
        if sum(one.is_operand for one in signs) < 3 or len(signs) > LONGEST:
            continue
        known = {one: bench.values[bench.place[one]] for one in operands}
        seen = {"".join(one.text for one in signs)}
        for text in _moved(signs):
            if text in seen:
                continue
            seen.add(text)
            try:
                new = _built(ast.parse(text, mode="eval").body, operands, node.line)
            except SyntaxError:
                continue
            with np.errstate(all="ignore"):
                if bench.is_right(bench.whole(at, _values(new, known))):
                    yield node, new
                    break


def _values(node: Node, known: Mapping[Node, Array]) -> Array:
    if node in known:
        return known[node]
    return np.asarray(ARRAYS[name_of(node)](*[_values(one, known) for one in node.args]))


def _begins_line(bench: Bench, at: int, node: Node) -> bool:
    """Tell whether a part is all that its line makes of what other lines made."""
    return bool(node.line) and not any(
        bench.program.nodes[up].line == node.line and name_of(bench.program.nodes[up]) in _READ
        for up, _ in bench.edges[at]
    )


_READ = (*_LEVEL, "exp", "log", "sqrt", "tanh", "abs")


def _signs(node: Node, line: int, operands: list[Node], level: int = 0, right: bool = False) -> list[Sign]:
    """Write a part as a line has it: what other lines made is one operand."""
    name = name_of(node)
    if node.line != line or name not in _READ:
        operands.append(node)
        return [Sign(f"a{len(operands) - 1}", is_operand=True)]
    if name not in _LEVEL:
        inner = _signs(node.args[0], line, operands)
        return [Sign(f"{name}(", "("), *inner, Sign(")", ")")]
    own = _LEVEL[name]
    if name == "neg":
        signs = [Sign("-"), *_signs(node.args[0], line, operands, own)]
    else:
        first, second = node.args
        signs = _signs(first, line, operands, own + (name == "**"))
        signs += [Sign(name), *_signs(second, line, operands, own, right=True)]
    if own < level or (own == level and right):
        return [Sign("(", "("), *signs, Sign(")", ")")]
    return signs


def _moved(signs: Sequence[Sign]) -> Iterator[str]:
    """Write an expression with one pair of brackets gone, moved at one end, or more."""
    text = [one.text for one in signs]
    # Where one may open: before an operand or a bracket; and close: after one.
    n = len(signs)
    before = [k for k in range(n) if signs[k].is_operand or signs[k].opens == "("]
    before += [k for k in range(n) if signs[k].text == "-" and (k == 0 or signs[k - 1].opens == "(")]
    after = [k + 1 for k in range(n) if signs[k].is_operand or signs[k].opens == ")"]
    stack: list[int] = []
    for k, one in enumerate(signs):
        if one.opens == "(":
            stack.append(k)
        elif one.opens == ")":
            opened = stack.pop()
            bare = signs[opened].text == "("
            if bare:
                yield "".join([*text[:opened], *text[opened + 1 : k], *text[k + 1 :]])
                rest = [*text[:opened], "", *text[opened + 1 :]]
                for to in before:
                    yield "".join([*rest[:to], "(", *rest[to:]])
            rest = [*text[:k], "", *text[k + 1 :]]
            for to in after:
                if to > opened + 1:
                    yield "".join([*rest[:to], ")", *rest[to:]])
    for a in before:
        for b in after:
            if b > a + 1:
                yield "".join([*text[:a], "(", *text[a:b], ")", *text[b:]])


def _built(tree: ast.AST, operands: Sequence[Node], line: int) -> Node:
    """Make the tree of a text that was found right."""
    match tree:
        case ast.Name(id=name):
            return operands[int(name[1:])]
        case ast.UnaryOp(operand=inner):
            return Node("neg", (_built(inner, operands, line),), math.nan, line)
        case ast.BinOp(left=left, op=op, right=right):
            both = (_built(left, operands, line), _built(right, operands, line))
            return Node(_OPERATIONS[type(op)], both, math.nan, line)
        case ast.Call(func=ast.Name(id=name), args=args):
            return Node(name, tuple(_built(one, operands, line) for one in args), math.nan, line)
    raise SyntaxError  # no other is written: a call of what is no function
