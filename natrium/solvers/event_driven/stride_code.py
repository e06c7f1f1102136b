"""DOP853's steps through many short pieces of input in a row, in native code of the model's own rates.

The formulas are those of SciPy's `DOP853`, the error that of `steppers`. A piece begins with the step that
the one before left, as far as it is long; nothing of SciPy's is set up anew.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from scipy.integrate import DOP853

from natrium.model import HybridSystem, UnsupportedModel
from natrium.model.expressions.exprel import (
    EXP_LIMIT,
    exprel_scalar,
    saturated_cosh,
    saturated_exp,
    saturated_sinh,
)
from natrium.model.kernel import event_system, lower_expressions, power
from natrium.model.versions import version_of
from natrium.solvers.event_driven.runge_kutta import MAX_FACTOR, MIN_FACTOR, SAFETY
from natrium.solvers.event_driven.steppers import BY_CHANCE
from natrium.solvers.machine import Native, compiled, describe_target, link, load

# Whole numbers given and given back, by their places: the piece, how many there are, for how many steps there
# is room, how many were made, and what they cost.
PIECE, N_PIECES, ROOM, MADE, CALLS = range(5)
# Numbers: time in the piece (ms), the step tried next, the sign of V's way over the threshold (0 where that
# means nothing), by how many tolerances V must stay away from it, relative tolerance, the least step; then
# each state's absolute tolerance.
TIME, STEP, SIGN, MARGIN, RTOL, LEAST, ATOL = range(7)
LENGTH, LONGEST, LEVEL, SLOPE = range(4)  # columns of a piece, in ms and mV
NEAR = 1e-9  # of a piece: what is left for a last step is taken with the one before
N_STAGES = DOP853.n_stages
EXPONENT = -1.0 / (DOP853.error_estimator_order + 1)
AT_LIMIT = math.exp(EXP_LIMIT)
_ONE_AT_A_TIME = threading.RLock()


def stride_code(system: HybridSystem) -> Native | None:
    """Give the native code of a flow without branches; None without numba, or where a rate is not for it.

    It takes addresses: of whole numbers and numbers as above, pieces (n_pieces, 4), parameters, the state,
    room for one more, and the steps made (room, 3 + n + 13 n): piece, time in it, length, state and stages.
    """
    if find_spec("numba") is None:
        return None
    with _ONE_AT_A_TIME:
        return _code(event_system(system.structure))


@lru_cache(maxsize=64)
def _code(event: HybridSystem) -> Native | None:
    content = repr(
        (version_of("numba"), describe_target(), event.rhs, event.states, event.input, event.parameters)
    )
    whole = content.encode() + Path(__file__).read_bytes()
    try:
        return load(f"{hashlib.sha256(whole).hexdigest()[:32]}.bin", lambda: _write(event))
    except UnsupportedModel:
        return None


def _write(event: HybridSystem) -> bytes:
    from numba import njit, types
    from numba.core.errors import NumbaError

    y, parameters = sympy.DeferredVector("y"), sympy.DeferredVector("p")
    places = dict(zip(event.states, (y[k] for k in range(len(event.states))), strict=True))
    places |= dict(zip(event.parameters, (parameters[k] for k in range(len(event.parameters))), strict=True))
    flows = tuple(flow.subs(places, simultaneous=True) for flow in event.rhs)
    rates = lower_expressions(flows, (y, event.input, parameters), "native")
    numbers = types.CPointer(types.float64)
    signature = types.int64(types.CPointer(types.int64), *[numbers] * 6)
    _teach()
    try:
        made = njit(signature, error_model="numpy")(_steps(njit(rates, error_model="numpy"), len(flows)))
    except NumbaError as error:
        raise UnsupportedModel(f"a rate has no form in native code: {error}") from None
    (one,) = made.overloads.values()
    return compiled(link(one.library.get_llvm_str(), one.fndesc.llvm_func_name))


def _steps(rates: Any, n: int) -> Callable[..., int]:
    """Write the steps of one flow."""
    A, B, C = np.array(DOP853.A), np.array(DOP853.B), np.array(DOP853.C)
    E3, E5 = np.array(DOP853.E3), np.array(DOP853.E5)
    width = 3 + n + (N_STAGES + 1) * n

    def steps(whole, numbers, pieces, parameters, y, stage, made):  # type: ignore[no-untyped-def]  # numba's
        s, h_next, count, piece, moved = numbers[TIME], numbers[STEP], 0, whole[PIECE], True
        sign, rtol = numbers[SIGN], numbers[RTOL]
        calls = 0
        going = True
        while going and piece < whole[N_PIECES]:
            length, longest = pieces[4 * piece + LENGTH], pieces[4 * piece + LONGEST]
            level, slope = pieces[4 * piece + LEVEL], pieces[4 * piece + SLOPE]
            if count == whole[ROOM]:
                break
            row = count * width
            K = row + 3 + n
            if moved:
                for i in range(n):
                    stage[i] = y[i]
                found = rates(stage, level + slope * s, parameters)
                calls += 1
                for i in range(n):
                    made[K + i] = found[i]
            else:
                for i in range(n):
                    made[K + i] = made[K - width + N_STAGES * n + i]
            h, shortened = min(h_next, longest), False
            while True:
                if not h > numbers[LEAST]:
                    going = False
                    break
                if s + h > (1.0 - NEAR) * length:
                    h = length - s
                for k in range(1, N_STAGES):
                    for i in range(n):
                        total = 0.0
                        for j in range(k):
                            total += A[k, j] * made[K + j * n + i]
                        stage[i] = y[i] + h * total
                    found = rates(stage, level + slope * (s + C[k] * h), parameters)
                    for i in range(n):
                        made[K + k * n + i] = found[i]
                for i in range(n):
                    total = 0.0
                    for j in range(N_STAGES):
                        total += B[j] * made[K + j * n + i]
                    stage[i] = y[i] + h * total
                found = rates(stage, level + slope * (s + h), parameters)
                for i in range(n):
                    made[K + N_STAGES * n + i] = found[i]
                calls += N_STAGES
                fifth, third = 0.0, 0.0
                for i in range(n):
                    five, three = 0.0, 0.0
                    for j in range(N_STAGES + 1):
                        five += E5[j] * made[K + j * n + i]
                        three += E3[j] * made[K + j * n + i]
                    scale = numbers[ATOL + i] + rtol * max(abs(y[i]), abs(stage[i]))
                    fifth += (five / scale) ** 2
                    third += (three / scale) ** 2
                error = 0.0
                if fifth != 0.0 or third != 0.0:
                    error = h * fifth / math.sqrt((fifth + 0.01 * third) * n)
                    error = max(error, BY_CHANCE * rtol * h * h * third / n)
                if error < 1.0:
                    factor = MAX_FACTOR if error == 0.0 else min(MAX_FACTOR, SAFETY * error**EXPONENT)
                    h_next = h * (min(1.0, factor) if shortened else factor)
                    break
                part = SAFETY * error**EXPONENT
                h *= part if part > MIN_FACTOR else MIN_FACTOR  # also where it is not a number
                shortened = True
            low = high = made[K]
            for j in range(1, N_STAGES + 1):
                low, high = min(low, made[K + j * n]), max(high, made[K + j * n])
            top = max(sign * y[0], sign * stage[0])
            margin = numbers[MARGIN] * (numbers[ATOL] + rtol * max(abs(y[0]), abs(stage[0])))
            if not going or (sign != 0.0 and not top + h * (high - low) < -margin):
                break
            made[row], made[row + 1], made[row + 2] = piece, s, h
            for i in range(n):
                made[row + 3 + i] = y[i]
                y[i] = stage[i]
            count += 1
            s += h
            moved = s >= (1.0 - NEAR) * length
            if moved:
                piece, s = piece + 1, 0.0
        whole[PIECE], whole[MADE], whole[CALLS] = piece, count, calls
        numbers[TIME], numbers[STEP] = s, h_next
        return 0

    return steps


@cache
def _teach() -> None:
    """Let numba know the functions in which rates are written."""
    from numba.extending import overload

    overload(saturated_exp)(lambda x: lambda x: AT_LIMIT if x >= EXP_LIMIT else math.exp(x))
    overload(saturated_cosh)(lambda x: lambda x: math.cosh(min(max(x, -EXP_LIMIT), EXP_LIMIT)))
    overload(saturated_sinh)(lambda x: lambda x: math.sinh(min(max(x, -EXP_LIMIT), EXP_LIMIT)))
    overload(exprel_scalar)(
        lambda x: lambda x: math.expm1(min(x, EXP_LIMIT)) / min(x, EXP_LIMIT) if x != 0.0 else 1.0
    )
    overload(power)(lambda x, n: lambda x, n: x**n)
