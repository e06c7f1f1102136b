"""One number of a model with its facts, which are those of the field that holds it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import attrs

from natrium.model.checks import Count, Number, Optional, Rule, unknown_name
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import constant_symbol

LEAST = 1e-6  # above a bound that is not allowed itself


@attrs.frozen
class Parameter:
    """One number of a neuron or a stimulus.

    Attributes
    ----------
    name : str
        As users call it: ``"g_Na"``, ``"tau_ref"``, ``"I_0"``.
    value : float
        A whole number stays one.
    rule : Rule
        Of the field that holds it.
    field : str
        That field's name; empty for a factor that multiplies all.
    part : int or None
        Which part of the stimulus holds it; None: the neuron does.
    symbol : str
        Its symbol in the neuron's system, where it is to be one (`system_by`); empty where it has none.
    smooth : bool
        Whether spike times can be differentiated by it.
    structural : bool
        Whether it stands in the equations as a number, unless it is given a symbol: another makes others.
    """

    name: str
    value: float
    rule: Rule = attrs.field(factory=Number)
    field: str = ""
    part: int | None = None
    symbol: str = ""
    smooth: bool = True
    structural: bool = False

    @property
    def short(self) -> str:
        """What it is called without the name or number of what holds it."""
        return self.rule.short

    @property
    def unit(self) -> str:
        """Its unit, as text."""
        return self.rule.unit if isinstance(self.rule, Number) else ""

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return isinstance(self.rule, Count)

    @property
    def bounds(self) -> tuple[float | None, float | None, bool]:
        """Lowest and highest value of its rule, None without one, and whether the lowest is left out."""
        low, high = (
            bound if bound is not None and math.isfinite(bound) else None
            for bound in (getattr(self.rule, name, None) for name in ("low", "high"))
        )
        return low, high, bool(getattr(self.rule, "open_low", False))

    @property
    def least(self) -> float:
        """The lowest value that a search may take; minus infinity without a bound."""
        if not isinstance(self.rule, Number):
            return -math.inf
        return self.rule.low + LEAST if self.rule.open_low else self.rule.low


def numbers_of(owner: Any) -> Iterator[Parameter]:
    """Give the parameters among an object's fields: numbers whose rule has a short name, that are given."""
    for name, rule in _ruled(owner.__class__):
        value = getattr(owner, name)
        if _is_given(value):
            value = value if isinstance(value, int) else float(value)  # a seed has more digits than a double
            yield Parameter(rule.short, value, rule, name)


def fields_of(owner: Any) -> dict[str, str]:
    """Give the fields of the same by their short names."""
    return {rule.short: name for name, rule in _ruled(owner.__class__) if _is_given(getattr(owner, name))}


def _is_given(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


@cache
def _ruled(kind: type[Any]) -> tuple[tuple[str, Rule], ...]:
    """Give the fields whose rule has a short name, and the rules."""
    found = []
    for field in attrs.fields(kind):
        rule: Any = field.validator
        if isinstance(rule, Optional):
            rule = rule.rule
        if isinstance(rule, Rule) and rule.short:
            found.append((field.name, rule))
    return tuple(found)


def with_constants(
    known: Mapping[str, Parameter], constants: Mapping[str, float | str]
) -> dict[str, Parameter]:
    """Give the parameters of a neuron, and the constants of its rates that are numbers.

    Raises
    ------
    ModelError
        When one is named like the other.
    """
    found = dict(known)
    for name, value in constants.items():
        if name in known:
            raise ModelError(f"a constant must not be called {name}, which is a parameter of the neuron")
        if not isinstance(value, str):
            rule = Number(short=name, meaning="constant of rates")
            found[name] = Parameter(name, value, rule, symbol=constant_symbol(name).name, structural=True)
    return found


def check_known(
    known: Mapping[str, Any], names: Iterable[str], what: str = "a parameter of the neuron"
) -> None:
    """Refuse names that are none.

    Raises
    ------
    ModelError
        When a name is not among the known ones.
    """
    for name in names:
        if name not in known:
            raise ModelError(unknown_name(what, name, known))
