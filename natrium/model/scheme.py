"""Kinetic schemes: channels that hop between states, at rates that depend on V."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.arrays import Array
from natrium.model.calcium import CA
from natrium.model.checks import Name, Number, show
from natrium.model.errors import ModelError
from natrium.model.expressions.expression import Expression, as_expression
from natrium.model.kernel import lower_expressions
from natrium.model.rates import Range, V, check_levels, check_rate, smooth_rate

STEADY_STATE = "steady-state"
WHOLE = 1e-9  # by how much occupancies that are given may fail to add up to one


def _as_rate(value: Any) -> Expression:
    return as_expression(value)


def _check_rate(instance: Any, attribute: Any, value: Expression) -> None:
    if not value.reads_calcium:  # at which concentrations, the neuron knows
        check_rate(attribute.name, value)


@attrs.frozen
class Transition:
    """One way from a state to another.

    Parameters
    ----------
    source, target : str
    rate : str, sympy.Expr or Expression
        Of V in mV, or of V and the neuron's calcium Ca, per ms.
    """

    source: str = attrs.field(validator=Name())
    target: str = attrs.field(validator=Name())
    rate: Expression = attrs.field(converter=_as_rate, validator=_check_rate)


def _as_transitions(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(Transition(*one) if isinstance(one, (list, tuple)) else one for one in value)


def _as_names(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _as_initial(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, Mapping) else value


@attrs.frozen
class Scheme:
    """A kinetic (Markov) scheme: the share of channels in each state; all add up to one.

    Parameters
    ----------
    states : sequence of str
    transitions : sequence of Transition, or of (source, target, rate)
        What is not given does not happen.
    open : sequence of str
        The states that conduct.
    initial : mapping of str to float or "steady-state"
        The share of each state at the start; by default the steady state at the initial V.

    Raises
    ------
    ModelError
        When a name is no state, a rate breaks its rules, or shares do not add up to one.

    References
    ----------
    .. [1] D. Colquhoun, A. G. Hawkes, "On the stochastic properties of single ion channels", Proc. R. Soc.
       Lond. B 211 (1981) 205-235. https://doi.org/10.1098/rspb.1981.0003

    Examples
    --------
    >>> two = Scheme(
    ...     states=("C", "O"),
    ...     transitions=[("C", "O", "exp(V/20)"), ("O", "C", "exp(-V/20)")],
    ...     open=("O",),
    ... )
    >>> two.steady(0.0).tolist()
    [0.5, 0.5]
    """

    states: tuple[str, ...] = attrs.field(converter=_as_names)
    transitions: tuple[Transition, ...] = attrs.field(converter=_as_transitions)
    open: tuple[str, ...] = attrs.field(converter=_as_names)
    initial: Any = attrs.field(default=STEADY_STATE, converter=_as_initial)

    def changed(self, values: Mapping[str, float]) -> Scheme:
        """Give the same scheme with other numbers for some constants of its rates."""
        moved = tuple(attrs.evolve(one, rate=one.rate.changed(values)) for one in self.transitions)
        return attrs.evolve(self, transitions=moved)

    def __attrs_post_init__(self) -> None:
        """Check that all names are states, and that shares add up."""
        for name in ("states", "open"):
            names = getattr(self, name)
            if not isinstance(names, tuple):
                raise ModelError(f"{name} of a scheme must be a list of names, got {show(names)}")
            for state in names:
                Name().check(f"a name in {name}", state)
        if len(self.states) < 2 or len(set(self.states)) < len(self.states):
            raise ModelError(
                f"a scheme needs two states or more, all different, got {', '.join(self.states)}"
            )
        moves: Any = self.transitions
        if not isinstance(moves, tuple) or not moves:
            raise ModelError(f"transitions of a scheme must be a list, got {show(moves)}")
        for one in moves:
            if not isinstance(one, Transition):
                raise ModelError(f"a transition must be (source, target, rate), got {show(one)}")
            self._check_states("a transition", (one.source, one.target))
            if one.source == one.target:
                raise ModelError(f"a transition must lead to another state, got {one.source} to itself")
        pairs = [(one.source, one.target) for one in moves]
        if len(set(pairs)) < len(pairs):
            twice = next(pair for pair in pairs if pairs.count(pair) > 1)
            raise ModelError(
                f"a scheme gives each transition once, got {' to '.join(twice)} twice: add them up"
            )
        if not self.open:
            raise ModelError("a scheme needs an open state, got none")
        self._check_states("open", self.open)
        self._check_initial()

    def _check_states(self, what: str, names: tuple[str, ...]) -> None:
        for name in names:
            if name not in self.states:
                raise ModelError(f"{what} must be of the states {', '.join(self.states)}, got {show(name)}")

    def _check_initial(self) -> None:
        if isinstance(self.initial, str):
            if self.initial != STEADY_STATE:
                raise ModelError(
                    f"initial must be shares of the states or {STEADY_STATE!r}, got {self.initial!r}"
                )
            return
        if not isinstance(self.initial, tuple):
            raise ModelError(
                f"initial must be shares of the states or {STEADY_STATE!r}, got {show(self.initial)}"
            )
        self._check_states("initial", tuple(name for name, _ in self.initial))
        for name, share in self.initial:
            Number(low=0.0, high=1.0).check(f"initial of {name}", share)
        total = sum(share for _, share in self.initial)
        if abs(total - 1.0) > WHOLE:
            raise ModelError(f"initial shares must add up to 1, got {total!r}")

    @property
    def dropped(self) -> str:
        """The state whose share follows from the others': the first that is closed."""
        return next((name for name in self.states if name not in self.open), self.states[-1])

    @property
    def kept(self) -> tuple[str, ...]:
        """The states that are solved for."""
        return tuple(name for name in self.states if name != self.dropped)

    @property
    def is_steady(self) -> bool:
        """Whether it starts at its steady state."""
        return isinstance(self.initial, str)

    def ranges(self, levels: tuple[float, ...] = ()) -> tuple[Range, ...]:
        """Give, of each rate that keeps its rules not everywhere, where it does; at calcium `levels`."""
        found = (held for one in self.transitions for held in check_levels("rate", one.rate, levels))
        return tuple(held for held in found if not held.is_all)

    def shares(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Give the share of every state, from those that are solved for."""
        return {name: kept.get(name, 1 - sum(kept.values())) for name in self.states}

    def flows(self, shares: Mapping[str, Any], names: tuple[str, ...] = ()) -> dict[str, Any]:
        """Give the time derivative of each share that is solved for, as SymPy, per ms."""
        flows = dict.fromkeys(self.states, sympy.S.Zero)
        for one in self.transitions:
            moved = smooth_rate(one.rate, names) * shares[one.source]
            flows[one.source] -= moved
            flows[one.target] += moved
        return {name: flows[name] for name in self.kept}

    def steady(self, v: float, calcium: float = math.nan) -> Array:
        """Give the steady share of each state at a voltage and a calcium concentration, shape (n_states,).

        Raises
        ------
        ModelError
            When there is not one alone.
        """
        rates = lower_expressions(tuple(smooth_rate(one.rate) for one in self.transitions), (V, CA))(
            v, calcium
        )
        n = len(self.states)
        A = np.zeros((n, n))
        for one, rate in zip(self.transitions, rates, strict=True):
            source, target = self.states.index(one.source), self.states.index(one.target)
            A[source, source] -= rate
            A[target, source] += rate
        # Rates differ by decades: each balance is taken in its own size. One says that all add up to one.
        A /= np.maximum(np.abs(A).max(axis=1, keepdims=True), np.finfo(float).tiny)
        A[self.states.index(self.dropped)] = 1.0
        b = np.zeros(n)
        b[self.states.index(self.dropped)] = 1.0
        with np.errstate(all="ignore"):
            try:
                found = np.linalg.solve(A, b)
            except np.linalg.LinAlgError:
                found = np.full(n, np.nan)
        if not np.all(np.isfinite(found)) or found.min() < -1e-6:
            raise ModelError(
                f"a scheme must have one steady state at V = {v!r} mV, got none or several: give initial"
            )
        found = np.clip(found, 0.0, 1.0)
        return np.asarray(found / found.sum())

    def start(self, v: float, calcium: float = math.nan) -> dict[str, float]:
        """Give the share of each state that is solved for, at the start at a voltage and a concentration."""
        if self.is_steady:
            shares = dict(zip(self.states, self.steady(v, calcium).tolist(), strict=True))
        else:
            shares = dict.fromkeys(self.states, 0.0) | dict(self.initial)
        return {name: float(shares[name]) for name in self.kept}

    def started(self, kept: Mapping[str, float]) -> Scheme:
        """Give the same scheme, starting from other shares, which are brought into their bounds."""
        inside = {name: min(max(float(share), 0.0), 1.0) for name, share in kept.items()}
        total = max(sum(inside.values()), 1.0)
        inside = {name: share / total for name, share in inside.items()}
        return attrs.evolve(self, initial={**inside, self.dropped: max(0.0, 1.0 - sum(inside.values()))})
