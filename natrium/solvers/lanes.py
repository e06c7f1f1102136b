"""Lanes: groups of runs advanced in lock-step by Taylor steps in native code; compiled.

Each lane has its own run, time, step length, piece of input and events; a lane that is done takes the
next run of the queue. The native step moves those lanes on in which nothing can have happened; the others
(a spike is possible, a piece of input ends, samples are wanted) are settled here, one by one. All that goes
on is kept in few arrays, so that `advance` may return at any step (a buffer is full, the user waits) and be
called again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from natrium.solvers.bernstein import Array
from natrium.solvers.inputs import GAUSSIAN, SINE
from natrium.solvers.lane_events import MAX_HALVINGS, PEAKS, find_crossing

Whole = npt.NDArray[np.int64]

DONE, FULL, MORE = 0, 1, 2  # what `advance` returns
WAITING, SOLVED, STIFF, NOT_FINITE, BROKEN, SPIKE_LIMIT, STEP_LIMIT = range(7)  # how runs stand
GRAZES = 5  # doubtful peaks that are kept of one run
# Rows of numbers, one per lane: what the step needs (see `codegen.emit.ARGUMENTS`), then what it does not.
BASE, RATE, TIME, END, LONGEST, WATCH, STEPS, LENGTH, BOUND, BEGIN, LEVEL, SLOPE, MARK_TIME, MARK_STEPS = (
    range(14)
)
N_ROWS = 14
RUN, PIECE, SAMPLE, HAS_TERMS = range(4)  # rows of whole numbers, one per lane
N_WHOLE = 4
RESET, GAP, TAU_REF, FIRST = range(4)  # columns of a run: then initial states, rates, targets, parameters
P_BEGIN, P_END, P_LEVEL, P_SLOPE, P_LONGEST = range(5)  # columns of a piece
STATUS, COUNT, N_STEPS, N_GRAZES = range(4)  # whole results of a run
REACHED, FINAL = range(2)  # results of a run: then grazes, time and u each
NEXT, N_SPIKES, N_RECORDS, N_ACTIVE, RECORDING = range(5)  # of `state`
# A run that goes on in steps shorter than this (ms) for so many steps is stiff: implicit methods are better.
STIFF_STEP, STIFF_STEPS = 5e-5, 5000
LOOK = 4096  # steps between two looks for stiffness
ROUNDING = 2e-15  # of the largest term of u: what its own arithmetic leaves open
DOUBT = 20.0  # tolerances, within which a peak is decided but flagged
FLOOR = 1e-12  # mV, the least margin in which the step asks for a closer look


class Tables(NamedTuple):
    """What is asked. Times are ms after the start of the run; u is V less its origin."""

    runs: Array  # (n_runs, ...)
    input_of: Whole  # (n_runs,): row of its input
    first_piece: Whole  # (n_inputs + 1,)
    pieces: Array  # (n_pieces, 5)
    first_term: Whole  # (n_pieces + 1,)
    term_kind: Whole  # (n_terms,)
    terms: (
        Array  # (n_terms, 3): amplitude, frequency, phase; or amplitude, center, sigma; or the formula's row
    )
    formulas: Whole  # (n_formulas,): addresses
    samples: Array  # (n_samples,)
    t_start: float
    duration: float
    fires: bool
    max_spikes: int
    max_steps: int
    step_scale: float
    atol: float


class Lanes(NamedTuple):
    """Where each lane stands, and the memory of its steps."""

    step: int  # address of the native step
    arguments: Whole  # its table
    order: int
    attention: Whole  # (1,): a bit for each lane
    rows: Array  # (N_ROWS, width)
    whole: Whole  # (N_WHOLE, width)
    states: Array  # (n_states, width)
    final: Array
    parameters: Array  # (n_parameters, width)
    input: Array  # (order + 1, width)
    series: Array  # (n_states, order + 1, width)
    basis: Array
    work: Array
    peaks: Array
    formula_arguments: Whole
    formula_states: Array
    formula_series: Array


class Results(NamedTuple):
    """What comes out."""

    whole: Whole  # (n_runs, 4)
    numbers: Array  # (n_runs, 1 + n_states + 2 GRAZES)
    samples: Array  # (n_runs, n_states, n_samples)
    spike_run: Whole  # (room,)
    spike_time: Array
    record: Array  # (room, 4): begin, time, length, whether a spike ends it
    record_series: Array  # (room, n_states, order + 1)
    state: Whole


# Multiply and add in one: the same instructions for every run, and half the time.
compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
# Of what is given whole tables: a call would copy them.
inlined = numba.njit(nogil=True, error_model="numpy", inline="always")


@intrinsic
def _call_step(typing_context: Any, address: Any, table: Any) -> Any:
    """Call native code at an address with a table of arguments."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = ir.IntType(64).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [builder.inttoptr(args[1], pointer)])
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), generate


@inlined
def _enter(t: Tables, lanes: Lanes, l: int, begin: float) -> None:
    """Begin a stretch of smooth time at `begin`, in the piece of input that holds it."""
    rows, whole = lanes.rows, lanes.whole
    run, piece = whole[RUN, l], whole[PIECE, l]
    last = t.first_piece[t.input_of[run] + 1] - 1
    while piece < last and t.pieces[piece, P_END] <= begin:
        piece += 1
    whole[PIECE, l] = piece
    slope = t.pieces[piece, P_SLOPE]
    level = t.pieces[piece, P_LEVEL] + slope * (begin - t.pieces[piece, P_BEGIN])
    rows[BEGIN, l], rows[TIME, l], rows[END, l] = begin, 0.0, t.pieces[piece, P_END] - begin
    rows[LONGEST, l] = t.pieces[piece, P_LONGEST] * t.step_scale
    rows[LEVEL, l] = rows[BASE, l] = level - t.runs[run, GAP]
    rows[SLOPE, l] = rows[RATE, l] = lanes.input[1, l] = slope
    has_terms = t.first_term[piece + 1] > t.first_term[piece]
    if whole[HAS_TERMS, l] and not has_terms:
        for k in range(2, lanes.order + 1):
            lanes.input[k, l] = 0.0
    whole[HAS_TERMS, l] = has_terms


@inlined
def _load(t: Tables, lanes: Lanes, out: Results, l: int) -> float:
    """Take the next run of the queue; give its beginning, or -1 where there is none: the lane is idle."""
    rows, whole = lanes.rows, lanes.whole
    run, n = out.state[NEXT], lanes.states.shape[0]
    was_active, is_active = whole[RUN, l] >= 0, run < out.whole.shape[0]
    out.state[N_ACTIVE] += int(is_active) - int(was_active)
    whole[RUN, l] = run if is_active else -1
    rows[END, l] = np.inf
    rows[STEPS, l] = rows[MARK_STEPS, l] = rows[MARK_TIME, l] = rows[WATCH, l] = 0.0
    if is_active:
        out.state[NEXT] += 1
        whole[SAMPLE, l] = 0
        whole[PIECE, l] = t.first_piece[t.input_of[run]]
        for i in range(n):
            lanes.states[i, l] = t.runs[run, FIRST + i]
        for i in range(lanes.parameters.shape[0]):
            lanes.parameters[i, l] = t.runs[run, FIRST + 3 * n + i]
    return 0.0 if is_active else -1.0


@inlined
def _go_on(t: Tables, lanes: Lanes, out: Results, l: int, begin: float) -> None:
    """Prepare the next step: of the stretch at hand, or of a new one at `begin` unless that is negative."""
    whole = lanes.whole
    if begin >= 0.0:
        _enter(t, lanes, l, begin)
    if whole[RUN, l] >= 0:
        wanted = out.state[RECORDING] or whole[HAS_TERMS, l] or whole[SAMPLE, l] < t.samples.size
        lanes.rows[WATCH, l] = 1.0 if wanted else 0.0
        if whole[HAS_TERMS, l]:
            _fill_input(t, lanes, l)


@compiled
def _finish(t: Tables, lanes: Lanes, out: Results, l: int, status: int, time: float) -> float:
    """Put down a run's end and take the next; give its beginning, or -1."""
    run, n = lanes.whole[RUN, l], lanes.states.shape[0]
    out.whole[run, STATUS], out.whole[run, N_STEPS] = status, int(lanes.rows[STEPS, l])
    out.numbers[run, REACHED] = time
    for i in range(n):
        out.numbers[run, FINAL + i] = lanes.states[i, l]
    if status == SOLVED:
        for index in range(lanes.whole[SAMPLE, l], t.samples.size):
            for i in range(n):
                out.samples[run, i, index] = lanes.states[i, l]
    return _load(t, lanes, out, l)


@inlined
def _fill_input(t: Tables, lanes: Lanes, l: int) -> None:
    """Write the series of an input with terms at the lane's time."""
    rows, piece = lanes.rows, lanes.whole[PIECE, l]
    rows[BASE, l] = rows[LEVEL, l] + rows[SLOPE, l] * rows[TIME, l]
    rows[RATE, l] = 0.0
    lanes.input[0, l] = 0.0
    lanes.input[1, l] = rows[SLOPE, l]
    for k in range(2, lanes.order + 1):
        lanes.input[k, l] = 0.0
    for index in range(t.first_term[piece], t.first_term[piece + 1]):
        _add_term(t, lanes, l, index)
    rows[BASE, l] += lanes.input[0, l]


@inlined
def _add_term(t: Tables, lanes: Lanes, l: int, index: int) -> None:
    order, kind = lanes.order, t.term_kind[index]
    size, one, other = t.terms[index, 0], t.terms[index, 1], t.terms[index, 2]
    begin, s = t.t_start + lanes.rows[BEGIN, l], lanes.rows[TIME, l]
    if kind == SINE:
        # Whole turns are dropped before the product with 2 pi is rounded: digits late in time.
        omega = 2.0 * np.pi * one / 1000.0
        angle = omega * s + (2.0 * np.pi * np.fmod(one * begin / 1000.0, 1.0) + other)
        a, b = size * np.sin(angle), size * np.cos(angle)
        for k in range(order):
            lanes.input[k, l] += a
            a, b = omega * b / (k + 1), -omega * a / (k + 1)
    elif kind == GAUSSIAN:
        # f' = -x f / sigma with x = x_0 + s / sigma
        x = (s + (begin - one)) / other
        before, a = 0.0, size * np.exp(-0.5 * x * x)
        for k in range(order):
            lanes.input[k, l] += a
            before, a = a, -(x * a + before / other) / (other * (k + 1))
    else:
        lanes.formula_states[0, 0] = begin + s
        lanes.formula_states[1, 0] = 0.0
        _call_step(t.formulas[int(size)], lanes.formula_arguments.ctypes.data)
        for k in range(order):
            lanes.input[k, l] += (k + 1) * lanes.formula_series[1, k + 1, 0]


@compiled
def _state_at(series: Array, order: int, l: int, i: int, tau: float) -> float:
    total = series[i, order, l]
    for k in range(order - 1, -1, -1):
        total = total * tau + series[i, k, l]
    return total


@compiled
def _rested(runs: Array, states: Array, run: int, l: int, i: int, length: float) -> float:
    """Give a state after `length` ms of the refractory period."""
    n, x = states.shape[0], states[i, l]
    rate, target = runs[run, FIRST + n + i], runs[run, FIRST + 2 * n + i]
    return x if rate == 0.0 else target + (x - target) * np.exp(-length * rate)


@inlined
def _sample(t: Tables, lanes: Lanes, out: Results, l: int, origin: float, end: float, resting: bool) -> None:
    """Sample up to before `end`: within the step that begins at `origin`, or the rest after it."""
    index, run = lanes.whole[SAMPLE, l], lanes.whole[RUN, l]
    while index < t.samples.size and t.samples[index] < end:
        local = max(t.samples[index] - origin, 0.0)
        for i in range(lanes.states.shape[0]):
            if resting:
                out.samples[run, i, index] = _rested(t.runs, lanes.states, run, l, i, local)
            else:
                out.samples[run, i, index] = _state_at(lanes.series, lanes.order, l, i, local)
        index += 1
    lanes.whole[SAMPLE, l] = index


@inlined
def _spike(t: Tables, lanes: Lanes, out: Results, l: int, tau: float) -> float:
    """Count a spike `tau` ms into the step, reset, rest; give when the refractory period ends."""
    run, n = lanes.whole[RUN, l], lanes.states.shape[0]
    time = lanes.rows[BEGIN, l] + (lanes.rows[TIME, l] + tau)
    place = out.state[N_SPIKES]
    out.spike_run[place], out.spike_time[place] = run, time
    out.state[N_SPIKES] += 1
    out.whole[run, COUNT] += 1
    for i in range(1, n):
        lanes.states[i, l] = _state_at(lanes.series, lanes.order, l, i, tau)
    lanes.states[0, l] = t.runs[run, RESET]
    resumed = time + t.runs[run, TAU_REF]
    _sample(t, lanes, out, l, time, resumed, True)
    for i in range(1, n):
        lanes.states[i, l] = _rested(t.runs, lanes.states, run, l, i, min(resumed, t.duration) - time)
    return resumed


@inlined
def _note_peaks(lanes: Lanes, out: Results, l: int, count: int) -> None:
    run, now = lanes.whole[RUN, l], lanes.rows[BEGIN, l] + lanes.rows[TIME, l]
    for number in range(count):
        place = out.whole[run, N_GRAZES]
        if place < GRAZES:
            column = FINAL + lanes.states.shape[0] + 2 * place
            out.numbers[run, column] = now + lanes.peaks[number, 0] * lanes.rows[LENGTH, l]
            out.numbers[run, column + 1] = lanes.peaks[number, 1]
        out.whole[run, N_GRAZES] += 1


@inlined
def _record(lanes: Lanes, out: Results, l: int, tau: float, spiked: bool) -> None:
    place = out.state[N_RECORDS]
    out.state[N_RECORDS] += 1
    out.record[place, 0], out.record[place, 1] = lanes.rows[BEGIN, l], lanes.rows[TIME, l]
    out.record[place, 2], out.record[place, 3] = tau, 1.0 if spiked else 0.0
    for i in range(lanes.series.shape[0]):
        for k in range(lanes.order + 1):
            out.record_series[place, i, k] = lanes.series[i, k, l]


@inlined
def _crossing(t: Tables, lanes: Lanes, out: Results, l: int) -> float:
    """Give the time into the step of its first crossing; negative where there is none."""
    h, power, largest, order = lanes.rows[LENGTH, l], 1.0, 0.0, lanes.order
    scaled = lanes.work[MAX_HALVINGS + 3]
    for k in range(order + 1):
        scaled[k] = lanes.series[0, k, l] * power
        largest = max(largest, abs(scaled[k]))
        power *= h
    margin = DOUBT * max(t.atol, ROUNDING * largest)
    is_last = h >= lanes.rows[END, l] - lanes.rows[TIME, l]
    x, count = find_crossing(scaled, order, lanes.basis, margin, is_last, lanes.work, lanes.peaks)
    if count > 0:
        _note_peaks(lanes, out, l, count)
    return x * h


@compiled
def _settle(t: Tables, lanes: Lanes, out: Results, l: int) -> None:
    """Take a step of a lane in which something may have happened."""
    rows, whole = lanes.rows, lanes.whole
    h, s, bound = rows[LENGTH, l], rows[TIME, l], rows[BOUND, l]
    begin, tau, status, stop = -1.0, -1.0, WAITING, rows[BEGIN, l] + s
    is_last = h >= rows[END, l] - s
    if not np.isfinite(bound):
        status = NOT_FINITE
    elif t.fires and bound >= -DOUBT * t.atol - FLOOR:
        tau = _crossing(t, lanes, out, l)
    spiked = tau >= 0.0
    if status == WAITING:
        length = tau if spiked else h
        _sample(t, lanes, out, l, stop, rows[BEGIN, l] + (s + length), False)
        if out.state[RECORDING]:
            _record(lanes, out, l, length, spiked)
    if spiked:
        begin = _spike(t, lanes, out, l, tau)
        stop = min(begin, t.duration)
        if out.whole[whole[RUN, l], COUNT] > t.max_spikes:
            status = SPIKE_LIMIT
        elif begin >= t.duration:
            status = SOLVED
    elif status == WAITING:
        for i in range(lanes.states.shape[0]):
            lanes.states[i, l] = lanes.final[i, l]
        if is_last:
            whole[PIECE, l] += 1
            begin = stop = t.pieces[whole[PIECE, l] - 1, P_END]
            if whole[PIECE, l] == t.first_piece[t.input_of[whole[RUN, l]] + 1]:
                status = SOLVED
        elif s + h > s:
            rows[TIME, l] = s + h
        else:
            status = BROKEN
    if status != WAITING:
        begin = _finish(t, lanes, out, l, status, stop)
    _go_on(t, lanes, out, l, begin)


@compiled
def _look(t: Tables, lanes: Lanes, out: Results) -> None:
    """End runs that creep, or whose budget is spent."""
    rows = lanes.rows
    for l in range(rows.shape[1]):
        if lanes.whole[RUN, l] < 0:
            continue
        now, steps = rows[BEGIN, l] + rows[TIME, l], rows[STEPS, l]
        behind, passed, status = steps - rows[MARK_STEPS, l], now - rows[MARK_TIME, l], WAITING
        if steps >= t.max_steps:
            status = STEP_LIMIT
        elif behind >= STIFF_STEPS:
            rows[MARK_STEPS, l], rows[MARK_TIME, l] = steps, now
            if passed < STIFF_STEP * behind:
                status = STIFF
        if status != WAITING:
            _go_on(t, lanes, out, l, _finish(t, lanes, out, l, status, now))


@compiled
def advance(t: Tables, lanes: Lanes, out: Results, turns: int) -> int:
    """Advance all lanes by up to `turns` steps.

    Returns
    -------
    int
        `DONE`; `FULL` when a buffer must grow first; `MORE` otherwise.
    """
    width = lanes.rows.shape[1]
    if out.state[NEXT] == 0:
        for l in range(width):
            _go_on(t, lanes, out, l, _load(t, lanes, out, l))
    address, arguments, attention = lanes.step, lanes.arguments.ctypes.data, lanes.attention
    for turn in range(turns):
        if turn % LOOK == LOOK - 1:
            _look(t, lanes, out)
        if out.state[N_ACTIVE] == 0:
            return DONE
        if out.state[N_SPIKES] + width > out.spike_run.size:
            return FULL
        _call_step(address, arguments)
        if attention[0] == 0:
            continue
        for l in range(width):
            if (attention[0] >> l) & 1 and lanes.whole[RUN, l] >= 0:
                _settle(t, lanes, out, l)
        if out.state[RECORDING] and out.state[N_RECORDS] + width > out.record.shape[0]:
            return FULL
    return DONE if out.state[N_ACTIVE] == 0 else MORE
