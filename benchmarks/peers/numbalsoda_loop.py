"""The loop around numbalsoda's `solve_ivp` in numba; `numbalsoda_dop853` uses it."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import njit, types
from numbalsoda import lsoda_sig, solve_ivp

from benchmarks.peers import generated, work

rhs = generated.module("numba").rhs

U_RESET, TAU_REF = work.U_RESET, work.TAU_REF

Double = types.CPointer(types.double)


@numba.cfunc(lsoda_sig)
def derivative(_t: float, y: Any, dy: Any, data: Any) -> None:
    dy[0], dy[1], dy[2] = rhs(y[0], y[1], y[2], data[0])


@numba.cfunc(types.void(types.double, Double, Double, Double))
def on_threshold(_t: float, y: Any, out: Any, _data: Any) -> None:
    out[0] = y[0]


GIVEN = (np.array([derivative.address, on_threshold.address]),)


@njit(error_model="numpy")
def propagate(
    addresses: Any, y: Any, t: float, t_end: float, J: float, rtol: float, spikes: Any, count: int
) -> Any:
    """Carry one run from t to t_end under a constant input; give the count of spikes and the time."""
    data, span = np.array([J]), np.zeros(2)
    while t < t_end:
        span[1] = t_end - t
        found = solve_ivp(
            addresses[0],
            span,
            y,
            t_eval=span[1:],
            n_events=1,
            event_fcn=addresses[1],
            data=data.ctypes.data,
            rtol=rtol,
            atol=0.01 * rtol,
        )
        if found.event_found:
            t += found.t_event
            spikes[count] = t
            count += 1
            t += TAU_REF
            y[0], y[1], y[2] = U_RESET, found.y_event[1], found.y_event[2]
        else:
            y[:] = found.y[0]
            t = t_end
    return count, t


@njit(error_model="numpy")
def ensemble(
    addresses: Any, drives: Any, start: Any, t_end: float, rtol: float, spikes: Any, counts: Any
) -> None:
    """Run every input; row i of `spikes` holds the first ``counts[i]`` of run i."""
    y = np.empty(3)
    for run in range(drives.size):
        y[:] = start
        counts[run], _ = propagate(addresses, y, 0.0, t_end, drives[run], rtol, spikes[run], 0)


@njit(error_model="numpy")
def single(
    addresses: Any, start: Any, drives: Any, edge: float, t_end: float, rtol: float, spikes: Any
) -> int:  # the input is drives[0] up to the edge, drives[1] beyond
    y = start.copy()
    count, t = propagate(addresses, y, 0.0, edge, drives[0], rtol, spikes, 0)
    count, t = propagate(addresses, y, t, t_end, drives[1], rtol, spikes, count)
    return int(count)
