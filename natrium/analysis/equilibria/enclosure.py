"""Bounds of an expression over intervals, and from them all sign changes of it: none can be lost.

Every node of a SymPy expression is bounded over many intervals at once, each bound widened by the rounding
that it may hold. Where the bounds leave zero out there is no root; where those of the derivative do there
is at most one, which the signs at the ends tell; all else is halved.

References
----------
.. [1] R. E. Moore, R. B. Kearfott, M. J. Cloud, "Introduction to Interval Analysis" (2009), ch. 5, 8.
   https://doi.org/10.1137/1.9780898717716
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import scipy
import sympy

from natrium.model.arrays import Array
from natrium.model.branches import choose
from natrium.model.derived import shared_terms
from natrium.model.errors import SolverError
from natrium.model.expressions.exprel import EXP_LIMIT, exprel, exprel_array, whole, whole_exp
from natrium.model.root import find_root

ROUNDING = 1e-15  # of one operation, relative: a few units in the last place
SERIES = 1e-11  # of SciPy's Kummer function, relative, with room
LARGEST = float(np.finfo(float).max)
PARTS = 64  # intervals at first
LEAST = 1e-9  # mV, or of V's scale: what is still undecided at this width is one place
FLAT = 1e-290  # bounds of what is zero on a whole interval, with the room that `_widen` gives
MANY, BY_ROUNDING = (
    512,
    4.0,
)  # undecided intervals from which on it is asked whether rounding decides, and how
MAX_INTERVALS = 400_000  # undecided at once: kinetics that no cell has


@attrs.frozen(eq=False)
class Bounds:
    """Lower and upper bounds, one pair per interval."""

    low: Array  # shape (n_intervals,) or ()
    high: Array  # shape (n_intervals,) or ()

    def contain(self, value: float) -> npt.NDArray[np.bool_]:
        """Tell for each interval whether a value lies within, shape (n_intervals,)."""
        return np.asarray((self.low <= value) & (value <= self.high))


def _widen(low: Any, high: Any, by: float = ROUNDING) -> Bounds:
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    unknown = np.isnan(low) | np.isnan(high)  # 0 times infinity: anything
    low, high = np.minimum(low, LARGEST), np.maximum(high, -LARGEST)  # what overflows is beyond these
    low = np.where(unknown, -np.inf, low - by * np.abs(low) - 1e-300)
    high = np.where(unknown, np.inf, high + by * np.abs(high) + 1e-300)
    return Bounds(low, high)


def _times(a: Bounds, b: Bounds) -> Bounds:
    corners = np.stack(np.broadcast_arrays(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high))
    return _widen(corners.min(axis=0), corners.max(axis=0))


def _inverse(a: Bounds) -> Bounds:
    # An edge at zero is left out: there is no value there.
    above, below = (a.low >= 0.0) & (a.high > 0.0), (a.low < 0.0) & (a.high <= 0.0)
    low = np.where(above | (a.high < 0.0), 1.0 / a.high, -np.inf)
    return _widen(low, np.where(below | (a.low > 0.0), 1.0 / a.low, np.inf))


def _whole_power(a: Bounds, n: int) -> Bounds:
    if n < 0:
        return _inverse(_whole_power(a, -n))
    if n == 1:
        return a
    low, high = a.low**n, a.high**n
    if n % 2 == 0:
        crossing = (a.low <= 0.0) & (a.high >= 0.0)
        low, high = np.where(crossing, 0.0, np.minimum(low, high)), np.maximum(low, high)
    return _widen(low, high, n * ROUNDING)


def _rising(function: Callable[[Any], Any], a: Bounds, by: float = ROUNDING) -> Bounds:
    return _widen(function(a.low), function(a.high), by)


def _exp(a: Bounds) -> Bounds:
    # Held at EXP_LIMIT, as the kernels hold it; the argument's own rounding weighs by its size.
    return _rising(lambda x: np.exp(np.minimum(x, EXP_LIMIT)), a)


def _log(a: Bounds) -> Bounds:
    low, high = np.maximum(a.low, 0.0), np.maximum(a.high, 0.0)
    return _widen(np.log(low), np.log(high))


def _wave(function: Callable[[Any], Any], crest: float, a: Bounds) -> Bounds:
    def holds(place: float) -> Any:
        return place + 2.0 * np.pi * np.ceil((a.low - place) / (2.0 * np.pi)) <= a.high

    ends = function(a.low), function(a.high)
    known = np.isfinite(ends[0]) & np.isfinite(ends[1])
    low = np.where(holds(crest + np.pi) | ~known, -1.0, np.minimum(*ends))
    return _widen(low, np.where(holds(crest) | ~known, 1.0, np.maximum(*ends)))


def _absolute(a: Bounds) -> Bounds:
    crossing = (a.low <= 0.0) & (a.high >= 0.0)
    sizes = np.abs(a.low), np.abs(a.high)
    return Bounds(np.where(crossing, 0.0, np.minimum(*sizes)), np.maximum(*sizes))


def _kick(a: Bounds) -> Bounds:
    crossing = (a.low <= 0.0) & (a.high >= 0.0)
    return Bounds(np.where(crossing, -np.inf, 0.0), np.where(crossing, np.inf, 0.0))


_FUNCTIONS: dict[Any, Callable[[Bounds], Bounds]] = {
    sympy.exp: _exp,
    whole_exp: _exp,
    sympy.log: _log,
    sympy.sin: lambda a: _wave(np.sin, 0.5 * np.pi, a),
    sympy.cos: lambda a: _wave(np.cos, 0.0, a),
    sympy.tanh: lambda a: _rising(np.tanh, a),
    sympy.sinh: lambda a: _rising(np.sinh, a),
    sympy.cosh: lambda a: _rising(np.cosh, _absolute(a)),
    sympy.erf: lambda a: _rising(scipy.special.erf, a),
    sympy.atan: lambda a: _rising(np.arctan, a),
    sympy.Abs: _absolute,
    sympy.sign: lambda a: Bounds(np.sign(a.low), np.sign(a.high)),
    sympy.DiracDelta: _kick,  # of a derivative of abs: nothing is known there
}


class Enclosure:
    """Bounds of expressions over intervals of a variable, or over boxes of several.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
        Of the variables and of symbols with given values.
    variables : sympy.Symbol or tuple of sympy.Symbol
    values : mapping of sympy.Symbol to float
    """

    def __init__(self, expressions: Any, variables: Any, values: Mapping[Any, float]) -> None:
        self.variables, self.values = variables, dict(values)
        self.steps, self.results = shared_terms([whole(expr) for expr in expressions])

    def at(self, values: Mapping[Any, float]) -> Enclosure:
        """Give the same with other values."""
        other = copy(self)
        other.values = dict(values)
        return other

    def __call__(self, low: Array, high: Array) -> list[Bounds]:
        """Bound each expression between low and high, shapes (n_intervals,), or (n_variables, n_boxes)."""
        known: dict[Any, Bounds] = {symbol: _exactly(value) for symbol, value in self.values.items()}
        low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        if isinstance(self.variables, tuple):
            sides = zip(self.variables, low, high, strict=True)
            known |= {symbol: Bounds(a, b) for symbol, a, b in sides}
            low = low[0]
        else:
            known[self.variables] = Bounds(low, high)
        with np.errstate(all="ignore"):
            for symbol, expr in self.steps:
                known[symbol] = _bound(expr, known)
            found = [_bound(expr, known) for expr in self.results]
        shape = np.shape(low)
        return [Bounds(np.broadcast_to(b.low, shape), np.broadcast_to(b.high, shape)) for b in found]


def _exactly(value: Any) -> Bounds:
    return Bounds(np.asarray(float(value)), np.asarray(float(value)))


def _bound(expr: Any, known: Mapping[Any, Bounds]) -> Bounds:
    if expr in known:
        return known[expr]
    if expr.is_number:
        value = float(expr)
        return _exactly(value) if expr.is_Integer else _widen(value, value)
    parts = [_bound(arg, known) for arg in expr.args]
    if expr.is_Add:
        total = parts[0]
        for part in parts[1:]:
            total = _widen(total.low + part.low, total.high + part.high)
        return total
    if expr.is_Mul:
        product = parts[0]
        for part in parts[1:]:
            product = _times(product, part)
        return product
    if expr.is_Pow:
        if expr.exp.is_Integer:
            return _whole_power(parts[0], int(expr.exp))
        return _exp(_times(parts[1], _log(parts[0])))
    if isinstance(expr, exprel):  # positive and rising, of every order
        order = int(expr.args[1]) if len(expr.args) == 2 else 0
        return _rising(lambda x: exprel_array(x, order), parts[0], SERIES if order else ROUNDING)
    if isinstance(expr, choose):
        g, a, b = parts
        taken, other = g.low >= 0.0, g.high < 0.0
        low = np.where(taken, a.low, np.where(other, b.low, np.minimum(a.low, b.low)))
        return Bounds(low, np.where(taken, a.high, np.where(other, b.high, np.maximum(a.high, b.high))))
    if expr.func in _FUNCTIONS:
        return _FUNCTIONS[expr.func](parts[0])
    raise SolverError(f"a rate must be made of functions with known bounds, got {expr.func.__name__}")


def sign_changes(
    enclosure: Callable[[Array, Array], list[Bounds]],
    function: Callable[[float], float],
    low: float,
    high: float,
    most: int = MAX_INTERVALS,
    scale: float = 1.0,
) -> tuple[float, ...]:
    """Find every place where a function changes sign.

    Parameters
    ----------
    enclosure : Enclosure, or a callable like it
        Of the function and of its derivative.
    function : callable
        The function itself.
    low, high : float
        Where to look.
    most : int
        How many intervals may be undecided at once.
    scale : float
        What lengths are multiplied by.

    Returns
    -------
    tuple of float
        In order, each to the last digits. Changes of sign nearer to each other than `LEAST`, or where
        rounding hides the sign, may count as one (where their number is odd) or none. A pole is none.

    Raises
    ------
    SolverError
        When the kinetics are too wild to be decided.
    """
    edges = np.linspace(low, high, PARTS + 1)
    left, right = edges[:-1], edges[1:]
    brackets: list[tuple[float, float]] = []
    plateaus: list[tuple[float, float]] = []
    while left.size:
        values, slopes = enclosure(left, right)
        flat = (values.low >= -FLAT) & (values.high <= FLAT)  # zero throughout: no sign changes within
        open_ = values.contain(0.0) & ~flat
        left, right = left[open_], right[open_]
        steep = ~slopes.contain(0.0)[open_]
        brackets += zip(left[steep].tolist(), right[steep].tolist(), strict=True)
        left, right = left[~steep], right[~steep]
        tiny = right - left <= LEAST * scale
        brackets += _join(left[tiny], right[tiny])
        left, right = left[~tiny], right[~tiny]
        if left.size > MANY:
            signed, rounding = _by_slopes(enclosure, left, right)
            plateaus += _join(left[rounding], right[rounding])
            left, right = left[~signed & ~rounding], right[~signed & ~rounding]
        if left.size > most:
            raise SolverError(
                f"equilibria must be decided within {most} intervals, got more near "
                f"V = {left[left.size // 2]:.6g} mV: the gates' steady states are not smooth there"
            )
        middle = 0.5 * (left + right)
        left, right = np.sort(np.concatenate([left, middle])), np.sort(np.concatenate([middle, right]))
    changes = [(a, b) for a, b in brackets if (function(a) < 0.0) != (function(b) < 0.0)]
    known = [low, high, *(edge for pair in changes for edge in pair)]
    for a, b in _merged(plateaus):
        a = _decided(enclosure, a, max(edge for edge in known if edge <= a), scale)
        b = _decided(enclosure, b, min(edge for edge in known if edge >= b), scale)
        if math.isfinite(a - b) and (function(a) < 0.0) != (function(b) < 0.0):
            changes.append((a, b))
    found = {_root(function, a, b, scale) for a, b in changes}
    return tuple(sorted(root for root in found if root is not None))


def _by_slopes(
    enclosure: Callable[[Array, Array], list[Bounds]], left: Array, right: Array
) -> tuple[Any, Any]:
    """Tell where the sign is known, and where bounds are as wide at a single point: rounding, never narrowed.

    Bounds by the middle and the slope are the narrower where steep terms cancel, as where a threshold comes
    ever nearer to V.
    """
    whole, slopes = enclosure(left, right)
    middle = 0.5 * (left + right)
    point = enclosure(middle, middle)[0]
    with np.errstate(invalid="ignore"):
        reach = np.maximum(np.abs(slopes.low), np.abs(slopes.high)) * (right - left)  # twice the half
        low, high = np.fmax(whole.low, point.low - reach), np.fmin(whole.high, point.high + reach)
        rounding = point.contain(0.0) & (high - low <= BY_ROUNDING * (point.high - point.low))
    return (low > 0.0) | (high < 0.0), rounding


def rewrite_quotients(expr: Any) -> Any:
    """Write exp(a)/(exp(a) + c) as 1/(1 + c exp(-a)): what stands once is bounded by its range."""
    return expr.replace(lambda node: node.is_Mul, _with_one_exponential)


def _with_one_exponential(product: Any) -> Any:
    below = [node for node in product.args if node.is_Pow and node.exp == -1 and node.base.is_Add]
    for quotient in below:
        for factor in product.args:
            if isinstance(factor, sympy.exp) and quotient.base.coeff(factor) != 0:
                rest = [node for node in product.args if node not in (factor, quotient)]
                return sympy.Mul(*rest) / sympy.Add(*(node / factor for node in quotient.base.args))
    return product


def _decided(
    enclosure: Callable[[Array, Array], list[Bounds]], start: float, end: float, scale: float
) -> float:
    """Give the first place from a plateau's edge on at which the sign is known; NaN where there is none."""
    away = LEAST * scale * 2.0 ** np.arange(40)
    places = np.append(start, start + np.sign(end - start) * away[away < abs(end - start)])
    known = ~enclosure(places, places)[0].contain(0.0)
    return float(places[int(np.argmax(known))]) if np.any(known) else math.nan


def _merged(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    edges = np.array(sorted(places)).reshape(-1, 2)
    return _join(edges[:, 0], edges[:, 1])


def _join(left: Array, right: Array) -> list[tuple[float, float]]:
    """Join neighbours into one place each."""
    places: list[tuple[float, float]] = []
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if places and a <= places[-1][1]:
            places[-1] = (places[-1][0], b)
        else:
            places.append((a, b))
    return places


def _root(function: Callable[[float], float], a: float, b: float, scale: float) -> float | None:
    """Find where the sign changes; None where that is a pole, beside which the function only grows."""

    def value(x: float) -> float:
        try:
            return function(x)
        except ZeroDivisionError:
            return math.inf

    ends = [abs(value(x)) for x in (a, b)]
    if 0.0 in ends:
        return (a, b)[ends.index(0.0)]
    root = find_root(value, a, b, xtol=1e-14 * scale, rtol=1e-15)
    return root if abs(value(root)) <= 2.0 * max(ends) else None
