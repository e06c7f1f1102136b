r"""Gates so fast that they follow V: their steady state in the equations of all else, and no stiffness left.

A gate with dx/dt = r (x_inf(V) - x) is behind its steady state by what that moves in 1/r,

.. math:: X = x_\infty(V) - \frac{1}{r}\,\frac{dx_\infty}{dV}\,\frac{dV}{dt} + O(r^{-2}),

once a layer of 1/r is over, in which all other states move by the integral of what the gate's distance makes
of their flow.

References
----------
.. [1] J. K. Kevorkian, J. D. Cole, "Multiple Scale and Singular Perturbation Methods" (1996), ch. 2: the
   inner layer and the outer expansion. https://doi.org/10.1007/978-1-4612-3968-0
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs
import numpy as np

from natrium.model import GateFlow, HybridSystem, Kernel, lower
from natrium.model.arrays import Array
from natrium.model.branches import has_branches
from natrium.model.kernel import lower_expressions

# Per ms, times the root of the tolerance: what is left out is of the order of 1/r^2, a hundredth of the
# tolerance on gates where a steady state bends by 1e3 per ms^2.
FASTEST = 3e3
EVERYWHERE = np.linspace(-250.0, 250.0, 51)  # mV: where a gate must be so fast
NODES = 8


@attrs.frozen(eq=False)
class FastGates:
    """A flow in which gates that are fast everywhere follow V."""

    kernel: Kernel  # of the flow with these at what they follow, and moving as that does
    whole: Kernel  # of the flow itself
    places: list[int]  # which states they are
    rates: Callable[..., list[float]]  # ``f(V, *parameters)``: how fast each is, per ms
    # ``f(*states, J, *parameters)``: what each follows, in event coordinates.
    targets: Callable[..., list[float]]
    fastest: float  # per ms: they are followed where they are as fast

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.whole.system.labels[place] for place in self.places)

    def hold_at(self, V: float) -> bool:
        """Tell whether all of them are fast at V, mV."""
        try:
            return min(self.rates(V, *self.whole.parameters)) >= self.fastest
        except (OverflowError, ValueError, ZeroDivisionError):
            return False

    def settled(self, y: Array, level: float, V: float) -> Array:
        """Give the state after the layer that begins at `y`, in event coordinates; level and V in mV."""
        values = self.whole.parameters
        rates = np.array(self.rates(V, *values))
        end = y.copy()
        end[self.places] = self.targets(*y.tolist(), level, *values)
        slowest, away = rates.min(), y[self.places] - end[self.places]
        if not away.any():
            return end
        rhs = self.whole.flow.rhs
        still, moved = np.array(rhs(*end.tolist(), level, *values)), np.zeros(y.size)
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        for node, weight in zip(0.5 * (nodes + 1.0), 0.5 * weights, strict=True):
            at = end.copy()  # where exp(-r t) of the slowest is this node
            at[self.places] += away * node ** (rates / slowest)
            moved += weight / node * (np.array(rhs(*at.tolist(), level, *values)) - still)
        moved[self.places] = 0.0
        return np.asarray(end + moved / slowest)


def find_fast(system: HybridSystem, rtol: float) -> tuple[GateFlow, ...]:
    """Give the gates that are fast everywhere, for a tolerance.

    Flows with branches are left as they are, and so are gates that stand still or follow another state.
    """
    if not system.gates or system.rhs[0] == 0 or has_branches(*system.rhs):
        return ()
    flows = dict(zip(system.states, system.rhs, strict=True))
    V, others = system.states[0], {*system.states[1:], system.input}
    rates = lower_expressions(tuple(gate.rate for gate in system.gates), (V, *system.parameters), "grid")
    return tuple(
        gate
        for gate, rate in zip(system.gates, rates(EVERYWHERE, *system.values), strict=True)
        if np.all(np.asarray(rate) >= FASTEST / math.sqrt(rtol))
        and flows[gate.state].has(gate.state)
        and not (gate.inf.free_symbols | gate.rate.free_symbols) & others
    )


@lru_cache(maxsize=64)
def follow(structure: HybridSystem, fast: tuple[GateFlow, ...]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Give what each of some gates is that follow V, and how all states then move, by state."""
    flows = dict(zip(structure.states, structure.rhs, strict=True))
    V = structure.states[0]
    at_rest = {gate.state: gate.inf for gate in fast}
    rising = flows[V].subs(at_rest, simultaneous=True)
    lagging = {gate.state: gate.inf - gate.inf.diff(V) * rising / gate.rate for gate in fast}
    moving = {state: flow.subs(lagging, simultaneous=True) for state, flow in flows.items()}
    moving |= {  # as what they follow does
        state: sum(lag.diff(other) * moving[other] for other in lag.free_symbols & moving.keys())
        for state, lag in lagging.items()
    }
    return lagging, moving


@lru_cache(maxsize=64)
def fast_gates(system: HybridSystem, rtol: float) -> FastGates | None:
    """Give a flow with the gates that are fast everywhere, for a tolerance, following V; None without any."""
    fast, V, parameters = find_fast(system, rtol), system.states[0], system.parameters
    if not fast:
        return None
    lagging, moving = follow(system.structure, fast)
    slaved = attrs.evolve(
        system,
        rhs=tuple(moving[state] for state in system.states),
        gates=tuple(gate for gate in system.gates if gate not in fast),
    )
    event = attrs.evolve(system, rhs=tuple(lagging.get(state, state) for state in system.states))
    places = [system.states.index(gate.state) for gate in fast]
    shifted = event.event_coordinates()
    return FastGates(
        kernel=lower(slaved),
        whole=lower(system),
        places=places,
        rates=lower_expressions(tuple(gate.rate for gate in fast), (V, *parameters)),
        targets=lower_expressions(
            tuple(shifted.rhs[place] for place in places), (*shifted.states, shifted.input, *parameters)
        ),
        fastest=FASTEST / math.sqrt(rtol),
    )
