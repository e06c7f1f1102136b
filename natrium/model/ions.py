"""Ions on both sides of a membrane: what drives them through an open channel."""

from __future__ import annotations

import math
from typing import Any

import attrs
import sympy

from natrium.model.checks import Choice, Number, Optional, as_float, show
from natrium.model.equations import constant_field, nernst
from natrium.model.errors import ModelError
from natrium.model.expressions.exprel import exprel
from natrium.model.expressions.expression import CALCIUM

NO_TEMPERATURE = "celsius must be given, of the ions or of the neuron, got neither"
KELVIN = 273.15  # 0 degrees Celsius
GAS, FARADAY = 8.31446261815324, 96485.33212331  # J/(mol K), C/mol: exact in the SI of 2019, rounded
TEMPERATURE = Number("degC", -KELVIN, open_low=True)


@attrs.frozen
class Concentration(Number):
    """A positive number, or the word for the neuron's calcium pool."""

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        if isinstance(value, str):
            return Choice((CALCIUM,)).broken(name, value)
        return Number.broken(self, name, value)


def _check_valence(instance: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or not 1 <= abs(value) <= 3:
        raise ModelError(
            f"valence must be a whole number of charges, from -3 to 3 and not 0, got {show(value)}"
        )


def _as_sympy(value: Any) -> Any:
    """Take a number as SymPy; what is a symbol is so already."""
    return sympy.Float(value) if isinstance(value, float) else value


@attrs.frozen
class Ions:
    r"""The ions that a channel lets through: their charge and how many there are on both sides.

    As ``nernst`` of a channel they give its reversal potential; as ``ghk`` they give, instead of E - V, the
    driving force of the constant field,

    .. math:: \frac{RT}{zF} \frac{w}{e^w - 1} \Big(1 - \frac{c_{in}}{c_{out}} e^w\Big), \qquad
              w = \frac{zFV}{RT},

    in mV: far below the reversal it is -V, so that g is there the channel's conductance.

    Parameters
    ----------
    valence : int
        z, in elementary charges: 2 of calcium, -1 of chloride.
    inside : float or "Ca"
        Concentration inside; ``"Ca"``: that of the neuron's calcium pool.
    outside : float
        Concentration outside, in the same unit.
    celsius : float, optional
        Temperature, degrees Celsius; a neuron's own comes before it, and is needed where it is left out.

    Raises
    ------
    ModelError
        When a value is out of range.

    References
    ----------
    .. [1] D. E. Goldman, "Potential, impedance, and rectification in membranes", J. Gen. Physiol. 27 (1943)
       37-60. https://doi.org/10.1085/jgp.27.1.37
    .. [2] A. L. Hodgkin, B. Katz, "The effect of sodium ions on the electrical activity of the giant axon of
       the squid", J. Physiol. 108 (1949) 37-77. https://doi.org/10.1113/jphysiol.1949.sp004310

    Examples
    --------
    >>> potassium = Ions(valence=1, inside=140.0, outside=5.0, celsius=37.0)
    >>> round(potassium.reversal(), 3)
    -89.059
    """

    valence: int = attrs.field(validator=_check_valence)
    inside: float | str = attrs.field(
        converter=as_float,
        validator=Concentration("", 0.0, open_low=True, short="inside", meaning="concentration inside"),
    )
    outside: float = attrs.field(
        converter=as_float,
        validator=Number("", 0.0, open_low=True, short="outside", meaning="concentration outside"),
    )
    celsius: float | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_float),
        validator=Optional(TEMPERATURE),
    )

    @property
    def reads_calcium(self) -> bool:
        """Whether the concentration inside is that of the calcium pool."""
        return isinstance(self.inside, str)

    def thermal(self, celsius: Any = None) -> Any:
        """Give RT/F at a temperature, by default its own; mV.

        Raises
        ------
        ModelError
            When there is neither.
        """
        celsius = self.celsius if celsius is None else celsius
        if celsius is None:
            raise ModelError(NO_TEMPERATURE)
        return 1e3 * GAS * (celsius + KELVIN) / FARADAY

    def reversal(self, celsius: float | None = None, calcium: float = math.nan) -> float:
        """Give the Nernst potential, mV; NaN where the pool's concentration is needed and not given."""
        inside = self.inside if isinstance(self.inside, float) else calcium
        if not inside > 0.0:
            return math.nan
        return float(nernst(self.thermal(celsius), self.valence, inside, self.outside, math.log))

    def drive(self, V: Any, inside: Any, outside: Any, celsius: Any = None) -> sympy.Expr:
        """Give the driving force of the constant field as SymPy, mV."""
        return constant_field(V, _as_sympy(self.thermal(celsius)), self.valence, inside, outside, exprel)

    def potential(self, inside: Any, outside: Any, celsius: Any = None) -> sympy.Expr:
        """Give the Nernst potential as SymPy, mV."""
        return nernst(_as_sympy(self.thermal(celsius)), self.valence, inside, outside, sympy.log)
