"""Planes of neurons of channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from natrium.analysis.phase_plane.held import values_of_held
from natrium.model import AnyNeuron, ModelError, Neuron, Number, UnsupportedModel
from natrium.model.checks import check_kind
from natrium.model.kernel import lower

# mV: a gate open less at the second voltage than at the first closes as the cell depolarises.
POLARISED, DEPOLARISED = -100.0, 0.0


def plane_of_channels(
    neuron: AnyNeuron, x: str | None, reduction: str, held: Mapping[str, float] | None
) -> dict[str, Any]:
    """Reduce a neuron to V and one gate, or the gates of one name; give the fields of a `Plane`."""
    system = neuron.system
    if len(system.gates) < len(system.states) - 1:
        raise UnsupportedModel(
            "a phase plane needs gates of V alone beside V, got a kinetic scheme, calcium or synapses"
        )
    if not isinstance(neuron, Neuron) or not system.gates:
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
    return {
        "neuron": neuron,
        "x": x.split(".")[-1] if shared else labels[members[0]],
        "reduction": reduction,
        "members": tuple(labels[index] for index in members),
        "held": tuple((name, float(value)) for name, value in (held or {}).items()),
        "symbols": (system.states[0], symbol),
        "dV": system.rhs[0].subs(lift, simultaneous=True),
        "dx": sympy.Add(*flows) / len(flows),
        "lift": tuple(lift[gate.state] for gate in system.gates),
        "after": symbol,
    }


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
    check_kind("x", x, str)
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
    values = values_of_held(tuple(others), reduction, held, "gate")
    if values is None:
        return {gate.state: gate.inf for gate in others.values()}
    for name, value in values.items():
        Number(low=0.0, high=1.0).check(f"held[{name!r}]", value)
    return {gate.state: sympy.Float(float(values[name])) for name, gate in others.items()}
