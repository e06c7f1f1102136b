"""The refractory period, in closed form: nothing needs integrating while V stands still."""

from __future__ import annotations

import numpy as np

from natrium.model import Kernel
from natrium.solvers.bernstein import Array
from natrium.solvers.trajectory import Segment

__all__ = ["rest_segment"]


def rest_segment(kernel: Kernel, begin: float, length: float, y: Array) -> Segment:
    """Give the stretch of a refractory period that begins with state `y`.

    Held, the state stands still; clamped, each gate relaxes at V = y[0],
    x(s) = x_inf + (x_0 - x_inf) exp(-(alpha + beta) s).

    Parameters
    ----------
    kernel : Kernel
    begin, length : float
        ms.
    y : ndarray, shape (n_states,)
        V in mV, then the gates.
    """
    rates = np.zeros(y.size)
    target = y.copy()
    if kernel.system.refractory.rule == "clamp" and y.size > 1:
        rates[1:] = kernel.relaxation(float(y[0]))
        moving = rates > 0.0
        moving[0] = False
        if moving.any():
            target[moving] = np.array([y[0], *kernel.steady(float(y[0]))])[moving]

    def state(s: Array) -> Array:
        return (target + (y - target) * np.exp(-np.outer(s, rates))).T

    knots = np.array([0.0, length])
    return Segment(begin, begin + length, knots, state(knots), state)
