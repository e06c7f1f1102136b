"""Points of a curve that have a name, and what is written beside them."""

from __future__ import annotations

from typing import Any

import attrs

from natrium.model.protocol import in_input


def signs(text: str) -> str:
    """Write every minus as one."""
    return text.replace("-", "−")


def number(value: float, digits: int = 4) -> str:
    """Write a number with a true minus."""
    return signs(f"{float(f'{value:.{digits}g}'):.{max(digits, 6)}g}")  # ten thousand has no power of ten


def term(value: float, digits: int = 4) -> str:
    """Write a number that is added to what stands before it: "+ 3", "− 3"."""
    return f"{'−' if value < 0.0 else '+'} {number(abs(value), digits)}"


def input_label(unit: str) -> str:
    """Name the axis of a constant input."""
    return "Constant input I" + (f" ({unit})" if unit else "")


@attrs.frozen
class Mark:
    """A point of the curve that has a name."""

    I: float
    V: float
    name: str
    look: dict[str, Any]
    unit: str

    @property
    def text(self) -> str:
        """What stands beside it."""
        return f"{self.name}\n{in_input(number(self.I), self.unit)}"

    def within(self, I: tuple[float, float], V: tuple[float, float]) -> bool:
        """Tell whether it lies in a window."""
        return I[0] <= self.I <= I[1] and V[0] <= self.V <= V[1]
