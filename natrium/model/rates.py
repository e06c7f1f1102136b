"""Rates of gates: an expression of V, or of V and Ca, in its written and its smooth form, checked once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
import sympy

from natrium.model.branches import choose
from natrium.model.errors import ModelError
from natrium.model.expressions.domain import leaves_the_reals
from natrium.model.expressions.expression import Expression, evaluated
from natrium.model.expressions.smooth import denominators, smooth
from natrium.model.kernel import lower_expressions
from natrium.model.root import find_root

V = sympy.Symbol("V", real=True)

# The physiological range, generous: within it a rate must be finite and must not be negative.
V_LOW, V_HIGH = -150.0, 150.0
_GRID = np.linspace(V_LOW, V_HIGH, 3001)  # every 0.1 mV: channel kinetics do not change within less
# Where cells live: from below rest to the reach of a spike's foot. Here nothing may be out of order; beyond
# it a rate holds as far as it holds.
CORE_LOW, CORE_HIGH = -80.0, 20.0
_CORE = (_GRID >= CORE_LOW) & (_GRID <= CORE_HIGH)
# A denominator whose least size, relative to its typical one, is below this touches zero.
_TOUCH = 1e-13
_NEAR = 0.5  # a grid's least size above this share of its typical one has no touch beside it
BESIDE, SUDDEN = 1e-9, 1e3  # mV, and what a value may change by within a few of it
_NEGLIGIBLE, _APART, _BOUNDLESS = 1e-12, 1e-3, 1e60  # per ms: how two forms of one rate are compared
SLIGHT = 0.01  # of a rate's largest value beside, and of a steady state: a published fit's own rounding
_BESIDE = 201  # points of the grid: 10 mV to both sides
_ROUNDING = 1e-12  # of a rate's largest value: how far below zero is still rounding


@lru_cache(maxsize=512)
def smooth_rate(rate: Expression, names: tuple[str, ...] = ()) -> sympy.Expr:
    """Give the smooth SymPy form of a rate, with some of its constants as symbols."""
    return smooth(rate.symbolic_by(names), V)


@attrs.frozen
class Range:
    """Where a rate keeps its rules.

    Attributes
    ----------
    low, high : float
        mV; infinite where nothing was found out of order.
    below, above : str
        What is out of order beyond each.
    slight : str
        What is out of order within, by so little that it is taken as it is written.
    """

    low: float = -math.inf
    high: float = math.inf
    below: str = ""
    above: str = ""
    slight: str = ""

    @property
    def is_all(self) -> bool:
        """Whether it holds everywhere."""
        return not (self.below or self.above or self.slight)


def check_rate(name: str, rate: Expression, at_most: float = np.inf, positive: bool = False) -> Range:
    """Check that a rate is finite, and within its bounds, where cells live; or leaves them by a hundredth.

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

    Returns
    -------
    Range
        How far around that the rules hold: a published fit may leave its bounds where no cell goes.

    Raises
    ------
    ModelError
        Naming the voltage at which the rule is broken.
    """
    return _check(name, rate, at_most, positive)  # one key, whichever way it was asked


@lru_cache(maxsize=512)
def check_levels(
    name: str,
    rate: Expression,
    levels: tuple[float, ...],
    at_most: float = np.inf,
    positive: bool = False,
) -> tuple[Range, ...]:
    """Check a rate as `check_rate` does; one that reads the calcium at every one of some concentrations.

    Returns
    -------
    tuple of Range
        How far around that the rules hold.

    Raises
    ------
    ModelError
        Naming the voltage, and the concentration, at which a rule is broken.
    """
    if not rate.reads_calcium:
        return (check_rate(name, rate, at_most, positive),)
    found = []
    for level in levels:
        try:
            found.append(check_rate(name, rate.at_calcium(level), at_most, positive))
        except ModelError as error:
            raise ModelError(f"{error}, where Ca = {level:.6g}") from error
    return tuple(found)


@lru_cache(maxsize=512)
def _check(name: str, rate: Expression, at_most: float, positive: bool) -> Range:
    with evaluated(rate):
        return _look(name, rate, at_most, positive)


def _look(name: str, rate: Expression, at_most: float, positive: bool) -> Range:
    held = _Broken()
    outside = leaves_the_reals(rate, _GRID)
    held.add(
        outside,
        lambda v, at: (
            f"{name} must be finite and real from {V_LOW:g} to {V_HIGH:g} mV: {rate} takes a root, power or "
            f"logarithm of a negative number at V = {v:.6g} mV"
        ),
    )
    rate.check_real()
    expr = smooth_rate(rate)
    for pole in _poles(expr):
        held.add(
            np.abs(_GRID - pole) < 0.75 * (_GRID[1] - _GRID[0]),
            lambda v, at, pole=pole: (  # type: ignore[misc]  # mypy cannot tell a lambda with a default
                f"{name} must be finite: {rate} has a pole at V = {pole:.6g} mV that cannot be removed; "
                "where it is 0/0 only as written, write it with exprel(x) = (exp(x) - 1)/x"
            ),
        )
    with np.errstate(all="ignore"):
        values = np.broadcast_to(lower_expressions((expr,), (V,), "grid")(_GRID)[0], _GRID.shape)
    # Rounding is held against what the rate is where its rules hold, not against a fit gone wild.
    sizes = np.pad(np.nan_to_num(np.abs(values)), _BESIDE // 2)
    size = SLIGHT * np.lib.stride_tricks.sliding_window_view(sizes, _BESIDE).max(axis=1)
    for broken, rule, slight in (
        (~np.isfinite(values) | np.iscomplex(values), "must be finite and real", False),
        (values.real <= 0.0 if positive else values.real < -_ROUNDING * _size(values),
         "must be positive" if positive else "must not be negative",
         not positive and values.real >= -np.maximum(size, SLIGHT * at_most if at_most < math.inf else 0.0)),
        (values.real > at_most + 1e-9, f"must be at most {at_most:g}", values.real <= at_most + SLIGHT),
    ):  # fmt: skip
        held.add(
            broken & ~outside,
            lambda v, at, rule=rule: (  # type: ignore[misc]  # as above
                f"{name} {rule} from {V_LOW:g} to {V_HIGH:g} mV: {rate} is {values[at]:.6g} at V = {v:.6g} mV"
            ),
            slight,
        )
    held.add(*_as_written(name, rate, values))
    return held.around()


class _Broken:
    """Rules that are broken on the grid, in the order in which they are told."""

    def __init__(self) -> None:
        self.found: list[tuple[np.ndarray, Callable[[float, int], str]]] = []
        self.slight = ""

    def add(self, broken: np.ndarray, say: Callable[[float, int], str], slight: Any = False) -> None:
        """Keep a rule; where it is broken, and not slightly, where cells live, nothing helps."""
        slightly = broken & slight
        if np.any(slightly[_CORE]):
            at = int(np.argmax(slightly & _CORE))
            self.slight, broken = say(float(_GRID[at]), at), broken & ~slightly
        if np.any(broken[_CORE]):
            at = int(np.argmax(broken))
            raise ModelError(say(float(_GRID[at]), at))
        if np.any(broken):
            self.found.append((broken, say))

    def around(self) -> Range:
        """Give the range around the core in which no rule is broken."""
        ends: dict[str, Any] = {}
        for broken, say in self.found:
            before, after = (
                np.flatnonzero(broken & (_GRID < CORE_LOW)),
                np.flatnonzero(broken & (_GRID > CORE_HIGH)),
            )
            if before.size and _GRID[before[-1] + 1] > ends.get("low", -math.inf):
                at = int(before[-1])
                ends |= {"low": float(_GRID[at + 1]), "below": say(float(_GRID[at]), at)}
            if after.size and _GRID[after[0] - 1] < ends.get("high", math.inf):
                at = int(after[0])
                ends |= {"high": float(_GRID[at - 1]), "above": say(float(_GRID[at]), at)}
        return Range(**ends, slight=self.slight)


def _as_written(
    name: str, rate: Expression, values: np.ndarray
) -> tuple[np.ndarray, Callable[[float, int], str]]:
    """Hold the two forms together: of huge exponentials that cancel, the smooth one holds each at 1e100."""
    with np.errstate(all="ignore"):
        written = np.broadcast_to(rate.written()(_GRID), _GRID.shape)
        larger, smaller = np.maximum(abs(written), abs(values)), np.minimum(abs(written), abs(values))
        apart = abs(written - values) > _NEGLIGIBLE + _APART * larger
    # Where both are beyond all bounds, or as written there is no number, they may differ; and at one point
    # alone, beside a singularity, where what is written has lost its digits.
    apart &= np.isfinite(written) & (smaller < _BOUNDLESS)
    apart[1:-1] &= apart[:-2] | apart[2:]
    return (
        apart,
        lambda v, at: (
            f"{name} must not be a quotient of exponentials beyond 1e100 from {V_LOW:g} to {V_HIGH:g} mV: "
            f"{rate} is {written[at]:.6g} but evaluates to {values[at]:.6g} at "
            f"V = {v:.6g} mV; cancel them, or write it less steep"
        ),
    )


def _size(values: np.ndarray) -> float:
    return float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))


def _strip(base: sympy.Expr) -> sympy.Expr:
    """Give what vanishes where `base` does, and changes its sign there: without abs and powers."""
    while isinstance(base, (sympy.Abs, sympy.Pow)) and base.args[0].has(V):
        base = base.args[0]
    return base


def _poles(expr: sympy.Expr) -> Iterator[float]:
    """Find voltages at which a denominator vanishes, the first of each in the range."""
    bases = [*denominators(expr), *(function.args[0] for function in expr.atoms(sympy.log))]
    stripped = dict.fromkeys(map(_strip, bases))  # in order, each once
    bases = [base for base in stripped if base.has(V) and not base.is_positive]
    if not bases:
        return
    with np.errstate(all="ignore"):
        sampled = lower_expressions(tuple(bases), (V,), "grid")(_GRID)
    for base, sizes in zip(bases, sampled, strict=True):
        if np.iscomplexobj(sizes) or not np.all(np.isfinite(sizes)):
            continue  # not a real number somewhere: the check of the values names the voltage
        yield from (zero for zero in _zeros_of(base, sizes) if _is_taken(expr, zero))


def _is_taken(expr: sympy.Expr, v: float) -> bool:
    """Tell whether a pole lies on the branch that is taken there: beside it the values show."""
    if not expr.has(choose):
        return True
    near = v + BESIDE * np.array([-4.0, -1.0, 0.0, 1.0, 4.0])
    values = lower_expressions((expr,), (V,), "grid")(near)[0] * np.ones(near.size)
    return not (np.all(np.isfinite(values)) and np.ptp(values) <= SUDDEN * (1.0 + np.min(np.abs(values))))


def _zeros_of(base: sympy.Expr, sizes: np.ndarray) -> Iterator[float]:
    """Find where an expression that is `sizes` on the grid crosses zero, or touches it."""
    function = lower_expressions((base,), (V,), "scalar")

    def value(v: float) -> float:
        return float(function(v)[0])

    change = np.flatnonzero(np.sign(sizes[:-1]) * np.sign(sizes[1:]) <= 0.0)
    for at in change.tolist():
        left, right = (float(v) for v in _GRID[at : at + 2])
        if value(left) * value(right) < 0.0:  # else zero up to the rounding by which the two forms differ
            yield find_root(value, left, right)
        else:
            yield left if sizes[at] == 0.0 else right
    if change.size:
        return
    heights = np.abs(sizes)
    typical = float(np.median(heights))
    beside = np.pad(heights, 1, constant_values=np.inf)
    lowest = (heights <= beside[:-2]) & (heights <= beside[2:]) & (heights <= _NEAR * typical)
    for least in np.flatnonzero(lowest).tolist():
        v = _least(lambda v: abs(value(v)), _GRID[max(least - 1, 0)], _GRID[min(least + 1, _GRID.size - 1)])
        if abs(value(v)) < _TOUCH * typical:
            yield v


def _least(size: Callable[[float], float], left: float, right: float) -> float:
    """Find where a function is least, to the last digit: it may have a cusp there."""
    left, right = float(left), float(right)
    while left < (a := left + (right - left) / 3.0) < (b := right - (right - left) / 3.0) < right:
        left, right = (left, b) if size(a) <= size(b) else (a, right)
    near = [left]
    while len(near) < 8:  # some units in the last place: as many as the search leaves
        near.append(math.nextafter(near[-1], math.inf))
    return min(near, key=size)
