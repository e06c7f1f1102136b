"""The Jacobian of a system's flow, and how an input moves each state, lowered once per structure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from natrium.model import HybridSystem
from natrium.model.arrays import Array
from natrium.model.kernel import lower_expressions


@lru_cache(maxsize=64)
def jacobian_of(system: HybridSystem) -> Any:
    """Lower the Jacobian of a system, of its states, the input and the parameters."""
    rows = tuple(tuple(row) for row in system.jacobian.tolist())
    return lower_expressions(rows, (*system.states, system.input, *system.parameters), "grid")


@lru_cache(maxsize=64)
def push_of(system: HybridSystem) -> Any:
    """Lower the derivative of the flow by the input, of the states, the input and the parameters."""
    by_input = tuple(flow.diff(system.input) for flow in system.rhs)
    return lower_expressions(by_input, (*system.states, system.input, *system.parameters))


def jacobian_at(system: HybridSystem, state: Array, I: float) -> Array:
    """Give the Jacobian of a system at any state, shape (n_states, n_states), per ms."""
    rows = jacobian_of(system.structure)(*(np.asarray(x) for x in state), I, *system.values)
    return np.array([[float(entry) for entry in row] for row in rows])
