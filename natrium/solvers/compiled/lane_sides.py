"""Branches in lanes: on which side of each surface a lane is, and where in a step it changes; compiled."""

from __future__ import annotations

import numpy as np

from natrium.solvers.compiled.lane_events import find_crossing
from natrium.solvers.compiled.lane_memory import call_step, compiled
from natrium.solvers.compiled.lane_tables import (
    BASE,
    LENGTH,
    MAX_HALVINGS,
    MEETS,
    RATE,
    ROUNDING,
    TIME,
    TURNED,
    Lanes,
    Tables,
)


@compiled
def settle_sides(t: Tables, lanes: Lanes, l: int) -> None:
    """Find the side of every surface on which a lane is; of the one that it has just passed it is known."""
    rows = lanes.rows
    lanes.jump_base[0] = rows[BASE, l] + rows[RATE, l] * rows[TIME, l]
    for i in range(lanes.states.shape[0]):
        lanes.jump_states[i, 0] = lanes.states[i, l]
    for i in range(lanes.parameters.shape[0]):
        lanes.jump_parameters[i, 0] = lanes.parameters[i, l]
    for j in range(t.n_sides):  # inner ones first: others may depend on them
        call_step(t.sides, lanes.jump_arguments)
        if lanes.whole[TURNED, l] != j:
            side = -1.0 if lanes.jump_final[j, 0] < 0.0 else 1.0
            lanes.parameters[t.first_side + j, l] = lanes.jump_parameters[t.first_side + j, 0] = side


@compiled
def find_turn(t: Tables, lanes: Lanes, l: int) -> float:
    """Give the time into the step at which a branch first changes its side; -1 where none does.

    Which one it is stands in `MEETS`; it is `TURNED` itself where the flow leads straight back.
    """
    first, whole, order, h = -1.0, lanes.whole, lanes.order, lanes.rows[LENGTH, l]
    scaled = lanes.work[MAX_HALVINGS + 3]
    whole[MEETS, l] = -1
    for j in range(t.n_sides):
        power, largest, is_new = -lanes.parameters[t.first_side + j, l], 0.0, whole[TURNED, l] == j
        for k in range(order + 1):
            scaled[k] = lanes.surfaces[j, k, l] * power
            largest = max(largest, abs(scaled[k]))
            power *= h
        if not largest < np.inf:
            continue
        if is_new:
            scaled[0] = 0.0
        x, _ = find_crossing(scaled, order, lanes.basis, ROUNDING * largest, False, lanes.work, lanes.peaks)
        if x >= 0.0 and (first < 0.0 or x * h < first):
            first, whole[MEETS, l] = x * h, j
    return first


@compiled
def turn(t: Tables, lanes: Lanes, l: int) -> bool:
    """Change the side that a lane has met; tell whether it slides: it would turn back where it has turned."""
    j = lanes.whole[MEETS, l]
    slides = (
        lanes.whole[TURNED, l] == j and lanes.surfaces[j, 1, l] * lanes.parameters[t.first_side + j, l] < 0.0
    )
    lanes.parameters[t.first_side + j, l] *= -1.0
    lanes.whole[TURNED, l] = j
    return slides
