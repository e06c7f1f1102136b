"""Flows in which the fastest gates follow V, as series take them: beyond two surfaces there are layers."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache

import attrs
import sympy

from natrium.model import GateFlow, HybridSystem
from natrium.model.branches import choose
from natrium.solvers.compiled.taylor.lowering import rests_apart
from natrium.solvers.event_driven.fast_gates import find_fast, follow

RETURN = 2.0  # per ms: how a gate that follows nears what it follows, in steps that this does not hold


def followed(system: HybridSystem, rtol: float, varied: AbstractSet[str]) -> HybridSystem:
    """Give a system in which gates that are fast everywhere follow V once they have come to it.

    Parameters
    ----------
    system : HybridSystem
    rtol : float
        How near, of 1, a gate must be to what it follows; as fast must it be.
    varied : set of str
        Parameters that differ between runs: gates whose rates know them are left as they are.
    """
    if not rests_apart(system.structure):
        return system
    fast = find_fast(system, rtol)
    known = tuple(gate for gate in fast if varied.isdisjoint(map(str, gate.rate.free_symbols)))
    if not known:
        return system
    return attrs.evolve(_followed(system.structure, known, rtol), values=system.values)


@lru_cache(maxsize=64)
def _followed(structure: HybridSystem, fast: tuple[GateFlow, ...], rtol: float) -> HybridSystem:
    lagging, moving = follow(structure, fast)
    away = {state: state - lag for state, lag in lagging.items()}
    distances = [sign * far / rtol - 1 for far in away.values() for sign in (1, -1)]
    rhs = []
    for state, flow in zip(structure.states, structure.rhs, strict=True):
        rate = moving[state] - RETURN * away.get(state, sympy.S.Zero)
        for distance in distances:
            rate = choose(distance, flow, rate)
        rhs.append(rate)
    return attrs.evolve(structure, rhs=tuple(rhs))
