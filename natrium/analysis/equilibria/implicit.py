r"""The input that holds a neuron at V where other states follow from V only implicitly: two compartments.

Of the states that need each other one is V; the others, w, are zeros of their own equations F(V, w) = 0 at
each V, followed along V by Newton's method, and

.. math:: w' = -F_w^{-1} F_V, \qquad I_{eq}(V) = I(V, w(V)), \qquad I_{eq}' = I_V + I_w w'.

There may be other w at the same V: followed is the one nearest to where the cell starts, as far as it does
not meet another. Folds are changes of sign of dI/dV, looked for on a fine grid.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NoReturn

import attrs
import numpy as np
import sympy
from scipy.optimize import brentq

from natrium.analysis.equilibria.coupled import rests_at
from natrium.analysis.equilibria.steady_input import (
    SteadyInput,
    coupled_states,
    explicit_input,
    is_singular,
    jacobian_of,
    steady_input,
    steady_states,
)
from natrium.model import AnyNeuron, HybridSystem, UnsupportedModel, lower
from natrium.model.arrays import Array
from natrium.model.kernel import lower_expressions
from natrium.model.protocol import per_neuron

MOST = 3  # states that follow implicitly: beyond, their derivatives have no readable size
STEP = 0.5  # mV: along V, from one to the next
NEWTON, EXACT = 30, 1e-12  # steps, and the relative change at which they end
FINE = 0.1  # mV: from one V to the next at which the sign of dI/dV is looked at


@attrs.frozen(eq=False)
class _Implicit:
    """What follows from a system alone, as functions of V, w and the parameters.

    Attributes
    ----------
    held : tuple of sympy.Symbol
        w.
    equations : tuple of sympy.Expr
        F.
    jacobian : tuple of tuple of sympy.Expr
        F_w, row by row.
    inputs : tuple of sympy.Expr
        I_eq and its first two derivatives along V.
    inertia : sympy.Expr
        The input over the dV/dt that it makes.
    steady : tuple of sympy.Expr
        Each state but V.
    """

    held: tuple[Any, ...]
    equations: tuple[Any, ...]
    jacobian: tuple[tuple[Any, ...], ...]
    inputs: tuple[Any, ...]
    inertia: Any
    steady: tuple[Any, ...]


@lru_cache(maxsize=64)
def _implicit(system: HybridSystem) -> _Implicit:
    (V, *held), steady = coupled_states(system)
    if not held or any(expr.has(system.input) for expr in steady.values()):
        steady_states(system)  # says what is missing
    if len(held) > MOST:
        raise UnsupportedModel(
            f"this needs at most {MOST} states that need V and each other, got {len(held)}: "
            f"{', '.join(map(str, held))}; use equilibria at one input, limit_cycle, or simulate"
        )
    current, inertia = explicit_input(system, steady)
    flows = dict(zip(system.states, system.rhs, strict=True))
    F = sympy.Matrix([flows[state].subs(steady, simultaneous=True) for state in held])
    by_w, by_V = F.jacobian(held), F.diff(V)
    if F.has(system.input) or is_singular(by_w):
        names = ", ".join(map(str, held))
        raise UnsupportedModel(
            f"this needs a steady state of {names} at every V: equations that say what it is, without I, got "
            f"{', '.join(map(str, F))}: use equilibria at one input, limit_cycle, or simulate"
        )
    slopes = -by_w.LUsolve(by_V)

    def along(expr: Any) -> Any:
        return expr.diff(V) + sum(expr.diff(w) * slope for w, slope in zip(held, slopes, strict=True))

    return _Implicit(
        tuple(held),
        tuple(F),
        tuple(tuple(line) for line in by_w.tolist()),
        (current, along(current), along(along(current))),
        inertia,
        tuple(steady.get(state, state) for state in system.states[1:]),
    )


class ImplicitInput(SteadyInput):
    """I_eq(V), its derivatives and the Jacobian of a neuron some of whose states follow implicitly."""

    def __init__(self, neuron: AnyNeuron) -> None:
        system = neuron.system
        self.neuron, self.system, self.values = neuron, system, system.values
        self._found = found = _implicit(system.structure)
        self.expressions = found.inputs
        symbols = (system.states[0], *found.held, *system.parameters)
        self._implied = lower_expressions((*found.inputs, found.inertia, *found.steady), symbols, "grid")
        self._newton = lower_expressions((found.equations, *found.jacobian), symbols, "grid")
        self._jacobian = jacobian_of(system.structure)
        self._seen: tuple[Array, Array] | None = None

    def __call__(self, V: float, order: int = 0) -> float:
        """Evaluate I_eq, or a derivative of it, at one V."""
        return float(self._rows(np.array([V]))[order][0]) + 0.0

    def inertia(self, V: float) -> float:
        """Give the input over the dV/dt that it makes, ms."""
        return float(self._rows(np.array([V]))[3][0])

    def slowest(self, *voltages: float) -> float:
        """Give the longest time constant of membrane and other states at some voltages, ms."""
        own = -np.diagonal(self.jacobians(np.array(voltages)), axis1=1, axis2=2)[:, 1:]
        rates = [*own.ravel(), *(rate for V in voltages for rate in lower(self.system).relaxation(V))]
        return float(max([*map(self.inertia, voltages), *(1.0 / rate for rate in rates if rate > 0.0)]))

    def along(self, V: Array) -> tuple[Array, Array]:
        """Give I_eq, shape (n,), and the states, shape (n_states, n), at many V."""
        V = np.asarray(V, dtype=float)
        rows = self._rows(V)
        return rows[0], np.vstack([V, rows[4:]])

    def folds(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which dI/dV changes sign, mV."""
        V = np.linspace(low, high, 1 + int(np.ceil((high - low) / FINE)))
        falls = self._rows(V)[1] < 0.0
        turns = np.flatnonzero(falls[1:] != falls[:-1])
        return tuple(
            float(brentq(lambda v: self(v, 1), V[k], V[k + 1], xtol=1e-13, rtol=1e-15)) for k in turns
        )

    def crossings(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which an equilibrium lies on the threshold, mV."""
        if self.system.threshold_moves:
            raise UnsupportedModel(
                "this needs a threshold that stands where states follow from V implicitly, got one that "
                f"moves with {', '.join(self.system.threshold_moves)}: use equilibria at one input"
            )
        return (lower(self.system).frame.level,)

    def _rows(self, V: Array) -> Array:
        """Give I_eq, two derivatives, the inertia and every other state, at many V."""
        with np.errstate(all="ignore"):
            rows = self._implied(V, *self._held(V), *self.values)
        return np.array([np.broadcast_to(row, V.shape) for row in rows])

    def _held(self, V: Array) -> Array:
        """Give w, shape (n_held, n_points)."""
        at, w = self._table(float(V.min()), float(V.max()))
        return self._solved(V, np.array([np.interp(V, at, row) for row in w]))

    def _solved(self, V: Array, w: Array) -> Array:
        """Give w near a guess by Newton's method."""
        for _ in range(NEWTON):
            with np.errstate(all="ignore"):
                F, *rows = self._newton(V, *w, *self.values)
            miss = np.array([np.broadcast_to(one, V.shape) for one in F])
            matrix = np.array([[np.broadcast_to(one, V.shape) for one in row] for row in rows])
            try:
                change = np.linalg.solve(np.moveaxis(matrix, 2, 0), miss.T[..., np.newaxis])[..., 0].T
            except np.linalg.LinAlgError:
                break
            w = w - change
            if np.all(np.abs(change) <= EXACT * (1.0 + np.abs(w))):
                return np.asarray(w)
        return self._refuse(float(V.flat[0]))

    def _table(self, low: float, high: float) -> tuple[Array, Array]:
        """Give w along V, from where the cell starts, at least from low to high."""
        if self._seen is None:
            start = self.neuron.initial_state()
            self._seen = np.array(start[:1]), self._nearest(np.array(start))[:, np.newaxis]
        at, w = self._seen
        while at[-1] < high or at[0] > low:
            end, side = (-1, 1) if at[-1] < high else (0, -1)
            V = at[[end]] + side * STEP
            near = self._solved(V, w[:, [end]])
            if self._turn(V, near) != self._turn(at[[end]], w[:, [end]]):
                self._refuse(float(V[0]))
            at, w = np.concatenate([at, V][::side]), np.concatenate([w, near][::side], axis=1)
            self._seen = at, w
        return self._seen

    def _turn(self, V: Array, w: Array) -> bool:
        """Tell the sign of the determinant of F_w: where it changes, w turns back or meets another."""
        rows = self._newton(*V, *w[:, 0], *self.values)[1:]
        return bool(np.linalg.det(np.array(rows, dtype=float)) > 0.0)

    def _nearest(self, start: Array) -> Array:
        """Give the w at the V where the cell starts that is nearest to its own, of all that there are."""
        places = [self.system.states.index(w) for w in self._found.held]
        found = [one.state[places] for one in rests_at(self.neuron, float(start[0])) if one.proven]
        if not found:
            self._refuse(float(start[0]))
        return np.asarray(min(found, key=lambda w: float(np.abs(w - start[places]).max())))

    def reach(self, low: float, high: float) -> tuple[float, float]:
        """Give the part of a range of V to which w can be followed."""
        edges = []
        for end in (low, high):
            try:
                self._held(np.array([end]))
            except UnsupportedModel:
                at = self._table(*self.neuron.initial_state()[:1] * 2)[0]
                end = float(max(end, at[0]) if end == low else min(end, at[-1]))
            edges.append(end)
        needed = [*self.neuron.landmarks, *self.crossings(low, high)] if self.neuron.fires else []
        for V in needed:
            if not edges[0] <= V <= edges[1]:
                self._refuse(V)
        return edges[0], edges[1]

    def _refuse(self, V: float) -> NoReturn:
        names = ", ".join(str(state) for state in self._found.held)
        raise UnsupportedModel(
            f"this needs a steady state of {names} at every V, followed along it, got its end at V = {V:.6g} "
            "mV: use equilibria at one input, limit_cycle, or simulate"
        )


@per_neuron(maxsize=64)
def held_input(neuron: AnyNeuron) -> SteadyInput:
    """Give the lowered I_eq of a neuron, explicit or implicit, made once.

    Raises
    ------
    UnsupportedModel
        Where it cannot be followed along V, or the input stands elsewhere than in dV/dt.
    """
    try:
        return steady_input(neuron)
    except UnsupportedModel:
        return ImplicitInput(neuron)
