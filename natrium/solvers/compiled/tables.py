"""What many runs ask of the lanes, as tables: a row of numbers for each run, and its input's pieces."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from natrium.model import AnyNeuron, GateFlow, HybridSystem, Kernel, lower
from natrium.model.arrays import Array
from natrium.model.kernel import lower_expressions
from natrium.model.scales import scales_of
from natrium.model.unstarted import forget_start
from natrium.solvers.compiled.lane_tables import FIRST, Tables
from natrium.solvers.compiled.parts import part
from natrium.solvers.compiled.taylor.lowering import (
    check_threshold,
    native_flow,
    native_formula,
    native_jump,
    native_surfaces,
    rests_apart,
    sets_voltage,
    taylor_program,
)
from natrium.solvers.compiled.taylor.nodes import READY
from natrium.solvers.inputs import InputTable
from natrium.solvers.refractory import find_targets
from natrium.solvers.runs import Runs


def column(runs: Runs, name: str, usual: float) -> Array:
    """Give one of the neuron's numbers in every run, the usual one where it does not vary."""
    if name in runs.varied:
        return np.asarray(runs.varied[name], dtype=float)
    return np.full(runs.n_runs, usual)


def origins(runs: Runs) -> Array:
    """Give what V is measured from in every run, mV."""
    neuron, system = runs.neuron, runs.neuron.system
    check_threshold(system)
    if not system.origin.is_Symbol:
        return of_parameters(system.origin, system, values_of(runs))
    # Without a threshold a neuron of channels is measured from rest, another from its start.
    name = "v_thresh" if neuron.fires else "v_rest" if neuron.of_channels else "v_init"
    return column(runs, name, neuron.origin)


def values_of(runs: Runs) -> Array:
    """Give the values of the system's parameters in every run, shape (n_runs, n_parameters)."""
    system = runs.neuron.system
    values = np.tile(np.array(system.values), (runs.n_runs, 1))
    symbols = {one.symbol: name for name, one in runs.parameters.items() if one.symbol} if runs.varied else {}
    for index, symbol in enumerate(system.parameters):
        name = symbols.get(symbol.name, symbol.name)
        if name in runs.varied:
            values[:, index] = runs.varied[name]
        if symbol == system.origin:
            values[:, index] = origins(runs)
    return values


def tables_of(
    runs: Runs,
    inputs: InputTable,
    kernel: Kernel,
    samples: Array,
    settings: dict[str, Any],
    fast: tuple[GateFlow, ...] = (),
) -> Tables:
    """Lay out what is asked.

    Parameters
    ----------
    runs : Runs
        Each with an input in the table.
    inputs : InputTable
    kernel : Kernel
        Of the runs' system.
    samples : ndarray, shape (n_samples,)
        ms, increasing.
    settings : dict
        What `Tables` knows of the solver's settings, by name.
    fast : tuple of GateFlow
        The gates that may follow V.
    """
    neuron, system = runs.neuron, kernel.system
    pieces = (inputs.piece_begin, inputs.piece_end, inputs.level, inputs.slope, inputs.longest)
    jump, flow, surfaces = native_jump(system), native_flow(system), native_surfaces(system)
    n_sides = len(taylor_program(system.structure).sides)
    n_fast = len(fast)
    rows = _rows(runs, n_fast) if runs.neuron_varies else np.tile(_row_of(neuron, n_fast), (runs.n_runs, 1))
    return Tables(
        runs=rows,
        input_of=inputs.input_of,
        first_piece=inputs.first_piece,
        pieces=np.column_stack(pieces),
        first_term=inputs.first_term,
        term_kind=inputs.term_kind,
        terms=inputs.term,
        formulas=np.array([native_formula(formula).address for formula in inputs.formulas], dtype=np.int64),
        first_kick=inputs.first_kick,
        kick_time=inputs.kick_time,
        kick_place=inputs.kick_place,
        kick_amount=inputs.kick_amount,
        samples=samples - runs.t_start,
        t_start=runs.t_start,
        unit=scales_of(neuron).time,
        duration=runs.t_end - runs.t_start,
        fires=neuron.fires,
        passes=system.passes,
        stands=rests_apart(system.structure),
        jump=0 if jump is None else jump.address,
        flow=0 if flow is None else flow.address,
        sides=0 if surfaces is None else surfaces.address,
        first_side=len(system.parameters),
        n_sides=n_sides,
        fill_input=part("fill_input") if inputs.term_kind.size else 0,
        leap=part("leap") if flow else 0,
        settle_sides=part("settle_sides") if n_sides else 0,
        find_turn=part("find_turn") if n_sides else 0,
        turn=part("turn") if n_sides else 0,
        **settings,
    )


def _row_of(neuron: AnyNeuron, n_fast: int) -> Array:
    """Give the row of a neuron whose parameters do not vary, shape (1, n_columns)."""
    if not neuron.of_channels:
        return _kept_row(neuron, n_fast)[0]
    kept, origin = _kept_row(forget_start(neuron), n_fast)
    row, start = kept.copy(), np.array(neuron.initial_state())
    start[0] -= origin
    row[0, FIRST : FIRST + start.size] = start
    return row


@lru_cache(maxsize=256)
def _kept_row(neuron: AnyNeuron, n_fast: int) -> tuple[Array, float]:
    """Give the same with what V is measured from, mV, once for a neuron."""
    runs = Runs(neuron=neuron, t_end=1.0)
    return _rows(runs, n_fast), float(origins(runs)[0])


def _rows(runs: Runs, n_fast: int) -> Array:
    """Give what the lanes know of each run but its input, shape (n_runs, n_columns)."""
    neuron, kernel = runs.neuron, lower(runs.neuron.system)
    system, values, origin = kernel.system, values_of(runs), origins(runs)
    stands, plain = rests_apart(system.structure), sets_voltage(system.structure)
    after = of_parameters(system.reset[0], system, values) if plain else origin
    rates, targets = _rest(kernel, after) if stands else (np.zeros((runs.n_runs, len(system.states))),) * 2
    gap, tau_ref = of_parameters(system.gap, system, values), column(runs, "tau_ref", neuron.tau_ref)
    sides = np.ones((runs.n_runs, len(taylor_program(system.structure).sides)))
    modes = np.full((runs.n_runs, n_fast), READY)
    moves = [] if stands else [np.ones(runs.n_runs)]
    start = _initial(runs, origin)
    return np.column_stack(
        [after - origin, gap, tau_ref, start, rates, targets, values, sides, modes, *moves]
    )


def of_parameters(expression: Any, system: HybridSystem, values: Array) -> Array:
    """Evaluate what follows from a run's parameters alone, in every run."""
    found = lower_expressions((expression,), system.parameters, "grid")(*values.T)[0]
    return np.array(np.broadcast_to(found, len(values)), dtype=float)


def _initial(runs: Runs, origin: Array) -> Array:
    """Give the states at the start, V measured from its origin, shape (n_runs, n_states)."""
    usual = runs.neuron.initial_state()
    v_init = column(runs, "v_init", usual[0])
    start = np.tile(np.array(usual), (runs.n_runs, 1))
    if "v_init" in runs.varied and any(runs.neuron.starts_steady):
        distinct, where = np.unique(v_init, return_inverse=True)
        neurons = [runs.neuron.changed({"v_init": v}) for v in distinct.tolist()]
        start = np.array([neuron.initial_state() for neuron in neurons])[where]
    start[:, 0] = v_init - origin
    return start


def _rest(kernel: Kernel, after: Array) -> tuple[Array, Array]:
    """Give each state's rate and target while refractory, shape (n_runs, n_states) each.

    The lanes keep V where the reset puts it, and know rates and targets that are functions of it alone.
    """
    if not kernel.relaxations:  # all stands still
        zeros = np.zeros((after.size, len(kernel.system.states)))
        return zeros, zeros
    distinct, where = np.unique(after, return_inverse=True)
    others = np.zeros(len(kernel.system.states) - 1)  # what stands still, wherever it is
    found = [find_targets(kernel, np.array([v, *others])) for v in distinct.tolist()]
    return np.array([rates for rates, _ in found])[where], np.array([target for _, target in found])[where]
