"""Which method is to go on: decided from the fastest rate and the step."""

from __future__ import annotations

import math

import numpy as np

from natrium.solvers.stepping import STEPPERS, Rhs, Stepper

__all__ = ["Switch"]

# Stability, not accuracy, sets the step when step times rate is above this part of the stability limit.
STIFF_PART = 0.5
# A stiff piece with fewer steps to go is finished before Radau would pay.
STIFF_STEPS = 2_000
# One Radau step costs about this many explicit ones (measured, three states).
RADAU_COST = 8.0


class Switch:
    """Decides, from the fastest rate and the step, which method is to go on."""

    def __init__(self, active: bool, jac: Rhs) -> None:
        self.active, self.jac = active, jac
        self.returned_at = 0.0  # the fastest rate when Radau last handed back

    def wanted(self, step: Stepper) -> bool:
        """Tell whether the other method should take over."""
        if not self.active:
            return False
        h, left = step.step_length, step.t_bound - step.t
        explicit = math.isfinite(step.stability)
        if explicit and left < STIFF_STEPS * h:
            return False
        jacobian = np.asarray(self.jac(step.t, step.y), dtype=float)
        if not np.all(np.isfinite(jacobian)):
            return False
        if explicit and h * np.abs(jacobian).sum(axis=1).max() <= STIFF_PART * step.stability:
            return False  # the norm bounds every eigenvalue
        fastest = float(np.max(-np.linalg.eigvals(jacobian).real, initial=0.0))
        if explicit:
            stiff = h * fastest > STIFF_PART * step.stability
            return stiff and fastest > 4.0 * self.returned_at
        explicit_steps = left * fastest / STEPPERS["DOP853"].stability
        if explicit_steps > RADAU_COST * left / h:
            return False
        self.returned_at = fastest
        return True
