"""Many runs through the lanes: their tables, the lanes' memory, and the results."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from natrium.model import Formula, Kernel, Neuron, UnsupportedModel, lower
from natrium.solvers.bernstein import Array, from_monomials
from natrium.solvers.inputs import InputTable, tabulated
from natrium.solvers.runs import Runs

if TYPE_CHECKING:
    from natrium.solvers.lanes import Results

__all__ = ["Settings", "carry"]

WIDTH = 8  # lanes: one vector register of AVX-512, two of AVX2
TURNS = 20_000  # of all lanes, between two looks at what the user wants
ROOM = 1024  # spikes or steps that a buffer begins with
LONG = 1.5  # s, after which compiling is told
# The rows of numbers that the native step knows, in the lanes' order.
ROWS = ("base", "rate", "time", "end", "longest", "watch", "steps", "length", "bound")
ALIGNMENT = 64  # bytes: a row of eight lanes is one line of cache


@attrs.frozen(kw_only=True)
class Settings:
    """How to carry runs.

    Attributes
    ----------
    rtol : float
        Tolerance of the last terms of u (mV).
    gate_tolerance : float
        The same of gates.
    order : int
        Of the Taylor series.
    step_scale : float
        Shortens the longest step.
    max_spikes, max_steps : int
    """

    atol: float
    gate_atol: float
    order: int
    step_scale: float
    max_spikes: int
    max_steps: int


def aligned(*shape: int) -> Array:
    """Give zeros that begin at a line of cache."""
    size = int(np.prod(shape))
    raw = np.zeros(size + ALIGNMENT // 8)
    offset = (-raw.ctypes.data % ALIGNMENT) // 8
    return raw[offset : offset + size].reshape(shape)


@contextmanager
def _told() -> Iterator[None]:
    """Say so on standard error where compiling takes its time."""

    def say() -> None:
        sys.stderr.write("natrium: compiling the solver (once on this machine; a few seconds) ...\n")
        sys.stderr.flush()

    timer = threading.Timer(LONG, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@lru_cache(maxsize=1)
def engine() -> Any:
    """Load the compiled part.

    Raises
    ------
    UnsupportedModel
        When numba is not installed.
    """
    try:
        import natrium.solvers.lanes as lanes
    except ImportError as error:
        raise UnsupportedModel(
            f"the compiled solver needs numba, which cannot be imported ({error}): pip install numba, "
            'or use solver="event"'
        ) from None
    return lanes


def carry(runs: Runs, inputs: InputTable, settings: Settings, samples: Array, record: bool) -> Results:
    """Carry runs through the lanes.

    Parameters
    ----------
    runs : Runs
        Of a `Neuron`, each with an input in the table.
    inputs : InputTable
    settings : Settings
    samples : ndarray, shape (n_samples,)
        ms, increasing.
    record : bool
        Keep every step's series; one run at a time then.

    Returns
    -------
    Results
    """
    lanes = engine()
    kernel = lower(runs.neuron.system)
    width = 1 if runs.n_runs == 1 else WIDTH
    with _told():
        tables = _tables(lanes, runs, inputs, settings, samples, kernel)
        memory, _kept = _memory(lanes, runs, kernel, inputs, settings, width)
        out = _results(lanes, runs, samples.size, settings.order, record)
        lanes.advance(tables, memory, out, 0)
    while True:
        code = lanes.advance(tables, memory, out, TURNS)
        if code == lanes.DONE:
            return out  # type: ignore[no-any-return]  # numba's functions are untyped
        if code == lanes.FULL:
            out = _grown(out)


def column(runs: Runs, name: str) -> Array:
    """Give one of the neuron's numbers in every run."""
    if name in runs.varied:
        return np.asarray(runs.varied[name], dtype=float)
    return np.full(runs.n_runs, float(getattr(runs.neuron, name)))


def origins(runs: Runs) -> Array:
    """Give what V is measured from in every run, mV."""
    return column(runs, "v_thresh" if runs.neuron.fires else "v_rest")


def _tables(
    lanes: Any, runs: Runs, inputs: InputTable, settings: Settings, samples: Array, kernel: Kernel
) -> Any:
    neuron, n = runs.neuron, runs.n_runs
    assert isinstance(neuron, Neuron)
    system = neuron.system
    origin = origins(runs)
    values = np.tile(np.array(system.values), (n, 1))
    for index, symbol in enumerate(system.parameters):
        if symbol.name in runs.varied:
            values[:, index] = runs.varied[symbol.name]
        if symbol == system.origin:
            values[:, index] = origin
    rates, targets = _rest(runs, kernel)
    columns = [column(runs, "v_reset") - origin, origin - column(runs, "v_rest"), column(runs, "tau_ref")]
    pieces = (inputs.piece_begin, inputs.piece_end, inputs.level, inputs.slope, inputs.longest)
    return lanes.Tables(
        runs=np.column_stack([*columns, _initial(runs, origin), rates, targets, values]),
        input_of=inputs.input_of,
        first_piece=inputs.first_piece,
        pieces=np.column_stack(pieces),
        first_term=inputs.first_term,
        term_kind=inputs.term_kind,
        terms=inputs.term,
        formulas=np.array([_formula(formula).address for formula in inputs.formulas], dtype=np.int64),
        samples=samples - runs.t_start,
        t_start=runs.t_start,
        duration=runs.t_end - runs.t_start,
        fires=neuron.fires,
        max_spikes=settings.max_spikes,
        max_steps=settings.max_steps,
        step_scale=settings.step_scale,
        atol=settings.atol,
    )


def _initial(runs: Runs, origin: Array) -> Array:
    v_init = column(runs, "v_init")
    if "v_init" not in runs.varied:
        start = np.tile(np.array(runs.neuron.initial_state()), (runs.n_runs, 1))
    else:
        distinct, where = np.unique(v_init, return_inverse=True)
        start = np.array([attrs.evolve(runs.neuron, v_init=v).initial_state() for v in distinct.tolist()])[
            where
        ]  # type: ignore[call-arg]  # a Neuron here
    start[:, 0] = v_init - origin
    return start


def _rest(runs: Runs, kernel: Kernel) -> tuple[Array, Array]:
    """Give each state's rate and target while refractory, as `refractory.rest_segment` does."""
    n_states = len(runs.labels)
    rates, targets = np.zeros((runs.n_runs, n_states)), np.zeros((runs.n_runs, n_states))
    if kernel.system.refractory.rule == "clamp" and n_states > 1:
        distinct, where = np.unique(column(runs, "v_reset"), return_inverse=True)
        rates[:, 1:] = np.array([kernel.relaxation(v) for v in distinct.tolist()])[where]
        steady = np.array([_steady(kernel, v) for v in distinct.tolist()])[where]
        moving = rates[:, 1:] > 0.0
        targets[:, 1:] = np.where(moving, steady, 0.0)
        rates[:, 1:] = np.where(moving, rates[:, 1:], 0.0)
    return rates, targets


def _steady(kernel: Kernel, v: float) -> list[float]:
    try:
        return kernel.steady(v)
    except ZeroDivisionError:
        return [np.nan] * len(kernel.system.gates)


@lru_cache(maxsize=64)
def _formula(formula: Formula) -> Any:
    """Compile the series of a formula of t: d(t, F)/dt = (1, formula), so that the formula is F'."""
    import sympy

    from natrium.model.codegen import compiled, program
    from natrium.model.exprel import whole

    t = formula.value.symbol
    total, unused = sympy.Symbol("F_", real=True), sympy.Symbol("J_", real=True)
    return compiled(program((sympy.S.One, whole(formula.value.symbolic)), (t, total), unused, ()), 1)


def _memory(
    lanes: Any, runs: Runs, kernel: Kernel, inputs: InputTable, settings: Settings, width: int
) -> tuple[Any, Any]:
    """Give the lanes, and what must live as long: the native step knows addresses only."""
    native = kernel.native(width)
    n, order = len(runs.labels), settings.order
    arrays = {
        "rows": aligned(lanes.N_ROWS, width),
        "states": aligned(n, width),
        "final": aligned(n, width),
        "parameters": aligned(len(kernel.system.parameters), width),
        "input": aligned(order + 1, width),
        "series": aligned(n, order + 1, width),
    }
    arrays["rows"][lanes.LONGEST] = 1.0
    attention, scratch = np.zeros(1, dtype=np.int64), aligned(native.n_scratch, order + 1, width)
    tolerance = np.array(
        [1.0 / settings.atol] + [1.0 / settings.gate_atol] * (n - 1) + [_margin(lanes, runs, settings)]
    )
    row = dict(zip(ROWS, arrays["rows"], strict=False))
    given = arrays | row | {"attention": attention, "scratch": scratch, "tolerance": tolerance}
    formula, kept = _formula_memory(inputs, order)
    made = lanes.Lanes(
        step=native.address,
        arguments=_addresses(given, order),
        order=order,
        attention=attention,
        whole=np.full((lanes.N_WHOLE, width), -1, dtype=np.int64),
        basis=from_monomials(order),
        work=np.zeros((lanes.MAX_HALVINGS + 4, order + 1)),
        peaks=np.zeros((lanes.PEAKS, 2)),
        **arrays,
        **formula,
    )
    return made, (scratch, tolerance, kept, native)


def _margin(lanes: Any, runs: Runs, settings: Settings) -> float:
    """Give the level of u below which no step need be looked at."""
    return -lanes.DOUBT * settings.atol - lanes.FLOOR if runs.neuron.fires else np.inf


def _addresses(arrays: dict[str, Any], order: int) -> Any:
    from natrium.model.codegen.emit import ARGUMENTS

    return np.array([arrays[name].ctypes.data for name in ARGUMENTS[:-1]] + [order], dtype=np.int64)


def _formula_memory(inputs: InputTable, order: int) -> tuple[dict[str, Any], Any]:
    """Give the memory in which formulas write their series, and what must live as long."""
    most = max([_formula(formula).n_scratch for formula in inputs.formulas], default=0) + 1
    given = {name: aligned(1, 1) for name in ROWS} | {
        "states": aligned(2, 1),
        "final": aligned(2, 1),
        "parameters": aligned(1, 1),
        "input": aligned(order + 1, 1),
        "series": aligned(2, order + 1, 1),
        "attention": np.zeros(1, dtype=np.int64),
        "scratch": aligned(most, order + 1, 1),
        "tolerance": np.ones(3),
    }
    known = {
        "formula_arguments": _addresses(given, order),
        "formula_states": given["states"],
        "formula_series": given["series"],
    }
    return known, given


def _results(lanes: Any, runs: Runs, n_samples: int, order: int, record: bool) -> Any:
    n, n_states = runs.n_runs, len(runs.labels)
    room = ROOM if record else 0
    return lanes.Results(
        whole=np.zeros((n, 4), dtype=np.int64),
        numbers=np.full((n, lanes.FINAL + n_states + 2 * lanes.GRAZES), np.nan),
        samples=np.full((n, n_states, n_samples), np.nan),
        spike_run=np.zeros(ROOM, dtype=np.int64),
        spike_time=np.zeros(ROOM),
        record=np.zeros((room, 4)),
        record_series=np.zeros((room, n_states, order + 1)),
        state=np.array([0, 0, 0, 0, int(record)], dtype=np.int64),
    )


def _grown(out: Any) -> Any:
    """Double the buffers."""

    def double(array: Any) -> Any:
        return np.concatenate([array, np.zeros_like(array)])

    names = ["spike_run", "spike_time"] + (["record", "record_series"] if out.state[4] else [])
    return out._replace(**{name: double(getattr(out, name)) for name in names})
