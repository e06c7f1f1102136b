"""How states jump in lanes: a reset, a spike that comes in; compiled."""

from __future__ import annotations

from natrium.solvers.compiled.lane_memory import call_step, compiled
from natrium.solvers.compiled.lane_tables import (
    KICK,
    RESET,
    RUN,
    SIGN,
    Lanes,
    Tables,
)


@compiled
def reset(t: Tables, lanes: Lanes, l: int) -> None:
    """Reset the states that a lane has just before."""
    if t.jump != 0:
        for i in range(lanes.parameters.shape[0]):
            lanes.jump_parameters[i, 0] = lanes.parameters[i, l]
        for i in range(lanes.states.shape[0]):
            lanes.jump_states[i, 0] = lanes.states[i, l]
        call_step(t.jump, lanes.jump_arguments)
        for i in range(lanes.states.shape[0]):
            lanes.states[i, l] = lanes.jump_final[i, 0]
    elif not t.passes:
        lanes.states[0, l] = t.runs[lanes.whole[RUN, l], RESET]


@compiled
def kick(t: Tables, lanes: Lanes, l: int, held: bool) -> bool:
    """Let the next spike that comes in move its state, but for V that is held; tell whether V fires by it."""
    k, rows = lanes.whole[KICK, l], lanes.rows
    place = t.kick_place[k]
    lanes.whole[KICK, l] += 1
    if place > 0 or not held:
        lanes.states[place, l] += t.kick_amount[k]
    is_over = lanes.states[0, l] >= 0.0
    fires = t.fires and place == 0 and not held and is_over and rows[SIGN, l] > 0.0
    if t.passes and place == 0 and not held:
        rows[SIGN, l] = -1.0 if is_over else 1.0
    return fires
