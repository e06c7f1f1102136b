"""The leak in absolute units: it turns currents into the R I that inputs are, and results back."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeVar

import attrs
import numpy as np

from natrium.model.checks import Choice, Number, Optional, as_float, as_numbers, is_real, show
from natrium.model.errors import ModelError
from natrium.model.quantities import Quantity, as_number, as_quantity, exact, is_quantity

# Each unit of current with the conductance that 1 mV makes it of, the capacitance that goes with both in ms,
# and how large it is in the base of quantities.
CURRENTS: dict[str, tuple[str, str, Fraction]] = {
    "pA": ("nS", "pF", Fraction(1)),
    "fA": ("pS", "fF", Fraction(1, 1000)),
    "nA": ("uS", "nF", Fraction(1000)),
    "uA": ("mS", "uF", Fraction(10**6)),
    "mA": ("S", "mF", Fraction(10**9)),
    "uA/cm^2": ("mS/cm^2", "uF/cm^2", Fraction(1)),
    "nA/cm^2": ("uS/cm^2", "nF/cm^2", Fraction(1, 1000)),
    "mA/cm^2": ("S/cm^2", "mF/cm^2", Fraction(1000)),
}
T = TypeVar("T", float, np.ndarray[Any, Any])


@attrs.frozen
class InputUnit:
    """What an input is told in: mV, or a current where the leak is known in absolute units."""

    name: str = "mV"  # empty where it is what equations make of it
    per_mV: float = 1.0  # how many of it are 1 mV

    def __str__(self) -> str:
        return self.name

    def of(self, I: T) -> T:
        """Give an input in this unit."""
        return I if self.per_mV == 1.0 else I * self.per_mV

    def show(self, I: float, form: str = "g") -> str:
        """Write an input with its unit, where it has one; no minus before a zero."""
        return f"{self.of(I):z{form}} {self.name}".rstrip()

    def beside(self, column: str, I: T) -> dict[str, T]:
        """Give a column to stand beside one in mV, named by this unit; none where it is mV itself."""
        if self.name in ("mV", ""):
            return {}
        return {f"{column}_{self.name.replace('/', '_per_').replace('^', '')}": self.of(I)}


@attrs.frozen
class Leak:
    """A leak conductance in absolute units.

    Parameters
    ----------
    g_L : float
        In the conductance of which 1 mV makes one `unit`: in nS for pA, in mS/cm^2 for uA/cm^2.
    unit : str
        What currents are told in: pA, fA, nA, uA, mA, uA/cm^2, nA/cm^2 or mA/cm^2.
    area : float, optional
        Of the membrane, cm^2, where absolute and per area are both spoken of.

    Raises
    ------
    ModelError
        When a value is out of range.

    Examples
    --------
    >>> Leak(30.0, "pA").from_mV(10.0)
    300.0
    """

    g_L: float = attrs.field(converter=as_float, validator=Number("", 0.0, open_low=True))
    unit: str = attrs.field(default="pA", validator=Choice(tuple(CURRENTS)))
    area: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(Number("cm^2", 0.0, open_low=True)),
    )

    @property
    def conductance_unit(self) -> str:
        """The unit of `g_L`."""
        return CURRENTS[self.unit][0]

    @property
    def capacitance_unit(self) -> str:
        """The unit of tau_m times `g_L`, tau_m in ms."""
        return CURRENTS[self.unit][1]

    @property
    def per_area(self) -> bool:
        """Whether it is a conductance per area."""
        return "/" in self.unit

    def ratio(self, name: str, quantity: Quantity) -> Fraction:
        """Give a current, conductance or capacitance over the leak: in mV, 1, ms.

        Raises
        ------
        ModelError
            When it is per area and the leak is not, or the other way round, and the area is not known.
        """
        area = None if self.area is None else exact(self.area)
        return quantity.over_area(name, per_area=self.per_area, area=area) / self._in_base

    @property
    def _in_base(self) -> Fraction:
        return exact(self.g_L) * CURRENTS[self.unit][2]

    def to_mV(self, current: Any) -> Any:
        """Turn a current into the input R I that stimuli and analyses take.

        Parameters
        ----------
        current : str, float, quantity or array_like
            With a unit (``"300 pA"``, or a quantity of pint, quantities, Astropy or Brian 2), or numbers in
            `unit`.

        Returns
        -------
        float or ndarray
            mV.

        Raises
        ------
        ModelError
            When it is no current, or the area is needed and not known.
        """
        if isinstance(current, (list, tuple)) or getattr(current, "ndim", 0) > 0:
            if is_quantity(current) or any(map(is_quantity, current)):
                return np.array([self.to_mV(one) for one in current])
            return as_numbers("current", current) / self.g_L
        if is_quantity(current):
            found = as_quantity("current", current).need("current", "current", "voltage")
            if found.is_kind("voltage"):
                return as_number("current", found.value)
            return as_number("current", self.ratio("current", found))
        if isinstance(current, str):
            raise ModelError(f'current must be a number with a unit, such as "300 pA", got {show(current)}')
        Number().check("current", current)
        return as_number("current", exact(current) / exact(self.g_L))

    def from_mV(self, I: Any) -> Any:
        """Turn an input in mV into a current in `unit`, float or ndarray."""
        return float(I) * self.g_L if is_real(I) else as_numbers("I", I) * self.g_L

    def conversions(self, tau_m: float, conductances: Iterable[tuple[str, float]]) -> list[str]:
        """Say how what was given became what is solved.

        Parameters
        ----------
        tau_m : float
            ms.
        conductances : iterable of (str, float)
            Of each channel its name and its conductance over the leak.
        """
        leak = f"{self.g_L:.6g} {self.conductance_unit}"
        said = [f"C/g_L = {tau_m * self.g_L:.6g} {self.capacitance_unit} / {leak} = {tau_m:.5g} ms"]
        said += [
            f"g_{name}/g_L = {g * self.g_L:.6g} {self.conductance_unit} / {leak} = {g:.6g}"
            for name, g in conductances
        ]
        return [*said, f"I/g_L = 1 {self.unit} / {leak} = {1.0 / self.g_L:.5g} mV"]


def input_unit(neuron: Any) -> InputUnit:
    """Give what a neuron's input is told in."""
    return told_in(neuron.input_unit, leak_of(neuron))


def leak_of(neuron: Any) -> Leak | None:
    """Give a neuron's leak in absolute units; None where it is not known."""
    leak: Leak | None = getattr(neuron, "leak", None)
    return leak


def told_in(unit: str, leak: Leak | None) -> InputUnit:
    """Give what an input is told in, by the unit that it is solved in and the leak, where that is known."""
    return InputUnit(unit) if leak is None else InputUnit(leak.unit, leak.g_L)
