"""The door of a model file: quantities among its values become numbers, by what the file says of the leak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import attrs

from natrium.model.absolute import Door, unit_of
from natrium.model.checks import show
from natrium.model.dimensions import Powers, words_of
from natrium.model.errors import ModelError
from natrium.model.quantities import Quantity, as_number, as_quantity, is_quantity

INPUT = "I"
OF_CURRENT = ("amplitude", "offset", "mean", "sigma", "values", "factor")  # fields of inputs
D = TypeVar("D", bound=Door)


@attrs.define
class OpenDoor(Door):
    """The same for equations of one's own, which stand in the base: ms, mV and pA or uA/cm^2."""

    first: Quantity | None = None  # what said first whether currents are absolute or per area
    # Of what has a unit, by name, its powers of time, voltage and current; ``I`` is the input.
    powers: dict[str, Powers] = attrs.field(factory=dict)

    def number(self, name: str, value: Any, unit: str, *, is_input: bool = False) -> float:
        """Give a quantity in the base; a time or a voltage where the field is one."""
        if unit and not is_input:
            return super().number(name, value, unit)
        found = self._of_one_kind(name, as_quantity(name, value))
        time, voltage, current = found.powers
        self._keep(name, found, INPUT if is_input else name, (time + (unit == "mV/ms"), voltage, current))
        return as_number(name, found.value)

    def input_unit(self, said: str) -> str:
        """Give what the input is told in: what the file says, or quantities among its inputs.

        Raises
        ------
        ModelError
            When they differ.
        """
        if INPUT not in self.powers:
            return said
        current = "uA/cm^2" if self.first and self.first.per_area else "pA"
        unit = {(0, 1, 0): "mV", (0, 0, 1): current}.get(self.powers[INPUT], "")
        if said not in ("", unit):
            raise ModelError(f"input_unit must be {unit or 'left out'}, as inputs are, got {show(said)}")
        return unit

    def _of_one_kind(self, name: str, found: Quantity) -> Quantity:
        if found.is_kind("area"):
            raise ModelError(
                f"{name} must not be an area, got {found.shown}: give what depends on it in equations as a "
                "current, a conductance or a capacitance"
            )
        if found.powers[2]:
            self.first = self.first or found
            if self.first.per_area != found.per_area:
                given, before = ("per area", "absolute") if found.per_area else ("absolute", "per area")
                raise ModelError(
                    f"{name} is {given}, got {found.shown} beside {self.first.shown}, which is {before}: in "
                    "equations all must be absolute or all per area"
                )
        return found

    def _keep(self, name: str, found: Quantity, key: str, powers: Powers) -> None:
        if self.powers.setdefault(key, powers) != powers:
            raise ModelError(f"{name} must be {words_of(self.powers[key])} as elsewhere, got {found.shown}")


_DOOR: ContextVar[Door | None] = ContextVar("door", default=None)


@contextmanager
def opened(door: D) -> Iterator[D]:
    """Let a door be the one that `door` gives within the block."""
    token = _DOOR.set(door)
    try:
        yield door
    finally:
        _DOOR.reset(token)


def door() -> Door:
    """Give the door of the model that is being read; one without a leak otherwise."""
    return _DOOR.get() or Door()


def first_current(stimuli: Any) -> str | None:
    """Give the unit of the first current among a model file's inputs; None without one."""
    tables = [one for one in stimuli if isinstance(one, dict)] if isinstance(stimuli, list) else []
    for value in (table.get(field) for table in tables for field in OF_CURRENT):
        value = value[0] if isinstance(value, list) and value else value
        if is_quantity(value):
            try:
                found = as_quantity("", value)
            except ModelError:  # told where it is read
                continue
            if found.is_kind("current"):
                return unit_of(found)
    return None


def through(name: str, value: Any, unit: str = "", *, is_input: bool = False) -> Any:
    """Give a value as it is, or as a number where it is text of a quantity: see `Door.number`."""
    if isinstance(value, str) and is_quantity(value):
        return door().number(name, value, unit, is_input=is_input)
    return value


def constants_through(values: dict[str, Any]) -> dict[str, Any]:
    """Give constants, times and voltages among them as numbers in ms and mV.

    Raises
    ------
    ModelError
        When one has another unit.
    """
    kinds = ("time", "frequency", "voltage", "voltage per time")
    if isinstance(door(), OpenDoor):
        return {name: through(name, value) for name, value in values.items()}
    found = dict(values)
    for name, value in values.items():
        if isinstance(value, str) and is_quantity(value):
            told = f"constant {name}"
            found[name] = as_number(told, as_quantity(told, value).need(told, *kinds).value)
    return found
