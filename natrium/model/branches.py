"""Branches of a right-hand side: one smooth expression on this side of a surface, another on that."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import attrs
import sympy
from sympy.core.function import UndefinedFunction
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair

from natrium.model.errors import ModelError
from natrium.model.expressions.exprel import exprel, whole_exp

# What all forms of the kernel can evaluate; of a SymPy expression nothing else is taken.
_FUNCTIONS = (
    sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tan, sympy.sinh, sympy.cosh, sympy.tanh, sympy.asin,
    sympy.acos, sympy.atan, sympy.asinh, sympy.acosh, sympy.atanh, sympy.erf, sympy.erfc, sympy.Abs,
    exprel, whole_exp,
)  # fmt: skip


class choose(sympy.Function):  # noqa: N801 - a mathematical function, named as such
    """``choose(g, a, b)`` is a where g >= 0, else b; only the one that is taken is evaluated."""

    nargs = 3

    @classmethod
    def eval(cls, g: Any, a: Any, b: Any) -> Any:
        """Fold what is decided."""
        if a == b:
            return a
        if g.is_number and g.is_extended_real:
            return a if g.is_extended_nonnegative else b
        return None

    def _eval_derivative(self, s: Any) -> Any:
        g, a, b = self.args
        return choose(g, a.diff(s), b.diff(s))

    def _eval_power(self, exponent: Any) -> Any:
        # The branches of a quotient: 1/exp(-x) is exp(x), without squares that no double holds in its slope.
        g, a, b = self.args
        # Not of what may be zero: the slope of its power would be 0/0 there.
        return choose(g, 1 / a, 1 / b) if exponent == -1 and not (_vanishes(a) or _vanishes(b)) else None

    def _eval_is_real(self) -> Any:
        return self.args[1].is_real and self.args[2].is_real

    def _eval_is_positive(self) -> Any:
        return True if self.args[1].is_positive and self.args[2].is_positive else None

    def _eval_is_nonnegative(self) -> Any:
        return True if self.args[1].is_nonnegative and self.args[2].is_nonnegative else None

    def _eval_evalf(self, prec: int) -> Any:
        g, a, b = self.args
        return (a if g.evalf(prec) >= 0 else b).evalf(prec) if g.is_number else None

    def _latex(self, printer: Any, exp: Any = None) -> str:
        g, a, b = map(printer._print, self.args)
        power = "" if exp is None else f"^{{{exp}}}"
        return (
            rf"\left\{{\begin{{smallmatrix}} {a} & {g} \ge 0 \\ {b} & \text{{else}} "
            rf"\end{{smallmatrix}}\right.{power}"
        )


def _vanishes(expr: Any) -> bool:
    """Tell whether an expression is zero somewhere, as far as its form tells: a line, a branch that is."""
    if isinstance(expr, choose):
        return any(_vanishes(branch) for branch in expr.args[1:])
    return bool(expr.is_zero) or (bool(expr.free_symbols) and expr.is_polynomial())


def maximum(*values: Any) -> Any:
    """Give the largest of several, as branches."""
    largest = values[0]
    for value in values[1:]:
        largest = choose(largest - value, largest, value)
    return largest


def minimum(*values: Any) -> Any:
    """Give the least of several, as branches."""
    least = values[0]
    for value in values[1:]:
        least = choose(value - least, least, value)
    return least


def as_choices(name: str, expr: Any) -> Any:
    """Write the branches of a user's SymPy expression as `choose`.

    Parameters
    ----------
    name : str
        What it is, for messages.
    expr : sympy.Expr
        With Piecewise, Max, Min, Heaviside or sign.

    Raises
    ------
    ModelError
        When it holds what cannot be evaluated, or a Piecewise has no value somewhere.
    """
    if expr in (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
        raise ModelError(f"{name}: must be finite and real, got {expr}")
    if isinstance(expr, sympy.Piecewise):
        *pairs, last = expr.args
        if last.cond != sympy.true:
            raise ModelError(f"{name}: a Piecewise must have a value everywhere: end it with (..., True)")
        value = as_choices(name, last.expr)
        for pair in reversed(pairs):
            value = under(name, pair.cond, as_choices(name, pair.expr), value)
        return value
    if not expr.args:
        return expr
    if isinstance(expr, (sympy.Integral, sympy.Derivative, sympy.Sum, ExprCondPair)):
        raise ModelError(f"{name}: cannot evaluate {type(expr).__name__}: {str(expr)[:60]}")
    args = [as_choices(name, arg) for arg in expr.args]
    if isinstance(expr, sympy.Max):
        return maximum(*args)
    if isinstance(expr, sympy.Min):
        return minimum(*args)
    if isinstance(expr, sympy.Heaviside):
        return choose(args[0], sympy.S.One, sympy.S.Zero)
    if isinstance(expr, sympy.sign):
        return choose(args[0], sympy.S.One, sympy.S.NegativeOne)
    if isinstance(expr, sympy.Function) and not isinstance(expr, (*_FUNCTIONS, choose)):
        kind = "unknown function" if isinstance(type(expr), UndefinedFunction) else "function"
        raise ModelError(
            f"{name}: the {kind} {expr.func.__name__} is not among those that are solved: "
            f"{', '.join(sorted(one.__name__ for one in _FUNCTIONS))}, Piecewise, Max, Min, Heaviside, sign"
        )
    return expr.func(*args)


def under(name: str, condition: Any, a: Any, b: Any) -> Any:
    """Give a where a condition holds, else b, as branches; a single point counts for nothing."""
    if condition in (sympy.true, sympy.false):
        return a if condition == sympy.true else b
    if isinstance(condition, sympy.And):
        for part in condition.args:
            a = under(name, part, a, b)
        return a
    if isinstance(condition, sympy.Or):
        for part in condition.args:
            b = under(name, part, a, b)
        return b
    if isinstance(condition, sympy.Not):
        return under(name, condition.args[0], b, a)
    if not isinstance(condition, Relational):
        raise ModelError(f"{name}: a condition must compare two values, got {condition}")
    left, right = (as_choices(name, side) for side in (condition.lhs, condition.rhs))
    match condition:
        case sympy.Ge():
            return choose(left - right, a, b)
        case sympy.Gt():
            return choose(right - left, b, a)
        case sympy.Le():
            return choose(right - left, a, b)
        case sympy.Lt():
            return choose(left - right, b, a)
        case sympy.Ne():
            return a
    return b  # Eq


def has_branches(*expressions: Any) -> bool:
    """Tell whether there are branches in any of some expressions."""
    return any(map(_has_branches, expressions))


@lru_cache(maxsize=4096)
def _has_branches(expr: Any) -> bool:
    return bool(expr.has(choose, sympy.Abs)) or any(map(_is_size, expr.atoms(sympy.Pow)))


def _is_size(expr: Any) -> bool:
    """Tell whether it is an absolute value, as such or as sqrt(x**2): what SymPy makes of a quotient's."""
    if isinstance(expr, sympy.Abs):
        return True
    return bool(expr.is_Pow and expr.exp == sympy.S.Half and expr.base.is_Pow and expr.base.exp == 2)


@attrs.frozen
class Branch:
    """One surface at which a right-hand side changes its expression."""

    side: sympy.Symbol  # +1 where `surface` is positive, -1 where it is negative
    surface: sympy.Expr  # of the system's states, input, parameters, and the sides of branches before it


def split_branches(expressions: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Branch, ...]]:
    """Take the branches out of expressions: each is then smooth for given sides.

    Returns
    -------
    tuple of sympy.Expr
        The expressions, of the sides besides.
    tuple of Branch
        Each surface once, inner ones first.
    """
    found: dict[Any, Any] = {}

    def side(surface: Any) -> Any:
        if -surface in found:
            return -found[-surface]
        return found.setdefault(surface, sympy.Symbol(f"_side_{len(found)}", real=True))

    def walk(expr: Any) -> Any:
        if not has_branches(expr):
            return expr
        if _is_size(expr):
            x = walk(expr.args[0].args[0] if expr.is_Pow else expr.args[0])
            return choose(side(x), x, -x)
        args = [walk(arg) for arg in expr.args]
        return choose(side(args[0]), *args[1:]) if isinstance(expr, choose) else expr.func(*args)

    smooth = tuple(map(walk, expressions))
    return smooth, tuple(Branch(symbol, surface) for surface, symbol in found.items())
