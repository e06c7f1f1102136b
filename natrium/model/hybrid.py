"""The symbolic hybrid automaton: flow, guard, reset and refractory rule, as SymPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.derived import jacobian_of
from natrium.model.expressions.exprel import exprel


@attrs.frozen
class GateFlow:
    """One state that relaxes: dx/dt = rate (inf - x); a gate along the flow, rate and inf of V."""

    state: sympy.Symbol  # the gate
    inf: sympy.Expr  # steady state, of V
    rate: sympy.Expr  # alpha + beta = 1/tau, of V, per ms


@attrs.frozen
class Refractory:
    """What happens for `duration` ms after a reset."""

    duration: sympy.Expr  # ms
    rule: str  # one of `REFRACTORY_RULES`; or `BY_STATE`
    free: tuple[str, ...] = ()  # by state: the names of those that move on, all others standing still


@attrs.frozen(cache_hash=True, slots=False)
class HybridSystem:
    """A neuron as a hybrid dynamical system, symbolic throughout.

    Attributes
    ----------
    states : tuple of sympy.Symbol
        V first, then every gate of every channel.
    labels : tuple of str
        The states' names as users know them: ``"V"``, ``"Na.m"``, ...
    input : sympy.Symbol
        The input I, mV.
    parameters, values : tuple of sympy.Symbol, tuple of float
        Every parameter and its value.
    rhs : tuple of sympy.Expr
        Time derivative of each state between events, per ms.
    guard : sympy.Expr or None
        The event is its zero, passed in `direction`; None where nothing ever happens.
    reset : tuple of sympy.Expr
        The state just after the event, from the state just before.
    refractory : Refractory
    gates : tuple of GateFlow
        The states that relax at given V, each by itself.
    origin, gap : sympy.Expr
        What solvers measure V from, and the part of the input that goes with it; see `event_coordinates`.
    direction : int
        +1: from below.
    shares : tuple of sympy.Symbol
        The other states that stay within [0, 1]: shares of a kinetic scheme, gates that read the calcium.
    amounts : tuple of sympy.Symbol
        The other states that are never below zero: the calcium of a pool.
    inlets : tuple of (str, str)
        Names to which spikes come in, each with the label of the state that grows at them.
    """

    states: tuple[sympy.Symbol, ...]
    labels: tuple[str, ...]
    input: sympy.Symbol
    parameters: tuple[sympy.Symbol, ...]
    values: tuple[float, ...]
    rhs: tuple[sympy.Expr, ...]
    guard: sympy.Expr | None
    reset: tuple[sympy.Expr, ...]
    refractory: Refractory
    gates: tuple[GateFlow, ...]
    origin: sympy.Expr
    gap: sympy.Expr
    direction: int = 1
    shares: tuple[sympy.Symbol, ...] = ()
    amounts: tuple[sympy.Symbol, ...] = ()
    inlets: tuple[tuple[str, str], ...] = ()

    @property
    def jacobian(self) -> sympy.Matrix:
        """The Jacobian of the flow, shape (n, n), derived from `rhs`."""
        return sympy.Matrix(jacobian_of(self.rhs, self.states))

    @cached_property
    def structure(self) -> HybridSystem:
        """The same system without values: equal for all that differ in these only."""
        return attrs.evolve(self, values=())

    @property
    def pruned(self) -> HybridSystem:
        """The same system without what parameters of 0 take away, such as a current of no conductance.

        Every name keeps its place, so that what follows from this one takes the same numbers.
        """
        none = (name for name, value in zip(self.parameters, self.values, strict=True) if value == 0.0)
        return attrs.evolve(_pruned(self.structure, tuple(none)), values=self.values)

    @property
    def fractions(self) -> tuple[bool, ...]:
        """For each state, whether it is a gate or a share of a scheme: one that stays within [0, 1]."""
        inside = {gate.state for gate in self.gates} | set(self.shares)
        return tuple(state in inside for state in self.states)

    def place_of(self, target: str) -> int | None:
        """Give the place of the state that spikes to a state or a synapse move; None where there is none."""
        label = target if target in self.labels else dict(self.inlets).get(target)
        return None if label is None else self.labels.index(label)

    @property
    def reset_voltage(self) -> float | None:
        """The voltage to which a spike sets V, mV; None where it depends on the state."""
        after = with_values(self.reset[0], self.parameters, self.values)
        return None if after.free_symbols else float(after)

    @property
    def threshold_moves(self) -> tuple[str, ...]:
        """The labels of the states with which the threshold moves."""
        moving = self.origin.free_symbols
        return tuple(label for label, state in zip(self.labels, self.states, strict=True) if state in moving)

    @property
    def unshifted(self) -> HybridSystem:
        """The same system with V measured from zero."""
        return attrs.evolve(self, origin=sympy.S.Zero)

    @property
    def passes(self) -> bool:
        """Whether V goes on through the threshold: a spike sets neither."""
        return _passes(self.guard, self.states, self.reset)

    @property
    def resets_others(self) -> bool:
        """Whether a reset moves another state than V."""
        return self.reset[1:] != self.states[1:]

    @property
    def resting(self) -> HybridSystem:
        """The same system while refractory: its flow as the rule says, and no event."""
        rule, free = self.refractory.rule, self.refractory.free
        if rule != BY_STATE:
            return attrs.evolve(self, rhs=REFRACTORY_RULES[rule](self), guard=None)
        flows = zip(self.labels, self.rhs, strict=True)
        rhs = tuple(flow if name in free else sympy.S.Zero for name, flow in flows)
        return attrs.evolve(self, rhs=rhs, guard=None)

    @property
    def rests_in_motion(self) -> bool:
        """Whether V, or the threshold, moves while refractory."""
        moving = {label for label, flow in zip(self.labels, self.resting.rhs, strict=True) if flow != 0}
        return not moving.isdisjoint({self.labels[0], *self.threshold_moves})

    @property
    def relaxations(self) -> tuple[GateFlow, ...] | None:
        """The states that move while refractory, each relaxing by itself; None without such a closed form."""
        return _relaxations(self.structure)

    def rested(self, elapsed: Any) -> tuple[Any, ...] | None:
        """Give the state after `elapsed` ms of the refractory period, of the state at its beginning.

        Returns
        -------
        tuple of sympy.Expr or None
            None where there is no closed form.
        """
        moving = _courses(self.structure, elapsed)
        return None if moving is None else tuple(moving.get(state, state) for state in self.states)

    def value(self, parameter: str) -> float:
        """Give a parameter's value by its name.

        Raises
        ------
        KeyError
            When there is no such parameter.
        """
        return dict(zip((symbol.name for symbol in self.parameters), self.values, strict=True))[parameter]

    def slowed(self, fastest: float) -> HybridSystem:
        """Give the same system with no gate faster than `fastest` (per ms), steady states unchanged.

        dx/dt is divided by 1 + (alpha + beta)/fastest: for gates far slower this is 1 to the last digit.
        """
        rates = {gate.state: 1 + gate.rate / fastest for gate in self.gates}
        rhs = tuple(
            expr / rates[state] if state in rates else expr
            for state, expr in zip(self.states, self.rhs, strict=True)
        )
        return attrs.evolve(self, rhs=rhs)

    def event_coordinates(self) -> HybridSystem:
        """Give the same system with V measured from its origin, the threshold if there is one.

        u = V - origin and J = I - gap. With channels the gap is v_thresh - v_rest: the leak becomes J - u,
        and digits near the threshold, where the event is decided, are those of u itself. A threshold that
        moves is a part of how u does. The names of the two begin as no name of a user does.
        """
        V, u, J = self.states[0], sympy.Symbol("_u", real=True), sympy.Symbol("_J", real=True)
        shift = {V: u + self.origin, self.input: J + self.gap}
        drift = sum(
            self.origin.diff(state) * flow for state, flow in zip(self.states[1:], self.rhs[1:], strict=True)
        )
        rhs = tuple(expr.xreplace(shift) for expr in (self.rhs[0] - drift, *self.rhs[1:]))
        return attrs.evolve(
            self,
            states=(u, *self.states[1:]),
            input=J,
            rhs=rhs,
            guard=None if self.guard is None else self.guard.xreplace(shift),
            reset=tuple(expr.xreplace(shift) for expr in self.reset),
        )


def with_values(expr: Any, symbols: Sequence[Any], values: Sequence[float]) -> Any:
    """Put numbers in for an expression's symbols: once for those that differ in others alone."""
    own = expr.free_symbols
    pairs = zip(symbols, values, strict=True)
    return _substituted(expr, tuple((symbol, value) for symbol, value in pairs if symbol in own))


@lru_cache(maxsize=256)
def _substituted(expr: Any, values: tuple[tuple[Any, float], ...]) -> Any:
    return expr.subs(dict(values))


@lru_cache(maxsize=64)
def _pruned(system: HybridSystem, none: tuple[Any, ...]) -> HybridSystem:
    for symbol in none:
        flow = tuple(expr.subs(symbol, 0) for expr in system.rhs)
        gates = tuple(
            attrs.evolve(gate, inf=gate.inf.subs(symbol, 0), rate=gate.rate.subs(symbol, 0))
            for gate in system.gates
        )
        told = (*flow, *(expr for gate in gates for expr in (gate.inf, gate.rate)))
        if not any(expr.has(sympy.nan, sympy.zoo, sympy.oo) for expr in told):
            system = attrs.evolve(system, rhs=flow, gates=gates)
    return system


@lru_cache(maxsize=256)
def _passes(guard: Any, states: tuple[Any, ...], reset: tuple[Any, ...]) -> bool:
    if guard is None:
        return bool(reset[0] == states[0])
    pairs = zip(states, reset, strict=True)
    moved = {state: after for state, after in pairs if after != state and guard.has(state)}
    return not moved or bool(guard.subs(moved, simultaneous=True) == guard)


BY_STATE = "by state"
ONTO = 8.0  # units in the last place: a reset this near to the threshold is one onto it
REFRACTORY_RULES: dict[str, Callable[[HybridSystem], tuple[Any, ...]]] = {
    "hold": lambda system: (sympy.S.Zero,) * len(system.states),
    "clamp": lambda system: (sympy.S.Zero, *system.rhs[1:]),
}
"""The flow while refractory, by each rule: how fast every state then moves, per ms.

``hold``, the original script's: the whole state stands still. ``clamp``: V stands still, the gates move.
A rule under which the states relax one by one is solved in closed form by everything that solves; one that
leaves V to flow is integrated, its spikes ignored, and V fires at once where it is at the threshold or above
when the period ends, as in a simulator with a clock.
"""


def over_threshold(v_thresh: float, after: float, when: str = "") -> str:
    """Say that a reset leaves V where it fires at once."""
    return (
        f"the reset must take V below v_thresh ({v_thresh!r} mV), got {after:.9g} mV{when}: the cell would "
        "fire for ever; leave V out of the reset where a spike is V's way up through a level (a reset onto "
        "v_thresh is taken where V falls from there, and with a tau_ref)"
    )


def lands(v_thresh: float) -> float:
    """Give how far from the threshold a reset onto it may end by rounding, mV."""
    return ONTO * float(np.spacing(abs(v_thresh)))


def relaxation(x: Any, inf: Any, rate: Any, elapsed: Any) -> Any:
    """Solve x' = rate (inf - x): the one place where this law stands."""
    return inf + (x - inf) * sympy.exp(-rate * elapsed)


def _courses(system: HybridSystem, elapsed: Any) -> dict[Any, Any] | None:
    """Give what becomes of each state that moves while refractory; None without a closed form.

    Each relaxes by itself, or is driven by one that does: s' = -r s + k x + c with x' = -q (x - x_inf), whose
    rates may be equal.
    """
    if system.relaxations is not None:
        return {one.state: relaxation(one.state, one.inf, one.rate, elapsed) for one in system.relaxations}
    flows = {state: flow for state, flow in zip(system.states, system.resting.rhs, strict=True) if flow != 0}
    alone, driven = dict[Any, Any](), dict[Any, Any]()
    for state, flow in flows.items():
        others = [other for other in flows if other != state and flow.has(other)]
        slopes = [flow.diff(symbol) for symbol in (state, *others)]
        if len(others) > 1 or slopes[0] == 0 or any(slope.has(system.input, *flows) for slope in slopes):
            return None
        level = flow.subs(dict.fromkeys((state, *others), 0))
        if level.has(system.input):
            return None
        if others:
            driven[state] = (-slopes[0], others[0], slopes[1], level)
        else:
            alone[state] = (-slopes[0], -level / slopes[0])
    if any(driver not in alone for _, driver, _, _ in driven.values()):
        return None
    found = {state: relaxation(state, inf, rate, elapsed) for state, (rate, inf) in alone.items()}
    for state, (rate, x, k, level) in driven.items():
        pace, inf = alone[x]
        lag = k * (x - inf) * elapsed * sympy.exp(-rate * elapsed) * exprel((rate - pace) * elapsed)
        found[state] = relaxation(state, (level + k * inf) / rate, rate, elapsed) + lag
    return found


@lru_cache(maxsize=64)
def _relaxations(system: HybridSystem) -> tuple[GateFlow, ...] | None:
    gates = {gate.state: gate for gate in system.gates}
    flows = dict(zip(system.states, zip(system.rhs, system.resting.rhs, strict=True), strict=True))
    moving = {state for state, (_, flow) in flows.items() if flow != 0}
    found = []
    for state, (free, flow) in flows.items():
        if state not in moving:
            continue
        if state in gates and flow == free:
            relaxing = gates[state]
        else:
            rate = -flow.diff(state)
            if rate == 0:
                return None
            relaxing = GateFlow(state, flow.subs(state, 0) / rate, rate)
        if (relaxing.inf.free_symbols | relaxing.rate.free_symbols) & {*moving, system.input}:
            return None
        found.append(relaxing)
    return tuple(found)
