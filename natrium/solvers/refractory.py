"""The refractory period, in closed form: nothing needs integrating while V stands still."""

from __future__ import annotations

import numpy as np

from natrium.model import Kernel
from natrium.model.arrays import Array
from natrium.solvers.trajectory import Segment


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
    rates, target = relaxation(kernel, y)

    def state(s: Array) -> Array:
        return (target + (y - target) * np.exp(-np.outer(s, rates))).T

    knots = np.array([0.0, length])
    return Segment(begin, begin + length, knots, state(knots), state)


def relaxed(kernel: Kernel, y: Array, length: float) -> Array:
    """Give the state after `length` ms with V clamped and the gates moving."""
    rates, target = _clamped(kernel, y)
    return np.asarray(target + (y - target) * np.exp(-length * rates))


def relaxation(kernel: Kernel, y: Array) -> tuple[Array, Array]:
    """Give each state's rate (per ms) and target while refractory; rate 0 for what stands still."""
    if kernel.system.refractory.rule == "clamp":
        return _clamped(kernel, y)
    return np.zeros(y.size), y.copy()


def _clamped(kernel: Kernel, y: Array) -> tuple[Array, Array]:
    rates, target = np.zeros(y.size), y.copy()
    if y.size > 1:
        rates[1:] = kernel.relaxation(float(y[0]))
        moving = rates > 0.0
        if moving.any():
            target[moving] = np.array([y[0], *kernel.steady(float(y[0]))])[moving]
    return rates, target
