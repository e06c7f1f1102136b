"""Dense output of a stretch, its polynomials made when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from natrium.model.arrays import Array
from natrium.model.frame import Frame
from natrium.solvers.dense import Polynomials
from natrium.solvers.event_driven.steppers import Record, Rhs


class LazyPolynomials:
    """The dense output of one stretch.

    Parameters
    ----------
    coefficients : callable
        Gives Bernstein coefficients as the solver has its states, shape (degree + 1, n_steps, n_states).
    knots : ndarray, shape (n_steps + 1,)
        ms.
    frame : Frame
    """

    def __init__(self, coefficients: Callable[[], Array], knots: Array, frame: Frame) -> None:
        self.coefficients, self.knots, self.frame = coefficients, knots, frame

    @cached_property
    def polynomials(self) -> Polynomials:
        """The polynomials themselves."""
        coefficients = self.coefficients()
        for place in np.flatnonzero(self.frame.weights).tolist():
            coefficients[..., 0] += self.frame.weights[place] * coefficients[..., place]
        return Polynomials(coefficients, self.knots, self.frame.outward(np.zeros(len(self.frame.weights))))

    def __call__(self, s: Array) -> Array:
        """Give the states, shape (n_states, n_times)."""
        return self.polynomials(s)

    def __reduce__(self) -> Any:
        """Copy and pickle as the polynomials alone."""
        return self.polynomials.__class__, attrs.astuple(self.polynomials, recurse=False)


def join(records: list[Record], fun: Rhs) -> Array:
    """Give the coefficients of steps made one by one."""
    return np.stack([record.coefficients(fun) for record in records], axis=1)
