"""Expressions as C writes them, for the targets whose languages are near to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.printing.c import C99CodePrinter

from natrium.export.names import Named
from natrium.export.readable import Readable
from natrium.model import UnsupportedModel
from natrium.model.printers import ExactNumbers


class CPrinter(Readable, Named, ExactNumbers, C99CodePrinter):
    """C's functions by their bare names; branches by a function ``choose(g, a, b)``."""

    program = "C"
    absolute = "fabs"
    missing: frozenset[str] = frozenset()  # functions that the language has not

    def __init__(self, names: Mapping[Any, str]) -> None:
        super().__init__()
        self.names = names
        same = (
            "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
            "erf", "erfc", "log", "exp", "floor", "exprel", "choose",
        )  # fmt: skip
        self.known_functions = {name: name for name in same} | {"whole_exp": "exp", "Abs": self.absolute}
        self.math_macros: dict[Any, str] = {}

    def doprint(self, expr: Any, assign_to: Any = None) -> str:
        """Write an expression."""
        expr = sympy.S(expr)
        for one in expr.atoms(sympy.Function):
            if type(one).__name__ in self.missing:
                return self._print_not_supported(one)
        return str(self._print(expr))

    def _print_not_supported(self, expr: Any) -> str:
        raise UnsupportedModel(
            f"{self.program} has no {type(expr).__name__}, got {str(expr)[:60]}: export to another target"
        )

    def _print_Pow(self, expr: Any) -> str:
        base, exponent = expr.args
        if exponent == -1:
            return f"1/({self._print(base)})"
        if exponent == sympy.S.Half:
            return f"sqrt({self._print(base)})"
        return self._power(base, exponent)

    def _power(self, base: Any, exponent: Any) -> str:
        """Write a power that is neither a quotient nor a square root."""
        return f"({self._print(base)})^({self._print(exponent)})"

    def _print_choose(self, expr: Any) -> str:
        return f"choose({', '.join(map(self._print, expr.args))})"

    def _print_exprel(self, expr: Any) -> str:
        return f"exprel({self._print(expr.args[0])})"
