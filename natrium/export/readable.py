"""Exponentials as people write them: SymPy makes 7.365e-05*exp(-0.16129*V) of exp(-(V + 59)/6.2)."""

from __future__ import annotations

import math
from typing import Any

import sympy

ROUND = 6  # digits, of a number that somebody wrote
APART = 1e-13  # relative: two numbers that differ by rounding alone


class ratio(sympy.Function):  # noqa: N801 - a mathematical function, named as such
    """``ratio(a, b)`` is a/b, kept as it is written."""

    nargs = 2

    @classmethod
    def eval(cls, a: Any, b: Any) -> None:
        """Keep it as it is."""


class growth(sympy.Function):  # noqa: N801 - a mathematical function
    """``growth(x)`` is exp(x), its argument kept as it is written."""

    nargs = 1


def as_written(value: float) -> float | None:
    """Give the number of few digits that a double stands for; None where there is none."""
    plain = float(f"{value:.{ROUND}g}")
    return plain if plain != 0.0 and abs(value - plain) <= APART * abs(plain) else None


def readable(expr: Any) -> Any:
    """Write c exp(b x) as exp((x - x_0)/k) where x_0 and k are numbers of few digits."""
    if not expr.args:
        return expr
    if expr.is_Mul and expr.args[0].is_Float and expr.args[0] > 0:
        for factor in expr.args[1:]:
            joined = _joined(float(expr.args[0]), factor)
            if joined is not None:
                rest = [readable(arg) for arg in expr.args[1:] if arg is not factor]
                return sympy.Mul(joined, *rest)
    alone = _joined(1.0, expr)
    return alone if alone is not None else expr.func(*map(readable, expr.args))


def _joined(c: float, factor: Any) -> Any:
    """Give c exp(b x) in one piece; None where it is none, or its numbers are nobody's."""
    if not isinstance(factor, sympy.exp):
        return None
    b, x = factor.args[0].as_coeff_Mul()
    if not (x.is_Symbol and b.is_Float) or (width := as_written(1.0 / abs(float(b)))) is None:
        return None
    shift = math.log(c) / float(b)
    plain = as_written(shift) if abs(shift) > APART else 0.0
    if plain is None:
        return None
    shifted = x + sympy.Float(plain) if plain else x
    return growth(ratio(shifted if b > 0 else -shifted, sympy.Float(width)))


class Readable:
    """Mixed into a SymPy printer: what `readable` makes, in a language that writes exp(x) and a/b."""

    def _print_ratio(self, expr: Any) -> str:
        a, b = expr.args
        minus = "-" if a.could_extract_minus_sign() else ""
        a = -a if minus else a
        inner = self._print(a)  # type: ignore[attr-defined]  # of the printer it is mixed into
        return f"{minus}{f'({inner})' if a.is_Add else inner}/{self._print(b)}"  # type: ignore[attr-defined]  # as above

    def _print_growth(self, expr: Any) -> str:
        return f"exp({self._print(expr.args[0])})"  # type: ignore[attr-defined]  # as above
