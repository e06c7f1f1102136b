"""The symbolic system of own equations, built once for all neurons that differ in numbers only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sympy

from natrium.model.branches import as_choices
from natrium.model.checks import is_real, show
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import symbolic_of
from natrium.model.expressions.smooth import smooth
from natrium.model.hybrid import HybridSystem, Refractory

# The symbols of threshold and refractory period in the system: no name of a user begins so.
ORIGIN, DURATION = "_v_origin", "_tau_ref"


def as_sympy(name: str, value: Any, known: Iterable[str]) -> Any:
    """Take an expression of known names as SymPy.

    Raises
    ------
    ModelError
        When it is none.
    """
    if isinstance(value, sympy.Expr):
        return value
    if isinstance(value, str):
        try:
            return symbolic_of(value, *known)
        except ModelError as error:
            raise ModelError(f"{name}: {error}") from error
    if is_real(value):
        return sympy.Float(float(value))
    raise ModelError(f"{name} must be text, a SymPy expression or a number, got {show(value)}")


def take_expression(name: str, value: Any, known: Iterable[str]) -> Any:
    """Take an expression as SymPy; whatever assumptions its symbols carry, one name is one symbol."""
    expression = as_sympy(name, value, known)
    own = {symbol: sympy.Symbol(symbol.name, real=True) for symbol in expression.free_symbols}
    return expression.xreplace(own)


def own_symbols() -> tuple[Any, Any]:
    """Give the symbols of threshold and refractory period."""
    origin, duration = sympy.symbols(f"{ORIGIN} {DURATION}", real=True)
    return origin, duration


@lru_cache(maxsize=256)
def structure_of(
    equations: tuple[tuple[str, Any], ...],
    parameters: tuple[str, ...],
    reset: tuple[tuple[str, Any], ...],
    threshold: Any,
    fires: bool,
    rule: Refractory,
) -> HybridSystem:
    """Build the system without values: one for all neurons that differ in numbers only.

    Arguments as of a `HybridNeuron`; the threshold is an expression, or None where it is a number.
    """
    names = [name for name, _ in equations]
    known = [*names, *parameters, "I"]
    own = {name: sympy.Symbol(name, real=True) for name in known}
    origin, duration = own_symbols()

    def meant(name: str, expression: Any) -> Any:
        return take_expression(name, expression, known)

    def regular(name: str, expression: Any) -> Any:
        # Branches as such, and no 0/0 that has a value.
        flow = as_choices(name, meant(name, expression))
        for state in names:
            flow = smooth(flow, own[state])
        return flow

    after = dict(reset)
    level = origin if threshold is None else as_choices("v_thresh", meant("v_thresh", threshold))
    return HybridSystem(
        states=tuple(own[name] for name in names),
        labels=tuple(names),
        input=own["I"],
        parameters=(*(own[name] for name in parameters), origin, duration),
        values=(),
        rhs=tuple(regular(f"equations.{name}", expression) for name, expression in equations),
        guard=own["V"] - level if fires else None,
        reset=tuple(
            as_choices(name, meant(name, after[name])) if name in after else own[name] for name in names
        ),
        refractory=rule,
        gates=(),
        origin=level,
        gap=sympy.S.Zero,
    )
