"""How a recorded script fires, and the counters of refractory steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np

from natrium.model.arrays import Array

_FEW = 3  # steps: what numbers of them have in common by chance


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
    holds : tuple of int
        Steps that V is held after each spike whose end is seen.
    lowered : float
        By how much V falls at each spike, mV, where its reset is another each time (else NaN).
    """

    reset: float = math.nan
    shown: float = math.nan
    held: int | None = None
    hold: Array = attrs.field(factory=lambda: np.empty(0), eq=False)
    holds: tuple[int, ...] = ()
    lowered: float = math.nan

    def held_after(self, spike: int) -> int:
        """Give the steps that V is held after one of the spikes."""
        return self.holds[spike] if spike < len(self.holds) else self.held or 0

    @property
    def other_hold(self) -> tuple[int, int] | None:
        """Give the first spike after which V is held otherwise than after the first, and for how many steps.

        Where V fires in the first free step after a hold, two holds and that step look like one.
        """
        if common_hold(self.holds) is not None:
            return None
        return next(((k, n) for k, n in enumerate(self.holds) if n != self.holds[0]), None)


def common_hold(holds: Sequence[int]) -> int | None:
    """Give the steps of one hold, of which each may be several with a free step that fires between them."""
    common = math.gcd(*(n + 1 for n in holds))
    return common - 1 if common > _FEW or len(set(holds)) == 1 else None


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
