"""The lanes' inputs: stretches of smooth time; compiled."""

from __future__ import annotations

import numpy as np

from natrium.solvers.compiled.lane_memory import compiled
from natrium.solvers.compiled.lane_tables import (
    BASE,
    BEGIN,
    END,
    GAP,
    HAS_TERMS,
    KICK,
    LEVEL,
    LONGEST,
    P_BEGIN,
    P_END,
    P_LEVEL,
    P_LONGEST,
    P_SLOPE,
    PIECE,
    RATE,
    RUN,
    SIGN,
    SLOPE,
    TIME,
    UNTIL,
    Lanes,
    Tables,
)


@compiled
def next_kick(t: Tables, lanes: Lanes, l: int) -> float:
    """Give when the next spike comes in to a lane's run; infinity where none does."""
    k = lanes.whole[KICK, l]
    return t.kick_time[k] if k < t.first_kick[t.input_of[lanes.whole[RUN, l]] + 1] else np.inf


@compiled
def enter(t: Tables, lanes: Lanes, l: int, begin: float) -> None:
    """Begin a stretch of smooth time at `begin`, in the piece of input that holds it."""
    rows, whole = lanes.rows, lanes.whole
    run, piece = whole[RUN, l], whole[PIECE, l]
    last = t.first_piece[t.input_of[run] + 1] - 1
    while piece < last and t.pieces[piece, P_END] <= begin:
        piece += 1
    whole[PIECE, l] = piece
    slope = t.pieces[piece, P_SLOPE]
    level = t.pieces[piece, P_LEVEL] + slope * (begin - t.pieces[piece, P_BEGIN])
    end = t.pieces[piece, P_END]
    if rows[UNTIL, l] > 0.0:  # the refractory period is integrated
        end = min(end, rows[UNTIL, l])
    end = min(end, max(begin, next_kick(t, lanes, l)))  # one that is due comes at once
    rows[BEGIN, l], rows[TIME, l], rows[END, l] = begin, 0.0, end - begin
    rows[LONGEST, l] = t.pieces[piece, P_LONGEST] * t.step_scale
    rows[LEVEL, l] = rows[BASE, l] = level - t.runs[run, GAP]
    rows[SLOPE, l] = rows[RATE, l] = lanes.input[1, l] = slope
    has_terms = t.first_term[piece + 1] > t.first_term[piece]
    if whole[HAS_TERMS, l] and not has_terms:
        for k in range(2, lanes.order + 1):
            lanes.input[k, l] = 0.0
    whole[HAS_TERMS, l] = has_terms


@compiled
def wake(t: Tables, lanes: Lanes, l: int) -> None:
    """End a refractory period that was integrated."""
    lanes.rows[UNTIL, l] = 0.0
    lanes.parameters[lanes.parameters.shape[0] - 1, l] = 1.0
    if t.passes:
        lanes.rows[SIGN, l] = -1.0 if lanes.states[0, l] >= 0.0 else 1.0


@compiled
def wakes(t: Tables, lanes: Lanes, l: int) -> bool:
    """Tell whether V may fire as soon as the stretch at hand ends, and with it the refractory period."""
    return t.fires and not t.passes and lanes.rows[UNTIL, l] <= t.pieces[lanes.whole[PIECE, l], P_END]


@compiled
def end_stretch(t: Tables, lanes: Lanes, l: int) -> float:
    """Give when the stretch at hand ends; go on to the next piece of input where that does, too."""
    until = lanes.rows[UNTIL, l] if lanes.rows[UNTIL, l] > 0.0 else np.inf
    end = t.pieces[lanes.whole[PIECE, l], P_END]
    sooner = min(until, max(lanes.rows[BEGIN, l], next_kick(t, lanes, l)))
    if not sooner < end:
        lanes.whole[PIECE, l] += 1
    return min(sooner, end)
