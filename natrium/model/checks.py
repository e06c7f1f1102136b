"""Rules for single values, used alike by constructors and by the model-file reader."""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model.errors import ModelError, NatriumError

_UNITS = ": natrium.membrane takes units, and its leak.to_mV makes mV of a current"
# Names become symbols and, through `lambdify`, Python identifiers: a fixed pattern keeps them harmless.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


def as_float(value: float) -> float:
    """Make any real number, an array's without axes too, a float; leave all else for the rule to refuse."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item") and not has_unit(value):
        held = value.item()
        value = held if is_real(held) else value
    try:
        return float(value) if is_real(value) else value
    except OverflowError:  # a whole number beyond all doubles
        return value


def is_real(value: object) -> bool:
    """Tell whether a value is a real number; a flag is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def has_unit(value: object) -> bool:
    """Tell whether a value is an object of a units library: pint, quantities, Astropy or Brian 2."""
    return any(
        hasattr(value, one) and hasattr(value, other)
        for one, other in (("magnitude", "units"), ("value", "unit"), ("dim", "__float__"))
    )


def as_list(values: Any) -> Any:
    """Make an array of any library a list; leave all else, and what has a unit, for the rule to refuse."""
    if not hasattr(values, "__array__") or has_unit(values):
        return values
    return np.asarray(values).tolist()


def are_floats(values: Sequence[Any]) -> bool:
    """Tell at once whether there are values, all of them Python's own floats."""
    return set(map(type, values)) == {float}


def as_numbers(name: str, values: Any) -> npt.NDArray[np.float64]:
    """Take numbers as an array of floats.

    Raises
    ------
    ModelError
        When they are none, or have a unit.
    """
    if has_unit(values):
        raise ModelError(f"{name} must be numbers without a unit, got {show(values)}{_UNITS}")
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ModelError(f"{name} must be numbers, got {show(values)}") from None


def as_mapping(name: str, values: Any, of: str) -> dict[Any, Any]:
    """Take a mapping as a dict; None is an empty one.

    Raises
    ------
    ModelError
        When it is none.
    """
    if values is None or isinstance(values, Mapping):
        return dict(values or {})
    raise ModelError(f"{name} must be a mapping, such as {of}, got {show(values)}")


def as_names(name: str, values: Any) -> tuple[Any, ...]:
    """Take one name or several as a tuple.

    Raises
    ------
    ModelError
        When they cannot be gone through.
    """
    if isinstance(values, str):
        return (values,)
    if isinstance(values, Iterable):
        return tuple(values)
    raise ModelError(f"{name} must be a name or a sequence of names, got {show(values)}")


def check_kind(name: str, value: object, *kinds: type) -> None:
    """Refuse what is of none of these kinds.

    Raises
    ------
    ModelError
        Naming what was received.
    """
    if not isinstance(value, kinds):
        told = " or ".join(kind.__name__ for kind in kinds)
        raise ModelError(f"{name} must be a {told}, got {show(value)}")


def check_path(value: object) -> None:
    """Refuse what is no path.

    Raises
    ------
    ModelError
        Naming what was received.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise ModelError(f"path must be text or a path, got {type(value).__name__}")


def nearest(name: object, known: Iterable[str]) -> str:
    """Give the known name that is nearest to one, whatever its case; empty where none is near."""
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(str(name).lower(), by_lower, n=1)
    return by_lower[found[0]] if found else ""


def unknown_name(what: str, name: object, known: Collection[str]) -> str:
    """Say that a name is none of the known ones, and which is nearest."""
    near = nearest(name, known)
    hint = f"; did you mean {near!r}?" if near else ""
    return f"{what} must be one of {', '.join(known)}, got {show(name)}{hint}"


def show(value: object, unit: str = "") -> str:
    """Show a received value in a message, shortened, with its unit where it is a number."""
    if isinstance(value, (str, bytes)):
        value = value[:80]  # the text of a long one takes long to make
    try:
        text = repr(value.item() if isinstance(value, np.generic) else value)
        text = text if isinstance(value, (str, bytes)) else " ".join(text.split())  # tables take many lines
    except ValueError:  # a whole number of more digits than Python prints
        text = f"a {type(value).__name__} too long to show"
    if len(text) > 60:
        text = text[:57] + "..."
    return f"{text} {unit}".rstrip() if is_real(value) else text


def reads_as_number(text: str) -> bool:
    """Tell whether a text is one of a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@attrs.frozen
class Rule:
    """A rule for one value: `check` raises, calling it makes it an attrs validator.

    Parameters
    ----------
    error : type
        What is raised.
    short, meaning : str
        Where the value is a parameter of the model, one to vary, to differentiate by and to fit: what it is
        called for short (with a channel's name or a stimulus' number behind), and what it is.
    """

    error: type[NatriumError] = attrs.field(default=ModelError, kw_only=True)
    short: str = attrs.field(default="", kw_only=True)
    meaning: str = attrs.field(default="", kw_only=True)

    def __call__(self, instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        """Check a field of an attrs class."""
        self.check(attribute.name, value)

    def check(self, name: str, value: Any) -> None:
        """Raise `error` unless `value` keeps the rule."""
        broken = self.broken(name, value)
        if broken:
            raise self.error(broken)

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        raise NotImplementedError(type(self).__name__)  # pragma: no cover - abstract


@attrs.frozen
class Number(Rule):
    """A finite real number within bounds."""

    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        if not is_real(value):
            hint = _UNITS if has_unit(value) else ""
            return f"{name} must be a number, got {show(value)} ({type(value).__name__}){hint}"
        if not _is_finite(value):
            return f"{name} must be finite, got {show(value, self.unit)}"
        below = value <= self.low if self.open_low else value < self.low
        if not below and value <= self.high:
            return ""
        return f"{name} must be {self._range()}, got {show(value, self.unit)}"

    def _range(self) -> str:
        if self.high < math.inf:
            return f"within {'(' if self.open_low else '['}{self.low:g}, {self.high:g}]"
        if self.low == 0.0:
            return "positive" if self.open_low else "zero or positive"
        return f"{'above' if self.open_low else 'at least'} {self.low:g}"


@attrs.frozen
class Optional(Rule):
    """None, or a value that keeps another rule."""

    rule: Rule

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        return "" if value is None else self.rule.broken(name, value)


@attrs.frozen
class Count(Rule):
    """A whole number within bounds."""

    low: int = 1
    high: int = 10**9

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if whole and self.low <= value <= self.high:
            return ""
        return f"{name} must be a whole number from {self.low} to {self.high}, got {show(value)}"


@attrs.frozen
class Flag(Rule):
    """True or false."""

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        return "" if isinstance(value, bool) else f"{name} must be true or false, got {show(value)}"


@attrs.frozen
class Choice(Rule):
    """One of a few words."""

    words: Collection[str]

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        if isinstance(value, str) and value in self.words:
            return ""
        listed = ", ".join(repr(word) for word in self.words)
        return f"{name} must be one of {listed}, got {show(value)}"


@attrs.frozen
class Name(Rule):
    """A name of letters, digits and underscores that starts with a letter."""

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        if isinstance(value, str) and _NAME.fullmatch(value):
            return ""
        return (
            f"{name} must be a name of at most 40 letters, digits and underscores that starts "
            f"with a letter, got {show(value)}"
        )


@attrs.frozen
class Text(Rule):
    """Some text."""

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        if not isinstance(value, str):
            return f"{name} must be text, got {show(value)}"
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return f"{name} must be text of whole characters, got {show(value)}"
        return ""


@attrs.frozen
class Numbers(Rule):
    """A sequence of finite numbers, strictly increasing where asked."""

    increasing: bool = False
    at_least: int = 0

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            return f"{name} must be a list of numbers, got {show(value)}"
        if len(value) < self.at_least:
            return f"{name} must hold at least {self.at_least} numbers, got {len(value)}"
        if self._hold_at_once(value):
            return ""
        item = Number()
        for index, number in enumerate(value):
            if broken := item.broken(f"{name}[{index}]", number):
                return broken
            if self.increasing and index and number <= value[index - 1]:
                return (
                    f"{name} must increase strictly, got {show(number)} after "
                    f"{show(value[index - 1])} at index {index}"
                )
        return ""

    def _hold_at_once(self, value: Sequence[Any]) -> bool:
        """Tell, without going through them one by one, whether all are floats that keep the rule."""
        if not are_floats(value):
            return False
        numbers = np.array(value)
        return bool(np.isfinite(numbers).all() and not (self.increasing and np.any(np.diff(numbers) <= 0.0)))
