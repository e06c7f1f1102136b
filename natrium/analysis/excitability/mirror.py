"""Cells whose V an input lowers: what is found of one follows from it with the input's sign turned."""

from __future__ import annotations

from typing import Any, cast

import attrs
import numpy as np

from natrium.analysis.equilibria.curve import equilibrium_curve
from natrium.analysis.equilibria.implicit import held_input
from natrium.model import AnyNeuron, HybridNeuron
from natrium.model.protocol import per_neuron
from natrium.model.scales import scales_of

BESIDE = 1.0  # mV, or of V's scale: below the first place where anything happens


@per_neuron(maxsize=64)
def is_lowered(neuron: AnyNeuron) -> bool:
    """Tell whether the input lowers V: where nothing has happened yet to the lowest equilibria.

    On a branch of saddles more input goes with a lower V and yet raises it.
    """
    if neuron.of_channels:
        return False
    curve = equilibrium_curve(neuron)
    places = [*curve.crossings, *(V for V, _ in curve.changes)]
    V = min(places, default=neuron.landmarks[0]) - BESIDE * scales_of(neuron).V
    held = held_input(neuron)
    slope, side = held(V, 1), float(np.linalg.slogdet(-held.jacobians(np.array([V]))[0])[0])
    return (slope * side or held.inertia(V)) < 0.0


@per_neuron(maxsize=64)
def mirrored(neuron: AnyNeuron) -> AnyNeuron:
    """Give the same neuron with the sign of its input turned."""
    own, system = cast(HybridNeuron, neuron), neuron.system
    flows = {
        label: flow.xreplace({system.input: -system.input})
        for label, flow in zip(system.labels, system.rhs, strict=True)
    }
    return attrs.evolve(own, equations=flows)


def turned(found: Any, *names: str) -> Any:
    """Give a result with the signs of these fields turned, whatever has not one."""
    pairs = ((name, getattr(found, name)) for name in names)
    return attrs.evolve(found, **{name: -value + 0.0 for name, value in pairs if value is not None})
