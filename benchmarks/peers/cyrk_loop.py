"""The loop around CyRK in numba; `cyrk` uses it.

Each call of CyRK goes on for about as long as the last interval between spikes; where a step of it ends
over threshold, that step is taken once more with dense output, whose root is the crossing, and the next
call starts there. (Dense output of every step costs a fifth more.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from CyRK import nb_diffeq_addr, nbsolve2_ivp
from numba import njit

from benchmarks.peers import generated, work

rhs = generated.module("numba").rhs

U_RESET, TAU_REF = work.U_RESET, work.TAU_REF
FIRST, MARGIN = 10.0, 1.02  # ms; how much longer than the last interval a call goes on


def derivative(dy: Any, _t: float, y: Any, args: Any) -> None:
    dy[0], dy[1], dy[2] = rhs(y[0], y[1], y[2], args[0])


GIVEN = (nb_diffeq_addr(derivative),)


@njit(error_model="numpy")
def locate(found: Any, low: float, high: float) -> float:
    """Find where the dense output's u crosses zero: the Illinois method."""
    at_low, at_high = found.call(low)[0, 0], found.call(high)[0, 0]
    x, side = high, 0
    for _ in range(60):
        before = x
        x = (low * at_high - high * at_low) / (at_high - at_low)
        here = found.call(x)[0, 0]
        if here < 0.0:
            low, at_low = x, here
            at_high *= 0.5 if side < 0 else 1.0
            side = -1
        else:
            high, at_high = x, here
            at_low *= 0.5 if side > 0 else 1.0
            side = 1
        if here == 0.0 or abs(x - before) <= 2e-16 * (1.0 + high):
            break
    return x


@njit(error_model="numpy")
def propagate(
    address: int, y: Any, t: float, t_end: float, J: float, rtol: float, spikes: Any, count: int
) -> Any:
    """Carry one run from t to t_end under a constant input; give the count of spikes and the time."""
    args = np.array([J])
    rtols = np.array([rtol])
    atols = np.array([rtol, 0.01 * rtol, 0.01 * rtol])
    window, last = FIRST, t
    while t < t_end:
        stop = min(t_end, t + window)
        found = nbsolve2_ivp(
            address, (0.0, stop - t), y, method="DOP853", args=args, rtols=rtols, atols=atols
        )
        u = found.y[0]
        crossed = 0
        for index in range(1, u.size):
            if u[index] >= 0.0:
                crossed = index
                break
        if crossed > 0:
            begin, end = found.t[crossed - 1], found.t[crossed]
            y[:] = found.y[:3, crossed - 1]
            dense = nbsolve2_ivp(
                address,
                (begin, end),
                y,
                method="DOP853",
                dense_output=True,
                args=args,
                rtols=rtols,
                atols=atols,
                first_step=0.5 * (end - begin),
            )
            s = locate(dense, begin, end)
            state = dense.call(s)
            dense.free()
            y[0], y[1], y[2] = U_RESET, state[1, 0], state[2, 0]
            t += s
            spikes[count] = t
            count += 1
            t += TAU_REF
            window, last = MARGIN * (t - TAU_REF - last), t
        else:
            y[:] = found.y[:3, found.y.shape[1] - 1]
            t = stop
        found.free()
    return count, t


@njit(error_model="numpy")
def ensemble(
    address: int, drives: Any, start: Any, t_end: float, rtol: float, spikes: Any, counts: Any
) -> None:
    """Run every input; row i of `spikes` holds the first ``counts[i]`` of run i."""
    y = np.empty(3)
    for run in range(drives.size):
        y[:] = start
        counts[run], _ = propagate(address, y, 0.0, t_end, drives[run], rtol, spikes[run], 0)


@njit(error_model="numpy")
def single(
    address: int, start: Any, drives: Any, edge: float, t_end: float, rtol: float, spikes: Any
) -> int:  # the input is drives[0] up to the edge, drives[1] beyond
    y = start.copy()
    count, t = propagate(address, y, 0.0, edge, drives[0], rtol, spikes, 0)
    count, t = propagate(address, y, t, t_end, drives[1], rtol, spikes, count)
    return int(count)
