"""Equilibria of a system whose states need each other: interval Newton in all that is not eliminated."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.analysis.equilibria.enclosure import Enclosure
from natrium.analysis.equilibria.isolation import isolate
from natrium.analysis.equilibria.steady_input import coupled_states, jacobian_at
from natrium.model import AnyNeuron
from natrium.model.arrays import Array

REACH, FINE = 1e9, 1e-6  # a state that is neither V nor a share is looked for this far, with digits so small


@attrs.frozen(eq=False)
class Rest:
    """A state at which all equations vanish, or a box in which that is undecided.

    Attributes
    ----------
    state : ndarray, shape (n_states,)
    box : ndarray, shape (n_states, 2)
        Where it is proven to be the only one; or where it is undecided.
    jacobian : ndarray, shape (n_states, n_states)
        There, per ms.
    proven : bool
    """

    state: Array
    box: Array
    jacobian: Array
    proven: bool


def rests(neuron: AnyNeuron, I: float, low: float, high: float) -> tuple[Rest, ...]:
    """Find every state at which a neuron stands still at a constant input.

    Parameters
    ----------
    neuron : AnyNeuron
        Whatever its equations: no state need follow from V, nor the input stand by itself.
    I : float
        Input, mV.
    low, high : float
        Where V is looked for, mV; gates and shares of a scheme are from 0 to 1, all else within a thousand
        million of 0.

    Returns
    -------
    tuple of Rest
        In order of V.

    Raises
    ------
    SolverError
        When the budget of `isolate` does not do.
    """
    system = neuron.system
    coupled, steady = coupled_states(system)
    flows = dict(zip(system.states, system.rhs, strict=True))
    shares = {state for state, inside in zip(system.states, system.fractions, strict=True) if inside}
    edges = np.array([[0.0, 1.0] if state in shares else [-REACH, REACH] for state in coupled])
    edges[0] = low, high
    scales = np.where(edges[:, 1] == REACH, FINE, 1.0)
    values = dict(zip((system.input, *system.parameters), (I, *system.values), strict=True))
    functions = [flows[state].subs(steady, simultaneous=True) for state in coupled]
    zeros = isolate(functions, coupled, values, edges[:, 0], edges[:, 1], scales)
    everything = Enclosure([steady.get(state, state) for state in system.states], coupled, values)

    def whole(boxes: Any) -> Any:
        bounds = everything(boxes[..., 0].T, boxes[..., 1].T)
        return np.array([[one.low, one.high] for one in bounds]).transpose(2, 0, 1)

    found = []
    for points, boxes, proven in (
        (np.stack([zeros.points] * 2, axis=-1), zeros.boxes, True),
        (zeros.undecided, zeros.undecided, False),
    ):
        for state, box in zip(whole(points).mean(axis=2), whole(boxes), strict=True):
            found.append(Rest(state, box, jacobian_at(system, state, I), proven))
    return tuple(sorted(found, key=lambda rest: float(rest.state[0])))
