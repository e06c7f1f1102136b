r"""Planar reductions of a neuron with any number of gates: (V, x), derived from its symbolic system.

Three reductions, each an assumption that `reduction_error` measures:

``steady``
    Every gate but x is at its steady state of V.
``common``
    All gates of one name share one x, whose derivative is the mean of theirs; the others are at steady state.
``slice``
    Every gate but x is held at a given value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, get_args

import attrs
import numpy as np
import sympy

from natrium.analysis.equilibria.enclosure import Enclosure, sign_changes
from natrium.model import Choice, HybridNeuron, ModelError, Neuron, Number, UnsupportedModel, check_neuron
from natrium.model.arrays import Array
from natrium.model.hybrid import relaxation
from natrium.model.kernel import lower, lower_expressions

Reduction = Literal["steady", "common", "slice"]
REDUCTIONS: tuple[str, ...] = get_args(Reduction)

# mV: a gate open less at the second voltage than at the first closes as the cell depolarises.
POLARISED, DEPOLARISED = -100.0, 0.0


@attrs.frozen(slots=False)
class Plane:
    """A neuron reduced to V and one gate x, symbolically.

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
        Every gate of the full model, of V and x.
    """

    neuron: Neuron
    x: str
    reduction: Reduction
    members: tuple[str, ...]
    held: tuple[tuple[str, float], ...]
    symbols: tuple[Any, Any]
    dV: Any
    dx: Any
    lift: tuple[Any, ...]

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
        ndarray, shape (2, *s)
            dV/dt in mV/ms, dx/dt per ms.
        """
        V, x = np.broadcast_arrays(np.asarray(V, dtype=float), np.asarray(x, dtype=float))
        return _stack(self._rhs(V, x, I, *self.values), V.shape)

    def jacobian(self, V: Any, x: Any, I: float) -> Array:
        """Evaluate the planar Jacobian, shape (2, 2, *s), per ms; arguments as `rhs`."""
        V, x = np.broadcast_arrays(np.asarray(V, dtype=float), np.asarray(x, dtype=float))
        rows = self._jacobian(V, x, I, *self.values)
        return np.array([_stack(row, V.shape) for row in rows])

    def gates(self, V: Any, x: Any) -> Array:
        """Give every gate of the full model at points of the plane, shape (n_gates, *s)."""
        V, x = np.broadcast_arrays(np.asarray(V, dtype=float), np.asarray(x, dtype=float))
        return _stack(self._lift(V, x, 0.0, *self.values), V.shape)

    def x_null(self, V: Any) -> Array:
        """Give x on the x-nullcline, where dx/dt = 0, shape as `V`."""
        V = np.asarray(V, dtype=float)
        return np.asarray(_stack(self._x_null(V, 0.0, 0.0, *self.values), V.shape)[0])

    def release(self, x: Any) -> Array:
        """Give x at the end of the refractory period of a spike at `x`, shape as `x`.

        By the refractory rule; what moves at v_reset is linear there.
        """
        at: Array = np.asarray(x, dtype=float)
        if not self.neuron.fires:
            return at
        return np.asarray(_stack(self._release(self.neuron.v_reset, at, 0.0, *self.values), at.shape)[0])

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
        enclosure = Enclosure((expr, expr.diff(self.symbols[0])), self.symbols[0], symbols)
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
        found, derivative, factorial = [], self.dV, 1
        while derivative != 0:
            found.append(derivative.subs(x, 0) / factorial)
            derivative = derivative.diff(x)
            factorial *= len(found)
        return tuple(found)

    @cached_property
    def x_steady(self) -> Any:
        """The x-nullcline as SymPy: every gate's equation is linear in it."""
        x = self.symbols[1]
        return -self.dx.subs(x, 0) / self.dx.diff(x)

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
        places = [system.labels.index(label) for label in self.members]
        flows = [system.resting.rhs[place].subs(system.states[place], x) for place in places]
        flow = (sympy.Add(*flows) / len(flows)).subs(V, system.reset[0])
        rate = -flow.diff(x)
        if rate == 0:
            return x
        return relaxation(x, flow.subs(x, 0) / rate, rate, system.refractory.duration)

    @cached_property
    def reduced(self) -> HybridNeuron:
        """The planar model as a neuron of its own, solved like any other.

        The closed form of a clamped refractory period is part of its reset.
        """
        neuron, system, x = self.neuron, self.neuron.system, self.symbols[1]
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


def planar(
    neuron: Neuron,
    x: str | None = None,
    reduction: Reduction = "steady",
    held: Mapping[str, float] | None = None,
) -> Plane:
    """Reduce a neuron to V and one gate.

    Parameters
    ----------
    neuron : Neuron
        With at least one gate.
    x : str, optional
        The gate that stays: ``"Na.h"``; for ``"common"`` its name alone, ``"h"``. By default the first gate
        named h, else the first that closes with depolarisation, else the slowest at v_rest.
    reduction : {"steady", "common", "slice"}
    held : mapping of str to float, optional
        For ``"slice"``: the values of all other gates.

    Raises
    ------
    ModelError
        When there is no such gate, or a slice does not say where the others are held.

    References
    ----------
    .. [1] R. FitzHugh, "Impulses and physiological states in theoretical models of nerve membrane",
       Biophys. J. 1 (1961) 445-466: the four variables projected onto a plane.
       https://doi.org/10.1016/S0006-3495(61)86902-6
    .. [2] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), ch. 3: fast gates at steady state.
       https://doi.org/10.7551/mitpress/2526.001.0001

    Examples
    --------
    >>> import natrium
    >>> plane = planar(natrium.notebook.lif_na().neuron)
    >>> plane.x, plane.reduction
    ('Na.h', 'steady')
    """
    check_neuron(neuron)
    Choice(REDUCTIONS).check("reduction", reduction)
    system = neuron.system
    if not system.gates:
        raise ModelError(
            "a phase plane needs a gate beside V, got a neuron without gates: give it a channel with gates"
        )
    x = x if x is not None else _default_gate(neuron)
    labels = system.labels[1:]
    shared = reduction == "common"
    members = _members(labels, x, shared)
    symbol = _shared_symbol(neuron, x.split(".")[-1]) if shared else system.gates[members[0]].state
    lift = dict(_others(neuron, members, reduction, held))
    lift |= {system.gates[index].state: symbol for index in members}
    flows = [system.rhs[1 + index].subs(system.gates[index].state, symbol) for index in members]
    return Plane(
        neuron=neuron,
        x=x.split(".")[-1] if shared else labels[members[0]],
        reduction=reduction,
        members=tuple(labels[index] for index in members),
        held=tuple((name, float(value)) for name, value in (held or {}).items()),
        symbols=(system.states[0], symbol),
        dV=system.rhs[0].subs(lift, simultaneous=True),
        dx=sympy.Add(*flows) / len(flows),
        lift=tuple(lift[gate.state] for gate in system.gates),
    )


def _default_gate(neuron: Neuron) -> str:
    labels, kernel = neuron.system.labels[1:], lower(neuron.system)
    for label in labels:
        if label.endswith(".h"):
            return label
    with np.errstate(all="ignore"):
        pairs = zip(labels, kernel.steady(POLARISED), kernel.steady(DEPOLARISED), strict=True)
        closing = [label for label, before, after in pairs if after < before]
    return closing[0] if closing else labels[int(np.argmin(kernel.relaxation(neuron.v_rest)))]


def _members(labels: tuple[str, ...], x: str, shared: bool) -> list[int]:
    """Give the places of the gates that x stands for."""
    name = x.split(".")[-1]
    if "." in x and x not in labels:
        found = []
    elif shared or "." not in x:
        found = [index for index, label in enumerate(labels) if label.split(".")[1] == name]
    else:
        found = [labels.index(x)]
    if not found or (len(found) > 1 and not shared):
        hint = "; reduction='common' takes several as one" if found else ""
        raise ModelError(f"x must name one gate of {', '.join(labels)}, got {x!r}{hint}")
    return found


def _shared_symbol(neuron: Neuron, name: str) -> Any:
    system = neuron.system
    taken = {symbol.name for symbol in (*system.states, *system.parameters, system.input)}
    while name in taken:
        name += "_"
    return sympy.Symbol(name, real=True)


def _others(
    neuron: Neuron, members: list[int], reduction: str, held: Mapping[str, float] | None
) -> dict[Any, Any]:
    """Give the other gates as SymPy: at steady state, or held."""
    system = neuron.system
    others = {
        system.labels[1 + index]: gate for index, gate in enumerate(system.gates) if index not in members
    }
    if reduction != "slice":
        if held:
            raise ModelError(
                f"held goes with reduction='slice' alone, got {', '.join(held)} with {reduction!r}: "
                "leave it out"
            )
        return {gate.state: gate.inf for gate in others.values()}
    if set(held or {}) != set(others):
        raise ModelError(
            f"held must give a value to each of {', '.join(others) or 'no gate'}, got "
            f"{', '.join(held or {}) or 'none'}"
        )
    for name, value in (held or {}).items():
        Number(low=0.0, high=1.0).check(f"held[{name!r}]", value)
    return {gate.state: sympy.Float(float((held or {})[name])) for name, gate in others.items()}
