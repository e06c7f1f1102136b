"""Dimensions of equations: sums of unlike things, and rates of change that do not fit, are refused.

Only what has a unit is known. A number may hide one (the 0.04 of Izhikevich's quadratic), so that what it is
multiplied by is not known any more; signs hide none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from natrium.model.errors import ModelError
from natrium.model.hybrid_neuron import HybridNeuron
from natrium.model.quantities import KINDS

Powers = tuple[int, int, int]  # of time, voltage and current
NONE: Powers = (0, 0, 0)
_OF_NUMBERS = (sympy.exp, sympy.log, sympy.tanh, sympy.sinh, sympy.cosh, sympy.sin, sympy.cos, sympy.erf)
_SIGNS = (sympy.S.One, sympy.S.NegativeOne)


class _UnlikeError(ModelError):
    """Two things in one place that do not fit."""


def words_of(powers: Powers) -> str:
    """Say what something is, by its powers."""
    if powers == NONE:
        return "a plain number"
    for kind, ((*own, length), _) in KINDS.items():
        if tuple(own) == powers and not length:
            return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    units = zip(("ms", "mV", "current"), powers, strict=True)
    return "in " + " ".join(f"{unit}^{power}" if power != 1 else unit for unit, power in units if power)


def check_dimensions(neuron: HybridNeuron, known: Mapping[str, Powers]) -> None:
    """Refuse equations and resets whose known parts do not fit each other.

    Parameters
    ----------
    neuron : HybridNeuron
    known : mapping of str to tuple of int
        Powers of time, voltage and current of states, parameters and the input ``I`` that have a unit.

    Raises
    ------
    ModelError
        Naming the equation and what does not fit in it.
    """
    known = {"V": (0, 1, 0)} | dict(known)
    if known["V"] != (0, 1, 0):
        raise ModelError(f"V must be a voltage, got {words_of(known['V'])}")
    system = neuron.system
    for label, state, flow, after in zip(system.labels, system.states, system.rhs, system.reset, strict=True):
        whole = known.get(state.name)
        for what, expression, time in (("equations", flow, 1), ("reset", after, 0)):
            try:
                found = _powers(expression, known)
            except _UnlikeError as error:
                raise ModelError(f"{what}.{label}: {error}") from None
            if found is None or whole is None:
                continue
            fits = (whole[0] - time, whole[1], whole[2])
            if found != fits:
                raise ModelError(f"{what}.{label} must be {words_of(fits)}, got {words_of(found)}")


def _powers(expression: Any, known: Mapping[str, Powers]) -> Powers | None:
    """Give an expression's powers; None where a part that it depends on has no unit."""
    if expression.is_Symbol:
        return known.get(expression.name)
    if expression in _SIGNS:
        return NONE
    if expression.is_number:
        return None
    parts = [_powers(part, known) for part in expression.args]
    if expression.is_Add:
        return _alike(expression.args, parts)
    if expression.is_Mul:
        return None if None in parts else tuple(map(sum, zip(*parts, strict=True)))  # type: ignore[return-value]  # none is None, each has three
    if expression.is_Pow:
        return _power(expression, parts[0])
    if isinstance(expression, _OF_NUMBERS):
        _need_none(expression, parts[0])
        return NONE
    return None


def _alike(terms: tuple[Any, ...], parts: list[Powers | None]) -> Powers | None:
    found: tuple[Any, Powers] | None = None
    for term, part in zip(terms, parts, strict=True):
        if part is None or term.is_number:
            continue
        if found is not None and found[1] != part:
            first = f"{found[0]}, {words_of(found[1])}"
            raise _UnlikeError(f"what is added must be alike, got {first}, and {term}, {words_of(part)}")
        found = found or (term, part)
    return None if found is None else found[1]


def _power(expression: Any, base: Powers | None) -> Powers | None:
    if base is None or base == NONE:
        return base
    if not expression.exp.is_Integer:
        return None
    time, voltage, current = (int(expression.exp) * power for power in base)
    return time, voltage, current


def _need_none(expression: Any, part: Powers | None) -> None:
    if part not in (None, NONE):
        raise _UnlikeError(f"{expression.func.__name__} must be of a plain number, got {words_of(part)}")
