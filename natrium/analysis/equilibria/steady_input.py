"""The input that holds a neuron at V, its derivatives and the Jacobian there, from the symbolic system.

What is asked of the system: dV/dt is linear in the input, and at given V the equations of all other states
are linear in these, so that each has one steady state. Gates are so; so is the adaptation of an Izhikevich
or an adaptive exponential neuron.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator
from functools import cached_property, lru_cache, partial
from typing import Any

import attrs
import numpy as np
import sympy
from sympy.utilities.iterables import strongly_connected_components

from natrium.analysis.equilibria import driven
from natrium.analysis.equilibria.driven import enters_elsewhere, inertia_of, is_singular, solved_with_input
from natrium.analysis.equilibria.enclosure import Enclosure, rewrite_quotients, sign_changes
from natrium.analysis.equilibria.flow import jacobian_at, jacobian_of, push_of
from natrium.model import AnyNeuron, HybridSystem, ModelError, UnsupportedModel, lower
from natrium.model.arrays import Array
from natrium.model.branches import choose
from natrium.model.derived import kept_expressions
from natrium.model.expressions.expression import show_formula
from natrium.model.kept import describe
from natrium.model.kernel import lower_expressions
from natrium.model.protocol import per_neuron
from natrium.model.scales import scales_of, state_scales

MOST_COUPLED = 6  # entries beside the diagonal: beyond, solutions have no readable size
FEW_COUPLED = 2  # likewise: beyond, bounds of I_eq' along V are too wide, and numbers serve better
BESIDE = 1e-11  # relative: this far from where an equation changes its branch the branch is decided
HELD = 1e-13  # of what an input moves V by at the start: what is less is nothing
BESIDE_POLE = 1e-6  # likewise: this far from where no input moves V it does so by more than rounding
POINTS = 601  # at which steady states are looked at before any search


class SteadyInput:
    """I_eq(V), its derivatives and the Jacobian of one neuron, lowered from its symbolic system."""

    only = True  # each V has one steady state of all else: every equilibrium is on the curve

    def __init__(self, neuron: AnyNeuron) -> None:
        system = neuron.system
        self.neuron, self.system, self.values = neuron, system, system.values
        found = _symbolic(system.pruned.structure)
        self.expressions, self._steady = found.inputs, found.steady
        self._branching: tuple[Any, ...] = found.inputs[:1]
        arguments = (system.states[0], *system.parameters)
        self._scalar = lower_expressions(self.expressions, arguments)
        self._grid = lower_expressions((*self.expressions, *found.steady), arguments, "grid")
        self._by_input = 1 / found.inertia  # dV/dt that an input makes, over it: without, I_eq is infinite
        self._hold = lower_expressions((self._by_input,), arguments)
        self._rates = lower_expressions(found.rates, arguments)
        self._jacobian = jacobian_of(system.structure)

    def __call__(self, V: float, order: int = 0) -> float:
        """Evaluate I_eq, or a derivative of it, at one V."""
        return float(self._scalar(V, *self.values)[order]) + 0.0  # no minus zero

    def beside(self, V: float) -> float:
        """Give how far from a V at which an equation changes its branch, or has a pole, that ends, mV."""
        return (BESIDE_POLE if self._is_pole(V) else BESIDE) * (state_scales(self.neuron)[0] + abs(V))

    def inertia(self, V: float) -> float:
        """Give the input over the dV/dt that it makes, ms: tau_m of a `Neuron`; see `inertia_of`."""
        hold = float(self._hold(V, *self.values)[0])
        return 1.0 / hold if hold else math.inf

    def pace(self, V: float) -> float:
        """Give the time constant of the membrane alone, ms: tau_m of a `Neuron`."""
        scales = scales_of(self.neuron)
        return abs(self.inertia(V)) * scales.V / scales.input

    @cached_property
    def level(self) -> float | None:
        """The input that holds every V, as of an integrator without a leak; None where it depends on V."""
        low, high = self.neuron.landmarks[0], max(self.neuron.landmarks)
        V = np.linspace(low, high + state_scales(self.neuron)[0], POINTS)
        I, slope = self._rows(V)[:2]
        return float(I[0]) + 0.0 if np.all(slope == 0.0) and np.all(I[0] == I) else None

    def push(self, V: float) -> Array:
        """Give how fast an input moves each state at the equilibrium at V, per mV, shape (n_states,)."""
        I, states = self.along(np.array([V]))
        by_input = push_of(self.system.structure)(*states[:, 0], I[0], *self.values)
        return np.array(by_input, dtype=float)

    def slowest(self, *voltages: float) -> float:
        """Give the longest time constant of membrane and other states at some voltages, ms."""
        relaxation = lower(self.system).relaxation
        rates = [rate for V in voltages for rate in (*relaxation(V), *self._rates(V, *self.values))]
        paces = [self.pace(V) for V in voltages if not self._is_pole(V)]
        return float(max([*paces, *(1.0 / rate for rate in rates if rate > 0.0)]))

    def along(self, V: Array) -> tuple[Array, Array]:
        """Give I_eq, shape (n,), and the states, shape (n_states, n), at many V."""
        V = np.asarray(V, dtype=float)
        rows = self._rows(V)
        broken = ~np.all(np.isfinite(rows), axis=0)
        if np.any(broken):
            raise ModelError(
                "every other state must have a steady state, got none at "
                f"V = {V[int(np.argmax(broken))]:.6g} mV: give a rate that does not vanish there"
            )
        return rows[0], np.vstack([V, rows[3:]])

    def _rows(self, V: Array) -> Array:
        """Give I_eq, two derivatives and every other state, at many V."""
        with np.errstate(all="ignore"):
            rows = self._grid(V, *self.values)
        return np.array([np.broadcast_to(row, V.shape) for row in rows])

    def highest(self, high: float) -> float:
        """Give the V up to which no calcium is below zero at rest: where its current turns outward."""
        places = [self.system.states.index(state) for state in self.system.amounts]
        V = np.linspace(min(max(self.neuron.landmarks), high), high, POINTS)
        rows = self._rows(V)
        held = np.all([rows[2 + place] >= 0.0 for place in places], axis=0)
        return high if np.all(held) else float(V[max(0, int(np.argmin(held)) - 1)])

    def jacobians(self, V: Array) -> Array:
        """Give the Jacobian at the equilibria at many V, shape (n, n_states, n_states), per ms."""
        I, states = self.along(V)
        with np.errstate(all="ignore"):
            rows = self._jacobian(*states, I, *self.values)
        full = [[np.broadcast_to(entry, I.shape) for entry in row] for row in rows]
        return np.moveaxis(np.array(full, dtype=float), 2, 0)

    def jacobian(self, state: Array, I: float) -> Array:
        """Give the Jacobian at any state, shape (n_states, n_states), per ms."""
        return jacobian_at(self.system, state, I)

    def breaks(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which I_eq changes its branch, or has a pole, mV."""
        turns = self._zeros(_surfaces(self._branching), low, high)
        return tuple(sorted({*turns, *self.poles(low, high)}))

    def poles(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which no input moves V, mV: there I_eq is infinite."""
        V = self.system.states[0]
        if not self._by_input.has(V):
            return ()
        crossed, level = (
            self._zeros([self._by_input], low, high),
            self._zeros([self._by_input.diff(V)], low, high),
        )
        return tuple(sorted({*crossed, *filter(self._is_pole, level)}))

    def _is_pole(self, V: float) -> bool:
        return abs(self.inertia(V)) * HELD >= abs(self.inertia(self.neuron.initial_state()[0]))

    def turns(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which an equilibrium comes to where any equation changes its branch, mV."""
        known, surfaces = self._at_rest, _surfaces(self.system.rhs)
        return self._zeros([one.subs(known, simultaneous=True) for one in surfaces], low, high)

    @property
    def _at_rest(self) -> dict[Any, Any]:
        """What follows from V, by its symbol."""
        known = dict(zip(self.system.states[1:], self._steady, strict=True))
        return known | {self.system.input: self.expressions[0]}

    def _zeros(self, surfaces: Iterable[Any], low: float, high: float) -> tuple[float, ...]:
        """Find where surfaces that depend on V alone change sign."""
        V = self.system.states[0]
        symbols = dict(zip(self.system.parameters, self.values, strict=True))
        found, scale = set[float](), state_scales(self.neuron)[0]
        for surface in (one for one in surfaces if one.free_symbols <= {V, *symbols}):
            function = lower_expressions((surface,), (V, *self.system.parameters))
            enclosure = Enclosure((surface, rewrite_quotients(surface.diff(V))), V, symbols)
            found |= set(sign_changes(enclosure, partial(_at, function, self.values), low, high, scale=scale))
        return tuple(sorted(found))

    def folds(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which dI/dV changes sign, mV."""
        symbols = dict(zip(self.system.parameters, self.values, strict=True))
        enclosure = Enclosure(self.expressions[1:], self.system.states[0], symbols)
        self.along(np.linspace(low, high, POINTS))  # refuses what has no steady state
        found = sign_changes(enclosure, lambda V: self(V, 1), low, high, scale=state_scales(self.neuron)[0])
        poles = self.poles(low, high)
        return tuple(V for V in found if all(abs(V - at) > self.beside(at) for at in poles))

    def crossings(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which an equilibrium lies on the threshold, mV."""
        system = self.system
        if not system.threshold_moves:
            return (lower(system).frame.level,)
        above = system.states[0] - system.origin.subs(self._at_rest, simultaneous=True)
        return self._zeros([above], low, high)


def _surfaces(expressions: Iterable[Any]) -> set[Any]:
    return {node.args[0] for expr in expressions for node in expr.atoms(choose)}


def _at(function: Any, values: tuple[float, ...], V: float) -> float:
    return float(function(V, *values)[0])


@attrs.frozen
class _Symbolic:
    """What follows from a system alone, of V and the parameters."""

    inputs: tuple[Any, Any, Any]  # I_eq and its first two derivatives by V
    inertia: Any  # the input over the dV/dt that it makes
    steady: tuple[Any, ...]  # the steady state of each state but V
    rates: tuple[Any, ...]  # how fast each state that is no gate relaxes, per ms


@lru_cache(maxsize=64)
def _symbolic(system: HybridSystem) -> _Symbolic:
    said = describe("the input that holds V", attrs.astuple(system))
    found = kept_expressions(said, (__file__, driven.__file__), lambda: _derived(system))
    inputs, inertia, rest, n = found[:3], found[3], found[4:], len(system.states) - 1
    return _Symbolic(inputs, inertia, rest[:n], rest[n:])


def _derived(system: HybridSystem) -> tuple[Any, ...]:
    """Derive I_eq and two derivatives, the inertia, the steady states, the rates; see `_Symbolic`."""
    V = system.states[0]
    if enters_elsewhere(system):
        held, steady, _ = solved_with_input(system, FEW_COUPLED)
        if held:
            raise UnsupportedModel(
                f"this needs an input that can be written down, got {', '.join(map(str, held))}, which need "
                "each other: use equilibria at one input, limit_cycle, or simulate"
            )
        slopes = tuple(
            -flow.diff(state) for state, flow in zip(system.states[1:], system.rhs[1:], strict=True)
        )
        rates = tuple(slope.subs(steady, simultaneous=True) for slope in slopes)
        expr, inertia = steady[system.input], inertia_of(system, steady)
    else:
        steady, rates = steady_states(system, most=FEW_COUPLED)
        expr, inertia = explicit_input(system, steady)
    states = tuple(steady[state] for state in system.states[1:])
    # The second one SymPy factors, without which bounds of it are too wide to end a search for folds.
    return (expr, expr.diff(V), expr.diff(V, 2), inertia, *states, *rates)


def explicit_input(system: HybridSystem, steady: dict[Any, Any]) -> tuple[Any, Any]:
    """Give the input that makes dV/dt vanish, and the input over the dV/dt that it makes, others at rest.

    Raises
    ------
    UnsupportedModel
        When dV/dt is not linear in the input.
    """
    by_input = system.rhs[0].diff(system.input)
    if by_input == 0 or by_input.has(system.input):
        told = "write the input as a term of its own" if by_input else "it has no input: add I to it"
        raise UnsupportedModel(
            "this needs the input that holds V to be explicit, so dV/dt linear in I, got "
            f"dV/dt = {show_formula(system.rhs[0])}: {told}"
        )
    by_input, flow = (expr.subs(steady, simultaneous=True) for expr in (by_input, system.rhs[0]))
    # The right-hand side is a + b I: dV/dt = 0 gives I = -a/b.
    return (-flow.subs(system.input, 0) / by_input).expand(deep=False), 1 / by_input


def steady_states(
    system: HybridSystem, free: Any = None, most: int = MOST_COUPLED, driven: bool = False
) -> tuple[dict[Any, Any], tuple[Any, ...]]:
    """Give the steady state of every state but V, of V; and how fast those that are no gates relax.

    A gate's is known to the system. The others' equations must be linear group by group, what a group needs
    of the others being known before it: A x + b = 0, A and b of V.

    Parameters
    ----------
    system : HybridSystem
    free : sympy.Symbol, optional
        A state that is not at its steady state: those of the others are of V and of it.
    most : int
        Entries beside the diagonal of equations that are solved together.
    driven : bool
        Whether steady states may depend on the input.

    Raises
    ------
    UnsupportedModel
        When they have none, or more than one.
    """
    current = None if driven else system.input
    steady, rates = {gate.state: gate.inf for gate in system.gates if gate.state != free}, dict[Any, Any]()
    for group, rows in _groups(system, steady, () if free is None else (free,)):
        found, own = _solve_linear(group, rows, current, most)
        steady |= found
        rates |= own
    return steady, tuple(rates[state] for state in system.states if state in rates)


def coupled_states(system: HybridSystem, most: int = MOST_COUPLED) -> tuple[tuple[Any, ...], dict[Any, Any]]:
    """Part the states into those that need each other, and those that follow from them.

    Of states that need each other and are not linear together one is kept that leaves the others least
    entangled, and these are looked at again.

    Returns
    -------
    tuple of sympy.Symbol
        V first.
    dict of sympy.Symbol to sympy.Expr
        The steady states of the others, of the former, the parameters and the input.
    """
    steady = {gate.state: gate.inf for gate in system.gates}
    coupled, kept = system.states[:1], dict[Any, Any]()
    while True:
        known = len(kept)
        for group, rows in _groups(system, steady, kept):
            try:
                steady |= _solve_linear(group, rows, None, most)[0]
            except UnsupportedModel:
                one = _least_entangled(group, rows)
                kept |= dict.fromkeys([one] if one is not None else group)
                break
        if len(kept) == known:
            return coupled + tuple(kept), steady


def _least_entangled(group: list[Any], rows: list[Any]) -> Any:
    """Give the state without which the others of a group need each other least; None of a linear group."""
    if len(group) == 1:
        return group[0]
    if not sympy.Matrix(rows).jacobian(group).has(*group):
        return None

    def entangled(kept: Any) -> int:
        others = {state: row for state, row in zip(group, rows, strict=True) if state != kept}
        edges = [(state, other) for state, row in others.items() for other in others if row.has(other)]
        return max(map(len, strongly_connected_components((list(others), edges))))

    return min(group, key=entangled)


def _groups(
    system: HybridSystem, steady: dict[Any, Any], free: Container[Any] = ()
) -> Iterator[tuple[list[Any], Any]]:
    """Give the states but free ones that need each other, and their flows; what is found goes to `steady`.

    Those first that depend on none of the others: calcium before the gates that read it.
    """
    others = [state for state in system.states[1:] if state not in steady and state not in free]
    flows = {
        state: flow.subs(steady, simultaneous=True)
        for state, flow in zip(system.states, system.rhs, strict=True)
        if state in others
    }
    needs = [(state, other) for state, flow in flows.items() for other in others if flow.has(other)]
    for group in strongly_connected_components((others, needs)):
        together = sorted(group, key=others.index)
        yield together, [flows[state].subs(steady) for state in together]


def _solve_linear(
    others: list[Any], rows: list[Any], current: Any, most: int
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Solve equations that are linear in what they are to give; give that, and how fast each relaxes."""
    flows = sympy.Matrix(rows)
    A = flows.jacobian(others)
    b = flows.subs(dict.fromkeys(others, 0))
    coupled = sum(entry != 0 for k, row in enumerate(A.tolist()) for j, entry in enumerate(row) if j != k)
    if coupled > most:
        raise UnsupportedModel(
            f"this needs steady states that can be written down, got {len(others)} coupled equations, as of "
            "a large kinetic scheme: use equilibria at one input, limit_cycle, or simulate"
        )
    if A.has(*others) or (current is not None and flows.has(current)) or is_singular(A):
        names = ", ".join(state.name for state in others)
        how = "linear in " + ("it" if len(others) == 1 else "these") + (" and without I" if current else "")
        raise UnsupportedModel(
            f"this needs a steady state of {names} at every V: equations {how}, got "
            f"{', '.join(map(show_formula, flows))}: use equilibria at one input, limit_cycle, or simulate"
        )
    found = dict(zip(others, A.LUsolve(-b), strict=True))
    return found, {state: -A[k, k] for k, state in enumerate(others)}


@per_neuron(maxsize=64)
def steady_input(neuron: AnyNeuron) -> SteadyInput:
    """Give the lowered I_eq of a neuron, made once."""
    return SteadyInput(neuron)
