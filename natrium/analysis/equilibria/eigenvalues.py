"""Eigenvalues of an equilibrium, and which of their digits are to be trusted."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from natrium.model.arrays import Array

NEUTRAL = 1e-7  # a real part this small beside its own imaginary part is zero
NOISE = 16 * np.finfo(float).eps  # an eigenvalue this small beside the largest is rounding
DOUBT = 2.0**20  # times that: where digits are few, more are computed with
DIGITS, ROUNDED = 40, 1e-15  # of these; a part this small beside its value is rounding


def real_parts(eigenvalues: Any) -> Array:
    """Give real parts, zero where an oscillation neither grows nor decays within rounding.

    Each is held against its own size, lest a slow state beside a fast one be taken for neutral.
    """
    real = np.real(eigenvalues)
    neutral = (np.imag(eigenvalues) != 0.0) & (np.abs(real) <= NEUTRAL * np.abs(eigenvalues))
    return np.asarray(np.where(neutral, 0.0, real))


def sorted_eigenvalues(matrix: Array) -> Any:
    """Give the eigenvalues of a matrix, the largest real part first; with more digits where few are right."""
    values = np.linalg.eigvals(matrix).astype(complex)
    if np.abs(values.real).min() < DOUBT * NOISE * np.abs(values).max():
        with mpmath.workdps(DIGITS):
            values = np.array(mpmath.eig(mpmath.matrix(matrix.tolist()), right=False), dtype=complex)
        values[np.abs(values) < ROUNDED**2 * np.abs(values).max()] = 0.0
        values.imag[np.abs(values.imag) < ROUNDED * np.abs(values)] = 0.0
    return values[np.lexsort((-values.imag, -values.real))]
