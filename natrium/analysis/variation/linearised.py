"""A hybrid system with its first derivatives, as functions of floats: all from the symbolic system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model import HybridSystem, UnsupportedModel
from natrium.model.arrays import Array
from natrium.model.derived import jacobian_of
from natrium.model.kernel import FASTEST_GATE, lower_expressions
from natrium.model.scales import system_scales

Lowered = Callable[..., list[Any]]


@attrs.frozen
class _Structure:
    """The lowered functions of all systems that differ in the values of their parameters only."""

    flow: Lowered
    by_parameters: Lowered
    guard: Lowered | None
    reset: Lowered
    after: Lowered
    duration: Lowered
    rates: Lowered
    steady: tuple[Lowered, ...]
    resting: tuple[tuple[int, Lowered, Lowered], ...] | None


@lru_cache(maxsize=64)
def _structure(system: HybridSystem) -> _Structure:
    """Derive and lower; `system` carries no values."""
    V = system.states[0]
    along = (*system.states, system.input, *system.parameters)
    still = (*system.states, *system.parameters)
    by_input = tuple(sympy.diff(expr, system.input) for expr in system.rhs)
    guard = None
    if system.guard is not None:
        (gradient,) = jacobian_of((system.guard,), still)
        guard = lower_expressions(gradient, still)
    duration = system.refractory.duration
    steady = jacobian_of(tuple(gate.inf for gate in system.gates), (V, *system.parameters))
    return _Structure(
        flow=lower_expressions((system.rhs, by_input, *jacobian_of(system.rhs, system.states)), along),
        by_parameters=lower_expressions(jacobian_of(system.rhs, system.parameters), along),
        guard=guard,
        reset=lower_expressions(jacobian_of(system.reset, still), still),
        after=lower_expressions(system.reset, still),
        duration=lower_expressions(
            (duration, *(sympy.diff(duration, symbol) for symbol in system.parameters)), system.parameters
        ),
        rates=lower_expressions(tuple(gate.rate for gate in system.gates), (V, *system.parameters)),
        steady=tuple(lower_expressions(slopes, (V, *system.parameters)) for slopes in steady),
        resting=_resting(system),
    )


def _resting(system: HybridSystem) -> tuple[tuple[int, Lowered, Lowered], ...] | None:
    """Give, of each state that moves while refractory, its place, its rate, and what becomes of it.

    The last is of the states, the parameters and the elapsed time: the state then, its derivatives by all
    states, by the time and by the parameters. None where there is no closed form.
    """
    elapsed = sympy.Symbol("elapsed_", real=True)
    after = system.rested(elapsed)
    if after is None:
        return None
    found = []
    rates = {one.state: one.rate for one in system.relaxations or ()}
    for index, state in enumerate(system.states):
        if after[index] == state:
            continue
        along = (*system.states, *system.parameters, elapsed)
        moving = (*system.states, elapsed, *system.parameters)
        slopes = tuple(after[index].diff(symbol) for symbol in moving)
        found.append(
            (
                index,
                lower_expressions((rates.get(state, sympy.S.One),), along[:-1]),
                lower_expressions((after[index], *slopes), along),
            )
        )
    return tuple(found)


@lru_cache(maxsize=64)
def _on_grids(system: HybridSystem) -> tuple[Lowered, Lowered]:
    """Lower the derivatives by states, input and parameters to functions of arrays; no values."""
    along = (*system.states, system.input, *system.parameters)
    by_input = tuple(sympy.diff(expr, system.input) for expr in system.rhs)
    by_parameters = jacobian_of(system.rhs, system.parameters)
    return (
        lower_expressions((by_input, *jacobian_of(system.rhs, system.states)), along, "grid"),
        lower_expressions(by_parameters, along, "grid"),
    )


@lru_cache(maxsize=64)
def _flow_on_grids(system: HybridSystem) -> Lowered:
    return lower_expressions(system.rhs, (*system.states, system.input, *system.parameters), "grid")


@attrs.frozen(eq=False)
class Linearised:
    """A hybrid system with its derivatives."""

    system: HybridSystem
    structure: _Structure
    stiff: bool  # whether an implicit method is to integrate it

    def __reduce__(self) -> Any:
        """Copy and pickle without the functions: they are lowered anew."""
        return linearised, (self.system, self.stiff)

    @property
    def sizes(self) -> tuple[float, ...]:
        """The scales of the states."""
        return system_scales(self.system)

    def flow(self, y: Array, level: float) -> tuple[Array, Array, Array]:
        """Give the flow, its Jacobian and its derivative by the input.

        Parameters
        ----------
        y : ndarray, shape (n_states,)
        level : float
            Input, mV.

        Returns
        -------
        f : ndarray, shape (n_states,)
            Per ms.
        J : ndarray, shape (n_states, n_states)
        f_I : ndarray, shape (n_states,)
        """
        values = np.array(self.rows(y.tolist(), level))
        return values[0], values[2:], values[1]

    def rows(self, y: Sequence[float], level: float) -> list[list[float]]:
        """Give the flow, its derivative by the input and each row of its Jacobian, as plain floats."""
        found: list[list[float]] = self.structure.flow(*y, level, *self.system.values)
        return found

    def by_parameters(self, y: Array, level: float) -> Array:
        """Give the derivative of the flow by the system's parameters, shape (n_states, n_parameters)."""
        return np.array(self.structure.by_parameters(*y.tolist(), level, *self.system.values))

    def guard(self, y: Array) -> tuple[Array, Array]:
        """Give the guard's derivatives, shapes (n_states,) and (n_parameters,)."""
        assert self.structure.guard is not None
        values = np.array(self.structure.guard(*y.tolist(), *self.system.values), dtype=float)
        return values[: y.size], values[y.size :]

    def reset(self, y: Array) -> tuple[Array, Array]:
        """Give the reset's derivatives, shapes (n_states, n_states) and (n_states, n_parameters)."""
        values = np.array(self.structure.reset(*y.tolist(), *self.system.values), dtype=float)
        return values[:, : y.size], values[:, y.size :]

    def after(self, y: Array) -> Array:
        """Give the state just after a reset from the state just before, shape (n_states,)."""
        return np.array(self.structure.after(*y.tolist(), *self.system.values), dtype=float)

    def refractory(self) -> tuple[float, Array]:
        """Give the refractory period, ms, and its derivative by the parameters, shape (n_parameters,)."""
        length, *derivative = self.structure.duration(*self.system.values)
        return float(length), np.array(derivative, dtype=float)

    def along(
        self, y: Array, levels: Array, with_parameters: bool = True
    ) -> tuple[Array, Array, Array | None]:
        """Give the derivatives of the flow at many points.

        Parameters
        ----------
        y : ndarray, shape (n_states, n_points)
        levels : ndarray, shape (n_points,)
            Input, mV.
        with_parameters : bool

        Returns
        -------
        J : ndarray, shape (n_points, n_states, n_states)
            Per ms.
        f_I : ndarray, shape (n_points, n_states)
        f_p : ndarray, shape (n_points, n_states, n_parameters), or None
        """
        flow, by_parameters = _on_grids(self.system.structure)
        f_I, *J = flow(*y, levels, *self.system.values)
        slopes = _points(by_parameters(*y, levels, *self.system.values), y) if with_parameters else None
        return _points(J, y), _points([f_I], y)[:, 0], slopes

    def flow_along(self, y: Array, levels: Array) -> Array:
        """Give the flow at many points, shape (n_points, n_states); arguments as of `along`."""
        found = _flow_on_grids(self.system.structure)(*y, levels, *self.system.values)
        return _points([found], y)[:, 0]

    def rest(self, y: Array, length: float) -> tuple[Array, Array, Array]:
        """Carry a state through (a part of) the refractory period, ms, that begins just after the reset.

        By the system's own closed form and its derivatives: by the state and by the length.
        """
        return self._rest(y, length)[:3]

    def rest_by_parameters(self, y: Array, length: float) -> Array:
        """Give the derivative of the state after a refractory period by the system's parameters."""
        return self._rest(y, length)[3]

    def _rest(self, y: Array, length: float) -> tuple[Array, Array, Array, Array]:
        if self.structure.resting is None:
            raise UnsupportedModel(
                "derivatives need a refractory period in closed form (each state relaxing by itself), got "
                f"the rule {self.system.refractory.rule!r}: use 'hold', or 'clamp' with gates of V alone"
            )
        n, values = y.size, self.system.values
        end, by_state, by_length = y.copy(), np.eye(n), np.zeros(n)
        by_parameters = np.zeros((n, len(values)))
        for row, rate, lowered in self.structure.resting:
            if rate(*y.tolist(), *values)[0] == 0.0:
                continue  # a gate that does not move there has no steady state either
            end[row], *slopes = lowered(*y.tolist(), *values, length)
            by_state[row], by_length[row], by_parameters[row] = slopes[:n], slopes[n], slopes[n + 1 :]
        return end, by_state, by_length, by_parameters

    def steady_slopes(self, V: float) -> tuple[Array, Array]:
        """Give the derivatives of every gate's steady state, by V and by the system's parameters.

        Returns
        -------
        by_voltage : ndarray, shape (n_gates,)
            Per mV; 0, as all others, of a gate that does not move there.
        by_parameters : ndarray, shape (n_gates, n_parameters)
        """
        values = self.system.values
        slopes = np.zeros((len(self.structure.steady), 1 + len(values)))
        for row, rate, lowered in zip(
            slopes, self.structure.rates(V, *values), self.structure.steady, strict=True
        ):
            if rate > 0.0:
                row[:] = lowered(V, *values)
        return slopes[:, 0], slopes[:, 1:]


def linearised(system: HybridSystem, stiff: bool = False) -> Linearised:
    """Give a system with its derivatives; derived and lowered once per structure.

    `stiff` lets no gate be faster than implicit methods bear.
    """
    flowing = system.slowed(FASTEST_GATE) if stiff else system
    bare = attrs.evolve(flowing, values=(0.0,) * len(system.values))
    return Linearised(system, _structure(bare), stiff)


def _points(rows: list[list[Any]], y: Array) -> Array:
    """Put entries, numbers or arrays of shape (n_points,), into matrices, shape (n_points, rows, columns)."""
    found = np.empty((y.shape[1], len(rows), len(rows[0])))
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            found[:, i, j] = entry
    return found
