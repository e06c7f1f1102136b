"""A neuron whose threshold moves, as one whose threshold stands: V counted from it."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.model import HybridNeuron, UnsupportedModel, lower


def standing(neuron: HybridNeuron) -> HybridNeuron:
    """Give the same neuron with u = V - threshold in the place of V, and a threshold of zero.

    Parameters
    ----------
    neuron : HybridNeuron
        With a threshold that moves.

    Raises
    ------
    UnsupportedModel
        When V and the threshold do not stand, or move by their own flow, together while refractory: u then
        moves by a flow of its own.
    """
    system = neuron.system
    V, origin = system.states[0], system.origin
    shift: dict[Any, Any] = {V: V + origin}
    flows = dict(zip(system.states, system.rhs, strict=True))
    drift = sum(origin.diff(state) * flow for state, flow in list(flows.items())[1:])
    after = dict(zip(system.states, system.reset, strict=True))
    after[V] = after[V] - origin.subs(after, simultaneous=True)
    reset = {state.name: expr.subs(shift, simultaneous=True).expand() for state, expr in after.items()}
    start = lower(system).frame.inward(np.array(neuron.initial_state()))
    return attrs.evolve(
        neuron,
        equations={
            state.name: (flow - drift if state == V else flow).subs(shift, simultaneous=True)
            for state, flow in flows.items()
        },
        initial=dict(zip(system.labels, start.tolist(), strict=True)),
        v_thresh=0.0,
        reset={name: expr for name, expr in reset.items() if str(expr) != name},
        refractory=_refractory(neuron),
    )


def _refractory(neuron: HybridNeuron) -> Any:
    system = neuron.system
    rests = dict(zip(system.labels, system.resting.rhs, strict=True))
    free = {name: rests[name] == flow for name, flow in zip(system.labels, system.rhs, strict=True)}
    together = {free[name] for name in (system.labels[0], *system.threshold_moves)}
    if len(together) > 1 and neuron.tau_ref > 0.0:
        raise UnsupportedModel(
            "a plane needs V and the threshold to stand or to move together while refractory, got "
            + ", ".join(
                f"{name} {'free' if free[name] else 'held'}" for name in ("V", *system.threshold_moves)
            )
            + ": set tau_ref to 0, or say the same of each"
        )
    return {name: "free" if free[name] else "hold" for name in system.labels}
