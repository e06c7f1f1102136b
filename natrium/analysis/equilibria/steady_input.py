"""The input that holds a neuron at V, its derivatives and the Jacobian there, from the symbolic system."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from natrium.analysis.equilibria.enclosure import Array, Enclosure, sign_changes
from natrium.model import ModelError, Neuron
from natrium.model.kernel import lower_expressions

NEUTRAL = 1e-7  # relative: a real part this small is zero
POINTS = 601  # at which steady states are looked at before any search


class SteadyInput:
    """I_eq(V), its derivatives and the Jacobian of one neuron, lowered from its symbolic system."""

    def __init__(self, neuron: Neuron) -> None:
        system = neuron.system
        self.neuron, self.system, self.values = neuron, system, system.values
        V, first, second, gates = _symbolic(system)
        self.expressions = (V, first, second)
        arguments = (system.states[0], *system.parameters)
        self._scalar = lower_expressions(self.expressions, arguments)
        self._grid = lower_expressions((*self.expressions, *gates), arguments, "grid")
        rows = tuple(tuple(row) for row in system.jacobian.tolist())
        self._jacobian = lower_expressions(rows, (*system.states, system.input, *system.parameters), "grid")

    def __call__(self, V: float, order: int = 0) -> float:
        """Evaluate I_eq, or a derivative of it, at one V."""
        return float(self._scalar(V, *self.values)[order])

    def along(self, V: Array) -> tuple[Array, Array]:
        """Give I_eq, shape (n,), and the states, shape (n_states, n), at many V."""
        V = np.asarray(V, dtype=float)
        with np.errstate(all="ignore"):
            rows = self._grid(V, *self.values)
        rows = np.array([np.broadcast_to(row, V.shape) for row in rows])
        broken = ~np.all(np.isfinite(rows), axis=0)
        if np.any(broken):
            raise ModelError(
                "every gate must have a steady state, got none at "
                f"V = {V[int(np.argmax(broken))]:.6g} mV: give a rate that does not vanish there"
            )
        return rows[0], np.vstack([V, rows[3:]])

    def jacobians(self, V: Array) -> Array:
        """Give the Jacobian at the equilibria at many V, shape (n, n_states, n_states), per ms."""
        I, states = self.along(V)
        with np.errstate(all="ignore"):
            rows = self._jacobian(*states, I, *self.values)
        full = [[np.broadcast_to(entry, I.shape) for entry in row] for row in rows]
        return np.moveaxis(np.array(full, dtype=float), 2, 0)

    def jacobian(self, state: Array, I: float) -> Array:
        """Give the Jacobian at any state, shape (n_states, n_states), per ms."""
        rows = self._jacobian(*(np.asarray(x) for x in state), I, *self.values)
        return np.array([[float(entry) for entry in row] for row in rows])

    def folds(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which dI/dV changes sign, mV."""
        symbols = dict(zip(self.system.parameters, self.values, strict=True))
        enclosure = Enclosure(self.expressions[1:], self.system.states[0], symbols)
        self.along(np.linspace(low, high, POINTS))  # refuses what has no steady state
        return sign_changes(enclosure, lambda V: self(V, 1), low, high)


@lru_cache(maxsize=64)
def _symbolic(system: Any) -> tuple[Any, Any, Any, tuple[Any, ...]]:
    """Give I_eq, its two derivatives and the gates' steady states as SymPy."""
    V = system.states[0]
    steady = {gate.state: gate.inf for gate in system.gates}
    flow = system.rhs[0].subs(steady, simultaneous=True)
    # The right-hand side is a + b I with b a number: dV/dt = 0 gives I = -a/b.
    expr = (-flow.subs(system.input, 0) / flow.diff(system.input)).expand(deep=False)
    return expr, expr.diff(V), expr.diff(V, 2), tuple(steady.values())


@lru_cache(maxsize=64)
def steady_input(neuron: Neuron) -> SteadyInput:
    """Give the lowered I_eq of a neuron, made once."""
    return SteadyInput(neuron)


def real_parts(eigenvalues: Any) -> Array:
    """Give real parts, zero where they are so within rounding."""
    real = np.real(eigenvalues)
    return np.asarray(np.where(np.abs(real) <= NEUTRAL * np.abs(eigenvalues).max(), 0.0, real))


def sorted_eigenvalues(matrix: Array) -> Any:
    """Give the eigenvalues of a matrix, the largest real part first."""
    values = np.linalg.eigvals(matrix).astype(complex)
    return values[np.lexsort((-values.imag, -values.real))]
