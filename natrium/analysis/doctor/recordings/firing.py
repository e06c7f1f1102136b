"""How a recorded script fires, and the counters of refractory steps."""

from __future__ import annotations

import math

import attrs
import numpy as np

from natrium.model.arrays import Array


@attrs.frozen(kw_only=True)
class SeenFiring:
    """How a script fires, as far as its samples show it.

    Attributes
    ----------
    reset : float
        V that it is reset to, mV (NaN where it never fires).
    shown : float
        V of the step that fires where it is not the reset, mV (else NaN).
    held : int or None
        Steps that V is held after the step that fires; None where no spike's end is seen.
    hold : ndarray, shape (n_held,)
        V meanwhile, mV.
    """

    reset: float = math.nan
    shown: float = math.nan
    held: int | None = None
    hold: Array = attrs.field(factory=lambda: np.empty(0), eq=False)


def counted(tau_ref: float, dt: float) -> int:
    """Count the steps that a counter holds which starts at tau_ref and loses dt each step."""
    steps, rest = 0, tau_ref
    while rest > 0.0:
        rest -= dt
        steps += 1
    return steps


def step_ladder(dt: float, tau_ref: float) -> list[float]:
    """Give steps from `dt` downwards that divide it and hold for a bounded number of steps, ms."""
    tenths = (1, 2, 5, 10, 20, 50, 100)
    return [dt / n for n in tenths if tau_ref * n / dt <= 2500 or n <= 2]
