"""The time constant by which a cell comes back to a rest that lies at its threshold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from natrium.analysis.equilibria.equilibrium import Equilibrium
from natrium.analysis.equilibria.flow import jacobian_at
from natrium.model import AnyNeuron


def slowest_return(neuron: AnyNeuron, rest: Equilibrium) -> float | None:
    """Give the slowest time constant, ms, of what a spike moves and of which the next one depends.

    A synapse to which no spike comes stays closed; what nothing reads may be as slow as it likes. None where
    that direction turns, or is left.
    """
    system = neuron.system
    states, reset = system.states, dict(zip(system.states, system.reset, strict=True))
    reads = {
        state: (flow.free_symbols | (reset[state].free_symbols if reset[state] != state else set()))
        & set(states)
        for state, flow in zip(states, system.rhs, strict=True)
    }
    acts = {state: {one for one in states if state in reads[one]} for state in states}
    guard = system.guard.free_symbols if system.guard is not None else set()
    moved = _reached({states[0], *(one for one in states if reset[one] != one)}, acts)
    told = _reached({states[0], *(guard & set(states))}, reads)
    kept = [k for k, state in enumerate(states) if state in moved & told]
    values = np.linalg.eigvals(jacobian_at(system, rest.state, rest.I)[np.ix_(kept, kept)])
    leading = values[np.argmax(values.real)]
    return float(-1.0 / leading.real) if leading.imag == 0.0 and leading.real < 0.0 else None


def _reached(start: set[object], ways: Mapping[object, set[object]]) -> set[object]:
    """Give all that is reached from some states, by any number of ways."""
    found, left = set(start), list(start)
    while left:
        new = ways[left.pop()] - found
        found |= new
        left += new
    return found
