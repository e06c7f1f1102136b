r"""Planar reductions of a neuron with any number of states: (V, x), derived from its symbolic system.

Three reductions, each an assumption that `reduction_error` measures:

``steady``
    Every gate but x is at its steady state of V.
``common``
    All gates of one name share one x, whose derivative is the mean of theirs; the others are at steady state.
``slice``
    Every gate but x is held at a given value.

Of a `HybridNeuron` of two states nothing is reduced; of more, ``steady`` and ``slice`` take its other states
as gates are taken. Where its threshold moves V is counted from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, get_args

import attrs
import numpy as np
import sympy

from natrium.analysis.equilibria.enclosure import Enclosure, sign_changes
from natrium.analysis.phase_plane.equations import reduce_equations
from natrium.model import (
    AnyNeuron,
    HybridNeuron,
    ModelError,
    UnsupportedModel,
)
from natrium.model.arrays import Array
from natrium.model.derived import jacobian_of
from natrium.model.expressions.expression import as_text
from natrium.model.hybrid import relaxation
from natrium.model.kernel import lower_expressions

Reduction = Literal["steady", "common", "slice"]
REDUCTIONS: tuple[str, ...] = get_args(Reduction)

MOST_POWERS = 20  # of x in dV/dt: gates are raised to sixteen at most


@attrs.frozen(slots=False)
class Plane:
    """A neuron reduced to V and one other state x, symbolically.

    Attributes
    ----------
    neuron : Neuron
        The full model.
    x : str
        The gate: ``"Na.h"``, or ``"h"`` where gates of several channels share it.
    reduction : {"steady", "common", "slice"}
    members : tuple of str
        The gates of the full model that x stands for.
    held : tuple of (str, float)
        Of a slice: the other gates and their values.
    symbols : tuple of sympy.Symbol
        V and x.
    dV, dx : sympy.Expr
        Time derivatives, mV/ms and per ms, of V, x, the input and the parameters of ``neuron.system``.
    lift : tuple of sympy.Expr
        Every other state of the full model, of V and x.
    after : sympy.Expr
        x just after a spike, of x before it and V at the threshold.
    scale : (float, float, float)
        What V was multiplied by, and the x that count as 0 and 1; see `in_units`.
    moves_with : tuple of str
        The states with which the threshold moves: V is then what the neuron's V is above it, and so it is in
        `neuron`.
    """

    neuron: AnyNeuron
    x: str
    reduction: Reduction
    members: tuple[str, ...]
    held: tuple[tuple[str, float], ...]
    symbols: tuple[Any, Any]
    dV: Any
    dx: Any
    lift: tuple[Any, ...]
    after: Any
    scale: tuple[float, float, float] = (1.0, 0.0, 1.0)
    moves_with: tuple[str, ...] = ()

    @property
    def v_thresh(self) -> float:
        """The threshold, in the units of V here; infinite without one."""
        return self.neuron.v_thresh * self.scale[0]

    @property
    def is_gate(self) -> bool:
        """Whether x is an open fraction, from 0 to 1."""
        return self.neuron.of_channels

    def in_units(self, factor: float, low: float, high: float) -> Plane:
        """Give the same plane with V multiplied by a factor, and x counted as 0 at `low` and 1 at `high`."""
        V, x = self.symbols
        moved = {V: V / sympy.Float(factor), x: low + (high - low) * x}
        dV, dx = (expr.subs(moved, simultaneous=True) for expr in (self.dV, self.dx))
        return attrs.evolve(self, dV=factor * dV, dx=dx / (high - low), scale=(factor, low, high))

    def from_units(self, curve: Array) -> Array:
        """Give points, shape (2, ...), as V and x themselves."""
        factor, low, high = self.scale
        return np.stack([np.asarray(curve[0]) / factor, low + (high - low) * np.asarray(curve[1])])

    def rhs(self, V: Any, x: Any, I: float) -> Array:
        """Evaluate the planar right-hand side.

        Parameters
        ----------
        V, x : array_like
            mV and no unit; broadcast against each other to shape s.
        I : float
            Input, mV.

        Returns
        -------
        ndarray, shape (2, ...)
            dV/dt in mV/ms, dx/dt per ms.
        """
        V, x = np.broadcast_arrays(np.asarray(V, dtype=float), np.asarray(x, dtype=float))
        return _stack(self._rhs(V, x, I, *self.values), V.shape)

    def jacobian(self, V: Any, x: Any, I: float) -> Array:
        """Evaluate the planar Jacobian, shape (2, 2, ...), per ms; arguments as `rhs`."""
        V, x = np.broadcast_arrays(np.asarray(V, dtype=float), np.asarray(x, dtype=float))
        rows = self._jacobian(V, x, I, *self.values)
        return np.array([_stack(row, V.shape) for row in rows])

    def gates(self, V: Any, x: Any, I: float | None = None) -> Array:
        """Give every gate of the full model at points of the plane, shape (n_gates, ...).

        The input is needed by this, `x_null` and `release` where what they give depends on it.
        """
        V, x = np.broadcast_arrays(np.asarray(V, dtype=float), np.asarray(x, dtype=float))
        return _stack(self._lift(V, x, self._given(I, *self.lift), *self.values), V.shape)

    def x_null(self, V: Any, I: float | None = None) -> Array:
        """Give x on the x-nullcline, where dx/dt = 0, shape as `V`."""
        V, I = np.asarray(V, dtype=float), self._given(I, self.x_steady)
        return np.asarray(_stack(self._x_null(V, 0.0, I, *self.values), V.shape)[0])

    def release(self, x: Any, I: float | None = None) -> Array:
        """Give x at the end of the refractory period of a spike at `x`, shape as `x`.

        By the reset and the refractory rule; what moves then is linear.
        """
        at: Array = np.asarray(x, dtype=float)
        if not self.neuron.fires:
            return at
        I = self._given(I, self.released)
        return np.asarray(_stack(self._release(self.neuron.origin, at, I, *self.values), at.shape)[0])

    def project(self, states: Array) -> Array:
        """Project states of the full model, shape (n_states, n), onto the plane, shape (2, n).

        x is the mean of the gates it stands for.
        """
        labels = self.neuron.system.labels
        rows = [labels.index(label) for label in self.members]
        return np.stack([states[0], states[rows].mean(axis=0)])

    def coefficients(self, V: Any, I: float) -> Array:
        """Give dV/dt as a polynomial in x at each V, lowest power first, shape (n, degree + 1), mV/ms."""
        V = np.atleast_1d(np.asarray(V, dtype=float))
        return np.asarray(_stack(self._coefficients(V, 0.0, I, *self.values), V.shape).T)

    def roots(self, expr: Any, I: float, low: float, high: float) -> tuple[float, ...]:
        """Find every V within (low, high) at which an expression of V and I changes sign, mV."""
        symbols = self._bind(I)
        ((slope,),) = jacobian_of((expr,), self.symbols[:1])
        enclosure = Enclosure((expr, slope), self.symbols[0], symbols)
        scalar = lower_expressions((expr,), (self.symbols[0], *symbols))
        given = tuple(symbols.values())
        return sign_changes(enclosure, lambda V: float(scalar(V, *given)[0]), low, high)

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle the fields alone: functions are lowered anew."""
        return attrs.asdict(self, recurse=False)

    @property
    def values(self) -> tuple[float, ...]:
        """Values of the parameters, in the order of ``neuron.system``."""
        return self.neuron.system.values

    @cached_property
    def powers(self) -> tuple[Any, ...]:
        """dV/dt as SymPy, power by power of x, lowest first; of V, I and the parameters."""
        x = self.symbols[1]
        found: list[Any] = []
        derivative, factorial = self.dV, 1
        while derivative != 0:
            # Looked at before it is differentiated: what is no polynomial only grows by that.
            if len(found) > MOST_POWERS or not derivative.is_polynomial(x):
                raise UnsupportedModel(
                    f"a plane needs dV/dt to be a polynomial in {self.x}, got {as_text(self.dV)[:80]}"
                )
            found.append(derivative.subs(x, 0) / factorial)
            derivative = derivative.diff(x)
            factorial *= len(found)
        return tuple(found)

    @cached_property
    def x_steady(self) -> Any:
        """The x-nullcline as SymPy: every gate's equation is linear in it."""
        x = self.symbols[1]
        slope = self.dx.diff(x)
        if slope.has(x) or slope == 0:
            counted = f", V counted from the threshold, which moves with {x}" if self.moves_with else ""
            raise UnsupportedModel(
                f"a plane needs an equation linear in {self.x}, and not one without it, got d{self.x}/dt = "
                f"{as_text(self.dx)[:80]}{counted}"
            )
        return -self.dx.subs(x, 0) / slope

    @cached_property
    def released(self) -> Any:
        """X at the end of the refractory period as SymPy, of x at the spike and the parameters.

        Raises
        ------
        UnsupportedModel
            When the gates do not relax by themselves then.
        """
        V, x = self.symbols
        system = self.neuron.system
        if system.relaxations is None or system.resting.rhs[0] != 0:
            raise UnsupportedModel(
                "a plane needs V to stand and gates to relax while refractory, got the rule "
                f"{system.refractory.rule!r}: use 'hold' or 'clamp'"
            )
        at = system.reset[0].subs(V, system.origin)
        after = self.after.subs(V, system.origin)
        places = [system.labels.index(label) for label in self.members]
        flows = [system.resting.rhs[place].subs(system.states[place], x) for place in places]
        others = dict(zip(system.states[1:], self.lift, strict=True))
        flow = (sympy.Add(*flows) / len(flows)).subs(others).subs(V, at)
        rate = -flow.diff(x)
        if rate == 0:
            return after
        return relaxation(after, flow.subs(x, 0) / rate, rate, system.refractory.duration)

    @cached_property
    def reduced(self) -> HybridNeuron:
        """The planar model as a neuron of its own, solved like any other.

        The closed form of a clamped refractory period is part of its reset.
        """
        neuron, system, x = self.neuron, self.neuron.system, self.symbols[1]
        if isinstance(neuron, HybridNeuron):
            return reduce_equations(self)
        reset = {"V": system.reset[0], x.name: self.released} if neuron.fires else {}
        used = set[Any]().union(*(expr.free_symbols for expr in (self.dV, self.dx, *reset.values())))
        start = self.project(np.array(neuron.initial_state())[:, np.newaxis])[:, 0]
        return HybridNeuron(
            equations={"V": self.dV, x.name: self.dx},
            initial={"V": float(start[0]), x.name: float(start[1])},
            parameters={
                symbol.name: value
                for symbol, value in zip(system.parameters, system.values, strict=True)
                if symbol in used
            },
            v_thresh=neuron.v_thresh,
            reset=reset,
            tau_ref=neuron.tau_ref,
        )

    def _bind(self, I: float) -> dict[Any, float]:
        system = self.neuron.system
        return {system.input: I, **dict(zip(system.parameters, system.values, strict=True))}

    def _given(self, I: float | None, *expressions: Any) -> float:
        if I is None and any(expr.has(self.neuron.system.input) for expr in expressions):
            raise ModelError("I must be given, got none: what is asked for depends on the input here")
        return 0.0 if I is None else I

    def _lower(self, *expressions: Any) -> Callable[..., Any]:
        system = self.neuron.system
        return lower_expressions(expressions, (*self.symbols, system.input, *system.parameters), "grid")

    @cached_property
    def _rhs(self) -> Callable[..., Any]:
        return self._lower(self.dV, self.dx)

    @cached_property
    def _jacobian(self) -> Callable[..., Any]:
        rows = sympy.Matrix([self.dV, self.dx]).jacobian(self.symbols).tolist()
        return self._lower(*(tuple(row) for row in rows))

    @cached_property
    def _lift(self) -> Callable[..., Any]:
        return self._lower(*self.lift)

    @cached_property
    def _x_null(self) -> Callable[..., Any]:
        return self._lower(self.x_steady)

    @cached_property
    def _release(self) -> Callable[..., Any]:
        return self._lower(self.released)

    @cached_property
    def _coefficients(self) -> Callable[..., Any]:
        return self._lower(*self.powers)


def _stack(rows: Any, shape: tuple[int, ...]) -> Array:
    return np.array([np.broadcast_to(row, shape) for row in rows], dtype=float)
