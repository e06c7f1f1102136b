"""Numbers with units: text such as ``"120 mS/cm^2"``, taken apart here, its unit names told by pint.

Every quantity is brought to one base, in which equations of membranes hold without factors: ms and mV, with
pA (so nS, pF, GOhm) where it is absolute, with uA/cm^2 (so mS/cm^2, uF/cm^2, kOhm cm^2) where it is per area.
Arithmetic is exact: a decimal number is the decimal number that was written.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

import attrs

from natrium.model.checks import has_unit, show
from natrium.model.errors import ModelError

MAX_LENGTH = 80  # characters of a quantity
MAX_POWER = 4  # of a unit within one
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_FORM = re.compile(rf"({_NUMBER})\s*((?:(?<=\s)1\s*/\s*)?[^\s\d.+-].*)")
_FACTOR = re.compile(r"\s*([*/.]?)\s*([A-Za-z\u00b5\u03bc\u03a9\u2126]+)\s*(?:\^?\s*([+-]?\d)(?![\d.]))?")
_UNDER = re.compile(r"/\s*\(([^()/]*)\)")  # what stands in brackets under a line
# Ways to write the same that are brought to one before it is read.
_SIGNS = (("**", "^"), ("·", "*"), ("⋅", "*"), ("²", "^2"), ("⁻¹", "^-1"), ("⁻^2", "^-2"), ("−", "-"))
_WORDS = frozenset({"if", "else", "and", "or", "not"})  # of an expression

# What quantities may be: powers of time, voltage, current (or current per area) and length.
Dimension = tuple[int, int, int, int]
KINDS: dict[str, tuple[Dimension, str]] = {
    "time": ((1, 0, 0, 0), "ms or s"),
    "frequency": ((-1, 0, 0, 0), "Hz or 1/ms"),
    "voltage": ((0, 1, 0, 0), "mV or V"),
    "voltage per time": ((-1, 1, 0, 0), "mV/ms"),
    "current": ((0, 0, 1, 0), "pA, nA or uA/cm^2"),
    "conductance": ((0, -1, 1, 0), "nS, uS or mS/cm^2"),
    "resistance": ((0, 1, -1, 0), "MOhm or kOhm cm^2"),
    "capacitance": ((1, -1, 1, 0), "pF, nF or uF/cm^2"),
    "current per time": ((-1, 0, 1, 0), "pA/ms or uA/cm^2/ms"),
    "area": ((0, 0, 0, 2), "um^2 or cm^2"),
}
"""Each kind with its powers where it is absolute, and units that it is written in."""
PER_CM2 = 10**6  # an absolute base unit in units of the other, over one cm^2: 1 uA is 10^6 pA


@attrs.frozen
class Quantity:
    """A number with its unit, in the base."""

    value: Fraction  # in powers of ms, mV, pA (uA/cm^2 where it is per area) and cm
    powers: tuple[int, int, int]  # of time, voltage and current
    length: int  # power of length; of what is per area it is that of the current, times -2
    shown: str  # as it was given
    unit: Fraction  # how large its unit is in the base: 1000 for ``"0.03 uS"``

    @property
    def per_area(self) -> bool:
        """Whether it is a current, conductance, ... per area."""
        return self.powers[2] != 0 and self.length == -2 * self.powers[2]

    def is_kind(self, kind: str) -> bool:
        """Tell whether it is of a kind, absolute or per area."""
        *powers, length = KINDS[kind][0]
        return self.powers == tuple(powers) and (self.length == length or (self.per_area and not length))

    def need(self, name: str, *kinds: str) -> Quantity:
        """Give it back where it is of one of these kinds.

        Raises
        ------
        ModelError
            Naming what fits.
        """
        if any(map(self.is_kind, kinds)):
            return self
        raise ModelError(f"{name} must be {' or '.join(map(fits_of, kinds))}, got {self.shown}")

    def over_area(self, name: str, *, per_area: bool, area: Fraction | None) -> Fraction:
        """Give its value per area, or absolute, by the area in cm^2 where it was given the other way.

        Raises
        ------
        ModelError
            When the area is needed and not known.
        """
        if per_area == self.per_area or not self.powers[2]:
            return self.value
        if area is None:
            given, other = ("per area", "absolute") if self.per_area else ("absolute", "per area")
            raise ModelError(
                f"{name} is {given} and the leak is {other}, got {self.shown}: "
                'give the area too, such as area = "20000 um^2"'
            )
        factor = (area * PER_CM2) ** self.powers[2]
        return self.value / factor if per_area else self.value * factor


def with_article(kind: str) -> str:
    """Give a kind with its article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def fits_of(kind: str) -> str:
    """Say what fits where a kind is asked for."""
    return f"{with_article(kind)} ({KINDS[kind][1]})"


def is_quantity(value: object) -> bool:
    """Tell whether a value has a unit: text of a number and more, or an object of a units library."""
    if isinstance(value, str):
        form = _FORM.fullmatch(value.strip()) if len(value) <= MAX_LENGTH else None
        return form is not None and _factors(form[2]) is not None and not _words(form[2]) & _WORDS
    return has_unit(value)


def as_quantity(name: str, value: Any) -> Quantity:
    """Read a quantity: text, or one of pint, quantities, Astropy or Brian 2.

    Parameters
    ----------
    name : str
        What it is called in messages.
    value : str or object

    Raises
    ------
    ModelError
        When it is none, its unit is unknown or not made of time, voltage and current, or pint is not
        installed.
    """
    number, unit = _parts(name, value)
    shown = show(value) if isinstance(value, str) else show(str(value))
    size, exponents = Fraction(1), dict.fromkeys(_BASE, 0)
    for word, power in unit.items():
        factor, dimensions = _known(name, word, shown)
        size *= factor**power
        for dimension, exponent in dimensions:
            exponents[dimension] = exponents.get(dimension, 0) + exponent * power
    mass, length, time, current = (exponents.pop(one) for one in _BASE)
    # A volt is kg m^2 s^-3 A^-1: each power of mass is one of voltage.
    powers = (time + 3 * mass, mass, current + mass)
    length -= 2 * mass
    found = Quantity(Fraction(0), powers, length, shown, Fraction(1))
    is_area = powers == (0, 0, 0) and length == 2
    if any(exponents.values()) or not (length == 0 or found.per_area or is_area):
        raise ModelError(
            f"{name} must be made of time, voltage and current (or current per area), got {shown}: "
            f"units are such as {', '.join(fits for _, fits in KINDS.values())}"
        )
    if not any((*powers, length)):
        raise ModelError(f"{name} must have a unit of time, voltage or current, got {shown}")
    size *= Fraction(1000) ** (powers[0] + powers[1]) * Fraction(10) ** (12 * powers[2])
    size *= Fraction(100) ** length
    if found.per_area:
        size /= Fraction(PER_CM2) ** powers[2]
    return attrs.evolve(found, value=number * size, unit=size)


def exact(value: float) -> Fraction:
    """Take a float as the decimal number that it is written as: 0.3 is 3/10."""
    return Fraction(repr(float(value)))


def as_number(name: str, value: Fraction) -> float:
    """Give the float that is nearest.

    Raises
    ------
    ModelError
        When there is none.
    """
    try:
        return float(value)
    except OverflowError:
        raise ModelError(f"{name} must be finite, got a number beyond all floats") from None


def _parts(name: str, value: Any) -> tuple[Fraction, dict[str, int]]:
    """Give the number and the powers of its units."""
    number: Any = None
    if isinstance(value, str):
        form = _FORM.fullmatch(value.strip()) if len(value) <= MAX_LENGTH else None
        number, unit = (form[1], form[2]) if form else (None, "")
    elif hasattr(value, "dim"):  # Brian 2: a number in SI units, its dimensions told one by one
        powers = {one: int(value.dim.get_dimension(one)) for one in ("kg", "m", "s", "A", "K", "mol")}
        return _fraction(name, float(value), value), {one: power for one, power in powers.items() if power}
    elif hasattr(value, "magnitude"):
        text = getattr(value.dimensionality, "string", None)  # quantities; pint says it by its units
        number, unit = value.magnitude, str(value.units) if text is None else text
    elif hasattr(value, "unit") and hasattr(value, "value"):
        number, unit = value.value, str(value.unit)
    factors = None if number is None else _factors(unit)
    if factors is None:
        raise ModelError(
            f'{name} must be a number with a unit, such as "300 pA" or "120 mS/cm^2", got {show(value)}'
        )
    return _fraction(name, number, value), factors


def _fraction(name: str, number: Any, value: Any) -> Fraction:
    try:
        near = float(number)
    except (TypeError, ValueError):
        raise ModelError(f"{name} must be one number with a unit, got {show(str(value))}") from None
    if not math.isfinite(near):
        raise ModelError(f"{name} must be finite, got {show(str(value))}")
    return Fraction(number) if isinstance(number, str) else exact(near)


def _factors(text: str) -> dict[str, int] | None:
    """Take a unit apart: each name with its power; None where it is none."""
    for sign, plain in _SIGNS:
        text = text.replace(sign, plain)
    text = _UNDER.sub(lambda found: "/" + re.sub(r"[*.\s]+", "/", found[1].strip()), text.strip())
    text = re.sub(r"^1\s*/", "/", text)
    found, place = dict[str, int](), 0
    while place < len(text):
        match = _FACTOR.match(text, place)
        if match is None or (place == 0 and match[1] in ("*", ".")):
            return None
        power = int(match[3] or 1) * (-1 if match[1] == "/" else 1)
        found[match[2]] = found.get(match[2], 0) + power
        if abs(found[match[2]]) > MAX_POWER:
            return None
        place = match.end()
    return found or None


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]+", text))


_BASE = ("[mass]", "[length]", "[time]", "[current]")


def _known(name: str, word: str, shown: str) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    """Give a unit's size in SI units and its dimensions.

    Raises
    ------
    ModelError
        When there is no such unit, or nobody to ask.
    """
    try:
        return _asked(word)
    except ImportError:
        raise ModelError(
            f"{name} has a unit, got {shown}; units are read by pint, which is not installed: "
            "pip install natrium[units]"
        ) from None
    except (AttributeError, TypeError, ValueError):  # pint's UndefinedUnitError is an AttributeError
        hint = "".join(
            f"; did you mean {one}?" for one in _USUAL if one.lower() == word.lower() and one != word
        )
        raise ModelError(f"{name} has a unit that is not known, {show(word)} in {shown}{hint}") from None


_USUAL = ("mV", "ms", "pA", "nA", "uA", "nS", "uS", "pF", "nF", "uF", "MOhm", "kOhm", "Hz", "cm", "um")


@lru_cache(maxsize=256)
def _asked(word: str) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    # "Ohm" is how it is written, "ohm" how pint knows it.
    unit = _registry().Quantity(Fraction(1), re.sub(r"Ohms?\Z", "ohm", word))
    dimensions = tuple((one, int(power)) for one, power in unit.dimensionality.items())
    if any(one == "[temperature]" for one, _ in dimensions):
        return Fraction(1), dimensions
    return Fraction(unit.to_base_units().magnitude), dimensions


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint  # takes a second: only where a quantity is read

    return pint.UnitRegistry(non_int_type=Fraction)
