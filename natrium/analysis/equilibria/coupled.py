"""Equilibria of a system whose states need each other: interval Newton in all that is not eliminated."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import attrs
import numpy as np

from natrium.analysis.equilibria.enclosure import Enclosure
from natrium.analysis.equilibria.flow import jacobian_at
from natrium.analysis.equilibria.isolation import isolate
from natrium.analysis.equilibria.steady_input import coupled_states
from natrium.model import AnyNeuron, HybridSystem
from natrium.model.arrays import Array

REACH, FINE = 1e9, 1e-6  # a state that is neither V nor a share is looked for this far, with digits so small
HELD = 1e4  # likewise where V is held, so that nothing else bounds it
Ranges = dict[Any, tuple[float, float]]


@attrs.frozen(eq=False)
class Rest:
    """A state at which all equations vanish, or a box in which that is undecided."""

    state: Array  # shape (n_states,)
    box: Array  # shape (n_states, 2): where it is proven to be the only one; or where it is undecided
    jacobian: Array  # shape (n_states, n_states): there, per ms
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
        Where V is looked for, mV; gates and shares of a scheme are from 0 to 1, calcium is not below 0, all
        else within a thousand million of 0.

    Returns
    -------
    tuple of Rest
        In order of V.

    Raises
    ------
    SolverError
        When the budget of `isolate` does not do.
    """
    found = _all(neuron, I, {neuron.system.states[0]: (low, high)}, held=False)
    return tuple(sorted(found, key=lambda rest: float(rest.state[0])))


def rests_at(neuron: AnyNeuron, V: float) -> list[Rest]:
    """Find every state in which all but V stand still while V is held, mV; the input moves V alone."""
    return _all(neuron, 0.0, {neuron.system.states[0]: (V, V)}, held=True)


def _all(neuron: AnyNeuron, I: float, within: Ranges, *, held: bool) -> list[Rest]:
    system = neuron.system.pruned.structure
    found, unbounded = _isolated(neuron, I, _eliminated(system, held), within)
    for box in unbounded:  # a pole of what was eliminated: with nothing eliminated it can be left out
        found += _isolated(neuron, I, _entire(system, held), within | box)[0]
    return found


@attrs.frozen(eq=False)
class _Parted:
    """A system's states parted, once per structure: those isolated together, and all as functions of them."""

    coupled: tuple[Any, ...]
    functions: tuple[Any, ...]
    everything: Enclosure


def _parted(system: HybridSystem, coupled: tuple[Any, ...], steady: dict[Any, Any], held: bool) -> _Parted:
    coupled = coupled[1:] if held else coupled
    flows = dict(zip(system.states, system.rhs, strict=True))
    functions = tuple(flows[state].subs(steady, simultaneous=True) for state in coupled)
    return _Parted(coupled, functions, Enclosure([steady.get(x, x) for x in system.states], coupled, {}))


@lru_cache(maxsize=64)
def _eliminated(system: HybridSystem, held: bool) -> _Parted:
    return _parted(system, *coupled_states(system), held)


@lru_cache(maxsize=64)
def _entire(system: HybridSystem, held: bool) -> _Parted:
    gates = {gate.state: gate.inf for gate in system.gates}
    return _parted(system, tuple(state for state in system.states if state not in gates), gates, held)


def _isolated(
    neuron: AnyNeuron, I: float, parted: _Parted, within: Ranges
) -> tuple[list[Rest], list[Ranges]]:
    """Isolate in some states; give what is found, and undecided ranges of them where others are unbounded."""
    system, coupled = neuron.system, parted.coupled
    held = system.states[0] not in coupled
    reach = HELD if held else REACH
    shares = {state for state, inside in zip(system.states, system.fractions, strict=True) if inside}
    least = dict.fromkeys(system.amounts, 0.0)
    usual = {state: (0.0, 1.0) if state in shares else (least.get(state, -reach), reach) for state in coupled}
    edges = np.array([(usual | within)[state] for state in coupled])
    scales = np.array([1.0 if state in (system.states[0], *shares) else FINE for state in coupled])
    values = dict(zip((system.input, *system.parameters), (I, *system.values), strict=True))
    if held:
        values[system.states[0]] = within[system.states[0]][0]
    zeros = isolate(parted.functions, coupled, values, edges[:, 0], edges[:, 1], scales)
    everything = parted.everything.at(values)

    def whole(boxes: Any) -> Any:
        bounds = everything(boxes[..., 0].T, boxes[..., 1].T)
        return np.array([[one.low, one.high] for one in bounds]).transpose(2, 0, 1)

    points = np.stack([zeros.points] * 2, axis=-1)
    found = [
        Rest(state, box, jacobian_at(system, state, I), proven=True)
        for state, box in zip(whole(points).mean(axis=2), whole(zeros.boxes), strict=True)
    ]
    unbounded: list[Ranges] = []
    for part, box in zip(zeros.undecided, whole(zeros.undecided), strict=True):
        if np.all(np.isfinite(box)):
            state = box.mean(axis=1)
            found.append(Rest(state, box, jacobian_at(system, state, I), proven=False))
        else:
            unbounded.append(dict(zip(coupled, map(tuple, part), strict=True)))
    return found, unbounded
