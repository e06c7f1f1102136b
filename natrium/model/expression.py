"""Expressions from text, read by a whitelist: nothing in the text is ever run.

The text is parsed by :mod:`ast`, walked node by node into a small tree of numbers, one variable, a
few functions and arithmetic, and only this tree is used further on: evaluated in the order in which
it was written (for the replay of a script), or built into SymPy (for everything else).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import scipy.special
import sympy
from sympy.printing.str import StrPrinter

from natrium.model.errors import ModelError
from natrium.model.exprel import exprel
from natrium.model.rules import Number, is_real, shown

__all__ = ["Expression", "as_expression", "evaluated"]

MAX_LENGTH = 2_000  # characters: far above any published rate, far below what slows a parser
MAX_BRACKETS = 50  # nesting, counted before parsing
MAX_DEPTH = 200  # of the syntax tree
MAX_NODES = 500
MAX_DIGITS = 40  # of one literal
MAX_EXPONENT = 100.0

_NUMERIC: dict[str, Callable[[Any], Any]] = {
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
_SYMBOLIC: dict[str, Callable[..., Any]] = {
    "exp": sympy.exp,
    "expm1": lambda x: sympy.exp(x) - 1,
    "exprel": exprel,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "abs": sympy.Abs,
}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}

_NO_VALUE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)

# A node is a number, the variable (VARIABLE), (function, node), ("neg", node) or (operator, node, node).
VARIABLE = "variable"
Node = float | str | tuple[Any, ...]


@attrs.frozen
class Expression:
    """An expression of one variable, kept as written and as SymPy.

    Parameters
    ----------
    text : str
        Numbers, the variable, ``pi``, the functions ``exp expm1 exprel log sqrt sin cos tanh abs``
        and ``+ - * / **``; nothing else.
    variable : str
        Name of the variable: ``"V"`` (mV) in rates, ``"t"`` (ms) in stimuli.

    Raises
    ------
    ModelError
        When the text holds anything else, or is too long, too deep or not finite.
    """

    text: str
    variable: str = "V"

    def __attrs_post_init__(self) -> None:
        """Read the text once, so that a wrong one is refused at construction."""
        text: Any = self.text
        if not isinstance(text, str):
            raise ModelError(f"an expression must be text, got {shown(text)} ({type(text).__name__})")
        with evaluated(text):
            if self.symbolic.has(*_NO_VALUE):
                raise _refuse(text, "an expression must have a finite real value")

    def __str__(self) -> str:
        """Give the text as written."""
        return self.text

    @property
    def symbol(self) -> sympy.Symbol:
        """The variable as a SymPy symbol."""
        return sympy.Symbol(self.variable, real=True)

    @property
    def symbolic(self) -> sympy.Expr:
        """The expression as SymPy, simplified as SymPy does by itself."""
        return _symbolic(_read(self.text, self.variable), self.symbol)

    @property
    def latex(self) -> str:
        """The expression as LaTeX, in its written form."""
        return _latex(_read(self.text, self.variable), self.variable)[0]

    def written(self) -> Callable[[Any], Any]:
        """Give a function that evaluates the text in its own order, with NumPy's functions.

        Returns
        -------
        callable
            From a float (or an array) of the variable to the value. What is 0/0 as written is NaN.
        """
        return _evaluator(_read(self.text, self.variable))


@contextmanager
def evaluated(text: object) -> Iterator[None]:
    """Turn whatever SymPy, or a function made by it, makes of a valid text into a ModelError.

    Raises
    ------
    ModelError
        Naming the expression.
    """
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        raise _refuse(str(text), f"an expression must have a real value ({type(error).__name__})") from error


def as_expression(value: Any, variable: str = "V") -> Expression:
    """Take text, a SymPy expression, a number or an `Expression` as an `Expression`.

    Raises
    ------
    ModelError
        When it is none of these, or not a valid expression of `variable`.
    """
    if isinstance(value, Expression):
        if value.variable != variable:
            raise ModelError(f"an expression of {variable} is needed, got one of {value.variable}: {value}")
        return value
    if isinstance(value, str):
        return Expression(value, variable)
    if isinstance(value, sympy.Expr):
        others = sorted({symbol.name for symbol in value.free_symbols} - {variable})
        if others:
            raise ModelError(
                f"an expression may use {variable} only, got {others}: put numbers for the others"
            )
        plain = value.xreplace(dict.fromkeys(value.free_symbols, sympy.Symbol(variable, real=True)))
        return Expression(_TextPrinter().doprint(plain), variable)
    if is_real(value):
        Number().check("a constant expression", value)
        return Expression(repr(float(value)), variable)
    raise ModelError(f"an expression must be text or SymPy, got {shown(value)} ({type(value).__name__})")


class _TextPrinter(StrPrinter):
    """SymPy to the text of the reader, every digit of every number kept."""

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Abs(self, expr: Any) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_Exp1(self, expr: Any) -> str:
        return "exp(1)"

    def _print_Function(self, expr: Any) -> str:
        if len(expr.args) != 1:
            raise ModelError(f"an expression cannot hold {expr}: write it with the functions allowed")
        return f"{expr.func.__name__}({self._print(expr.args[0])})"


def _refuse(text: str, rule: str) -> ModelError:
    return ModelError(f"{rule}, got {shown(text)}")


@lru_cache(maxsize=1024)
def _read(text: str, variable: str) -> Node:
    """Parse and check `text`; give its tree with constants folded as floats."""
    if len(text) > MAX_LENGTH:
        raise _refuse(text, f"an expression may have at most {MAX_LENGTH} characters ({len(text)} given)")
    if not text.isascii() or not text.isprintable() or "#" in text:
        raise _refuse(text, "an expression may use plain printable ASCII characters only")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_BRACKETS:
        raise _refuse(text, f"an expression may nest at most {MAX_BRACKETS} brackets ({deepest} given)")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refuse(text, "an expression must be well-formed arithmetic") from error
    return _Reader(text, variable).node(body, 0)


class _Reader:
    """The whitelist: from Python's syntax tree to ours, or a ModelError."""

    def __init__(self, text: str, variable: str) -> None:
        self.text = text
        self.variable = variable
        self.nodes = 0

    def node(self, tree: ast.expr, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise _refuse(self.text, f"an expression may have at most {MAX_NODES} terms, {MAX_DEPTH} deep")
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
                name in _NUMERIC and not isinstance(argument, ast.Starred)
            ):
                return self.fold(name, self.node(argument, depth + 1))
        allowed = f"numbers, {self.variable}, pi, {', '.join(_NUMERIC)}, and + - * / **"
        raise _refuse(self.text, f"an expression may hold {allowed} only ({type(tree).__name__} found)")

    def literal(self, tree: ast.Constant) -> float:
        source = ast.get_source_segment(self.text.strip(), tree) or ""
        if len(source) > MAX_DIGITS or not math.isfinite(value := float(tree.value)):  # type: ignore[arg-type]  # int or float: matched by the caller
            raise _refuse(self.text, f"a number may have at most {MAX_DIGITS} digits and must be finite")
        return value

    def fold(self, name: str, *nodes: Node) -> Node:
        """Join nodes by an operation; numbers alone are folded as floats."""
        if name == "**" and isinstance(nodes[1], float) and abs(nodes[1]) > MAX_EXPONENT:
            raise _refuse(self.text, f"an exponent may be at most {MAX_EXPONENT:g}")
        if not all(isinstance(node, float) for node in nodes):
            return (name, *nodes)
        with np.errstate(all="ignore"):
            value = _evaluator((name, *nodes))(0.0)
        if np.iscomplexobj(value) or not math.isfinite(value):
            raise _refuse(self.text, "a constant part of an expression must be a finite real number")
        return float(value)


def _evaluator(tree: Node) -> Callable[[Any], Any]:
    """Make a closure that evaluates a tree in its written order."""
    if isinstance(tree, float):
        value = np.float64(tree)  # Python's own division and power raise where NumPy's give inf or nan
        return lambda x: value
    if isinstance(tree, str):
        return lambda x: x
    name, *parts = tree
    first = _evaluator(parts[0])
    if name == "neg":
        return lambda x: -first(x)
    if name in _NUMERIC:
        function = _NUMERIC[name]
        return lambda x: function(first(x))
    second = _evaluator(parts[1])
    return _BINARY[name](first, second)


_BINARY: dict[str, Callable[[Any, Any], Callable[[Any], Any]]] = {
    "+": lambda a, b: lambda x: a(x) + b(x),
    "-": lambda a, b: lambda x: a(x) - b(x),
    "*": lambda a, b: lambda x: a(x) * b(x),
    "/": lambda a, b: lambda x: a(x) / b(x),
    "**": lambda a, b: lambda x: a(x) ** b(x),
}


def _symbolic(tree: Node, symbol: sympy.Symbol) -> sympy.Expr:
    """Build a tree into SymPy, node by node."""
    if isinstance(tree, float):
        return sympy.Float(tree)  # never a whole number: powers of those have no bound
    if isinstance(tree, str):
        return symbol
    name, *parts = tree
    values = [_symbolic(part, symbol) for part in parts]
    if name == "**" and isinstance(parts[1], float) and parts[1].is_integer():
        values[1] = sympy.Integer(int(parts[1]))  # small: held by the reader
    if name == "neg":
        return -values[0]
    return _SYMBOLIC[name](*values) if name in _SYMBOLIC else _ARITHMETIC[name](*values)


def _latex(tree: Node, variable: str) -> tuple[str, int]:
    """Give a tree's LaTeX, and how tightly it binds (4: as one symbol)."""
    if isinstance(tree, float):
        text = f"{tree:.12g}"
        mantissa, _, exponent = text.partition("e")
        return (rf"{mantissa} \cdot 10^{{{int(exponent)}}}", 2) if exponent else (text, 4)
    if isinstance(tree, str):
        return variable, 4
    name, *parts = tree
    (first, tight), *others = (_latex(part, variable) for part in parts)
    if name == "exp":
        return f"e^{{{first}}}", 3
    if name == "sqrt":
        return rf"\sqrt{{{first}}}", 4
    if name == "abs":
        return rf"\left|{first}\right|", 4
    if name in _NUMERIC:
        function = f"\\{name}" if name in ("log", "sin", "cos", "tanh") else rf"\operatorname{{{name}}}"
        return rf"{function}\left({first}\right)", 4
    if name == "neg":
        return f"-{_bracketed(first, tight, 2)}", 1
    second, tight_second = others[0]
    if name == "/":
        return rf"\frac{{{first}}}{{{second}}}", 3
    if name == "**":
        return f"{_bracketed(first, tight, 4)}^{{{second}}}", 3
    if name == "*":
        factors = _bracketed(first, tight, 2), _bracketed(second, tight_second, 2)
        # Two numbers side by side would read as one.
        dot = r" \cdot " if factors[1][0].isdigit() else r" \, "
        return dot.join(factors), 2
    return f"{first} {name} {_bracketed(second, tight_second, 2 if name == '-' else 1)}", 1


def _bracketed(text: str, tight: int, needed: int) -> str:
    return text if tight >= needed and not (needed > 1 and text.startswith("-")) else rf"\left({text}\right)"
