"""V that runs off to the threshold within what a double tells of the time."""

from __future__ import annotations

import numpy as np

from natrium.model.arrays import Array
from natrium.solvers.event_driven.steppers import Rhs

# Where solve_ivp gives up on V that runs off, the rest of its way to the threshold takes at most this many
# units in the last place of the time: no slower state moves meanwhile.
LEAP, LEAP_NODES = 1e4, 64


def way_up(fun: Rhs, s: float, y: Array, now: float) -> tuple[float, Array] | None:
    """Give how long V takes to the threshold, integrated over V, and the state there; None if longer.

    `s` is the time of the piece, `now` the time itself, ms; `y` is in event coordinates.
    """
    u = float(y[0])
    if not u < 0.0:
        return None
    x, weights = np.polynomial.legendre.leggauss(LEAP_NODES)
    total = np.zeros(y.size)
    for node, weight in zip(0.5 * u * (1.0 - x), -0.5 * u * weights, strict=True):
        slopes = np.asarray(fun(s, np.array([node, *y[1:]])), dtype=float)
        if not (np.all(np.isfinite(slopes)) and slopes[0] > 0.0):
            return None
        total += weight * np.array([1.0, *slopes[1:]]) / slopes[0]
    if total[0] > LEAP * np.spacing(now):
        return None
    return float(total[0]), np.array([0.0, *(y[1:] + total[1:])])
