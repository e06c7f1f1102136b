"""The input that holds V where it enters another equation than V's: a dendrite's, a resonator's.

At given V the equations, V's own among them, are as many as the other states and the input. Each is matched
with one of these that stands in it; what needs each other makes a group, and groups are solved one after
another: by hand where they are linear, else they are left to be followed along V.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from sympy.utilities.iterables import strongly_connected_components

from natrium.model import HybridSystem, UnsupportedModel

REGULAR = 1e14  # condition of a matrix that has an inverse


def enters_elsewhere(system: HybridSystem) -> bool:
    """Tell whether the input stands in another equation than V's."""
    return any(flow.has(system.input) for flow in system.rhs[1:])


def solved_with_input(system: HybridSystem, most: int) -> tuple[tuple[Any, ...], dict[Any, Any], list[Any]]:
    """Solve all equations at given V for the other states and the input, as far as that can be written down.

    Parameters
    ----------
    system : HybridSystem
    most : int
        Entries beside the diagonal of equations that are solved together.

    Returns
    -------
    held : tuple of sympy.Symbol
        States, and it may be the input, that are not: those that need each other and are not linear together.
    steady : dict of sympy.Symbol to sympy.Expr
        All else, of V, the parameters and what is held.
    equations : list of sympy.Expr
        As many as are held, and zero where these stand still.

    Raises
    ------
    UnsupportedModel
        When V does not follow the input.
    """
    steady = {gate.state: gate.inf for gate in system.gates}
    unknowns = [state for state in system.states[1:] if state not in steady] + [system.input]
    flows = [
        flow.subs(steady, simultaneous=True)
        for state, flow in zip(system.states, system.rhs, strict=True)
        if state not in steady
    ]
    own = _matched(system, flows, unknowns)
    needs = [(one, other) for one in unknowns for other in unknowns if one != other and own[one].has(other)]
    held: list[Any] = []
    equations: list[Any] = []
    for group in strongly_connected_components((unknowns, needs)):
        rows = sympy.Matrix([own[one].subs(steady, simultaneous=True) for one in group])
        A = rows.jacobian(group)
        beside = sum(entry != 0 for entry in A) - len(group)
        if A.has(*group) or beside > most or is_singular(A):
            held += group
            equations += list(rows)
        else:
            steady |= dict(zip(group, A.LUsolve(-rows.subs(dict.fromkeys(group, 0))), strict=True))
    return tuple(held), steady, equations


def _matched(system: HybridSystem, flows: list[Any], unknowns: list[Any]) -> dict[Any, Any]:
    """Give to each unknown an equation of its own in which it stands."""
    owners: dict[int, Any] = {}

    def placed(one: Any, tried: set[int]) -> bool:
        for k, flow in enumerate(flows):
            if k not in tried and flow.has(one):
                tried.add(k)
                if k not in owners or placed(owners[k], tried):
                    owners[k] = one
                    return True
        return False

    if not all(placed(one, set()) for one in unknowns):
        flows_by_name = zip(system.labels, system.rhs, strict=True)
        moved = ", ".join(label for label, flow in flows_by_name if flow.has(system.input))
        raise UnsupportedModel(
            f"this needs an input on which V at rest depends, got I in the equation of {moved}, from which "
            "none of V's follows: use equilibria at one input, limit_cycle, or simulate"
        )
    return {one: flows[k] for k, one in owners.items()}


def inertia_of(system: HybridSystem, steady: dict[Any, Any]) -> Any:
    """Give the input over the dV/dt that it makes, others at rest; where it makes none, V's own slowness."""
    by_input = system.rhs[0].diff(system.input)
    if by_input == 0:
        by_input = sympy.sqrt(sum(system.rhs[0].diff(state) ** 2 for state in system.states))
    return 1 / by_input.subs(steady, simultaneous=True)


def is_singular(A: Any) -> bool:
    """Tell whether a matrix has no inverse whatever its symbols' values: at values drawn by chance."""
    random = np.random.default_rng(1)
    symbols = sorted(A.free_symbols, key=str)
    for _ in range(3):
        values = {symbol: sympy.Float(random.uniform(0.3, 2.0)) for symbol in symbols}
        numbers = np.array(A.subs(values).evalf().tolist(), dtype=float)
        if np.all(np.isfinite(numbers)) and np.linalg.cond(numbers) < REGULAR:
            return False
    return True
