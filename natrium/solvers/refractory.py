"""The refractory period by the system's closed form, where it has one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import scipy

from natrium.model import HybridSystem, Kernel, lower
from natrium.model.arrays import Array
from natrium.model.kernel import relaxation_law
from natrium.solvers.dense import Resting
from natrium.solvers.history import Segment

TIGHT: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-14}  # as good as a closed form


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


def rest_segment(kernel: Kernel, begin: float, length: float, y: Array, end: float | None = None) -> Segment:
    """Give the stretch of a refractory period that begins with state `y`, V in mV.

    The end, ms, is given where it is known better than by the sum of begin and length.
    """
    rates, targets = find_targets(kernel, y) if length > 0.0 else (np.zeros(y.size), y)
    knots, dense = np.array([0.0, length]), Resting(y, targets, rates)
    return Segment(begin, begin + length if end is None else end, knots, dense(knots), dense)


def rest(kernel: Kernel, y: Array, length: float, level: float | None = None) -> Array:
    """Give the state after `length` ms of the refractory period, shape (n_states,).

    Where V stands and the states depend on one another, such as on calcium, or on an input that stays at
    `level` (as solvers take it), they are integrated.

    Raises
    ------
    UnsupportedModel
        When V has a part in it, or an input of which no level is known.
    """
    system = kernel.system
    if system.relaxations is None and _is_held(system.structure, level is not None):
        flow, shift = lower(system.resting).event_rhs, kernel.frame.threshold(np.asarray(y, dtype=float))
        start = np.asarray(y, dtype=float).copy()
        start[0] -= shift
        run = scipy.integrate.solve_ivp(
            lambda _, x: flow(*x.tolist(), level or 0.0, *kernel.parameters),
            (0.0, length),
            start,
            "DOP853",
            **TIGHT,
        )
        end: Array = run.y[:, -1]
        end[0] = y[0]
        return end
    rates, targets = find_targets(kernel, y)
    return np.asarray(relaxation_law()(y, targets, rates, length))


@lru_cache(maxsize=64)
def _is_held(structure: HybridSystem, known: bool) -> bool:
    """Tell whether V stands while refractory, and nothing else follows an input that is not known."""
    resting = structure.resting
    return resting.rhs[0] == 0 and (known or not any(flow.has(structure.input) for flow in resting.rhs))
