"""A threshold or a reset that may be none at all, and the numbers that every kind of neuron has."""

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
        return (type(self), ())

    def __repr__(self) -> str:
        """Show what a constructor takes."""
        return "None"


class NoReset(NoThreshold):
    """Infinity, where nothing is reset: V goes on through the threshold."""

    def __repr__(self) -> str:
        """Show what a constructor takes."""
        return repr(NO_THRESHOLD)


def as_level(value: Any) -> Any:
    """Take a number, or what stands for none at all."""
    return value if isinstance(value, NoThreshold) else as_float(value)


def as_reset(value: Any) -> Any:
    """Take a number, or ``"none"`` for no reset."""
    return NoReset() if isinstance(value, str) and value == NO_THRESHOLD else as_level(value)


def as_threshold(value: Any) -> Any:
    """Take a number, or None and ``"none"`` for no threshold."""
    if value is None or (isinstance(value, str) and value == NO_THRESHOLD):
        return NoThreshold()
    return as_level(value)


@attrs.frozen
class Threshold(Number):
    """A number, or none at all."""

    def broken(self, name: str, value: Any) -> str:
        """Say how `value` breaks the rule; an empty string where it keeps it."""
        return "" if isinstance(value, NoThreshold) else Number.broken(self, name, value)


TAU_REF = Threshold("ms", 0.0, short="tau_ref", meaning="refractory period")
V_THRESH = Threshold("mV", short="v_thresh", meaning="threshold")
V_RESET = Threshold("mV", short="v_reset", meaning="reset")
V_INIT = Number("mV", short="v_init", meaning="initial V")
