"""What the operations of expressions mean, as written: NumPy's functions, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import scipy

# A node is a number, a variable's name, (function, node), ("neg", node), (operator, node, node),
# ("max" or "min", node, node) or ("where", condition, node, node); a condition is (comparison, node, node),
# ("and" or "or", condition, condition) or ("not", condition).
Node = float | str | tuple[Any, ...]

NUMERIC: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "exprel": lambda x: scipy.special.exprel(x),
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "erf": lambda x: scipy.special.erf(x),
    "log10": np.log10,
    "abs": np.abs,
    "sign": np.sign,
    "heaviside": lambda x: np.heaviside(x, 1.0),
    "floor": np.floor,
}
# Of two arguments or more.
LARGEST: dict[str, Callable[[Any, Any], Any]] = {"max": np.maximum, "min": np.minimum}
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "%": lambda a, b: a - b * np.floor(a / b),
}


SUM, PRODUCT, FACTOR, ATOM = range(4)  # how tightly a piece of code holds together


def _text(value: str | float) -> str:
    """Give a text as it is, a number with all its digits."""
    if isinstance(value, str):
        return value
    text = repr(value if isinstance(value, int) else float(value))
    return f"({text})" if text.startswith("-") else text


@attrs.frozen
class Code:
    """A piece of Python to compute with: what is written for numbers writes itself down, in its own order.

    Parameters
    ----------
    text : str, float or int
        Of a number, all its digits.
    level : int
    """

    text: str = attrs.field(converter=_text)
    level: int = ATOM

    def _within(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"

    def called(self, function: str) -> Code:
        """Give one of `NUMERIC` of it, as one of Python's own floats."""
        return Code(f"float({function}({self.text}))")

    def named(self, name: str) -> Code:
        """Give it under a name, which stands for it from there on."""
        return Code(f"({name} := {self.text})")

    def __neg__(self) -> Code:
        return Code(f"(-{self._within(ATOM)})")

    def __add__(self, other: Any) -> Code:
        return _joined(self, "+", other, SUM)

    def __radd__(self, other: Any) -> Code:
        return _joined(other, "+", self, SUM)

    def __sub__(self, other: Any) -> Code:
        return _joined(self, "-", other, SUM)

    def __rsub__(self, other: Any) -> Code:
        return _joined(other, "-", self, SUM)

    def __mul__(self, other: Any) -> Code:
        return _joined(self, "*", other, PRODUCT)

    def __rmul__(self, other: Any) -> Code:
        return _joined(other, "*", self, PRODUCT)

    def __truediv__(self, other: Any) -> Code:
        return _joined(self, "/", other, PRODUCT)

    def __pow__(self, n: int) -> Code:
        return Code(f"{self._within(ATOM)} ** {n}", FACTOR)


def _joined(left: Any, sign: str, right: Any, level: int) -> Code:
    first, second = (one if isinstance(one, Code) else Code(one) for one in (left, right))
    return Code(f"{first._within(level)} {sign} {second._within(level + 1)}", level)


def written_form(tree: Node) -> Callable[[Any], Any]:
    """Give what evaluates a tree in its written order, on arrays and on single values.

    Of a single value, arithmetic is done on Python's own floats: the same doubles, sooner. Where these would
    raise (1/0), NumPy's inf and NaN are given, as on arrays.
    """
    general = evaluator(tree)
    if not is_plain(tree):
        return lambda x: general(np.float64(x) if isinstance(x, (float, int)) else x)
    quick = evaluator(tree, float)

    def evaluate(x: Any) -> Any:
        if not isinstance(x, (float, int)):
            return general(x)
        try:
            return np.float64(quick(float(x)))
        except ZeroDivisionError:
            return general(np.float64(x))

    return evaluate


def is_plain(tree: Node) -> bool:
    """Tell whether a tree holds the four of arithmetic and functions of one value alone."""
    if isinstance(tree, (float, str)):
        return True
    name, *parts = tree
    return (name in ("neg", "+", "-", "*", "/") or name in NUMERIC) and all(map(is_plain, parts))


def evaluator(tree: Node, number: type[float | Code] = np.float64) -> Callable[[Any], Any]:
    """Make a closure that evaluates a tree in its written order.

    `number` is of the constants: Python's own division and power raise where NumPy's give inf or nan. `float`
    is for single values of plain trees, `Code` for their text.
    """
    if isinstance(tree, float):
        value = number(tree)
        return lambda x: value
    if isinstance(tree, str):
        return lambda x: x
    name, *parts = tree
    first = evaluator(parts[0], number)
    if name == "neg":
        return lambda x: -first(x)
    if name == "not":
        return lambda x: np.logical_not(first(x))
    if name in NUMERIC:
        if number is Code:
            return lambda x: first(x).called(name)
        function = NUMERIC[name]
        return (lambda x: float(function(first(x)))) if number is float else lambda x: function(first(x))
    second = evaluator(parts[1], number)
    if name == "where":
        return _where(first, second, evaluator(parts[2], number))
    if isinstance(parts[0], float) and name in _OF_CONSTANT:
        return _OF_CONSTANT[name](number(parts[0]), second)
    if isinstance(parts[1], float) and name in _BY_CONSTANT:
        return _BY_CONSTANT[name](first, number(parts[1]))
    return _of_two(name, first, second)


def _where(
    condition: Callable[[Any], Any], one: Callable[[Any], Any], other: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """Take one of two; of a single value only that one is evaluated."""

    def evaluate(x: Any) -> Any:
        holds = condition(x)
        if np.ndim(holds) == 0:
            return one(x) if holds else other(x)
        with np.errstate(all="ignore"):
            return np.where(holds, one(x), other(x))

    return evaluate


OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    **ARITHMETIC,
    **LARGEST,
    **COMPARE,
    "and": np.logical_and,
    "or": np.logical_or,
}
"""What joins two values or two conditions, by NumPy."""


def _of_two(name: str, a: Callable[[Any], Any], b: Callable[[Any], Any]) -> Callable[[Any], Any]:
    # The four of arithmetic are written out: a call less each, in what scripts are replayed by.
    match name:
        case "+":
            return lambda x: a(x) + b(x)
        case "-":
            return lambda x: a(x) - b(x)
        case "*":
            return lambda x: a(x) * b(x)
        case "/":
            return lambda x: a(x) / b(x)
    function = OF_TWO[name]
    return lambda x: function(a(x), b(x))


# Written out likewise: most of what joins two values in a rate joins a value and a constant.
_OF_CONSTANT: dict[str, Callable[[Any, Callable[[Any], Any]], Callable[[Any], Any]]] = {
    "+": lambda c, b: lambda x: c + b(x),
    "-": lambda c, b: lambda x: c - b(x),
    "*": lambda c, b: lambda x: c * b(x),
    "/": lambda c, b: lambda x: c / b(x),
}
_BY_CONSTANT: dict[str, Callable[[Callable[[Any], Any], Any], Callable[[Any], Any]]] = {
    "+": lambda a, c: lambda x: a(x) + c,
    "-": lambda a, c: lambda x: a(x) - c,
    "*": lambda a, c: lambda x: a(x) * c,
    "/": lambda a, c: lambda x: a(x) / c,
}
