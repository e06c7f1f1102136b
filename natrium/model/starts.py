"""Where states of own equations start: numbers, or text of parameters and of other states' starts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import sympy

from natrium.model.branches import as_choices
from natrium.model.errors import ModelError
from natrium.model.expressions.smooth import smooth
from natrium.model.hybrid_structure import take_expression


def work_out(initial: Iterable[tuple[str, Any]], parameters: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Give a number for each start that is text or SymPy; all others as they are.

    Parameters
    ----------
    initial : iterable of pairs of str and number, str or sympy.Expr
        Of every state. An expression may name parameters, and states whose start does not hang on it.
    parameters : iterable of pairs of str and float

    Returns
    -------
    dict of str to number

    Raises
    ------
    ModelError
        When an expression is none, states start from each other in a circle, or no finite number comes out.
    """
    found, values = dict(initial), dict(parameters)
    names = [*found, *values]
    written = {
        name: take_expression(f"initial.{name}", value, names)
        for name, value in found.items()
        if isinstance(value, (str, sympy.Expr))
    }
    while written:
        ready = [
            name for name, one in written.items() if not written.keys() & {s.name for s in one.free_symbols}
        ]
        if not ready:
            raise ModelError(
                f"initial must lead to numbers, got {', '.join(written)}, which start from each other"
            )
        for name in ready:
            found[name] = _number(name, written.pop(name), values | found)
    return found


def _number(name: str, expression: Any, values: dict[str, Any]) -> float:
    """Evaluate a start; a quotient that is 0/0 where it has a value is taken as that value."""
    flow = as_choices(f"initial.{name}", expression)
    for symbol in expression.free_symbols:
        flow = smooth(flow, symbol)
    value = flow.subs({symbol: values[symbol.name] for symbol in flow.free_symbols}).evalf()
    if not (value.is_number and value.is_real and math.isfinite(float(value))):
        raise ModelError(f"initial.{name} must be a finite number, got {expression}, which is {value}")
    return float(value)
