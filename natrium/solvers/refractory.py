"""The refractory period by the system's closed form: nothing needs integrating."""

from __future__ import annotations

import numpy as np

from natrium.model import Kernel
from natrium.model.arrays import Array
from natrium.model.kernel import relaxation_law
from natrium.solvers.dense import Resting
from natrium.solvers.trajectory import Segment


def find_targets(kernel: Kernel, y: Array) -> tuple[Array, Array]:
    """Give each state's rate (per ms) and target in a refractory period that begins with `y`.

    The rate is 0 for what stands still: by the rule, or a gate both of whose rates vanish there.

    Raises
    ------
    UnsupportedModel
        When the refractory rule has no closed form.
    """
    rates, targets = np.zeros(y.size), y.copy()
    values = (*y.tolist(), *kernel.parameters)
    for index, rate, target in kernel.relaxations:
        rates[index] = rate(*values)[0]
        if rates[index] != 0.0:  # one below zero grows away from its target
            targets[index] = target(*values)[0]
    return rates, targets


def rest_segment(kernel: Kernel, begin: float, length: float, y: Array) -> Segment:
    """Give the stretch of a refractory period that begins with state `y`.

    Parameters
    ----------
    kernel : Kernel
    begin, length : float
        ms.
    y : ndarray, shape (n_states,)
        V in mV, then the other states.
    """
    rates, targets = find_targets(kernel, y) if length > 0.0 else (np.zeros(y.size), y)
    knots, dense = np.array([0.0, length]), Resting(y, targets, rates)
    return Segment(begin, begin + length, knots, dense(knots), dense)


def rest(kernel: Kernel, y: Array, length: float) -> Array:
    """Give the state after `length` ms of the refractory period, shape (n_states,)."""
    rates, targets = find_targets(kernel, y)
    return np.asarray(relaxation_law()(y, targets, rates, length))
