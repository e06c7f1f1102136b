"""One native Taylor step, called from Python: what `natrium.solvers.compiled.taylor` emits, without a solver around it."""

import ctypes

import mpmath
import numpy as np
import sympy

from natrium.solvers.compiled.taylor.emit import ARGUMENTS
from natrium.solvers.compiled.taylor.native import compile_step
from natrium.solvers.compiled.taylor.series import program

ORDER = 18
OTHERS = (0.7, 0.4, -1.3, 0.25)  # y, then a, r and q
x, y, F, J, a, r, q = sympy.symbols("x y F J a r q", real=True)


def written(expr):
    """Write x' = r, y' = -q y, F' = expr: x and y are known, F is the integral of what is tested."""
    return program((r, -q * y, expr), (x, y, F), J, (a, r, q))


def taken(native, states, parameters, current=(0.0,), order=ORDER, tolerance=1e-9, longest=1e3):
    """Take one step; numbers stand for all lanes, an array of parameters is changed in place where a step does so.

    `current` is the input's series. Where gates follow a lane's step may take several calls, sweeps: what it
    gives is kept from that in which it is done.

    Gives the series of the states, shape (n_states, order + 1, width), the step's lengths and its final states.
    """
    width, n = native.width, len(states)
    given = {
        name: np.zeros(width)
        for name in ("rate", "time", "watch", "steps", "length", "bound", "sign", "sweeps")
    } | {
        "states": np.array([np.broadcast_to(value, width) for value in states], dtype=float),
        "parameters": parameters
        if isinstance(parameters, np.ndarray)
        else np.array([np.broadcast_to(value, width) for value in parameters], dtype=float),
        "input": np.zeros((order + 1, width)),
        "base": np.full(width, current[0]),
        "end": np.full(width, np.inf),
        "longest": np.full(width, longest),
        "series": np.zeros((n, order + 1, width)),
        "scratch": np.zeros((native.n_scratch, order + 1, width)),
        "final": np.array([np.broadcast_to(value, width) for value in states], dtype=float),
        "attention": np.zeros(1, dtype=np.int64),
        "tolerance": np.array([1.0 / tolerance] * n + [np.inf]),
    }
    for k, coefficient in enumerate(current[1:], start=1):
        given["input"][k] = coefficient
    table = np.array([given[name].ctypes.data for name in ARGUMENTS[:-1]] + [order], dtype=np.int64)
    found = [np.zeros_like(given[name]) for name in ("series", "length", "final")]
    parameters, open_lanes = given["parameters"].copy(), np.full(width, True)
    while open_lanes.any():
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(native.address)(table.ctypes.data)
        done = open_lanes & (given["steps"] > 0.0)
        for kept, name in zip(found, ("series", "length", "final"), strict=True):
            kept[..., done] = given[name][..., done]
        parameters[:, done] = given["parameters"][:, done]
        open_lanes &= ~done
    given["parameters"][:] = parameters
    return tuple(found)


def of(expr, places, *, native=None, width=8, others=OTHERS, current=(0.0,)):
    """Give the coefficients of an expression of x, y, J and a at places x, shape (ORDER, n_places)."""
    native = native or compile_step(written(expr), width, ORDER)
    groups = np.asarray(places, dtype=float).reshape(-1, native.width)
    found = [taken(native, (at, others[0], 0.0), others[1:], current)[0] for at in groups]
    return np.concatenate(found, axis=2)[2, 1:] * np.arange(1, ORDER + 1)[:, None]


def exact(expr, place, *, others=OTHERS, current=(0.0,)):
    """Give the same coefficients at one place to fifty digits: mpmath's own Taylor series."""
    functions = {"exprel": lambda w: mpmath.expm1(w) / w if w else mpmath.mpf(1), "whole_exp": mpmath.exp}
    function = sympy.lambdify((x, y, J, a), expr, modules=[functions, "mpmath"])
    with mpmath.workdps(50):
        y_0, a_0, r_0, q_0 = map(mpmath.mpf, others)
        drive = [mpmath.mpf(c) for c in reversed(current)]
        return mpmath.taylor(
            lambda t: function(
                mpmath.mpf(place) + r_0 * t, y_0 * mpmath.exp(-q_0 * t), mpmath.polyval(drive, t), a_0
            ),
            0,
            ORDER - 1,
        )


def worst(found, expected):
    """Give the largest error of a term, in epsilons of the whole, within a step that leaves out 1e-15 of it.

    Coefficients of high order have few digits where an order is all that they tell: what counts is what they
    give at the ends of steps, which are as long as these very coefficients allow.
    """
    with mpmath.workdps(50):
        size = max(abs(c) for c in expected[:4])
        if not size:
            return float(max(abs(c) for c in found))
        last = [(k, abs(float(found[k]))) for k in (ORDER - 2, ORDER - 1)]
        h = min([mpmath.mpf(1000)] + [(size * 1e-15 / c) ** (mpmath.mpf(1) / k) for k, c in last if c])
        errors = [abs(float(c) - e) * h**k for k, (c, e) in enumerate(zip(found, expected, strict=True))]
        return float(max(errors) / size * 2**52)
