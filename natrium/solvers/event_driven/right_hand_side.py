"""Right-hand side and Jacobian as SciPy calls them: parameters and input bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from natrium.model import Drive, Kernel
from natrium.model.arrays import Array
from natrium.solvers.event_driven.runge_kutta import OfNumbers
from natrium.solvers.event_driven.steppers import Rhs


def bound_rhs(
    rhs: Callable[..., list[float]],
    drive: Drive,
    gap: float,
    parameters: tuple[float, ...],
    size: int,
) -> OfNumbers:
    """Bind parameters and input to a right-hand side, in u and the piece's own time."""
    nothing = [math.nan] * size  # not a number: an explicit step is rejected, a start refused

    def constant(s: float, y: list[float]) -> Any:
        try:
            return rhs(*y, level, *parameters)
        except (OverflowError, ValueError, ZeroDivisionError):
            return nothing

    def driven(s: float, y: list[float]) -> Any:
        try:
            return rhs(*y, drive(s) - gap, *parameters)
        except (OverflowError, ValueError, ZeroDivisionError):
            return nothing

    level = drive.level - gap
    return OfNumbers(constant if drive.is_constant else driven)


def bound_jacobian(kernel: Kernel, sides: Array) -> Rhs:
    """Bind parameters, and the branches' sides as they are, to the Jacobian, the same for all inputs."""
    jacobian = kernel.flow.jacobian

    def jac(s: float, y: Array) -> Any:
        try:
            return np.array(jacobian(*y.tolist(), 0.0, *kernel.parameters, *sides.tolist()))
        except (OverflowError, ValueError, ZeroDivisionError):
            return np.full((y.size, y.size), math.nan)

    return jac
