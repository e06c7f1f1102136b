"""The threshold of a neuron: a number, or none at all."""

from __future__ import annotations

from typing import Any

import attrs

from natrium.model.checks import Number, as_float

NO_THRESHOLD = "none"


class NoThreshold(float):
    """Infinity, where a neuron has no threshold: V never reaches it."""

    def __new__(cls) -> NoThreshold:
        """Make the one value there is."""
        return super().__new__(cls, "inf")

    def __reduce__(self) -> Any:
        """Copy and pickle as what it is."""
        return (NoThreshold, ())

    def __repr__(self) -> str:
        """Show what a constructor takes."""
        return "None"


def as_threshold(value: Any) -> Any:
    """Take a number, or None and ``"none"`` for no threshold."""
    if value is None or (isinstance(value, str) and value == NO_THRESHOLD):
        return NoThreshold()
    return value if isinstance(value, NoThreshold) else as_float(value)


@attrs.frozen
class Threshold(Number):
    """A number, or none at all."""

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        return "" if isinstance(value, NoThreshold) else Number.broken(self, name, value)
