r"""Near a zero by residuals alone: a Jacobian known close by, made better by what each step has shown.

Of a cycle of the flow the residual costs one run, its Jacobian ten times as much. Broyden's update

.. math:: B \leftarrow B + \frac{F(z + s) \, s^T}{s \cdot s}, \qquad B s = -F(z),

is the least change by which B tells the step just taken.

References
----------
.. [1] C. G. Broyden, "A class of methods for solving nonlinear simultaneous equations", Math. Comp. 19
   (1965) 577-593. https://doi.org/10.1090/S0025-5718-1965-0198670-6
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from natrium.analysis.continuation.rows import solve_rows
from natrium.model import NatriumError
from natrium.model.arrays import Array

STEPS = 14
FARTHEST = 1.0  # units of length: how far a step may lead
SHRINKS = 0.7  # by which steps must shrink, each two of them


def come_near(
    residual: Callable[[Array], Array], jacobian: Array, start: Array, scales: Array, close: float
) -> tuple[Array, int] | None:
    """Come near the zero that lies near a place.

    Parameters
    ----------
    residual : callable
        Of the unknowns, shape (n,); gives shape (n,).
    jacobian : ndarray, shape (n, n)
        By the unknowns in their units, somewhere near.
    start, scales : ndarray, shape (n,)
        The place, and one unit of each unknown.
    close : float
        A step so short is the last, in units.

    Returns
    -------
    tuple of ndarray and int, or None
        The place, and how many steps it took; None where steps do not shrink.
    """
    z, matrix, sizes = start, jacobian.copy(), list[float]()
    try:
        off = residual(z)
        for taken in range(1, STEPS + 1):
            moved = solve_rows(matrix, -off)
            sizes.append(float(np.abs(moved).max()))
            slow = len(sizes) > 2 and sizes[-1] > SHRINKS * sizes[-3]
            if not sizes[-1] < FARTHEST or slow:
                return None
            z = z + moved * scales
            if sizes[-1] < close:
                return z, taken
            off = residual(z)
            matrix += np.outer(off, moved) / (moved @ moved)
    except NatriumError:
        return None
    return None
