"""Trees of a traced run: evaluated in any arithmetic, and taken in order."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import Any

import attrs
import mpmath
import numpy as np
import sympy

from natrium.analysis.doctor.reading.expressions.exponentials import Open
from natrium.analysis.doctor.trace.record import CUT, EXPONENTIAL, Node

LEAF, NUMBER = "leaf", "number"
# Names of one operation that differ from library to library.
ALIASES = {
    "absolute": "abs", "fabs": "abs", "maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min",
    "fmod": "%", "power": "**", "pow": "**", "add": "+", "subtract": "-", "multiply": "*", "divide": "/",
    "true_divide": "/", "negative": "neg", "ln": "log", "rint": "round",
    CUT: "int",
}  # fmt: skip
Operations = Mapping[str, Callable[..., Any]]


def name_of(node: Node) -> str:
    """Give the operation of a node, one name for each."""
    return ALIASES.get(node.op, node.op)


def in_order(roots: Iterable[Node]) -> list[Node]:
    """List every node once, each after its operands."""
    seen: set[Node] = set()
    found: list[Node] = []
    for root in roots:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                found.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(one, False) for one in reversed(node.args) if one not in seen]
    return found


def with_args(node: Node, args: tuple[Node, ...]) -> Node:
    """Give a node with other operands; itself where they are its own."""
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else attrs.evolve(node, args=args)


def leaves(*roots: Node) -> frozenset[str]:
    """Name the leaves of trees."""
    return frozenset(node.name for node in in_order(roots) if node.op == LEAF)


def number(value: float, line: int = 0) -> Node:
    """Make a number."""
    return Node(NUMBER, (), float(value), line)


def is_leaf(node: Node, name: str) -> bool:
    """Tell whether a tree is a name alone, and that one."""
    return node.op == LEAF and node.name == name


def leaf(name: str, value: float = math.nan) -> Node:
    """Make a named value."""
    return Node(LEAF, (), value, 0, name)


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "neg": operator.neg,
}
LARGE = 1e5  # of what a function is taken: beyond it no double is left
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
_FUNCTIONS = (
    "exp", "expm1", "log", "log1p", "log10", "log2", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh",
    "arctan", "arcsin", "arccos", "floor", "ceil", "sign", "exp2",
)  # fmt: skip


def _divided(a: Any, b: Any) -> Any:
    """Divide as NumPy does: a script that divides by zero has stopped by itself."""
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a)


def _raised(a: Any, b: Any) -> Any:
    try:
        found = a**b
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return math.nan if isinstance(found, complex) else found


_OF_NUMPY = {
    "/": "true_divide", "//": "floor_divide", "%": "remainder", "**": "power", "min": "minimum",
    "max": "maximum", "acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2",
    "acosh": "arccosh", "asinh": "arcsinh", "atanh": "arctanh",
}  # fmt: skip


def _of_numpy(name: str) -> Callable[..., Any]:
    function = getattr(np, name)
    return lambda *values: float(function(*values))


def _of_math(name: str) -> Callable[..., Any]:
    function = getattr(math, name.replace("arc", "a"), None)
    if function is None:
        return _of_numpy(name)

    def evaluated(*values: float) -> float:
        try:
            return float(function(*values))
        except (OverflowError, ValueError):
            return math.nan

    return evaluated


COMPARE: dict[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _told(relation: str) -> Callable[..., Any]:
    compare = COMPARE[relation]
    return lambda a, b: 1.0 if compare(a, b) else 0.0


def _arrayed(relation: str) -> Callable[..., Any]:
    compare = COMPARE[relation]
    return lambda a, b: np.where(compare(a, b), 1.0, 0.0)


def _chosen(relation: str) -> Callable[..., Any]:
    """Make a comparison as a number, 0 or 1, in formulas."""
    return lambda a, b: sympy.Piecewise((1, sympy.Rel(a, b, relation)), (0, True))


def _within(a: Any, function: Callable[[Any], Any], below: float = math.nan) -> Any:
    """Leave a function out where doubles overflowed long ago: to give all its digits would never end."""
    return function(a) if abs(a) < LARGE else mpmath.mpf(below if a < 0 else math.nan)


_SHARED: dict[str, Callable[..., Any]] = {
    **_ARITHMETIC,
    **{relation: _told(relation) for relation in RELATIONS},
    "/": _divided,
    "**": _raised,
    "//": lambda a, b: a // b if b else math.nan,
    "%": lambda a, b: a % b if b else math.nan,
    "abs": abs,
    "min": min,
    "max": max,
    "int": lambda a: float(int(a)) if math.isfinite(a) else math.nan,
    "float": float,
    "round": lambda a, *digits: float(round(a, *(int(one) for one in digits))) if math.isfinite(a) else a,
    "clip": lambda a, low, high: min(max(a, low), high),
    "pos": operator.pos,
    "not": operator.not_,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "xor": lambda a, b: bool(a) != bool(b),
}
DOUBLES: dict[str, Operations] = {
    "numpy": Open({**_SHARED, **{name: _of_numpy(name) for name in _FUNCTIONS}}, "doubles"),
    "math": Open({**_SHARED, **{name: _of_math(name) for name in _FUNCTIONS}}, "doubles"),
}
"""Doubles, one at a time, by the library whose functions a script calls."""


@cache
def double_of(op: str, numpy: bool) -> Callable[..., Any]:
    """Give an operation on doubles as the script took it: by NumPy's own routine, or by Python's."""
    routine = _OF_NUMPY.get(op, op)
    if numpy and op != "round" and isinstance(getattr(np, routine, None), np.ufunc):
        return _of_numpy(routine)
    if op.startswith(EXPONENTIAL):
        return DOUBLES["numpy"][op]
    if op == "fmod":  # which % is not, below zero
        return math.fmod
    known = DOUBLES["numpy" if numpy else "math"]
    return known.get(ALIASES.get(op, op)) or _of_math(op)


ARRAYS: Operations = Open(
    {
        **_ARITHMETIC,
        **{relation: _arrayed(relation) for relation in RELATIONS},
        **{name: getattr(np, name) for name in _FUNCTIONS},
        "/": lambda a, b: np.divide(a, b),
        "**": lambda a, b: np.power(np.asarray(a, dtype=float), b),
        "//": np.floor_divide,
        "%": np.mod,
        "abs": np.abs,
        "min": np.minimum,
        "max": np.maximum,
        "int": np.trunc,
        "float": lambda a: a,
        "round": lambda a, *digits: np.round(a),
        "clip": np.clip,
    },
    "arrays",
)
"""Many points at once."""

EXTENDED: Operations = Open(
    {
        **_ARITHMETIC,
        "/": lambda a, b: a / b if b else mpmath.nan,
        **{relation: _told(relation) for relation in RELATIONS},
        **{name: getattr(mpmath, name) for name in ["log", "log10", "sqrt", "tanh"]},
        "exp": lambda a: _within(a, mpmath.exp, below=0.0),
        "expm1": lambda a: _within(a, mpmath.expm1, below=-1.0),
        **{
            name: partial(_within, function=getattr(mpmath, name))
            for name in ["sin", "cos", "tan", "sinh", "cosh"]
        },
        "**": lambda a, b: mpmath.nan if abs(b) > LARGE else a ** int(b) if b == int(b) else a**b,
        "log1p": lambda a: mpmath.log(1 + a),
        "log2": lambda a: mpmath.log(a, 2),
        "exp2": lambda a: mpmath.mpf(2) ** a,
        "arctan": mpmath.atan,
        "arcsin": mpmath.asin,
        "arccos": mpmath.acos,
        "floor": mpmath.floor,
        "ceil": mpmath.ceil,
        "sign": mpmath.sign,
        "//": lambda a, b: mpmath.floor(a / b),
        "%": lambda a, b: a - b * mpmath.floor(a / b),
        "abs": abs,
        "min": min,
        "max": max,
        "int": lambda a: mpmath.mpf(int(a)),
        "float": lambda a: a,
        "round": lambda a, *digits: mpmath.nint(a),
        "clip": lambda a, low, high: min(max(a, low), high),
    },
    "digits",
)
"""More digits than a double has."""

SYMBOLS: Operations = Open(
    {
        **_ARITHMETIC,
        **{relation: _chosen(relation) for relation in RELATIONS},
        **{
            name: getattr(sympy, name)
            for name in ["exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "floor", "sign"]
        },
        "**": operator.pow,
        "expm1": lambda a: sympy.exp(a) - 1,
        "log1p": lambda a: sympy.log(1 + a),
        "log10": lambda a: sympy.log(a) / sympy.log(10),
        "log2": lambda a: sympy.log(a) / sympy.log(2),
        "exp2": lambda a: sympy.Integer(2) ** a,
        "arctan": sympy.atan,
        "arcsin": sympy.asin,
        "arccos": sympy.acos,
        "ceil": sympy.ceiling,
        "//": lambda a, b: sympy.floor(a / b),
        "%": lambda a, b: a - b * sympy.floor(a / b),
        "abs": sympy.Abs,
        "min": sympy.Min,
        "max": sympy.Max,
        "int": sympy.floor,
        "float": lambda a: a,
        "round": lambda a, *digits: sympy.floor(a + sympy.Rational(1, 2)),
        "clip": lambda a, low, high: sympy.Min(sympy.Max(a, low), high),
    },
    "symbols",
)
"""Formulas."""


class Program:
    """Trees, to be evaluated again and again: each node once.

    Parameters
    ----------
    roots : sequence of Node
    """

    def __init__(self, roots: Iterable[Node]) -> None:
        roots = tuple(roots)
        self.nodes = in_order(roots)
        self.place = {node: at for at, node in enumerate(self.nodes)}
        self.roots = tuple(self.place[root] for root in roots)
        self._work = [
            (node, name_of(node), tuple(self.place[one] for one in node.args)) for node in self.nodes
        ]

    def all(self, values: Mapping[str, Any], by: Operations, of_number: Callable[[float], Any]) -> list[Any]:
        """Evaluate every node, in the order of `nodes`.

        Raises
        ------
        KeyError
            When a leaf has no value, or the arithmetic lacks an operation.
        """
        found: list[Any] = []
        for node, name, places in self._work:
            if name == LEAF:
                found.append(values[node.name])
            elif name == NUMBER:
                found.append(of_number(node.value))
            else:
                found.append(by[name](*[found[at] for at in places]))
        return found

    def __call__(
        self, values: Mapping[str, Any], by: Operations, of_number: Callable[[float], Any] = float
    ) -> list[Any]:
        """Evaluate the roots."""
        found = self.all(values, by, of_number)
        return [found[at] for at in self.roots]

    def __iter__(self) -> Iterator[Node]:
        """Give the nodes in order."""
        return iter(self.nodes)


def at_points(node: Node, values: Mapping[str, Any]) -> Any:
    """Evaluate one tree at many points, shape (n_points,)."""
    shape = np.broadcast_shapes(*(np.shape(one) for one in values.values())) if values else ()
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(Program([node])(values, ARRAYS)[0], dtype=float), shape)


def extended(value: float) -> Any:
    """Give a double as the decimal that the script means by it."""
    return _extended(float(value), mpmath.mp.prec)


@lru_cache(maxsize=4096)
def _extended(value: float, precision: int) -> Any:
    return mpmath.mpf(repr(value))


def exact(value: float) -> Any:
    """Give a number of the script as SymPy's: a decimal as a fraction."""
    if not math.isfinite(value):
        return sympy.Float(value)
    if value == int(value) and abs(value) < 1e15:
        return sympy.Integer(int(value))
    return sympy.Rational(repr(float(value)))


def symbol(name: str) -> sympy.Symbol:
    """Give the symbol that stands for one of the script's names."""
    return sympy.Symbol(name, real=True)


def formula(node: Node, values: Mapping[str, Any] | None = None) -> Any:
    """Give a tree as SymPy, over symbols named as the script names them.

    Parameters
    ----------
    node : Node
    values : mapping of str to sympy.Expr, optional
        What to put in the place of some names.
    """
    known = {name: symbol(name) for name in leaves(node)} | dict(values or {})
    return Program([node])(known, SYMBOLS, exact)[0]


def same_tree(one: Node, other: Node) -> bool:
    """Tell whether two trees are the same operations on the same leaves and numbers."""
    pairs, seen = [(one, other)], set[tuple[int, int]]()
    while pairs:
        a, b = pairs.pop()
        if a is b or (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        if (a.op, a.name, len(a.args)) != (b.op, b.name, len(b.args)):
            return False
        if not a.args and a.op != LEAF and a.value != b.value:
            return False
        pairs += zip(a.args, b.args, strict=True)
    return True
