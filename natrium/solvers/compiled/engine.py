"""Many runs through the lanes: their tables, the lanes' memory, and the results."""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from typing import Any

import attrs
import numpy as np

from natrium.model import GateFlow, Kernel, lower
from natrium.model.arrays import Array
from natrium.model.scales import state_scales
from natrium.model.store import open_store
from natrium.solvers.bernstein import from_monomials
from natrium.solvers.compiled.following import followers_of
from natrium.solvers.compiled.lane_tables import (
    DONE,
    DOUBT,
    FINAL,
    FIRST,
    FLOOR,
    FULL,
    GRAZES,
    LONGEST,
    MAX_HALVINGS,
    N_ROWS,
    N_WHOLE,
    PEAKS,
    Lanes,
    Results,
    words,
)
from natrium.solvers.compiled.parts import is_compiled, part
from natrium.solvers.compiled.rooms import GROWTH, Room, Rooms
from natrium.solvers.compiled.tables import tables_of
from natrium.solvers.compiled.taylor.lowering import native_formula, native_step, taylor_program
from natrium.solvers.inputs import InputTable
from natrium.solvers.machine import vector_width
from natrium.solvers.runs import Runs

TURNS = 20_000  # of all lanes, between two looks at what the user wants
ROOM = 1024  # spikes or steps that a buffer begins with
LEAP_NODES = 64  # over V's way to the threshold
LONG = 1.5  # s, after which compiling is told
# The rows of numbers that the native step knows, in the lanes' order.
ROWS = ("base", "rate", "time", "end", "longest", "watch", "steps", "length", "bound", "sign", "sweeps")
ALIGNMENT = 64  # bytes: a row of eight lanes is one line of cache


@attrs.frozen(kw_only=True)
class Settings:
    """How to carry runs.

    Attributes
    ----------
    atol, gate_atol : float
        What each step's last terms may be, of u (mV) and of gates.
    in_scales : bool
        Whether these are multiplied by how large the neuron's states are.
    order : int
        Of the Taylor series.
    step_scale : float
        Shortens the longest step.
    max_spikes, max_steps : int
        Budget of one run.
    """

    atol: float
    gate_atol: float
    in_scales: bool = False
    order: int
    step_scale: float
    max_spikes: int
    max_steps: int

    @property
    def of_runs(self) -> dict[str, Any]:
        """What the runs' tables hold of them, by name."""
        names = ("atol", "step_scale", "max_spikes", "max_steps")
        return {name: getattr(self, name) for name in names}


def align(*shape: int) -> Array:
    """Give zeros that begin at a line of cache."""
    size = math.prod(shape)
    raw = np.zeros(size + ALIGNMENT // 8)
    offset = (-raw.ctypes.data % ALIGNMENT) // 8
    return raw[offset : offset + size].reshape(shape)


@contextmanager
def _announce() -> Iterator[None]:
    """Say so on standard error, once, where there is something to be compiled and it takes its time."""
    if is_compiled():
        yield
        return
    timer = threading.Timer(LONG, _say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@cache
def _say() -> None:
    how = "once on this machine" if open_store() else "again in every process: no cache folder can be used"
    sys.stderr.write(f"natrium: compiling the solver ({how}; some seconds) ...\n")
    sys.stderr.flush()


@cache
def _load_advance() -> Callable[..., int]:
    """Give `lanes.advance`, of addresses and the number of turns.

    As numba's functions do, it puts its result at the first address, and what went wrong (nothing can) at the
    second; its tables are at the others.
    """
    return ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 5, ctypes.c_int64)(part("advance"))


_ROOMS = Rooms()


class Work:
    """Runs on their way: what is asked, the lanes, and what came out so far.

    Parameters
    ----------
    runs : Runs
        Each with an input in the table.
    inputs : InputTable
    settings : Settings
    samples : ndarray, shape (n_samples,)
        ms, increasing.
    record : bool
        Keep every step's series; one run at a time then.
    often : bool
        Whether a single run is worth the compiling that a crowd is.
    fast : tuple of GateFlow, optional
        `followers_of` these runs, where their neurons differ.
    """

    def __init__(
        self,
        runs: Runs,
        inputs: InputTable,
        settings: Settings,
        samples: Array,
        *,
        record: bool = False,
        often: bool = False,
        fast: tuple[GateFlow, ...] | None = None,
    ) -> None:
        kernel = lower(runs.neuron.system)
        fast = followers_of(runs.neuron) if fast is None else fast
        if settings.in_scales:
            settings = attrs.evolve(settings, atol=settings.atol * state_scales(runs.neuron)[0])
        width = 1 if runs.n_runs == 1 else vector_width()
        n_pieces = inputs.piece_begin.size
        room = ROOM if n_pieces < ROOM else GROWTH * n_pieces
        in_line = width > 1 or often or room > ROOM
        self._compile = partial(native_step, kernel.system, fast=fast)
        key = (hash((kernel.system.structure, fast)), width, settings.order if in_line else 0)

        def make() -> Room:
            lanes, kept = _memory(runs, kernel, inputs, settings, width, in_line, fast)
            out = _results(runs, samples.size, settings.order, room if record else 0)
            return Room(lanes, kept, out, is_quick=not in_line)

        with nullcontext() if key in _WARM else _announce():
            self.tables = tables_of(runs, inputs, kernel, samples, settings.of_runs, fast)
            scales = state_scales(runs.neuron) if settings.in_scales else ()
            sizes = settings.order, settings.atol, settings.gate_atol, scales, runs.neuron.fires
            self._kept = (kernel.system.structure, fast, *sizes, inputs.formulas)
            single = record and width == 1 and not samples.size and room == ROOM
            self.room = _ROOMS.find(self._kept, make) if single else make()
            if self.room.is_quick and self.room.n_steps > TURNS:  # many runs are worth what a long one is
                self._quicken()
            self.advance = _load_advance()
        self._result, self._words = np.zeros(2, dtype=np.int64), words(self.tables)
        _WARM.add(key)

    def begin(self, state: Array | None = None) -> None:
        """Go back to the start, of the first run from another state (u and gates)."""
        if state is not None:
            self.tables.runs[0, FIRST : FIRST + state.size] = state
        self.room.clear()

    def finish(self) -> Results:
        """Carry all runs to their ends."""
        result = self._result.ctypes.data
        while True:
            given = (one.ctypes.data for one in (self._words, *self.room.words))
            self.advance(result, result + 8, *given, TURNS)
            if self._result[0] == DONE:
                out: Results = self.room.out
                return out
            if self._result[0] == FULL:
                self.room.grow()
                _ROOMS.known.pop(self._kept, None)  # nobody else needs so much
            elif self.room.is_quick:  # a long run is worth more compiling
                self._quicken()

    def _quicken(self) -> None:
        """Go on by code that is faster, and as slow to make."""
        self.room.go_on_with(self._compile(1, 0))


_WARM: set[tuple[int, int, int]] = set()  # what is compiled in this process


def carry(runs: Runs, inputs: InputTable, settings: Settings, samples: Array, **how: Any) -> Results:
    """Carry runs through the lanes; see `Work`."""
    return Work(runs, inputs, settings, samples, **how).finish()


def _memory(
    runs: Runs,
    kernel: Kernel,
    inputs: InputTable,
    settings: Settings,
    width: int,
    in_line: bool,
    fast: tuple[GateFlow, ...],
) -> tuple[Any, Any]:
    """Give the lanes, and what must live as long: the native step knows addresses only."""
    native = native_step(kernel.system, width, settings.order if in_line else 0, fast=fast, quick=not in_line)
    n, order = len(runs.labels), settings.order
    program = taylor_program(kernel.system.structure, fast)
    n_parameters, n_sides = len(program.parameters), len(program.sides)
    arrays = {
        "rows": align(N_ROWS, width),
        "states": align(n, width),
        "final": align(n, width),
        "parameters": align(n_parameters, width),
        "input": align(order + 1, width),
        "series": align(n, order + 1, width),
    }
    arrays["rows"][LONGEST] = 1.0
    attention, scratch = np.zeros(1, dtype=np.int64), align(native.n_scratch, order + 1, width)
    scales = state_scales(runs.neuron)[1:] if settings.in_scales else (1.0,) * (n - 1)
    gates = [1.0 / (settings.gate_atol * scale) for scale in scales]
    tolerance = np.array([1.0 / settings.atol, *gates, _margin(runs, settings)])
    row = dict(zip(ROWS, arrays["rows"], strict=False))
    given = arrays | row | {"attention": attention, "scratch": scratch, "tolerance": tolerance}
    formula, kept = _formula_memory(inputs, order)
    jump, others = _jump_memory(max(n, n_sides), n_parameters)
    table = _addresses(given, order)
    made = Lanes(
        step=native.address,
        arguments=table.ctypes.data,
        order=order,
        attention=attention,
        whole=np.full((N_WHOLE, width), -1, dtype=np.int64),
        basis=from_monomials(order),
        work=np.zeros((MAX_HALVINGS + 4, order + 3)),
        peaks=np.zeros((PEAKS, 2)),
        surfaces=scratch[:n_sides],
        **arrays,  # type: ignore[arg-type]  # by name; whole numbers are not among them
        **formula,
        **jump,
    )
    return made, (scratch, tolerance, kept, native, others, table)


def _margin(runs: Runs, settings: Settings) -> float:
    """Give the level of u below which no step need be looked at."""
    return -DOUBT * settings.atol - FLOOR if runs.neuron.fires else np.inf


def _addresses(arrays: dict[str, Any], order: int) -> Any:
    from natrium.solvers.compiled.taylor.emit import ARGUMENTS

    return np.array([arrays[name].ctypes.data for name in ARGUMENTS[:-1]] + [order], dtype=np.int64)


def _alone(n_states: int, n_parameters: int, n_scratch: int, order: int) -> dict[str, Any]:
    """Give the memory of code for one run at a time."""
    return dict(zip(ROWS, np.zeros((len(ROWS), 1)), strict=True)) | {
        "states": align(n_states, 1),
        "final": align(n_states, 1),
        "parameters": align(n_parameters, 1),
        "input": align(order + 1, 1),
        "series": align(n_states, order + 1, 1),
        "attention": np.zeros(1, dtype=np.int64),
        "scratch": align(n_scratch, order + 1, 1),
        "tolerance": np.ones(n_states + 1),
    }


def _formula_memory(inputs: InputTable, order: int) -> tuple[dict[str, Any], Any]:
    """Give the memory in which formulas write their series, and what must live as long."""
    natives = [native_formula(formula) for formula in inputs.formulas]
    most = max([native.n_scratch for native in natives], default=0) + 1
    given = _alone(2, 1, most, order)
    table = _addresses(given, order)
    known = {
        "formula_arguments": table.ctypes.data,
        "formula_states": given["states"],
        "formula_series": given["series"],
    }
    return known, (given, natives, table)


def _jump_memory(n_states: int, n_parameters: int) -> tuple[dict[str, Any], Any]:
    """Give the memory in which a reset takes one run's states, and what must live as long."""
    given = _alone(n_states, n_parameters, 1, 0)
    table = _addresses(given, 0)
    known = {
        "jump_arguments": table.ctypes.data,
        "jump_base": given["base"],
        "jump_states": given["states"],
        "jump_parameters": given["parameters"],
        "jump_final": given["final"],
        "jump_moved": np.zeros(n_states),
        "nodes": _nodes(),
    }
    return known, (given, table)


@cache
def _nodes() -> Array:
    """Give the places at which a way from 1 to 0 is looked at, and their weights (Gauss and Legendre's)."""
    x, weights = np.polynomial.legendre.leggauss(LEAP_NODES)
    return np.array([0.5 * (1.0 - x), 0.5 * weights])


def _results(runs: Runs, n_samples: int, order: int, room: int) -> Any:
    """Give what comes out, with room for so many steps on record.

    That is not zeroed, as only what was written is read: NumPy puts large arrays that are not on large pages.
    """
    n, n_states = runs.n_runs, len(runs.labels)
    return Results(
        whole=np.zeros((n, 5), dtype=np.int64),
        numbers=np.full((n, FINAL + n_states + 2 * GRAZES), np.nan),
        samples=np.full((n, n_states, n_samples), np.nan),
        spike_run=np.zeros(ROOM, dtype=np.int64),
        spike_time=np.zeros(ROOM),
        record=np.empty((room, 5)),
        record_series=np.empty((room, n_states, order + 1)),
        state=np.array([0, 0, 0, 0, int(room > 0)], dtype=np.int64),
    )
