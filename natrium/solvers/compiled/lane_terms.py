"""The lanes' inputs that are no straight lines: sinusoids, Gaussians, formulas; compiled apart."""

from __future__ import annotations

import numpy as np

from natrium.solvers.compiled.lane_memory import call_step, compiled
from natrium.solvers.compiled.lane_tables import (
    BASE,
    BEGIN,
    LEVEL,
    PIECE,
    RATE,
    SLOPE,
    TIME,
    Lanes,
    Tables,
)
from natrium.solvers.inputs import GAUSSIAN, SINE


@compiled
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
        call_step(t.formulas[int(size)], lanes.formula_arguments)
        for k in range(order):
            lanes.input[k, l] += (k + 1) * lanes.formula_series[1, k + 1, 0]


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
