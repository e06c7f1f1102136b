"""SymPy's printers of Python and NumPy, every digit of every number kept."""

from __future__ import annotations

from typing import Any

from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import PythonCodePrinter


class ExactNumbers:
    """Print every number with all its digits (SymPy's printers keep fifteen) and as one literal."""

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Rational(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_exprel(self, expr: Any) -> str:
        arguments = ", ".join(self._print(argument) for argument in expr.args)  # type: ignore[attr-defined]  # of the printer it is mixed into
        return f"exprel({arguments})"


class ScalarPrinter(ExactNumbers, PythonCodePrinter):
    """Plain Python on floats."""

    gates: frozenset[Any] = frozenset()  # what stays within [0, 1]

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        return f"({a} if {g} >= 0.0 else {b})"

    def _print_Pow(self, expr: Any, **settings: Any) -> str:
        if expr.exp.is_Integer and expr.exp > 1 and expr.base not in self.gates:
            return f"power({self._print(expr.base)}, {expr.exp})"
        return super()._print_Pow(expr, **settings)


class GridPrinter(ExactNumbers, NumPyPrinter):
    """NumPy on arrays."""

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        return f"choose({g} >= 0.0, {a}, {b})"
