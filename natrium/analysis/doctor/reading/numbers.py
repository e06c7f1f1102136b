"""Numbers as somebody writes them, and the zeros that are looked for among them."""

from __future__ import annotations

import math
from collections.abc import Callable

NICE = 6  # digits of a number that somebody wrote


def is_nice(value: float) -> bool:
    """Tell whether somebody would have written a number."""
    return abs(value - float(f"{value:.{NICE}g}")) <= 1e-12 * abs(value)


def nearest(value: float) -> float:
    """Give the roundest number that a value is, within what a fit leaves."""
    for digits in (1, 2, 3, 4, NICE, 9):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= 1e-7 * abs(value):
            return near
    return value


def secant(off: Callable[[float], float], a: float, b: float) -> float | None:
    """Find a zero from two numbers on; None where it is lost."""
    fa, fb = off(a), off(b)
    for _ in range(40):
        if not (math.isfinite(fa) and math.isfinite(fb)) or fb == fa:
            break
        c = b - fb * (b - a) / (fb - fa)
        if not math.isfinite(c):
            return None
        a, fa, b = b, fb, c
        fb = off(b)
        if abs(b - a) <= 1e-14 * (abs(b) + 1e-300) or fb == 0.0:
            break
    return b if math.isfinite(b) else None
