"""Which method is to go on: decided from the fastest rate and the step."""

from __future__ import annotations

import math

import numpy as np

from natrium.solvers.event_driven.steppers import STEPPERS, Rhs, Stepper

# Stability, not accuracy, sets the step when step times rate is above this part of the stability limit.
STIFF_PART = 0.5
# A stiff piece with fewer steps to go is finished before Radau would pay.
STIFF_STEPS = 2_000
# One Radau step costs about this many explicit ones (measured, three states).
RADAU_COST = 8.0
# An explicit method would need at least this many steps, whatever its accuracy asks.
HOPELESS_STEPS = 1e8
# Every so many steps the fastest rate is compared with the step; Radau's first steps are short by caution.
LOOK_EXPLICIT, LOOK_IMPLICIT = 16, 96


class Switch:
    """Decides, from the fastest rate and the step, which method is to go on."""

    def __init__(self, active: bool, jac: Rhs) -> None:
        self.active, self.jac = active, jac
        self.returned_at = 0.0  # the fastest rate when Radau last handed back

    def is_due(self, step: Stepper, count: int) -> bool:
        """Tell whether the other method should take over after `count` steps of this one."""
        explicit = math.isfinite(step.stability)
        if not self.active or count % (LOOK_EXPLICIT if explicit else LOOK_IMPLICIT):
            return False
        h, left = step.step_length, step.t_bound - step.t
        if explicit and left < STIFF_STEPS * h:
            return False
        jacobian = np.asarray(self.jac(step.t, step.y), dtype=float)
        if not np.all(np.isfinite(jacobian)):
            return False
        norm = np.abs(jacobian).sum(axis=1).max()  # bounds every eigenvalue
        steps = left / step.stability  # times a rate: how many steps stability allows at least
        if explicit and h * norm <= STIFF_PART * step.stability and norm * steps <= HOPELESS_STEPS:
            return False
        fastest = float(np.max(-np.linalg.eigvals(jacobian).real, initial=0.0))
        if explicit:
            # Gates that relax a billion times faster than the piece is long are Radau's from the start.
            if fastest * steps > HOPELESS_STEPS:
                return True
            again = fastest > 4.0 * self.returned_at or left > 10 * STIFF_STEPS * h
            return again and h * fastest > STIFF_PART * step.stability
        if left * fastest / STEPPERS["DOP853"].stability > RADAU_COST * left / h:
            return False
        self.returned_at = fastest
        return True
