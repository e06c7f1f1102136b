"""Gates that may be so fast that they follow V: which they are, in each of many runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import compress

import numpy as np
import numpy.typing as npt
import sympy

from natrium.model import AnyNeuron, GateFlow, HybridSystem, Neuron
from natrium.model.arrays import Array
from natrium.model.kernel import lower_expressions
from natrium.model.scales import scales_of
from natrium.model.unstarted import forget_start
from natrium.solvers.compiled.tables import column, of_parameters, origins, values_of
from natrium.solvers.compiled.taylor.lowering import sets_voltage
from natrium.solvers.runs import Runs

# Per ms, or of the scale of time where that is another: with slower gates explicit steps do as well.
FAST = 40.0
SPIKE = 120.0  # mV, or of the scale of V: how high V gets that nothing resets
LOOKS = np.linspace(0.0, 1.0, 33)


@lru_cache(maxsize=256)
def gates_that_follow(structure: HybridSystem) -> tuple[GateFlow, ...]:
    """Give the states that may follow V: each relaxes by itself, to what and how fast is of V alone."""
    if structure.threshold_moves:
        return ()
    given = {gate.state: gate for gate in structure.gates}
    found, moving = [], {*structure.states[1:], structure.input}
    for state, flow in zip(structure.states[1:], structure.rhs[1:], strict=True):
        rate = -flow.diff(state)
        if rate != 0:
            gate = given.get(state, GateFlow(state, flow.subs(state, 0) / rate, rate))
            if moving.isdisjoint(gate.inf.free_symbols | gate.rate.free_symbols):
                found.append(gate)
    return tuple(found)


def followers_of(neuron: AnyNeuron, which: Iterable[bool] | None = None) -> tuple[GateFlow, ...]:
    """Give the gates that are fast where the cell lives, of `gates_that_follow` those told, if any are."""
    gates = gates_that_follow(neuron.system.structure)
    return tuple(compress(gates, _fast_of(neuron) if which is None else which))


def find_followers(runs: Runs) -> npt.NDArray[np.bool_]:
    """Tell which of `gates_that_follow` are fast where the cell lives, shape (n_runs, n_gates)."""
    if runs.neuron_varies:
        return _look(runs)
    is_fast = np.array(_fast_of(runs.neuron), dtype=bool)
    return np.broadcast_to(is_fast, (runs.n_runs, is_fast.size))


def _fast_of(neuron: AnyNeuron) -> tuple[bool, ...]:
    if isinstance(neuron, Neuron) and sets_voltage(neuron.system.structure):
        return _look_alone(forget_start(neuron))
    return _look_alone(neuron)


@lru_cache(maxsize=256)
def _look_alone(neuron: AnyNeuron) -> tuple[bool, ...]:
    return tuple(_look(Runs(neuron=neuron, t_end=1.0))[0].tolist())


def _look(runs: Runs) -> npt.NDArray[np.bool_]:
    structure = runs.neuron.system.structure
    gates = gates_that_follow(structure)
    if not gates:
        return np.zeros((runs.n_runs, 0), dtype=bool)
    law, read = _rates(structure)
    low, high, *values = asked = np.array([*_reach(runs), *values_of(runs).T[read]])
    if np.all(asked == asked[:, :1]):  # in all runs alike
        low, high, *values = asked[:, :1]
    V = low + (high - low) * LOOKS[:, None]
    fastest = [np.max(np.broadcast_to(rate, V.shape), axis=0) for rate in law(V, *values)]
    is_fast = np.array(fastest).T * scales_of(runs.neuron).time > FAST
    return np.broadcast_to(is_fast, (runs.n_runs, len(gates)))


@lru_cache(maxsize=256)
def _rates(structure: HybridSystem) -> tuple[Callable[..., list[Array]], list[int]]:
    """Give the rates of `gates_that_follow` on arrays: of V and of parameters, whose places come with it."""
    rates = tuple(gate.rate for gate in gates_that_follow(structure))
    known = frozenset[sympy.Symbol]().union(*(rate.free_symbols for rate in rates))
    read = [index for index, one in enumerate(structure.parameters) if one in known]
    arguments = (structure.states[0], *(structure.parameters[index] for index in read))
    return lower_expressions(rates, arguments, "grid"), read


def _reach(runs: Runs) -> tuple[Array, Array]:
    """Give between which voltages the cell lives in every run: from its reset or start to where it fires."""
    neuron, system = runs.neuron, runs.neuron.system
    if sets_voltage(system.structure):
        low = of_parameters(system.reset[0], system, values_of(runs))
    else:
        low = column(runs, "v_init", neuron.initial_state()[0])
    if system.passes or not neuron.fires:
        return low, low + SPIKE * scales_of(neuron).V
    return low, origins(runs)
