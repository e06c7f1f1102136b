"""A root between two places of opposite signs: SciPy's `brentq`, loaded when the first one is sought."""

from __future__ import annotations

from collections.abc import Callable

import scipy

LEAST_RTOL = 4.0 * 2.0**-52  # what halves of an interval can be told apart by


def find_root(
    function: Callable[[float], float], a: float, b: float, *, xtol: float = 2e-12, rtol: float = LEAST_RTOL
) -> float:
    """Find where a function is zero.

    Parameters
    ----------
    function : callable
    a, b : float
        It has opposite signs there, or is zero.
    xtol, rtol : float
        The root is known to ``xtol + rtol * abs(root)``.

    Raises
    ------
    ValueError
        When the signs are the same, or the function has no value at a place between.
    RuntimeError
        When a hundred steps do not do.

    References
    ----------
    R. P. Brent, "Algorithms for minimization without derivatives" (1973), section 4.2.
    """
    return float(scipy.optimize.brentq(function, a, b, xtol=xtol, rtol=rtol))
