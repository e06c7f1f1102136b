"""Lanes: groups of runs advanced in lock-step by Taylor steps in native code; compiled.

Each lane has its own run, time, step length, piece of input and events; a lane that is done takes the
next run of the queue. The native step moves those lanes on in which nothing can have happened; the others
(a spike is possible, a piece of input ends, samples are wanted) are settled here, one by one. All that goes
on is kept in few arrays, so that `advance` may return at any step (a buffer is full, the user waits) and be
called again.
"""

from __future__ import annotations

import numpy as np

from natrium.solvers.compiled.lane_events import find_crossing, is_held, slope_at, state_at
from natrium.solvers.compiled.lane_inputs import end_stretch, enter, next_kick, wake, wakes
from natrium.solvers.compiled.lane_jumps import kick, reset
from natrium.solvers.compiled.lane_memory import ask_part, call_step, compiled, do_part, find_part
from natrium.solvers.compiled.lane_tables import (
    AT_ONCE,
    BEGIN,
    BOUND,
    BROKEN,
    COUNT,
    CREEP,
    DONE,
    DOUBT,
    END,
    FINAL,
    FIRST,
    FLOOR,
    FULL,
    GRAZES,
    HAS_TERMS,
    HELD_STEP,
    KICK,
    LATE,
    LEAP,
    LEAST_STEP,
    LENGTH,
    LIFTED,
    LOADING,
    LOOK_TIME,
    MARK_TIME,
    MAX_HALVINGS,
    MORE,
    N_ACTIVE,
    N_GRAZES,
    N_RECORDS,
    N_SPIKES,
    N_STEPS,
    N_SWEEPS,
    NEXT,
    NOT_FINITE,
    NOTHING,
    OVER,
    PIECE,
    REACHED,
    RECORDING,
    ROUNDING,
    RUN,
    SAMPLE,
    SHORT,
    SIDE,
    SIGN,
    SLIDES,
    SOLVED,
    SPIKE,
    SPIKE_LIMIT,
    STATUS,
    STEP_LIMIT,
    STEPS,
    STIFF,
    STIFF_LOOK,
    STIFF_STEP,
    STIFF_STEPS,
    SWEEPS,
    TAU_REF,
    TIME,
    TURN,
    TURNED,
    UNTIL,
    WAITING,
    WATCH,
    Array2,
    Lanes,
    Results,
    Tables,
)


@compiled
def _load(t: Tables, lanes: Lanes, out: Results, l: int) -> float:
    """Take the next run of the queue; give its beginning, or -1 where there is none: the lane is idle."""
    rows, whole = lanes.rows, lanes.whole
    run, n = out.state[NEXT], lanes.states.shape[0]
    was_active, is_active = whole[RUN, l] >= 0, run < out.whole.shape[0]
    out.state[N_ACTIVE] += int(is_active) - int(was_active)
    whole[RUN, l] = run if is_active else -1
    rows[END, l] = np.inf
    rows[STEPS, l] = rows[SWEEPS, l] = rows[LOOK_TIME, l] = rows[MARK_TIME, l] = rows[WATCH, l] = rows[
        UNTIL, l
    ] = 0.0
    if is_active:
        out.state[NEXT] += 1
        whole[SAMPLE, l], whole[TURNED, l] = 0, -1
        whole[PIECE, l], whole[KICK, l] = t.first_piece[t.input_of[run]], t.first_kick[t.input_of[run]]
        for i in range(n):
            lanes.states[i, l] = t.runs[run, FIRST + i]
        for i in range(lanes.parameters.shape[0]):
            lanes.parameters[i, l] = t.runs[run, FIRST + 3 * n + i]
        rows[SIGN, l] = -1.0 if t.passes and lanes.states[0, l] >= 0.0 else 1.0
    return 0.0 if is_active else -1.0


@compiled
def _go_on(t: Tables, lanes: Lanes, out: Results, l: int, begin: float) -> None:
    """Prepare the next step: of the stretch at hand, or of a new one at `begin` unless that is negative."""
    whole = lanes.whole
    if begin >= 0.0:
        enter(t, lanes, l, begin)
    if whole[RUN, l] >= 0:
        wanted = out.state[RECORDING] or whole[HAS_TERMS, l] or whole[SAMPLE, l] < t.samples.shape[0]
        looked = lanes.rows[STEPS, l] // STIFF_LOOK
        lanes.rows[WATCH, l] = 0.0 if wanted else min(t.max_steps, (looked + 1) * STIFF_LOOK)
        if whole[HAS_TERMS, l]:
            do_part(t.fill_input, t, lanes, l)
        if begin >= 0.0 and t.n_sides > 0:
            do_part(t.settle_sides, t, lanes, l)


@compiled
def _finish(t: Tables, lanes: Lanes, out: Results, l: int, status: int, time: float) -> None:
    """Put down a run's end."""
    run, n = lanes.whole[RUN, l], lanes.states.shape[0]
    out.whole[run, STATUS], out.whole[run, N_STEPS] = status, int(lanes.rows[STEPS, l])
    out.whole[run, N_SWEEPS] = int(lanes.rows[SWEEPS, l])
    out.numbers[run, REACHED] = time
    for i in range(n):
        out.numbers[run, FINAL + i] = lanes.states[i, l]
    if status == SOLVED:
        for index in range(lanes.whole[SAMPLE, l], t.samples.shape[0]):
            for i in range(n):
                out.samples[run, i, index] = lanes.states[i, l]


@compiled
def _rest(runs: Array2, states: Array2, run: int, l: int, i: int, length: float) -> float:
    """Give a state after `length` ms of the refractory period: `model.hybrid.relaxation`, compiled."""
    n, x = states.shape[0], states[i, l]
    rate, target = runs[run, FIRST + n + i], runs[run, FIRST + 2 * n + i]
    return x if rate == 0.0 else target + (x - target) * np.exp(-length * rate)


@compiled
def _sample(t: Tables, lanes: Lanes, out: Results, l: int, origin: float, end: float, resting: bool) -> None:
    """Sample up to before `end`: within the step that begins at `origin`, or the rest after it."""
    index, run = lanes.whole[SAMPLE, l], lanes.whole[RUN, l]
    while index < t.samples.shape[0] and t.samples[index] < end:
        local = max(t.samples[index] - origin, 0.0)
        for i in range(lanes.states.shape[0]):
            if resting:
                out.samples[run, i, index] = _rest(t.runs, lanes.states, run, l, i, local)
            else:
                out.samples[run, i, index] = state_at(lanes.series, lanes.order, l, i, local)
        index += 1
    lanes.whole[SAMPLE, l] = index


@compiled
def _record(lanes: Lanes, out: Results, l: int, tau: float, ending: int) -> None:
    place = out.state[N_RECORDS]
    out.state[N_RECORDS] += 1
    out.record[place, 0], out.record[place, 1] = lanes.rows[BEGIN, l], lanes.rows[TIME, l]
    out.record[place, 2], out.record[place, 3], out.record[place, 4] = tau, ending, lanes.whole[KICK, l]
    for i in range(lanes.series.shape[0]):
        for k in range(lanes.order + 1):
            out.record_series[place, i, k] = lanes.series[i, k, l]


@compiled
def _stand(t: Tables, lanes: Lanes, out: Results, l: int, time: float, resumed: float) -> None:
    """Rest up to `resumed`, from one spike that comes in to the next."""
    run, begin = lanes.whole[RUN, l], time
    while begin >= 0.0:
        comes = next_kick(t, lanes, l)
        end = comes if comes < resumed else resumed
        if lanes.whole[SAMPLE, l] < t.samples.shape[0]:
            _sample(t, lanes, out, l, begin, end, True)
        for i in range(1, lanes.states.shape[0]):
            lanes.states[i, l] = _rest(t.runs, lanes.states, run, l, i, min(end, t.duration) - begin)
        if comes < resumed:
            kick(t, lanes, l, True)
        begin = end if comes < resumed else -1.0


@compiled
def _lift(t: Tables, lanes: Lanes, out: Results, l: int, now: float) -> bool:
    """Let spikes that have come in by `now` move their states, up to one by which V fires; tell whether."""
    fires, held = False, lanes.rows[UNTIL, l] > now
    while not fires and next_kick(t, lanes, l) <= now:
        fires = kick(t, lanes, l, held)
    if fires and out.state[RECORDING]:
        for i in range(lanes.states.shape[0]):
            lanes.series[i, 0, l] = lanes.states[i, l]
            for k in range(1, lanes.order + 1):
                lanes.series[i, k, l] = 0.0
        lanes.rows[BEGIN, l], lanes.rows[TIME, l] = now, 0.0
        _record(lanes, out, l, 0.0, LIFTED)
    return fires


@compiled
def _spike(t: Tables, lanes: Lanes, out: Results, l: int, time: float) -> float:
    """Count a spike, reset, rest; give when the flow goes on."""
    run, place = lanes.whole[RUN, l], out.state[N_SPIKES]
    out.spike_run[place], out.spike_time[place] = run, time
    out.state[N_SPIKES] += 1
    out.whole[run, COUNT] += 1
    reset(t, lanes, l)
    if t.passes:
        lanes.rows[SIGN, l] = -1.0
    resumed = time + t.runs[run, TAU_REF]
    if t.stands:
        _stand(t, lanes, out, l, time, resumed)
    elif resumed > time:
        lanes.rows[UNTIL, l] = resumed
        lanes.parameters[lanes.parameters.shape[0] - 1, l] = 0.0
        resumed = time
    return resumed


@compiled
def _note_peaks(lanes: Lanes, out: Results, l: int, count: int) -> None:
    run, now = lanes.whole[RUN, l], lanes.rows[BEGIN, l] + lanes.rows[TIME, l]
    for number in range(count):
        place = out.whole[run, N_GRAZES]
        if place < GRAZES:
            sign = lanes.rows[SIGN, l]
            column = FINAL + lanes.states.shape[0] + 2 * place
            out.numbers[run, column] = now + lanes.peaks[number, 0] * lanes.rows[LENGTH, l]
            out.numbers[run, column + 1] = sign * lanes.peaks[number, 1]
        out.whole[run, N_GRAZES] += 1


@compiled
def _crossing(t: Tables, lanes: Lanes, out: Results, l: int, h: float) -> float:
    """Give the time into the step of its first crossing, from the lane's side; -1 where there is none."""
    power, largest, order = lanes.rows[SIGN, l], 0.0, lanes.order
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
def _check_budget(t: Tables, lanes: Lanes, l: int) -> int:
    """Tell whether a run's budget is spent, or, each so many steps, whether it creeps."""
    rows, steps, status = lanes.rows, lanes.rows[STEPS, l], WAITING
    if steps + rows[SWEEPS, l] >= t.max_steps:
        status = STEP_LIMIT
    elif steps > 0.0 and steps % STIFF_LOOK == 0.0:
        now, creeps = rows[BEGIN, l] + rows[TIME, l], False
        step = (now - rows[LOOK_TIME, l]) / STIFF_LOOK
        if step < HELD_STEP * t.unit and t.duration - now > STIFF_STEPS * step:
            creeps = is_held(lanes.series, lanes.order, l, rows[LENGTH, l])
        rows[LOOK_TIME, l] = now
        if steps % STIFF_STEPS == 0.0:
            creeps = creeps or now - rows[MARK_TIME, l] < STIFF_STEP * t.unit * STIFF_STEPS
            rows[MARK_TIME, l] = now
        status = STIFF if creeps and rows[END, l] > SHORT * t.unit else WAITING
    return status


@compiled
def _look(t: Tables, lanes: Lanes, out: Results, l: int, h: float) -> float:
    """Give the time into the step at which V meets the threshold, flagged where it creeps; or -1."""
    tau = _crossing(t, lanes, out, l, h)
    slope = lanes.rows[SIGN, l] * slope_at(lanes.series, lanes.order, l, max(tau, 0.0))
    if tau >= 0.0 and slope * CREEP * t.unit < DOUBT * t.atol:
        lanes.peaks[0, 0], lanes.peaks[0, 1] = tau / lanes.rows[LENGTH, l], 0.0
        _note_peaks(lanes, out, l, 1)
    return tau


@compiled
def _settle(t: Tables, lanes: Lanes, out: Results, l: int) -> None:
    """Take a step of a lane in which something may have happened."""
    rows, whole = lanes.rows, lanes.whole
    h, s, bound = rows[LENGTH, l], rows[TIME, l], rows[BOUND, l]
    begin, tau, stop, ending = -1.0, -1.0, rows[BEGIN, l] + s, NOTHING
    status = WAITING if whole[RUN, l] >= 0 else LOADING
    is_last, rests = h >= rows[END, l] - s, rows[UNTIL, l] > 0.0
    looks = t.fires and not rests and h > 0.0 and bound >= -DOUBT * t.atol - FLOOR
    if status == WAITING and t.leap != 0 and not rests and not h >= LEAST_STEP:
        tau = find_part(t.leap, t, lanes, l)
        ending = LEAP if tau >= 0.0 else NOTHING
    turns = -1.0
    if status == WAITING and ending == NOTHING and t.n_sides > 0 and h > 0.0:
        turns = find_part(t.find_turn, t, lanes, l)
    if status == WAITING and ending == NOTHING and not np.isfinite(bound):
        status = NOT_FINITE
    elif status == WAITING and ending == NOTHING and looks and (turns < 0.0 or turns > AT_ONCE * h):
        tau = _look(t, lanes, out, l, h if turns < 0.0 else turns)
        if tau >= 0.0:
            ending = SPIKE if rows[SIGN, l] > 0.0 else TURN
    elif status == WAITING and is_last and rests and lanes.final[0, l] >= 0.0 and wakes(t, lanes, l):
        ending = LATE
    if status == WAITING and ending in (NOTHING, LATE) and turns >= 0.0:
        tau, ending = turns, SIDE
    if status == WAITING:
        length = tau if tau >= 0.0 else h
        if whole[SAMPLE, l] < t.samples.shape[0]:
            _sample(t, lanes, out, l, stop, rows[BEGIN, l] + (s + length), False)
        if out.state[RECORDING]:
            _record(lanes, out, l, length, ending)
        for i in range(lanes.states.shape[0]):
            cut = ending in (SPIKE, TURN, SIDE)
            lanes.states[i, l] = state_at(lanes.series, lanes.order, l, i, tau) if cut else lanes.final[i, l]
        if ending in (SPIKE, TURN, LEAP):
            lanes.states[0, l] = 0.0
        if ending != SIDE:
            whole[TURNED, l] = -1
        elif ask_part(t.turn, t, lanes, l):
            status = SLIDES
    if ending == SIDE:
        begin = stop = rows[BEGIN, l] + (s + tau)
    elif ending == TURN:
        rows[SIGN, l], rows[TIME, l] = 1.0, s + tau
    elif ending in (SPIKE, LEAP):
        stop = rows[BEGIN, l] + (s + tau)
    elif status == WAITING and is_last:
        begin = stop = end_stretch(t, lanes, l)
        if whole[PIECE, l] == t.first_piece[t.input_of[whole[RUN, l]] + 1]:
            status = SOLVED
        if rests and rows[UNTIL, l] <= begin:
            wake(t, lanes, l)
        if status == WAITING and ending == NOTHING and _lift(t, lanes, out, l, begin):
            ending = LIFTED
    elif status == WAITING and h > 0.0:
        rows[TIME, l] = s + h
    elif status == WAITING:
        status = BROKEN
    if ending in (SPIKE, LATE, LEAP, LIFTED):
        begin = _spike(t, lanes, out, l, stop)
        stop = min(begin, t.duration)
        if out.whole[whole[RUN, l], COUNT] > t.max_spikes:
            status = SPIKE_LIMIT
        elif lanes.states[0, l] >= 0.0 and not t.passes:
            status = OVER
        elif begin >= t.duration:
            status = SOLVED
    if status == WAITING:
        status = _check_budget(t, lanes, l)
    if status != WAITING:
        if status != LOADING:
            _finish(t, lanes, out, l, status, stop)
        begin = _load(t, lanes, out, l)
    _go_on(t, lanes, out, l, begin)


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
            _settle(t, lanes, out, l)
    address, arguments, attention = lanes.step, lanes.arguments, lanes.attention
    for _ in range(turns):
        if out.state[N_ACTIVE] == 0:
            return DONE
        if out.state[N_SPIKES] + width > out.spike_run.shape[0]:
            return FULL
        call_step(address, arguments)
        if attention[0] == 0:
            continue
        for l in range(width):
            if (attention[0] >> l) & 1 and lanes.whole[RUN, l] >= 0:
                _settle(t, lanes, out, l)
        if out.state[RECORDING] and out.state[N_RECORDS] + 2 * width > out.record.shape[0]:
            return FULL
    return DONE if out.state[N_ACTIVE] == 0 else MORE
