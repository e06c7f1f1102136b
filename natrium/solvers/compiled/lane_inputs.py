"""The lanes' inputs: stretches of smooth time, series of sinusoids, Gaussians and formulas; compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from natrium.solvers.compiled.inputs import GAUSSIAN, SINE
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

# Multiply and add in one: the same instructions for every run, and half the time. Kept where the engine says.
compiled = numba.njit(
    cache=bool(numba.config.CACHE_DIR), nogil=True, error_model="numpy", fastmath={"contract"}, _nrt=False
)
# What is given whole tables and called often: a call would copy them.
inlined = numba.njit(nogil=True, error_model="numpy", inline="always", _nrt=False)


@intrinsic
def call_step(typing_context: Any, address: Any, table: Any) -> Any:
    """Call native code at an address with a table of arguments."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = ir.IntType(64).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [builder.inttoptr(args[1], pointer)])
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), generate


@inlined
def next_kick(t: Tables, lanes: Lanes, l: int) -> float:
    """Give when the next spike comes in to a lane's run; infinity where none does."""
    k = lanes.whole[KICK, l]
    return t.kick_time[k] if k < t.first_kick[t.input_of[lanes.whole[RUN, l]] + 1] else np.inf


@inlined
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


@inlined
def wake(t: Tables, lanes: Lanes, l: int) -> None:
    """End a refractory period that was integrated."""
    lanes.rows[UNTIL, l] = 0.0
    lanes.parameters[lanes.parameters.shape[0] - 1, l] = 1.0
    if t.passes:
        lanes.rows[SIGN, l] = -1.0 if lanes.states[0, l] >= 0.0 else 1.0


@inlined
def wakes(t: Tables, lanes: Lanes, l: int) -> bool:
    """Tell whether V may fire as soon as the stretch at hand ends, and with it the refractory period."""
    return t.fires and not t.passes and lanes.rows[UNTIL, l] <= t.pieces[lanes.whole[PIECE, l], P_END]


@inlined
def end_stretch(t: Tables, lanes: Lanes, l: int) -> float:
    """Give when the stretch at hand ends; go on to the next piece of input where that does, too."""
    until = lanes.rows[UNTIL, l] if lanes.rows[UNTIL, l] > 0.0 else np.inf
    end = t.pieces[lanes.whole[PIECE, l], P_END]
    sooner = min(until, max(lanes.rows[BEGIN, l], next_kick(t, lanes, l)))
    if not sooner < end:
        lanes.whole[PIECE, l] += 1
    return min(sooner, end)


@compiled
def fill_input(t: Tables, lanes: Lanes, l: int) -> None:
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
        call_step(t.formulas[int(size)], lanes.formula_arguments.ctypes.data)
        for k in range(order):
            lanes.input[k, l] += (k + 1) * lanes.formula_series[1, k + 1, 0]
