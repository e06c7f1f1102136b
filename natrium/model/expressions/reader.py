"""The whitelist reader: from text to a small tree, of which nothing is ever run.

The text is parsed by :mod:`ast` and walked node by node into a tree of numbers, one variable, a few
functions and arithmetic. Only this tree is used further on.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import scipy.special

from natrium.model.checks import nearest, show
from natrium.model.errors import ModelError

MAX_LENGTH = 2_000  # characters: far above any published rate, far below what slows a parser
MAX_BRACKETS = 50  # nesting, counted before parsing
MAX_DEPTH = 200  # of the syntax tree
MAX_NODES = 500
# What algebra takes long on; published rates nest about five, to powers of four.
MAX_NESTED = 20  # functions and denominators one within the other
MAX_POWER = 20  # of anything but a polynomial, or of one within a function
MAX_ARGUMENT = 80  # nodes in the argument of a function that might not be real
MAX_TURNED = 25  # the same of tanh, sin, cos and abs
MAX_DIGITS = 40  # of one literal
MAX_EXPONENT = 100.0

NUMERIC: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "exprel": scipy.special.exprel,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": np.abs,
}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}

# A node is a number, the variable (VARIABLE), (function, node), ("neg", node) or (operator, node, node).
VARIABLE = "variable"
Node = float | str | tuple[Any, ...]


def refuse(text: str, rule: str) -> ModelError:
    """Make the error that says which rule a text breaks."""
    return ModelError(f"{rule}, got {show(text)}")


@lru_cache(maxsize=1024)
def read(text: str, variable: str) -> Node:
    """Parse and check `text`; give its tree with constants folded as floats."""
    if len(text) > MAX_LENGTH:
        raise refuse(text, f"an expression may have at most {MAX_LENGTH} characters ({len(text)} given)")
    if not text.isascii() or not text.isprintable() or "#" in text:
        raise refuse(text, "an expression may use plain printable ASCII characters only")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_BRACKETS:
        raise refuse(text, f"an expression may nest at most {MAX_BRACKETS} brackets ({deepest} given)")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise refuse(text, "an expression must be well-formed arithmetic") from error
    tree = _Reader(text, variable).node(body, 0)
    shape = _shape(tree)
    for got, most, what in (
        (shape.nested, MAX_NESTED, "functions and quotients one within the other"),
        (shape.power, MAX_POWER, "as an exponent of anything but a polynomial that stands alone"),
        (shape.argument, MAX_ARGUMENT, "terms in a function of roots, logarithms or quotients"),
        (shape.turned, MAX_TURNED, "terms in tanh, sin, cos or abs of roots, logarithms or quotients"),
    ):
        if got > most:
            raise refuse(text, f"an expression is too complicated: at most {most} {what} ({got:g} given)")
    return tree


@attrs.frozen
class _Shape:
    """What makes algebra slow: SymPy multiplies out where it cannot tell that all is real."""

    nodes: int = 1
    nested: int = 0  # functions and denominators one within the other
    degree: float = 0.0  # powers of powers multiplied, of polynomials that stand alone
    power: float = 0.0  # the same of anything else
    argument: int = 0  # nodes in the largest argument of a function that might not be real
    turned: int = 0  # the same of tanh, sin, cos and abs, which SymPy takes apart into real and imaginary
    polynomial: bool = True
    real: bool = True


def _shape(tree: Node) -> _Shape:
    if not isinstance(tree, tuple):
        return _Shape()
    name, *children = tree
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
        turned=max(first.turned, last.turned, unsure if name in ("tanh", "sin", "cos", "abs") else 0),
        polynomial=plain and all(part.polynomial for part in parts),
        real=(plain or (is_function and name not in ("log", "sqrt", "**")))
        and all(part.real for part in parts),
    )


class _Reader:
    """The whitelist: from Python's syntax tree to ours, or a ModelError."""

    def __init__(self, text: str, variable: str) -> None:
        self.text = text
        self.variable = variable
        self.nodes = 0

    def node(self, tree: ast.expr, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise refuse(self.text, f"an expression may have at most {MAX_NODES} terms, {MAX_DEPTH} deep")
        match tree:
            case ast.Constant(value=value) if type(value) in (int, float):
                return self.literal(tree)
            case ast.Name(id=name) if name == self.variable:
                return VARIABLE
            case ast.Name(id="pi"):
                return math.pi
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.fold("neg", self.node(operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                pair = self.node(left, depth + 1), self.node(right, depth + 1)
                return self.fold(_OPERATORS[type(op)], *pair)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if (
                name in NUMERIC and not isinstance(argument, ast.Starred)
            ):
                return self.fold(name, self.node(argument, depth + 1))
        allowed = f"numbers, {self.variable}, pi, {', '.join(NUMERIC)}, and + - * / **"
        place = tree.col_offset + 1 + len(self.text) - len(self.text.lstrip())
        found = f"{type(tree).__name__} found at character {place}{self.hint(tree)}"
        raise refuse(self.text, f"an expression may hold {allowed} only ({found})")

    def hint(self, tree: ast.expr) -> str:
        """Say how what was meant is written here, where that can be told."""
        meant = {self.variable: self.variable} | {name: f"{name}(...)" for name in NUMERIC}
        match tree:
            case ast.BinOp(op=ast.BitXor()):
                return ": a power is written **, not ^"
            case ast.Attribute(attr="pi"):
                return ": write pi"
            case ast.Call(func=ast.Attribute(attr=name)) if name in NUMERIC:
                return f": write {name}(...), without what stands before it"
            case ast.Call(func=ast.Name(id="ln")):
                return ": write log(...) for the natural logarithm"
            case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
                near = nearest(name, meant)
                return f": did you mean {meant[near]}?" if near else ""
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


def evaluator(tree: Node) -> Callable[[Any], Any]:
    """Make a closure that evaluates a tree in its written order."""
    if isinstance(tree, float):
        value = np.float64(tree)  # Python's own division and power raise where NumPy's give inf or nan
        return lambda x: value
    if isinstance(tree, str):
        return lambda x: x
    name, *parts = tree
    first = evaluator(parts[0])
    if name == "neg":
        return lambda x: -first(x)
    if name in NUMERIC:
        function = NUMERIC[name]
        return lambda x: function(first(x))
    second = evaluator(parts[1])
    return _BINARY[name](first, second)


_BINARY: dict[str, Callable[[Any, Any], Callable[[Any], Any]]] = {
    "+": lambda a, b: lambda x: a(x) + b(x),
    "-": lambda a, b: lambda x: a(x) - b(x),
    "*": lambda a, b: lambda x: a(x) * b(x),
    "/": lambda a, b: lambda x: a(x) / b(x),
    "**": lambda a, b: lambda x: a(x) ** b(x),
}
