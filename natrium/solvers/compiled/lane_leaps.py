"""How V that runs off meets the threshold, nearer than steps in time can tell; compiled apart."""

from __future__ import annotations

import numpy as np

from natrium.solvers.compiled.lane_memory import call_step, compiled
from natrium.solvers.compiled.lane_tables import BASE, BEGIN, END, RATE, TIME, Lanes, Tables

ALIKE = 1e-15  # of the time: what two ways to leap may differ by


@compiled
def _way(t: Tables, lanes: Lanes, l: int) -> float:
    """Integrate the way of V to the threshold over V, the others standing where `jump_states` has them.

    Gives how long it takes, or -1 where V does not rise all the way on the same side of every branch;
    `jump_moved` is how far the others move.
    """
    n, u, total = lanes.states.shape[0], lanes.states[0, l], 0.0
    for i in range(n):
        lanes.jump_moved[i] = 0.0
    for k in range(lanes.nodes.shape[1]):
        lanes.jump_states[0, 0] = u * lanes.nodes[0, k]
        call_step(t.flow, lanes.jump_arguments)
        slope = lanes.jump_final[0, 0]
        if not (slope > 0.0 and slope < np.inf):
            return -1.0
        part = -u * lanes.nodes[1, k] / slope
        total += part
        for i in range(1, n):
            lanes.jump_moved[i] += part * lanes.jump_final[i, 0]
        if t.n_sides > 0:
            call_step(t.sides, lanes.jump_arguments)
        for j in range(t.n_sides):
            if lanes.jump_final[j, 0] * lanes.parameters[t.first_side + j, l] < 0.0:
                return -1.0
    return total


@compiled
def leap(t: Tables, lanes: Lanes, l: int) -> float:
    """Let V that runs off meet the threshold, nearer than steps in time can tell.

    Tried with the other states as they are and as they then become: where both ways take as long, `final`
    and a straight line in `series` lead to the threshold. Gives how long it takes; -1 where it is no way.
    """
    n, rows = lanes.states.shape[0], lanes.rows
    if not lanes.states[0, l] < 0.0:
        return -1.0
    for i in range(lanes.parameters.shape[0]):
        lanes.jump_parameters[i, 0] = lanes.parameters[i, l]
    lanes.jump_base[0] = rows[BASE, l] + rows[RATE, l] * rows[TIME, l]
    for i in range(1, n):
        lanes.jump_states[i, 0] = lanes.states[i, l]
    first = _way(t, lanes, l)
    for i in range(1, n):
        lanes.jump_states[i, 0] = lanes.states[i, l] + lanes.jump_moved[i]
    again = _way(t, lanes, l) if first >= 0.0 else -1.0
    allowed = ALIKE * (1.0 + rows[BEGIN, l] + rows[TIME, l])
    if not (again > 0.0 and abs(again - first) <= allowed and again <= rows[END, l] - rows[TIME, l]):
        return -1.0
    lanes.jump_moved[0] = -lanes.states[0, l]
    for i in range(n):
        lanes.series[i, 0, l] = lanes.states[i, l]
        lanes.series[i, 1, l] = lanes.jump_moved[i] / again
        for k in range(2, lanes.order + 1):
            lanes.series[i, k, l] = 0.0
        lanes.final[i, l] = lanes.states[i, l] + lanes.jump_moved[i]
    return again
