"""Threshold crossings of one step's Taylor polynomial: proven absent, or found; compiled.

The step is x in [0, 1], u = sum a_k x^k. In Bernstein form u lies within the hull of its coefficients:
where all are below a level, so is u; otherwise halving tells where it first gets there. It is the search
of :mod:`natrium.solvers.event_driven.crossing`, on a polynomial that is as exact as the step itself.
"""

from __future__ import annotations

import numpy as np

from natrium.solvers.compiled.lane_memory import compiled
from natrium.solvers.compiled.lane_tables import (
    ALIKE,
    HELD_LENGTHS,
    MAX_HALVINGS,
    PEAKS,
    TAIL,
    Array1,
    Array2,
    Array3,
)

MAX_NEWTON = 100
CONVERGED, CONVERGING = 1e-8, 1e-2  # a Newton step, in x and in the one before
NARROWEST = 0.5**MAX_HALVINGS
AWAY = 1.5  # a rise is over this many margins below threshold


@compiled
def state_at(series: Array3, order: int, l: int, i: int, tau: float) -> float:
    """Give a state in the step of a lane."""
    total = series[i, order, l]
    for k in range(order - 1, -1, -1):
        total = total * tau + series[i, k, l]
    return total


@compiled
def slope_at(series: Array3, order: int, l: int, tau: float) -> float:
    """Give dV/dt in the step, mV/ms."""
    total = order * series[0, order, l]
    for k in range(order - 1, 0, -1):
        total = total * tau + k * series[0, k, l]
    return total


@compiled
def is_held(series: Array3, order: int, l: int, h: float) -> bool:
    """Tell whether a state's last terms are a decay's, c exp(-r t), of which a step h takes many lengths."""
    held = False
    for i in range(series.shape[0]):
        slowest, fastest = np.inf, -np.inf
        for k in range(order - TAIL, order):
            now, after = series[i, k, l], -(k + 1) * series[i, k + 1, l]
            rate = after / now if now != 0.0 else -1.0
            slowest, fastest = min(slowest, rate), max(fastest, rate)
        held = held or (slowest * h > HELD_LENGTHS and fastest < (1.0 + ALIKE) * slowest)
    return held


@compiled
def _value(a: Array1, n: int, x: float) -> float:
    total = a[n]
    for k in range(n - 1, -1, -1):
        total = total * x + a[k]
    return total


@compiled
def _slope(a: Array1, n: int, x: float) -> float:
    total = n * a[n]
    for k in range(n - 1, 0, -1):
        total = total * x + k * a[k]
    return total


@compiled
def _root(a: Array1, n: int, level: float, low: float, high: float, guess: float) -> float:
    """Give where u rises through `level`, below it at `low` and not below at `high` (safeguarded Newton)."""
    x, before = guess, high - low
    for _ in range(MAX_NEWTON):
        if not low < x < high:
            x = 0.5 * (low + high)
        u, slope = a[n], 0.0
        for k in range(n - 1, -1, -1):
            slope = slope * x + u
            u = u * x + a[k]
        u -= level
        if u < 0.0:
            low = x
        else:
            high = x
        change = -u / slope if slope > 0.0 else 0.5 * (low + high) - x
        size = abs(change)
        # What is left after a Newton step is as its square.
        if size <= 1e-16 * high or (size <= CONVERGED * x and size <= CONVERGING * before):
            return min(max(x + change, low), high)
        if high - low <= 2e-16 * high:
            return high
        x, before = x + change, size
    return high


@compiled
def _secant(a: Array1, n: int, level: float, low: float, high: float) -> float:
    """Guess where u passes `level` between two places."""
    at_low, at_high = _value(a, n, low) - level, _value(a, n, high) - level
    return low - at_low * (high - low) / (at_high - at_low) if at_high > at_low else high


@compiled
def _parabola(start: float, slope: float, end: float) -> float:
    """Guess where u passes zero, from its start and slope at 0 and its end at 1."""
    bend = end - start - slope
    root = slope * slope - 4.0 * bend * start
    return -2.0 * start / (slope + np.sqrt(root)) if root >= 0.0 else 0.5


@compiled
def _rises(c: Array1, n: int) -> bool:
    rises = True
    for i in range(n):
        rises = rises and c[i] <= c[i + 1]
    return rises


@compiled
def _split(c: Array1, n: int, x: float, left: Array1) -> None:
    """Cut at x (de Casteljau): `left` is what lies before, `c` becomes what lies after."""
    left[0] = c[0]
    for level in range(1, n + 1):
        for i in range(n + 1 - level):
            c[i] += x * (c[i + 1] - c[i])
        left[level] = c[0]


@compiled
def _first_reach(
    a: Array1, c: Array1, n: int, sign: float, level: float, start: float, work: Array2
) -> float:
    """Give the first x in [start, 1] with sign u >= level; -1 proves that there is none.

    `c` are the Bernstein coefficients of u; `work` has a row for each halving and one more.
    """
    if start >= 1.0:
        return 1.0 if sign * c[n] >= level else -1.0
    for i in range(n + 1):
        work[0, i] = sign * c[i] - level
    if start > 0.0:
        _split(work[0], n, start, work[1])
    # Each row ends with where its stretch begins, and how long it is.
    work[0, n + 1], work[0, n + 2] = start, 1.0 - start
    top = 0  # of the stack of stretches still to be looked at, the earliest on top
    while top >= 0:
        row, low, width = work[top], work[top, n + 1], work[top, n + 2]
        if row[0] >= 0.0:
            return low
        highest = row[0]
        for i in range(1, n + 1):
            highest = max(highest, row[i])
        if highest < 0.0:
            top -= 1
            continue
        if width <= NARROWEST:  # at its end to the last digit, in any half of a half
            return low + width
        if sign > 0.0 and row[n] > 0.0 and _rises(row, n):
            return _root(a, n, level, low, low + width, _secant(a, n, level, low, low + width))
        _split(row, n, 0.5, work[top + 1])
        row[n + 2] = work[top + 1, n + 2] = 0.5 * width
        row[n + 1], work[top + 1, n + 1] = low + 0.5 * width, low
        top += 1
    return -1.0


@compiled
def _peak(a: Array1, n: int, low: float, high: float) -> float:
    """Give where u is largest between two places at which it rises and falls."""
    if _slope(a, n, high) >= 0.0 or _slope(a, n, low) <= 0.0:
        return high
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        if _slope(a, n, middle) > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@compiled
def find_crossing(
    a: Array1, n: int, basis: Array2, margin: float, is_last: bool, work: Array2, peaks: Array2
) -> tuple[float, int]:
    """Find the first crossing of u = 0 from below within a step.

    Parameters
    ----------
    a : ndarray, shape (n + 1,)
        Coefficients of u in x.
    n : int
        Degree.
    basis : ndarray, shape (n + 1, n + 1)
        From powers to Bernstein coefficients.
    margin : float
        A peak that is nearer to zero than this is decided, but in doubt; mV.
    is_last : bool
        Whether the smooth piece ends with this step: no later step then shows a rise going on.
    work : ndarray, shape (MAX_HALVINGS + 3, n + 3)
    peaks : ndarray, shape (PEAKS, 2)
        Filled with place and height of doubtful peaks.

    Returns
    -------
    x : float
        Where it crosses; -1 where it does not.
    n_peaks : int
        How many peaks are in doubt.
    """
    end, slowest, steepest = a[0] + a[1], a[1], a[1]
    for k in range(2, n + 1):
        end += a[k]
        slowest += min(k * a[k], 0.0)
        steepest += max(a[k], 0.0)
    if a[0] == 0.0 and steepest < -AWAY * margin:  # it leaves, below a line through its start
        return -1.0, 0
    if a[0] < -margin and end > margin and slowest > 0.0:  # it rises all the way
        return _root(a, n, 0.0, 0.0, 1.0, _parabola(a[0], a[1], end)), 0
    c = work[MAX_HALVINGS + 2]
    highest = -np.inf
    for i in range(n + 1):
        total = a[0]
        for j in range(1, i + 1):
            total += basis[i, j] * a[j]
        c[i] = total
        highest = max(highest, total)
    if highest < -margin:
        return -1.0, 0
    c[n] = _value(a, n, 1.0)
    start, count = 0.0, 0
    while True:
        near = _first_reach(a, c, n, 1.0, -margin, start, work)
        if near < 0.0:
            break
        over = _first_reach(a, c, n, 1.0, margin, near, work)
        away = _first_reach(a, c, n, -1.0, AWAY * margin, near, work)
        if over >= 0.0 and (away < 0.0 or over < away):
            return _root(a, n, 0.0, near, over, _secant(a, n, 0.0, near, over)), count
        top = _peak(a, n, near, 1.0 if away < 0.0 else away)
        u = _value(a, n, top)
        is_peak = top < 1.0 or _slope(a, n, 1.0) <= 0.0 or is_last
        if abs(u) < margin and is_peak and count < PEAKS:
            peaks[count, 0], peaks[count, 1] = top, u
            count += 1
        if u >= 0.0:
            return _root(a, n, 0.0, near, top, _secant(a, n, 0.0, near, top)), count
        if away < 0.0:
            break
        start = away
    return (_root(a, n, 0.0, 0.0, 1.0, _secant(a, n, 0.0, 0.0, 1.0)) if c[n] >= 0.0 else -1.0), count
