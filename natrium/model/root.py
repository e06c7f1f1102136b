"""A root between two places of opposite signs, without what SciPy's `optimize` loads for it."""

from __future__ import annotations

import math
from collections.abc import Callable

LEAST_RTOL = 4.0 * 2.0**-52  # what halves of an interval can be told apart by


class NotFound(RuntimeError):
    """The steps allowed end before the root is known."""


def find_root(
    function: Callable[[float], float],
    a: float,
    b: float,
    *,
    xtol: float = 2e-12,
    rtol: float = LEAST_RTOL,
    most: int = 100,
) -> float:
    """Find where a function is zero, by inverse quadratic steps that halving guards.

    Parameters
    ----------
    function : callable
    a, b : float
        It has opposite signs there, or is zero.
    xtol, rtol : float
        The root is known to ``xtol + rtol * abs(root)``.
    most : int
        Steps.

    Raises
    ------
    ValueError
        When the signs are the same, or the function has no value at a place between.
    NotFound
        When that many steps do not do.

    References
    ----------
    R. P. Brent, "Algorithms for minimization without derivatives" (1973), section 4.2, in the form of SciPy's
    ``brentq``, which gives the same root bit for bit.
    """

    def value(x: float) -> float:
        found = float(function(x))
        if math.isnan(found):
            raise ValueError(f"a function whose root is sought must have a value, got {found} at {x!r}")
        return found

    before, x = float(a), float(b)
    f_before, f = value(before), value(x)
    if f_before == 0.0:
        return before
    if f == 0.0:
        return x
    if (f_before > 0.0) == (f > 0.0):
        raise ValueError(f"a root lies between opposite signs, got {f_before!r} at {a!r} and {f!r} at {b!r}")
    other, f_other, step, last = before, f_before, 0.0, 0.0  # `other`: beyond the root, as seen from x
    for _ in range(most):
        if (f_before > 0.0) != (f > 0.0):
            other, f_other = before, f_before
            step = last = x - before
        if abs(f_other) < abs(f):
            before, x, other = x, other, x
            f_before, f, f_other = f, f_other, f
        delta, half = 0.5 * (xtol + rtol * abs(x)), 0.5 * (other - x)
        if f == 0.0 or abs(half) < delta:
            return x
        tried = math.inf
        if abs(last) > delta and abs(f) < abs(f_before):
            tried = _interpolate((before, f_before), (x, f), (other, f_other))
        # A step that falls out of reach, or shrinks too little, is worth less than halving.
        serves = 2.0 * abs(tried) < min(abs(last), 3.0 * abs(half) - delta)
        last, step = (step, tried) if serves else (half, half)
        before, f_before = x, f
        x += step if abs(step) > delta else math.copysign(delta, half)
        f = value(x)
    raise NotFound(f"a root must be found within {most} steps, got to {x!r}")


def _interpolate(before: tuple[float, float], here: tuple[float, float], other: tuple[float, float]) -> float:
    """Give the step to the root of a line through two points, or of an inverse parabola through three."""
    (x0, f0), (x, f), (x1, f1) = before, here, other
    if x0 == x1:
        above, below = -f * (x - x0), f - f0
    else:
        slope0, slope1 = (f0 - f) / (x0 - x), (f1 - f) / (x1 - x)
        above, below = -f * (f1 * slope1 - f0 * slope0), slope1 * slope0 * (f1 - f0)
    return above / below if below else math.inf
