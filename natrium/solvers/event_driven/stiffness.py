"""Which method is to go on: decided from the fastest rate and the step."""

from __future__ import annotations

import math

import numpy as np

from natrium.model.arrays import Array
from natrium.solvers.event_driven.steppers import STEPPERS, Rhs, Stepper

EXPLICIT, IMPLICIT = "DOP853", "Radau13"
REACH = STEPPERS[EXPLICIT].stability
# Stability, not accuracy, sets the step when step times rate is above this part of the stability limit.
STIFF_PART = 0.5
# A stiff piece with fewer steps to go is finished before implicit ones would pay.
STIFF_STEPS = 150
# What is faster by this factor than all else follows that; explicit steps lose their order there. A piece
# that has taken as many steps already, of this part of the limit at least, goes on with implicit ones.
APART, FOLLOWING_PART = 20.0, 0.15
# One implicit step costs about this many explicit ones (measured, three states).
COST = 3.0
# An explicit method would need at least this many steps, whatever its accuracy asks.
HOPELESS_STEPS = 1e8
# A difference over this part of a state stands for a derivative where it is this far from mattering.
DIFFERENCE, MARGIN = 1e-7, 2.0
# Every so many steps the fastest rate is compared with the step; the first implicit ones are through a layer.
LOOK_EXPLICIT, LOOK_IMPLICIT = 16, 32


class Switch:
    """Decides, from the fastest rate and the step, which method is to go on; what it saw lasts for a run.

    Parameters
    ----------
    active : bool
    """

    def __init__(self, active: bool) -> None:
        self.active = active
        self.jac: Rhs = lambda s, y: np.zeros((y.size, y.size))  # of the piece at hand
        self.was_stiff = False
        self.returned_at = 0.0  # the fastest rate when implicit steps last did not pay

    def first(self, y: Array, length: float) -> str:
        """Give the method with which a piece of a length (ms) begins: explicit steps until there was need."""
        if not self.was_stiff:
            return EXPLICIT
        jacobian = np.asarray(self.jac(0.0, y), dtype=float)
        if not np.all(np.isfinite(jacobian)):
            return EXPLICIT
        fastest, follows = _fastest(jacobian)
        steps = fastest * length / ((FOLLOWING_PART if follows else STIFF_PART) * REACH)
        return IMPLICIT if steps > STIFF_STEPS and fastest > self.returned_at else EXPLICIT

    def is_due(self, step: Stepper, count: int) -> bool:
        """Tell whether the other method should take over after `count` steps of this one."""
        explicit = math.isfinite(step.stability)
        if not self.active or count % (LOOK_EXPLICIT if explicit else LOOK_IMPLICIT):
            return False
        h, left = step.step_length, step.t_bound - step.t
        if left <= 0.0 or (explicit and left < STIFF_STEPS * h):
            return False
        hopeless = HOPELESS_STEPS * REACH / left  # per ms
        late = count >= STIFF_STEPS
        harmless = min((FOLLOWING_PART if late else STIFF_PART) * REACH / h, hopeless) if explicit else 0.0
        if explicit and _stays_below(_by_differences(step), harmless / MARGIN):
            return False  # most runs are never stiff: for them no Jacobian is derived
        jacobian = np.asarray(self.jac(step.t, step.y), dtype=float)
        if not np.all(np.isfinite(jacobian)) or _norm(jacobian) <= harmless:
            return False
        fastest, follows = _fastest(jacobian)
        if explicit:
            part = FOLLOWING_PART if late and follows else STIFF_PART
            again = fastest > 4.0 * self.returned_at or left > 10 * STIFF_STEPS * h
            # Gates that relax a billion times faster than the piece is long are implicit from the start.
            due = fastest > hopeless or (again and h * fastest > part * REACH)
            self.was_stiff = self.was_stiff or due
            return due
        if h * fastest > COST * REACH:
            return False
        self.returned_at = fastest
        return True


def _by_differences(step: Stepper) -> Array:
    """Give about the Jacobian where a step ended, by one call a state; not a number where that fails."""
    f, y = np.asarray(step.f, dtype=float), step.y
    columns = []
    for index, (value, atol) in enumerate(zip(y.tolist(), step.atol.tolist(), strict=True)):
        near = y.copy()
        near[index] += DIFFERENCE * abs(value) + atol
        columns.append((np.asarray(step.fun(step.t, near), dtype=float) - f) / (near[index] - value))
    return np.array(columns).T


def _norm(jacobian: Array) -> float:
    """Give a bound on every eigenvalue."""
    return float(np.abs(jacobian).sum(axis=1).max())


def _stays_below(near: Array, bound: float) -> bool:
    """Tell whether every eigenvalue of a Jacobian of which differences are known is below a bound.

    A norm tells it soonest, but grows with the conductances, though nothing relaxes faster. Where eigenvalues
    meet, those by differences may be wrong by the root of what the differences are wrong by.
    """
    norm = _norm(near)
    if norm <= bound or not math.isfinite(norm):
        return norm <= bound
    return bool(np.abs(np.linalg.eigvals(near)).max() + math.sqrt(DIFFERENCE) * norm <= bound)


def _fastest(jacobian: Array) -> tuple[float, bool]:
    """Give the rate at which the fastest of what relaxes does so, per ms, and whether it follows the rest."""
    rates = np.linalg.eigvals(jacobian)
    fastest = float(np.max(-rates.real, initial=0.0))
    fast = np.abs(rates) > fastest / APART
    return fastest, not bool(fast.all() or np.any(-rates.real[fast] < 0.5 * np.abs(rates[fast])))
