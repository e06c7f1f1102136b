"""Planes of own equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from natrium.analysis.equilibria.steady_input import steady_states
from natrium.analysis.phase_plane.held import values_of_held
from natrium.model import HybridNeuron, ModelError


def plane_of_equations(
    neuron: HybridNeuron, x: str | None, reduction: str, held: Mapping[str, float] | None
) -> dict[str, Any]:
    """Reduce a neuron of own equations: of two states it is its own plane; give the fields of a `Plane`."""
    system, names = neuron.system, neuron.system.labels[1:]
    if not names:
        raise ModelError("a phase plane needs a state beside V, got V alone: give it a second equation")
    if reduction == "common":
        raise ModelError("reduction must be 'steady' or 'slice' for own equations, got 'common'")
    x = x if x is not None else names[0]
    if x not in names:
        raise ModelError(f"x must be one of the states {', '.join(names)}, got {x!r}")
    symbol = system.states[system.labels.index(x)]
    others = [name for name in names if name != x]
    values = values_of_held(others, reduction, held, "state")
    if values is None:
        lift = steady_states(system, symbol, driven=True)[0]
    else:
        lift = {system.states[system.labels.index(name)]: sympy.Float(float(values[name])) for name in others}
    place = system.states.index(symbol)
    return {
        "neuron": neuron,
        "x": x,
        "reduction": reduction,
        "members": (x,),
        "held": tuple((name, float(value)) for name, value in (held or {}).items()),
        "symbols": (system.states[0], symbol),
        "dV": system.rhs[0].subs(lift, simultaneous=True),
        "dx": system.rhs[place].subs(lift, simultaneous=True),
        "lift": tuple(lift.get(state, state) for state in system.states[1:]),
        "after": system.reset[place].subs(lift, simultaneous=True),
    }


def reduce_equations(plane: Any) -> HybridNeuron:
    """Give the planar model of own equations as a neuron of its own; of two states it is the neuron."""
    neuron: HybridNeuron = plane.neuron
    if len(neuron.equations) == 2:
        return neuron
    system, x = neuron.system, plane.symbols[1]
    own = dict(neuron.parameters)
    # Threshold and refractory period have symbols that no user's parameter can have.
    numbers = {
        symbol: sympy.Float(value)
        for symbol, value in zip(system.parameters, system.values, strict=True)
        if symbol.name not in own
    }
    lift = dict(zip(system.states[1:], plane.lift, strict=True))
    reset = {} if system.passes else {"V": system.reset[0].subs(lift, simultaneous=True)}
    if neuron.fires:
        reset[x.name] = plane.after
    start = plane.project(np.array(neuron.initial_state())[:, np.newaxis])[:, 0]
    return HybridNeuron(
        equations={"V": plane.dV.subs(numbers), x.name: plane.dx.subs(numbers)},
        initial={"V": float(start[0]), x.name: float(start[1])},
        parameters=own,
        v_thresh=neuron.v_thresh if neuron.fires else None,
        reset={name: expr.subs(numbers) for name, expr in reset.items()},
        tau_ref=neuron.tau_ref,
        refractory={
            state.name: "free" if flow != 0 else "hold"
            for state, flow in zip(system.states, system.resting.rhs, strict=True)
            if state in plane.symbols
        },
    )
