"""Linear systems whose rows differ in size."""

from __future__ import annotations

import numpy as np

from natrium.model import SolverError
from natrium.model.arrays import Array


def solve_rows(matrix: Array, right: Array) -> Array:
    """Solve rows that differ in size.

    Parameters
    ----------
    matrix : ndarray, shape (n, n)
    right : ndarray, shape (n,)

    Raises
    ------
    SolverError
        When the rows do not tell one point from its neighbours.
    """
    sizes = np.abs(matrix).max(axis=1)
    sizes[~(sizes > 0.0)] = 1.0
    try:
        return np.asarray(np.linalg.solve(matrix / sizes[:, None], right / sizes))
    except np.linalg.LinAlgError:
        raise SolverError("the equations of a cycle must tell it from its neighbours") from None
