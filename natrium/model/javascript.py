"""The kernel's form for a web page: JavaScript functions of the same symbolic expressions.

What they call besides ``Math`` (``ex``, ``exprel``, ...) stands in the page's own ``functions.js``; exp is
held where the other forms hold it, and no function has 0/0 where it has a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from sympy.printing.jscode import JavascriptCodePrinter

from natrium.model.printers import ExactNumbers

OWN = {
    "exp": "ex", "cosh": "cosh", "sinh": "sinh", "erf": "erf", "erfc": "erfc", "whole_exp": "ex",
    "exprel": "exprel",
}  # fmt: skip
LONGEST = 8  # a whole power up to this is a product


class _Printer(ExactNumbers, JavascriptCodePrinter):
    """JavaScript on doubles, symbols by the names given."""

    def __init__(self, names: Mapping[Any, str]) -> None:
        super().__init__({"user_functions": OWN, "allow_unknown_functions": True})
        self.names = names

    def _print_Symbol(self, expr: Any) -> str:
        return self.names.get(expr) or str(expr.name)

    def _print_choose(self, expr: Any) -> str:
        g, a, b = map(self._print, expr.args)
        return f"({g} >= 0 ? {a} : {b})"

    def _print_Pow(self, expr: Any, **settings: Any) -> str:
        base, exponent = expr.args
        if base.is_Symbol and exponent.is_Integer and 1 < abs(exponent) <= LONGEST:
            product = "*".join([self._print(base)] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"(1/({product}))"
        return super()._print_Pow(expr, **settings)


def javascript(expressions: Sequence[Any], arguments: Mapping[str, Any], saturated: bool = True) -> str:
    """Write one function of several expressions, what they share computed once.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
    arguments : mapping of str to sympy.Symbol or sequence of sympy.Symbol
        By name, in order: a number, or an array that holds the symbols' values.
    saturated : bool
        Hold exp at its limit rather than overflow, as rates are; an input's is not.

    Returns
    -------
    str
        An arrow function. It fills an array, its last argument ``o``, and returns it.

    Examples
    --------
    >>> V, g = sympy.symbols("V g", real=True)
    >>> javascript([g * V**2, sympy.exp(V)], {"y": [V], "p": [g]})
    '(y, p, o) => {o[0] = (y[0]*y[0])*p[0]; o[1] = ex(y[0]); return o}'
    """
    names: dict[Any, str] = {}
    for name, given in arguments.items():
        if isinstance(given, sympy.Symbol):
            names[given] = name
        else:
            names |= {symbol: f"{name}[{place}]" for place, symbol in enumerate(given)}
    printer = _Printer(names)
    if not saturated:
        printer.known_functions = {**printer.known_functions, "exp": "Math.exp", "whole_exp": "Math.exp"}
    fresh = sympy.numbered_symbols("_c", real=True)
    shared, results = sympy.cse([sympy.S(one) for one in expressions], symbols=fresh)
    common = ", ".join(f"{symbol} = {printer.doprint(value)}" for symbol, value in shared)
    lines = [f"const {common};"] if shared else []
    lines += [f"o[{place}] = {printer.doprint(value)};" for place, value in enumerate(results)]
    return f"({', '.join([*arguments, 'o'])}) => {{{' '.join([*lines, 'return o'])}}}"
