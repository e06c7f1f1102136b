r"""How a branch of cycles ends: at an equilibrium that it shrinks to, or that it passes ever more slowly.

Beside a saddle that the cycle comes to, or a rest that reaches the threshold, its period goes as

.. math:: T \simeq a - b \ln |p - p_c|,

with b one over the rate at which the saddle is left, or at which the rest is approached; beside a place where
rest and saddle have just vanished as :math:`T \simeq a + c\,|p - p_c|^{-1/2}`. Rest and saddle vanish, and a
rest reaches the threshold, where small equations say; at a saddle p_c follows from the last two cycles and b.

References
----------
.. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), sec. 6.2, 7.1.
   https://doi.org/10.1007/978-1-4757-3978-7
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import Point
from natrium.analysis.continuation.legs import place, sampled
from natrium.analysis.continuation.standing import (
    Condition,
    Standing,
    folding,
    standing_near,
    standing_where,
    touching,
    turning,
)
from natrium.model.arrays import Array
from natrium.solvers.reliability import SAFETY

EndKind = Literal["Hopf point", "saddle-node homoclinic", "saddle homoclinic", "threshold", "last cycle"]

SLOW = 3.0  # times the shortest period of the branch: from there on an endless one is asked for
LAW = 0.1  # relative: how well the law of the period must hold
SMALL = 0.15  # units of length: a cycle so small is one about to vanish
PACE = 0.1  # relative: how near its period then is to that of the Hopf point
NEAR = 3.0  # units: how far the equilibrium may lie from the slowest place of the cycle
CLOSER = 0.9  # by which the way to such an end must have shrunk over three points
# Of the parameter's range: how well the end of an endless period is to be known, or at least where no step is
# short enough to come nearer.
SETTLED, WELL = 1e-11, 1e-7
AS_SLOW = 2.0  # times the slowest: another place at which an equilibrium is looked for
LOOK = 12  # points over which it is looked for


@attrs.frozen(eq=False)
class End:
    """Where a branch ends."""

    # ``last cycle``: its period grows while the parameter comes to rest, and no equilibrium is met: what it
    # comes to is an unstable cycle.
    kind: EndKind
    value: float  # of the parameter
    error: float
    coefficient: float  # b of the law of the period, ms; c at a saddle-node; NaN at a Hopf point
    period: float  # ms: infinity, or that of the oscillation born at the Hopf point
    state: Array  # shape (n_states,): the equilibrium


@np.errstate(all="ignore")  # a law that does not hold may give no number
def end_ahead(points: list[Point], span: float) -> End | None:
    """Tell what a branch is about to end at; None where nothing is seen yet."""
    last = points[-1]
    if last.found.swing < SMALL:
        return _hopf(last, span)
    periods = np.array([point.found.period for point in points])
    if len(points) < 4 or not periods[-1] > SLOW * periods.min() or not np.all(np.diff(periods[-3:]) > 0.0):
        return None
    return endless(points, span, SETTLED)


def _units(last: Point) -> Array:
    return np.asarray(last.problem.sizes)


def _hopf(last: Point, span: float) -> End | None:
    """Find the Hopf point that a small cycle shrinks to."""
    problem, sizes = last.problem, _units(last)
    middle = np.mean([sampled(run, run.t_end)[1].mean(axis=1) for run in last.found.runs], axis=0)
    pace = 2.0 * np.pi / last.found.period
    rest = standing_near(problem.axis, last.value, middle, sizes, problem.rtol)
    if rest is None:
        return None
    found = standing_where(
        problem.axis, last.value, rest.state, sizes, 0.1 * span, problem.rtol, turning(pace)
    )
    if found is None:
        return None
    pair = found.eigenvalues[int(np.argmin(np.abs(found.eigenvalues - 1j * pace)))]
    if abs(pair.imag - pace) > PACE * pace or np.abs((found.state - middle) / sizes).max() > NEAR:
        return None
    period = float(2.0 * np.pi / pair.imag)
    return End("Hopf point", found.value, found.error, float("nan"), period, found.state)


def _slowest_place(point: Point) -> Array:
    """Give the state at which the flow of a cycle is slowest, in units."""
    return _slow_places(point)[0]


def _slow_places(point: Point) -> list[Array]:
    """Give the states at which the flow of a cycle is slower than beside them, the slowest first.

    Those that are as slow as that but for a factor: which of them comes first, rounding decides.
    """
    problem = point.problem
    here, sizes = place(problem.axis, point.value, problem.rtol), _units(point)
    states = np.concatenate([sampled(run, run.t_end)[1] for run in point.found.runs], axis=1)
    paces = np.array([np.linalg.norm(here.flow(y) / sizes) for y in states.T])
    around = np.concatenate([[np.inf], paces, [np.inf]])
    least = np.flatnonzero((paces <= around[:-2]) & (paces <= around[2:]) & (paces <= AS_SLOW * paces.min()))
    return [np.asarray(states[:, k]) for k in least[np.argsort(paces[least], kind="stable")]]


@np.errstate(all="ignore")
def endless(points: list[Point], span: float, settled: float = WELL) -> End | None:
    """Tell at which equilibrium the period of a branch grows without bound.

    Of an end that only its own law tells, so well (of the parameter's range).
    """
    last, before = points[-1], points[-2]
    problem, sizes = last.problem, _units(last)
    slow = _slowest_place(last)

    def there(condition: Condition) -> Standing | None:
        found = standing_where(
            problem.axis,
            last.value,
            slow,
            sizes,
            max(abs(last.value - before.value), 1e-6 * span),
            problem.rtol,
            condition,
        )
        if found is None or np.abs((found.state - slow) / sizes).max() > NEAR:
            return None
        ahead = (found.value - last.value) * (last.value - before.value)
        return found if ahead > 0.0 else None

    fold = there(folding(place(problem.axis, last.value, problem.rtol), slow))
    if fold is not None:
        gaps = np.array([abs(point.value - fold.value) for point in points[-3:]])
        roots = np.array([point.found.period for point in points[-3:]]) * np.sqrt(gaps)
        if gaps[-1] < CLOSER * gaps[0] and np.all(np.abs(roots / roots[-1] - 1.0) < LAW):
            # From how the period grows: what it would be without a passage does not enter.
            (a, b), (c, d) = gaps[-2:] ** -0.5, (point.found.period for point in points[-2:])
            passage = float((d - c) / (b - a))
            return End("saddle-node homoclinic", fold.value, fold.error, passage, float("inf"), fold.state)
    if problem.n_spikes:
        rest = there(touching)
        if rest is not None and rest.eigenvalues[0].real < 0.0:
            rate = -float(rest.eigenvalues[0].real)
            far, near = (abs(point.value - rest.value) for point in (before, last))
            grown = (last.found.period - before.found.period) * rate
            if near < far and abs(grown - np.log(far / near)) < LAW * grown:
                return End("threshold", rest.value, rest.error, 1.0 / rate, float("inf"), rest.state)
    for other in _slow_places(last):
        if (end := _saddle(points, other, sizes, settled * span)) is not None:
            return end
    return _last(points, span)


def _last(points: list[Point], span: float) -> End | None:
    """Say where a branch comes to rest in the parameter while its period grows."""
    values = np.array([point.value for point in points[-3:]])
    moved = float(np.ptp(values))
    if moved > 0.1 * SETTLED * span:
        return None
    error = SAFETY * moved + float(np.spacing(abs(values[-1])))
    slow = _slowest_place(points[-1])
    return End("last cycle", float(values[-1]), error, float("nan"), points[-1].found.period, slow)


def _saddle(points: list[Point], slow: Array, sizes: Array, width: float) -> End | None:
    """Find where the cycle meets a saddle, by the rate at which it leaves it and the last cycles."""
    last = points[-1]
    problem = last.problem
    rest = standing_near(problem.axis, last.value, slow, sizes, problem.rtol)
    if rest is None or rest.unstable != 1 or np.abs((rest.state - slow) / sizes).max() > NEAR:
        return None
    rate = float(rest.eigenvalues[0].real)

    def meets(a: Point, b: Point) -> float:
        shrunk = np.exp(-rate * (b.found.period - a.found.period))
        return float((b.value - shrunk * a.value) / (1.0 - shrunk))

    # Nearer to the end the law holds better, and what rounding leaves of a period grows.
    near = points[-LOOK:]
    found = [meets(a, b) for a, b in pairwise(near)]
    tried = [(abs(b - a), b) for a, b in pairwise(found)]
    moved, value = min(tried, default=(np.inf, np.nan))
    if not moved <= width:
        return None
    error = SAFETY * moved + float(np.spacing(abs(value)))
    return End("saddle homoclinic", value, error, 1.0 / rate, float("inf"), rest.state)
