"""A scalar DOP853 loop in numba, as one would write it by hand; `numba_dop853` uses it.

Steps by DOP853 with SciPy's tableau, norm and step-size rule; where u is over threshold at a step's end,
the root of the step's dense output by the Illinois method, and the state there from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy.integrate._ivp import dop853_coefficients as tableau

from benchmarks.peers import generated, work

rhs = generated.module("numba").rhs

STAGES, EXTENDED = 12, 16
A = np.ascontiguousarray(tableau.A[:EXTENDED, :EXTENDED])
B = np.ascontiguousarray(tableau.B)
E3, E5 = np.ascontiguousarray(tableau.E3), np.ascontiguousarray(tableau.E5)
D = np.ascontiguousarray(tableau.D)
GIVEN = ()  # nothing but the work
U_RESET, TAU_REF = work.U_RESET, work.TAU_REF
N = 3
SAFETY, LEAST, GREATEST = 0.9, 0.2, 10.0  # of the step size's change, as in SciPy


@njit(cache=True, error_model="numpy")
def stage(index: int, y: Any, h: float, K: Any, J: float) -> None:
    """Evaluate one stage from those before it."""
    v0 = v1 = v2 = 0.0
    for j in range(index):
        a = A[index, j]
        v0 += a * K[0, j]
        v1 += a * K[1, j]
        v2 += a * K[2, j]
    K[0, index], K[1, index], K[2, index] = rhs(y[0] + h * v0, y[1] + h * v1, y[2] + h * v2, J)


@njit(cache=True, error_model="numpy")
def dense(y: Any, new: Any, h: float, K: Any, J: float, F: Any) -> None:
    """Make the seven coefficients of the step's polynomial."""
    for index in range(STAGES + 1, EXTENDED):
        stage(index, y, h, K, J)
    for i in range(N):
        change = new[i] - y[i]
        F[i, 0] = change
        F[i, 1] = h * K[i, 0] - change
        F[i, 2] = 2.0 * change - h * (K[i, STAGES] + K[i, 0])
        for k in range(4):
            total = 0.0
            for j in range(EXTENDED):
                total += D[k, j] * K[i, j]
            F[i, 3 + k] = h * total


@njit(cache=True, error_model="numpy")
def value(x: float, start: float, f: Any) -> float:
    """Evaluate the polynomial at a fraction x of the step."""
    result = 0.0
    for k in range(7):
        result += f[6 - k]
        result *= x if k % 2 == 0 else 1.0 - x
    return start + result


@njit(cache=True, error_model="numpy")
def root(start: float, f: Any) -> float:
    """Find where u crosses zero upwards, as a fraction of the step: the Illinois method."""
    low, high = 0.0, 1.0
    at_low, at_high = start, value(1.0, start, f)
    x, side = 1.0, 0
    for _ in range(60):
        before = x
        x = (low * at_high - high * at_low) / (at_high - at_low)
        here = value(x, start, f)
        if here < 0.0:
            low, at_low = x, here
            at_high *= 0.5 if side < 0 else 1.0
            side = -1
        else:
            high, at_high = x, here
            at_low *= 0.5 if side > 0 else 1.0
            side = 1
        if here == 0.0 or abs(x - before) <= 2e-16:
            break
    return x


@njit(cache=True, error_model="numpy")
def propagate(y: Any, t: float, t_end: float, J: float, rtol: float, spikes: Any, count: int) -> Any:
    """Carry one run from t to t_end under a constant input; give the count of spikes and the time."""
    K = np.empty((N, EXTENDED))
    F = np.empty((N, 7))
    new = np.empty(N)
    h = 0.01
    fresh = True
    while t < t_end:
        if fresh:
            K[0, 0], K[1, 0], K[2, 0] = rhs(y[0], y[1], y[2], J)
            fresh = False
        h = min(h, t_end - t)
        for index in range(1, STAGES):
            stage(index, y, h, K, J)
        for i in range(N):
            total = 0.0
            for j in range(STAGES):
                total += B[j] * K[i, j]
            new[i] = y[i] + h * total
        K[0, STAGES], K[1, STAGES], K[2, STAGES] = rhs(new[0], new[1], new[2], J)
        third = fifth = 0.0
        for i in range(N):
            absolute = rtol if i == 0 else 0.01 * rtol
            scale = absolute + rtol * max(abs(y[i]), abs(new[i]))
            e3 = e5 = 0.0
            for j in range(STAGES + 1):
                e3 += E3[j] * K[i, j]
                e5 += E5[j] * K[i, j]
            third += (e3 / scale) ** 2
            fifth += (e5 / scale) ** 2
        norm = 0.0
        if fifth > 0.0 or third > 0.0:
            norm = h * fifth / np.sqrt((fifth + 0.01 * third) * N)
        factor = GREATEST if norm == 0.0 else SAFETY * norm**-0.125
        if norm >= 1.0 or norm != norm:
            h *= max(LEAST, factor) if norm == norm else LEAST
            continue
        if new[0] >= 0.0:
            dense(y, new, h, K, J, F)
            x = root(y[0], F[0])
            t += x * h
            spikes[count] = t
            count += 1
            y[1] = value(x, y[1], F[1])
            y[2] = value(x, y[2], F[2])
            y[0] = U_RESET
            t += TAU_REF
            h = min(h, 0.3)
            fresh = True
        else:
            t = t_end if h == t_end - t else t + h
            for i in range(N):
                y[i] = new[i]
                K[i, 0] = K[i, STAGES]
            h *= min(GREATEST, max(LEAST, factor))
    return count, t


@njit(cache=True, error_model="numpy")
def ensemble(drives: Any, start: Any, t_end: float, rtol: float, spikes: Any, counts: Any) -> None:
    """Run every input; row i of `spikes` holds the first ``counts[i]`` of run i."""
    y = np.empty(N)
    for run in range(drives.size):
        y[:] = start
        counts[run], _ = propagate(y, 0.0, t_end, drives[run], rtol, spikes[run], 0)


@njit(cache=True, error_model="numpy")
def single(
    start: Any, drives: Any, edge: float, t_end: float, rtol: float, spikes: Any
) -> int:  # the input is drives[0] up to the edge, drives[1] beyond
    y = start.copy()
    count, t = propagate(y, 0.0, edge, drives[0], rtol, spikes, 0)
    count, t = propagate(y, t, t_end, drives[1], rtol, spikes, count)
    return int(count)
