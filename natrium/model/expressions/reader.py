"""The whitelist reader: from text to a small tree, of which nothing is ever run.

The text is parsed by :mod:`ast` and walked node by node into a tree of numbers, variables, a few functions,
branches and arithmetic. Only this tree is used further on.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, pairwise
from typing import Any

import attrs
import numpy as np

from natrium.model.checks import nearest, show
from natrium.model.errors import ModelError
from natrium.model.expressions.absent import say_instead
from natrium.model.expressions.evaluator import COMPARE, LARGEST, NUMERIC, Node, evaluator

MAX_LENGTH = 2_000  # characters: far above any published rate, far below what slows a parser
MAX_BRACKETS = 50  # nesting, counted before parsing
MAX_DEPTH = 200  # of the syntax tree
MAX_NODES = 500
# What algebra takes long on; published rates nest about five, to powers of four.
MAX_NESTED = 20  # functions and denominators one within the other
MAX_POWER = 20  # of anything but a polynomial, or of one within a function
MAX_ARGUMENT = 180  # nodes in the argument of a function that might not be real
MAX_TURNED = 25  # the same of tanh, sinh, cosh, erf, sin and cos
MAX_BRANCHES = 8  # functions with branches one within the other: each says its argument twice
MAX_DIGITS = 40  # of one literal
MAX_EXPONENT = 100.0

BRANCHES = frozenset({"abs", "sign", "heaviside", "floor", "where", *LARGEST})
_TURNED = frozenset({"tanh", "sinh", "cosh", "erf", "sin", "cos"})
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Mod: "%",
}
# What other languages write, and what is written here: told where a text is no arithmetic at all.
_FOREIGN = (
    (r"&&", "write and"),
    (r"\|\|", "write or"),
    (r"\?|\bif\b|\{", "write where(condition, a, b)"),
    (r"!(?!=)", "write not"),
    (r"^$", "write at least a number"),
    (r"[;:]|(?<![<>=])=(?!=)", "this has no place here"),
    (r"\)\s*[\w(]", "write * between what is multiplied"),
    (r"(?<![\w.])\d+(\.\d*)?(?!e[+-]?\d)\s*[A-Za-z_(]\w*", "write * between a number and what it multiplies"),
    (r"\b(exp|expm1|log|sqrt|sin|cos|tanh|abs)\s+\w+", "what a function is of stands in brackets"),
    (
        rf"\b({'|'.join(set(keyword.kwlist) - {'and', 'or', 'not', 'else'})})\b",
        "a word of Python's: name it otherwise",
    ),
)
# Signs of typeset text, by the plain ones that mean the same.
_ASCII = {
    "-": "\u2212\u2013\u2014\u2010\u2011",
    "*": "\u00b7\u22c5\u00d7\u2217",
    "/": "\u00f7\u2215",
    "**": "\u00b2\u00b3\u2074",
}


def refuse(text: str, rule: str) -> ModelError:
    """Make the error that says which rule a text breaks."""
    return ModelError(f"{rule}, got {show(text)}")


@lru_cache(maxsize=1024)
def read(text: str, *variables: str) -> Node:
    """Parse and check `text`; give its tree with constants folded as floats."""
    if len(text) > MAX_LENGTH:
        raise refuse(text, f"an expression may have at most {MAX_LENGTH} characters ({len(text)} given)")
    if not text.isascii() or not text.isprintable() or "#" in text:
        raise refuse(text, f"an expression may use plain printable ASCII characters only{_strange(text)}")
    deepest = max(accumulate((c in "([{") - (c in ")]}") for c in text), default=0)
    if deepest > MAX_BRACKETS:
        raise refuse(text, f"an expression may nest at most {MAX_BRACKETS} brackets ({deepest} given)")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = _foreign(text.strip()) or _open_brackets(text)
        raise refuse(text, f"an expression must be well-formed arithmetic{told}") from error
    tree = _Reader(text, variables).node(body, 0)
    shape = _shape(tree)
    for got, most, what in (
        (shape.nested, MAX_NESTED, "functions and quotients one within the other"),
        (shape.power, MAX_POWER, "as an exponent of anything but a polynomial that stands alone"),
        (shape.argument, MAX_ARGUMENT, "terms in a function of roots, logarithms or quotients"),
        (shape.turned, MAX_TURNED, "terms in tanh, sin, cos and such of roots, logarithms or quotients"),
        (shape.branches, MAX_BRANCHES, "functions with branches one within the other"),
    ):
        if got > most:
            raise refuse(text, f"an expression is too complicated: at most {most} {what} ({got:g} given)")
    return tree


def _foreign(text: str) -> str:
    """Say what in a text is another language's, and what is written for it here."""
    for pattern, meant in _FOREIGN:
        if found := re.search(pattern, text):
            return f" ({show(found.group())} found at character {found.start() + 1}: {meant})"
    return ""


def _strange(text: str) -> str:
    """Show the first character that is not one of those taken, and what may be meant by it."""
    place, found = next(
        (k, c) for k, c in enumerate(text) if not (c.isascii() and c.isprintable()) or c == "#"
    )
    meant = next((f": write {plain}" for plain, like in _ASCII.items() if found in like), "")
    return f" ({show(found)} found at character {place + 1}{meant})"


def _open_brackets(text: str) -> str:
    """Say that brackets do not come in pairs; nothing where they do."""
    opened, closed = text.count("("), text.count(")")
    return f" ({opened} brackets are opened, {closed} closed)" if opened != closed else ""


@attrs.frozen
class _Shape:
    """What makes algebra slow: SymPy multiplies out where it cannot tell that all is real."""

    nodes: int = 1
    nested: int = 0  # functions and denominators one within the other
    degree: float = 0.0  # powers of powers multiplied, of polynomials that stand alone
    power: float = 0.0  # the same of anything else
    argument: int = 0  # nodes in the largest argument of a function that might not be real
    turned: int = 0  # the same of tanh, sin, cos, which SymPy takes apart into real and imaginary
    branches: int = 0  # functions with branches one within the other
    polynomial: bool = True
    real: bool = True


def _shape(tree: Node) -> _Shape:
    if not isinstance(tree, tuple):
        return _Shape()
    name, *children = tree
    if name in BRANCHES or name in COMPARE or name in _JOINS:
        return _branched(name, [_shape(child) for child in children])
    parts = [_shape(child) for child in children]
    first, last = parts[0], parts[-1]
    constant = isinstance(children[-1], float)
    whole = constant and children[-1].is_integer() and children[-1] > 0.0
    plain = name in ("neg", "+", "-", "*") or (name == "/" and constant) or (name == "**" and whole)
    degree, power = max(part.degree for part in parts), max(part.power for part in parts)
    if name == "**" and constant and first.polynomial:
        degree = max(1.0, first.degree) * abs(children[-1])
    elif name == "**" and constant:
        power = max(1.0, first.power) * abs(children[-1])
    elif name in NUMERIC:
        degree, power = 0.0, max(degree, power)
    is_function = name in NUMERIC or name == "**"
    unsure = first.nodes if is_function and not first.real else 0
    return _Shape(
        nodes=1 + sum(part.nodes for part in parts),
        nested=max(first.nested + is_function, last.nested + (is_function or name == "/")),
        degree=degree,
        power=power,
        argument=max(first.argument, last.argument, unsure),
        turned=max(first.turned, last.turned, unsure if name in _TURNED else 0),
        branches=max(part.branches for part in parts) + (name == "%"),
        polynomial=plain and all(part.polynomial for part in parts),
        real=(plain or (is_function and name not in ("log", "sqrt", "**")))
        and all(part.real for part in parts),
    )


_JOINS = ("and", "or", "not")


def _branched(name: str, parts: list[_Shape]) -> _Shape:
    """Give the shape of a branch or a condition: but for abs SymPy leaves what is in them alone."""
    return _Shape(
        nodes=1 + sum(part.nodes for part in parts),
        nested=max(part.nested for part in parts) + (name in BRANCHES),
        power=max(max(part.degree, part.power) for part in parts),
        argument=max(max(part.argument, 0 if part.real or name != "abs" else part.nodes) for part in parts),
        turned=max(part.turned for part in parts),
        branches=max(part.branches for part in parts) + (name in BRANCHES),
        polynomial=False,
        real=all(part.real for part in parts),
    )


class _Reader:
    """The whitelist: from Python's syntax tree to ours, or a ModelError."""

    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        self.text = text
        self.variables = variables
        self.nodes = 0

    def node(self, tree: ast.expr, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise refuse(self.text, f"an expression may have at most {MAX_NODES} terms, {MAX_DEPTH} deep")
        match tree:
            case ast.Constant(value=value) if type(value) in (int, float):
                return self.literal(tree)
            case ast.Name(id=name) if name in self.variables:
                return name
            case ast.Name(id="pi"):
                return math.pi
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.fold("neg", self.node(operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS and (
                not isinstance(op, ast.Mod) or self.variables == ("t",)
            ):
                pair = self.node(left, depth + 1), self.node(right, depth + 1)
                return self.fold(_OPERATORS[type(op)], *pair)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if (
                name in NUMERIC and not isinstance(argument, ast.Starred)
            ):
                if name == "floor" and self.variables != ("t",):
                    raise self.refusal(tree, ": floor is for inputs, of t")
                return self.fold(name, self.node(argument, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as arguments, keywords=[]) if (
                name in LARGEST and not any(isinstance(one, ast.Starred) for one in arguments)
            ):
                first, *others = (self.node(one, depth + 1) for one in arguments)
                for other in others:
                    first = self.fold(name, first, other)
                return first
            case ast.Call(func=ast.Name(id="table"), args=[argument, _, _, _, _, *_], keywords=[]) if (
                len(tree.args) % 2
            ):
                return self.table(argument, tree.args[1:], depth)
            case (
                ast.Call(func=ast.Name(id="where"), args=[test, one, other], keywords=[])
                | ast.IfExp(test=test, body=one, orelse=other)
            ) if not any(isinstance(part, ast.Starred) for part in (test, one, other)):
                values = self.node(one, depth + 1), self.node(other, depth + 1)
                return ("where", self.condition(test, depth + 1), *values)
        raise self.refusal(tree, self.hint(tree))

    def refusal(self, tree: ast.expr, hint: str) -> ModelError:
        """Make the error that says what is allowed, what was found, and where."""
        functions = [*NUMERIC, *LARGEST, "where", "table"]
        if self.variables != ("t",):
            functions.remove("floor")
        names = ", ".join((*self.variables, "pi", *functions))
        place = tree.col_offset + 1 + len(self.text) - len(self.text.lstrip())
        found = f"{self.named(tree)} found at character {place}{hint}"
        return refuse(self.text, f"an expression may hold numbers, {names}, and + - * / ** only ({found})")

    @staticmethod
    def named(tree: ast.expr) -> str:
        """Name what was not understood: the word itself where there is one."""
        match tree:
            case (
                ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name))
            ):
                return f"{type(tree).__name__} {name[:40]!r}"
            case ast.BinOp(op=op):
                return f"{type(tree).__name__} {type(op).__name__}"
        return type(tree).__name__

    def is_point(self, pair: Node) -> bool:
        """Tell whether two sides are equal at single points of V or t, or are numbers."""
        names = set(_names(pair))
        return names.isdisjoint(BRANCHES) and (names.isdisjoint(self.variables) or bool(names & {"V", "t"}))

    def table(self, argument: ast.expr, points: list[ast.expr], depth: int) -> Node:
        """Read straight lines between points, level beyond the first and the last, as a sum of corners."""
        x = self.node(argument, depth + 1)
        numbers = [one for point in points if isinstance(one := self.node(point, depth + 1), float)]
        at, values = numbers[::2], numbers[1::2]
        if len(numbers) < len(points) or any(a >= b for a, b in pairwise(at)):
            raise refuse(self.text, "table(V, V_1, y_1, V_2, y_2, ...) must be of numbers, V_1 < V_2 < ...")
        lines = zip(pairwise(at), pairwise(values), strict=True)
        slopes = [0.0, *((after - before) / (b - a) for (a, b), (before, after) in lines), 0.0]
        total: Node = values[0]
        for corner, (before, after) in zip(at, pairwise(slopes), strict=True):
            if before != after:
                total = ("+", total, ("*", after - before, ("max", 0.0, ("-", x, corner))))
        return total

    def condition(self, tree: ast.expr, depth: int) -> Node:
        """Read what a branch depends on."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise refuse(self.text, f"an expression may have at most {MAX_NODES} terms, {MAX_DEPTH} deep")
        match tree:
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in _COMPARISONS for op in ops
            ):
                sides = [self.node(one, depth + 1) for one in (left, *others)]
                pairs: list[tuple[Any, ...]] = [
                    (_COMPARISONS[type(op)], *pair) for op, pair in zip(ops, pairwise(sides), strict=True)
                ]
                if any(pair[0] in ("==", "!=") and not self.is_point(pair) for pair in pairs):
                    raise self.refusal(tree, ": by == only V itself is compared; write <, <=, > or >=")
                return _join("and", pairs)
            case ast.BoolOp(op=op, values=values):
                name = "and" if isinstance(op, ast.And) else "or"
                return _join(name, [self.condition(one, depth + 1) for one in values])
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as both, right=right):
                name = "and" if isinstance(both, ast.BitAnd) else "or"
                return _join(name, [self.condition(one, depth + 1) for one in (left, right)])
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return ("not", self.condition(operand, depth + 1))
        raise self.refusal(tree, ": a condition compares, as in where(V < -40, a, b)")

    def hint(self, tree: ast.expr) -> str:
        """Say how what was meant is written here, where that can be told."""
        meant = {name: name for name in self.variables} | {name: f"{name}(...)" for name in NUMERIC}
        meant |= {name: f"{name}(..., ...)" for name in LARGEST} | {"where": "where(condition, a, b)"}
        match tree:
            case ast.Compare() | ast.BoolOp():
                return ": write where(condition, 1, 0) for a condition as a number"
            case ast.Call(func=ast.Name(id="where" | "min" | "max" as name)):
                return f": write {meant[name]}"
            case ast.Call(func=ast.Attribute(attr="float64")):
                return ": write NumPy's number as float(...) into the text"
            case ast.Call(func=ast.Name(id="fabs")):
                return ": write abs(...)"
            case ast.BinOp(op=ast.BitXor()) | ast.Call(func=ast.Name(id="pow")):
                return ": a power is written **, not ^"
            case ast.Call(func=ast.Constant() | ast.BinOp() | ast.Call()):
                return ": write * between what is multiplied"
            case ast.Tuple():
                return ": a number has a point, not a comma"
            case ast.Attribute(attr="pi"):
                return ": write pi"
            case ast.Call(func=ast.Attribute(attr="maximum" | "minimum" as name)):
                return f": write {name[:3]}(..., ...)"
            case ast.Call(func=ast.Attribute(attr=name)) if name in meant:
                return f": write {name}(...), without what stands before it"
            case ast.Call(func=ast.Name(id="ln")):
                return ": write log(...) for the natural logarithm"
            case ast.Call(func=ast.Name(id=name)) if name in self.variables:
                return f": write {name} alone, or {name}*(...) where it multiplies"
            case ast.Name(id=name) if name not in meant and (told := say_instead(name, self.variables)):
                return told
            case ast.Name(id="cai" | "ca" | "CA") if "V" in self.variables:
                return ": write Ca for the neuron's calcium"
            case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
                near = nearest(name, meant)
                if near:
                    return f": did you mean {meant[near]}?"
                value = ": a name without a value here; write its number, or make it a constant"
                return "" if isinstance(tree, ast.Call) else value
        return ""

    def literal(self, tree: ast.Constant) -> float:
        source = ast.get_source_segment(self.text.strip(), tree) or ""
        if len(source) > MAX_DIGITS or not math.isfinite(value := float(tree.value)):  # type: ignore[arg-type]  # int or float: matched by the caller
            raise refuse(self.text, f"a number may have at most {MAX_DIGITS} digits and must be finite")
        return value

    def fold(self, name: str, *nodes: Node) -> Node:
        """Join nodes by an operation; numbers alone are folded as floats."""
        if name == "**" and isinstance(nodes[1], float) and abs(nodes[1]) > MAX_EXPONENT:
            raise refuse(self.text, f"an exponent may be at most {MAX_EXPONENT:g}")
        if not all(isinstance(node, float) for node in nodes):
            return (name, *nodes)
        with np.errstate(all="ignore"):
            value = evaluator((name, *nodes))(0.0)
        if np.iscomplexobj(value) or not math.isfinite(value):
            raise refuse(self.text, "a constant part of an expression must be a finite real number")
        return float(value)


def _names(tree: Node) -> Iterator[str]:
    """Give every name in a tree, of variables and of operations."""
    for part in tree if isinstance(tree, tuple) else (tree,):
        if isinstance(part, str):
            yield part
        elif isinstance(part, tuple):
            yield from _names(part)


def _join(name: str, conditions: Sequence[Node]) -> Node:
    return reduce(lambda a, b: (name, a, b), conditions)
