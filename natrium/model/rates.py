"""Rates of gates: an expression of V in its written and its smooth form, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import sympy
from scipy.optimize import brentq

from natrium.model.errors import ModelError
from natrium.model.expressions.domain import leaves_the_reals
from natrium.model.expressions.expression import Expression, evaluated
from natrium.model.expressions.smooth import denominators, smooth
from natrium.model.kernel import lower_expressions

V = sympy.Symbol("V", real=True)

# The physiological range, generous: within it a rate must be finite and must not be negative.
V_LOW, V_HIGH = -150.0, 150.0
_GRID = np.linspace(V_LOW, V_HIGH, 3001)  # every 0.1 mV: channel kinetics do not change within less
# A denominator whose least size, relative to its typical one, is below this touches zero.
_TOUCH = 1e-13
_NEAR = 0.5  # a grid's least size above this share of its typical one has no touch beside it
_NEGLIGIBLE, _APART, _BOUNDLESS = 1e-12, 1e-3, 1e60  # per ms: how two forms of one rate are compared
_ROUNDING = 1e-12  # of a rate's largest value: how far below zero is still rounding


@lru_cache(maxsize=512)
def smooth_rate(rate: Expression) -> sympy.Expr:
    """Give the smooth SymPy form of a rate."""
    return smooth(rate.symbolic, V)


@lru_cache(maxsize=512)
def check_rate(name: str, rate: Expression, at_most: float = np.inf, positive: bool = False) -> None:
    """Check that a rate is finite, and within its bounds, on the physiological range.

    Parameters
    ----------
    name : str
        What the rate is, for messages.
    rate : Expression
        The rate, of V.
    at_most : float
        Upper bound: 1 for a steady state.
    positive : bool
        Whether zero is refused as well: for a time constant.

    Raises
    ------
    ModelError
        Naming the voltage at which the rule is broken.
    """
    with evaluated(rate):
        _check(name, rate, at_most, positive)


def _check(name: str, rate: Expression, at_most: float, positive: bool) -> None:
    outside = leaves_the_reals(rate, _GRID)
    if np.any(outside):
        raise ModelError(
            f"{name} must be finite and real from {V_LOW:g} to {V_HIGH:g} mV: {rate} takes a root, power or "
            f"logarithm of a negative number at V = {_GRID[int(np.argmax(outside))]:.6g} mV"
        )
    rate.check_real()
    expr = smooth_rate(rate)
    pole = _pole(expr)
    if pole is not None:
        raise ModelError(
            f"{name} must be finite: {rate} has a pole at V = {pole:.6g} mV that cannot be removed; "
            "where it is 0/0 only as written, write it with exprel(x) = (exp(x) - 1)/x"
        )
    with np.errstate(all="ignore"):
        values = np.broadcast_to(lower_expressions((expr,), (V,), "grid")(_GRID)[0], _GRID.shape)
    for broken, rule in (
        (~np.isfinite(values) | np.iscomplex(values), "must be finite and real"),
        (values.real <= 0.0 if positive else values.real < -_ROUNDING * _size(values),
         "must be positive" if positive else "must not be negative"),
        (values.real > at_most + 1e-9, f"must be at most {at_most:g}"),
    ):  # fmt: skip
        if np.any(broken):
            worst = int(np.argmax(broken))
            raise ModelError(
                f"{name} {rule} from {V_LOW:g} to {V_HIGH:g} mV: {rate} is {values[worst]:.6g} "
                f"at V = {_GRID[worst]:.6g} mV"
            )
    _check_as_written(name, rate, values)


def _check_as_written(name: str, rate: Expression, values: np.ndarray) -> None:
    """Hold the two forms together: of huge exponentials that cancel, the smooth one holds each at 1e100."""
    with np.errstate(all="ignore"):
        written = np.broadcast_to(rate.written()(_GRID), _GRID.shape)
        larger, smaller = np.maximum(abs(written), abs(values)), np.minimum(abs(written), abs(values))
        apart = abs(written - values) > _NEGLIGIBLE + _APART * larger
    # Where both are beyond all bounds, or as written there is no number, they may differ; and at one point
    # alone, beside a singularity, where what is written has lost its digits.
    apart &= np.isfinite(written) & (smaller < _BOUNDLESS)
    apart[1:-1] &= apart[:-2] | apart[2:]
    if np.any(apart):
        worst = int(np.argmax(apart))
        raise ModelError(
            f"{name} must not be a quotient of exponentials beyond 1e100 from {V_LOW:g} to {V_HIGH:g} mV: "
            f"{rate} is {written[worst]:.6g} but evaluates to {values[worst]:.6g} at "
            f"V = {_GRID[worst]:.6g} mV; cancel them, or write it less steep"
        )


def _size(values: np.ndarray) -> float:
    return float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))


def _strip(base: sympy.Expr) -> sympy.Expr:
    """Give what vanishes where `base` does, and changes its sign there: without abs and powers."""
    while isinstance(base, (sympy.Abs, sympy.Pow)) and base.args[0].has(V):
        base = base.args[0]
    return base


def _pole(expr: sympy.Expr) -> float | None:
    """Find a voltage at which a denominator vanishes; None where there is none in the range."""
    bases = [*denominators(expr), *(function.args[0] for function in expr.atoms(sympy.log))]
    stripped = dict.fromkeys(map(_strip, bases))  # in order, each once
    bases = [base for base in stripped if base.has(V) and not base.is_positive]
    if not bases:
        return None
    with np.errstate(all="ignore"):
        sampled = lower_expressions(tuple(bases), (V,), "grid")(_GRID)
    for base, sizes in zip(bases, sampled, strict=True):
        if np.iscomplexobj(sizes) or not np.all(np.isfinite(sizes)):
            continue  # not a real number somewhere: the check of the values names the voltage
        zero = _zero_of(base, sizes)
        if zero is not None:
            return zero
    return None


def _zero_of(base: sympy.Expr, sizes: np.ndarray) -> float | None:
    """Find where an expression that is `sizes` on the grid crosses or touches zero."""
    function = lower_expressions((base,), (V,), "scalar")

    def value(v: float) -> float:
        return float(function(v)[0])

    change = np.flatnonzero(np.sign(sizes[:-1]) * np.sign(sizes[1:]) <= 0.0)
    if change.size:
        left, right = (float(v) for v in _GRID[change[0] : change[0] + 2])
        if value(left) * value(right) < 0.0:  # else zero up to the rounding by which the two forms differ
            return float(brentq(value, left, right))
        return left if sizes[change[0]] == 0.0 else right
    least, typical = int(np.argmin(np.abs(sizes))), float(np.median(np.abs(sizes)))
    if abs(sizes[least]) > _NEAR * typical:
        return None
    v = _least(lambda v: abs(value(v)), _GRID[max(least - 1, 0)], _GRID[min(least + 1, _GRID.size - 1)])
    return v if abs(value(v)) < _TOUCH * typical else None


def _least(size: Callable[[float], float], left: float, right: float) -> float:
    """Find where a function is least, to the last digit: it may have a cusp there."""
    left, right = float(left), float(right)
    while left < (a := left + (right - left) / 3.0) < (b := right - (right - left) / 3.0) < right:
        left, right = (left, b) if size(a) <= size(b) else (a, right)
    near = [left]
    while len(near) < 8:  # some units in the last place: as many as the search leaves
        near.append(math.nextafter(near[-1], math.inf))
    return min(near, key=size)
