"""What the lanes work on: tables of what is asked, the lanes' own memory, and what comes out."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from natrium.model.arrays import Array

Whole = npt.NDArray[np.int64]
# By their numbers of axes.
Array1 = Annotated[Array, 1]
Array2 = Annotated[Array, 2]
Array3 = Annotated[Array, 3]
Whole1 = Annotated[Whole, 1]
Whole2 = Annotated[Whole, 2]

DONE, FULL, MORE = 0, 1, 2  # what `advance` returns
# How runs stand; a lane without one yet is loading.
LOADING, WAITING, SOLVED, STIFF, NOT_FINITE, BROKEN, OVER, SLIDES, SPIKE_LIMIT, STEP_LIMIT = range(-1, 9)
MAX_HALVINGS = 52  # of a step, after which a place in it is known to the last digit
PEAKS = 8  # doubtful peaks that one step may report
GRAZES = 5  # doubtful peaks that are kept of one run
# Rows of numbers, one per lane: what the step needs (see `emit.ARGUMENTS`), then what it does not.
(
    BASE, RATE, TIME, END, LONGEST, WATCH, STEPS, LENGTH, BOUND, SIGN, SWEEPS,
    BEGIN, LEVEL, SLOPE, MARK_TIME, LOOK_TIME, UNTIL,
) = range(17)  # fmt: skip
N_ROWS = 17
# How a step ends: V spikes, or is over threshold when a refractory period that was integrated ends, or leaps
# to the threshold; V that went on through it comes back. Or there is no step, and a spike that comes in lifts
# V over. Or a branch changes its side.
NOTHING, SPIKE, LATE, LEAP, TURN, LIFTED, SIDE = range(7)
RUN, PIECE, SAMPLE, HAS_TERMS, KICK, MEETS, TURNED = range(7)  # rows of whole numbers, one per lane
N_WHOLE = 7
RESET, GAP, TAU_REF, FIRST = range(4)  # columns of a run: then initial states, rates, targets, parameters
P_BEGIN, P_END, P_LEVEL, P_SLOPE, P_LONGEST = range(5)  # columns of a piece
STATUS, COUNT, N_STEPS, N_GRAZES, N_SWEEPS = range(5)  # whole results of a run
REACHED, FINAL = range(2)  # results of a run: then grazes, time and u each
NEXT, N_SPIKES, N_RECORDS, N_ACTIVE, RECORDING = range(5)  # of `state`
# A run that goes on in steps shorter than this (ms) for so many steps is stiff: implicit methods are better.
# Within pieces of input shorter than the last number (ms) it is the input that shortens them.
# Steps that a decay holds, at this many times its length, need not be as short: each so many it is looked
# whether one does, unless the run has fewer steps to go than are told by the first rule.
# Lengths of steps, and `CREEP`, are of the scale of time where that is another.
STIFF_STEP, STIFF_STEPS, SHORT = 2e-4, 5000, 2e-2
HELD_STEP, STIFF_LOOK, HELD_LENGTHS = 5e-3, 500, 3.0
TAIL, ALIKE = 4, 0.1  # a decay's last terms, so many, tell one rate, this nearly
LEAST_STEP = 1e-9  # ms: where V runs off in shorter steps, time no longer tells where it is
AT_ONCE = 1e-12  # of a step: a branch that changes so soon leaves nothing to be looked at before
ROUNDING = 2e-15  # of the largest term of u: what its own arithmetic leaves open
DOUBT = 20.0  # tolerances, within which a peak is decided but flagged
CREEP = 1.0  # ms: a crossing that rises less in this time than is decided is flagged too
FLOOR = 1e-12  # mV, the least margin in which the step asks for a closer look


class Tables(NamedTuple):
    """What is asked. Times are ms after the start of the run; u is V less its origin."""

    runs: Array2  # (n_runs, ...)
    input_of: Whole1  # (n_runs,): row of its input
    first_piece: Whole1  # (n_inputs + 1,)
    pieces: Array2  # (n_pieces, 5)
    first_term: Whole1  # (n_pieces + 1,)
    term_kind: Whole1  # (n_terms,)
    terms: Array2  # (n_terms, 3): see `inputs.InputTable`
    formulas: Whole1  # (n_formulas,): addresses
    first_kick: Whole1  # (n_inputs + 1,)
    kick_time: Array1  # (n_kicks,)
    kick_place: Whole1
    kick_amount: Array1
    samples: Array1  # (n_samples,)
    t_start: float
    duration: float
    fires: bool
    passes: bool  # V goes on through the threshold
    stands: bool  # what moves while refractory relaxes by the run's rates; else it is integrated
    jump: int  # address of the reset; 0 where V alone is set, to the run's number
    flow: int  # address of the rates; 0 where V cannot run off
    sides: int  # address of the surfaces at which branches change; 0 without any
    first_side: int  # the parameter that is the first branch's side
    n_sides: int
    # Addresses of what is compiled apart, for the models that need it; 0 for others.
    fill_input: int
    leap: int
    settle_sides: int
    find_turn: int
    turn: int
    max_spikes: int
    max_steps: int
    step_scale: float
    atol: float
    unit: float  # of times: 1 where they are in ms


class Lanes(NamedTuple):
    """Where each lane stands, and the memory of its steps."""

    step: int  # address of the native step
    arguments: int  # its table
    order: int
    attention: Whole1  # (1,): a bit for each lane
    rows: Array2  # (N_ROWS, width)
    whole: Whole2  # (N_WHOLE, width)
    states: Array2  # (n_states, width)
    final: Array2
    parameters: Array2  # (n_parameters, width)
    input: Array2  # (order + 1, width)
    series: Array3  # (n_states, order + 1, width)
    basis: Array2
    work: Array2
    peaks: Array2
    formula_arguments: int
    formula_states: Array2
    formula_series: Array3
    surfaces: Array3  # (n_sides or 1, order + 1, width): their series
    jump_arguments: int  # of the reset, the rates and the surfaces: one run at a time
    jump_base: Array1  # (1,)
    jump_states: Array2
    jump_parameters: Array2
    jump_final: Array2
    jump_moved: Array1  # (n_states,)
    nodes: Array2  # (2, n): Gauss and Legendre's, from 1 to 0, and their weights


class Results(NamedTuple):
    """What comes out."""

    whole: Whole2  # (n_runs, 5)
    numbers: Array2  # (n_runs, 1 + n_states + 2 GRAZES)
    samples: Array3  # (n_runs, n_states, n_samples)
    spike_run: Whole1  # (room,)
    spike_time: Array1
    record: Array2  # (room, 5): begin, time, length, how it ends, kicks before it
    record_series: Array3  # (room, n_states, order + 1)
    state: Whole1


def as_field(hint: Any) -> tuple[Any, int]:
    """Give the kind of numbers that are annotated, and how many axes they have: none where it is one."""
    if get_origin(hint) is not Annotated:
        return hint, 0
    array, n_axes = get_args(hint)
    return int if array == Whole else float, n_axes


@cache
def fields(kind: Hashable) -> dict[str, tuple[Any, int]]:
    """Give what is annotated in one of these, by name."""
    return {name: as_field(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}


def words(table: Any) -> Whole:
    """Lay one of these out in memory, as compiled code sees it; the arrays themselves must live as long.

    A number takes one word, an array one for its address and one for each axis.
    """
    found: list[Any] = []
    for value, (number, n_axes) in zip(table, fields(table.__class__).values(), strict=True):
        if n_axes:
            assert value.dtype == (np.int64 if number is int else np.float64), value.dtype
            assert value.ndim == n_axes, value.shape
            assert value.flags.c_contiguous
            found.append(value.ctypes.data)
            found.extend(value.shape)
        else:
            found.append(np.float64(value).view(np.int64) if number is float else value)
    return np.array(found, dtype=np.int64)
