r"""Pseudo-arclength: a curve of zeros followed around its folds, and places on it found by what changes sign.

Of n - 1 equations F in n unknowns z a curve is left. From a point on it with unit tangent t the next is the
zero of F that lies in the plane at a distance s,

.. math:: F(z) = 0, \qquad t \cdot W (z - z_0) = s,

by Newton's method with the exact Jacobian; W makes units alike. At a fold in the parameter, t turns in it and
nothing else happens.

References
----------
.. [1] H. B. Keller, "Numerical solution of bifurcation and nonlinear eigenvalue problems", in P. H.
   Rabinowitz (ed.), "Applications of Bifurcation Theory" (1977) 359-384.
.. [2] E. L. Allgower, K. Georg, "Introduction to Numerical Continuation Methods" (2003), ch. 2, 6, 8.
   https://doi.org/10.1137/1.9780898719154
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import scipy

from natrium.analysis.continuation.broyden import come_near
from natrium.analysis.continuation.cycles import Cycles, Evaluation
from natrium.analysis.continuation.rows import solve_rows
from natrium.model import NatriumError, SolverError
from natrium.model.arrays import Array
from natrium.model.root import find_root
from natrium.solvers.reliability import SAFETY, second_tolerance

NEWTON = 8
# Units of length: a correction so small leaves one of its square; where a place is told by the tangent, that
# is as exact as the correction is small.
CLOSE, EXACT = 1e-7, 1e-10
SURE = 0.1  # of that: how short the last step by residuals alone is, that Newton's first is as close
NOISE = 1e-6  # likewise, where corrections shrink no further: what the equations' own error makes of it
SHRINKS = 0.3  # by which they would have to
FARTHEST = 2.0  # steps: a correction beyond leads elsewhere
FIRST, LONGEST, LEAST = 0.1, 0.6, 1e-7  # steps, units of length
FEW, MANY = 3, 5  # corrections by which a step is lengthened, or shortened
TURN, SHARP = 0.25, 0.5  # rad: what neighbouring tangents are to turn, and at most do
LOCATED = 1e-12  # of a step: how well a place on it is told
# Steps of that search after which what still changes by such a part of all of it is taken for a jump.
SOON, JUMP = 12, 0.3
SECANT = 1e-4  # of a step, of differences by which a second solve finds the place again


@attrs.frozen(eq=False)
class Point:
    """A point of the curve."""

    problem: Cycles  # the equations as they were there
    z: Array  # shape (n,): the unknowns, the parameter last
    tangent: Array  # shape (n,): of unit length in the problem's units at `z`, in these units
    found: Evaluation
    iterations: int  # corrections taken

    @property
    def value(self) -> float:
        """The parameter."""
        return float(self.z[-1])

    @property
    def scales(self) -> Array:
        """Units of length."""
        return self.problem.scales(self.z)


Test = Callable[[Point], float]


def corrected(
    problem: Cycles,
    guess: Array,
    plane: Array,
    scales: Array,
    close: float = CLOSE,
    beside: Evaluation | None = None,
) -> Point:
    """Find the zero near a guess in the plane through it across a direction, shape (n,), in units.

    What was found `beside` it spares Jacobians where residuals are cheap.

    Raises
    ------
    SolverError, ModelError
        When Newton's method finds none, or the equations cannot be evaluated.
    """
    z, last, before = guess.copy(), np.inf, 0
    known = None if beside is None else problem.jacobian_beside(beside)
    if known is not None:

        def off_by(z: Array) -> Array:
            return np.append(problem.residual(z), plane @ ((z - guess) / scales))

        near = come_near(off_by, np.vstack([known * scales, plane]), guess, scales, SURE * close)
        if near is not None:
            z, before = near[0], (near[1] + 1) // 2  # two of its steps are worth one of Newton's
    for iteration in range(before, NEWTON + before):
        found = problem.evaluate(z)
        matrix = np.vstack([found.jacobian * scales, plane])
        off = np.append(found.residual, plane @ ((z - guess) / scales))
        moved = solve_rows(matrix, -off)
        z = z + moved * scales
        size = float(np.abs(moved).max())
        if not np.isfinite(size) or np.abs((z - guess) / scales).max() > FARTHEST:
            break
        if size < close or (size < NOISE and size > SHRINKS * last):
            tangent = solve_rows(matrix, np.append(np.zeros(len(off) - 1), 1.0)) * scales / problem.scales(z)
            tangent /= np.linalg.norm(tangent) * (np.sign(tangent @ plane) or 1.0)
            intervals, states = problem.read(z)
            told = attrs.evolve(found, intervals=intervals, states=states)
            return Point(problem, z, tangent, told, iteration)
        if iteration - before > 2 and size > last:
            break
        last = size
    raise SolverError(
        f"Newton's method must end at a cycle near by, got a correction of {size:.3g} of a unit"
    )


def at_value(problem: Cycles, guess: Array, value: float) -> Point:
    """Find the zero near a guess at a value of the parameter; its tangent points to higher values."""
    plane = np.zeros(guess.size)
    plane[-1] = 1.0
    start = guess.copy()
    start[-1] = value
    return corrected(problem, start, plane, problem.scales(start))


def ahead(point: Point, length: float, near: Array | None = None, close: float = CLOSE) -> Point:
    """Go on along the curve, by so many units, by way of a place near it where one is known."""
    problem, scales, tangent = point.problem.adapted(point.z, point.found), point.scales, point.tangent
    guess = point.z if near is None else near
    off = length - float(tangent @ ((guess - point.z) / scales))
    return corrected(problem, guess + off * tangent * scales, tangent, scales, close, point.found)


def _curving(before: Point | None, point: Point, length: float) -> Array | None:
    """Guess a point so far ahead by how the tangent turned since the one before."""
    if before is None or before.z.size != point.z.size:
        return None
    passed = apart(before, point)
    if not 0.25 * length < passed:
        return None
    turned = (point.tangent * point.scales - before.tangent * before.scales) / passed
    return np.asarray(point.z + length * point.tangent * point.scales + 0.5 * length**2 * turned)


def _between(low: tuple[float, Point], high: tuple[float, Point], s: float) -> Array:
    """Guess a point between two by the cubic through both with their tangents."""
    (a, first), (b, last) = low, high
    h, x = b - a, (s - a) / (b - a)
    slopes = []
    for point in (first, last):  # by the length along the first tangent, as s is counted
        along = point.tangent * point.scales
        speed = float(first.tangent @ (along / first.scales))
        slopes.append(along / (speed if abs(speed) > 0.1 else 1.0))
    return np.asarray(
        (1.0 + 2.0 * x) * (1.0 - x) ** 2 * first.z
        + x**2 * (3.0 - 2.0 * x) * last.z
        + h * x * (1.0 - x) * ((1.0 - x) * slopes[0] - x * slopes[1])
    )


def divided(point: Point) -> Point:
    """Give the same point in as many arcs as its growth asks for."""
    other = point.problem.divided(point.z, point.found)
    if other is None:
        return point
    problem, z = other[0], other[1]
    found, scales = problem.evaluate(z), problem.scales(z)
    tangent = np.linalg.svd(found.jacobian * scales)[2][-1]
    along = point.problem.common(point.tangent * point.scales), problem.common(tangent * scales)
    sizes = problem.common(scales)
    way = np.sign((along[0] / sizes) @ (along[1] / sizes)) or 1.0
    return Point(problem, z, tangent * way, found, point.iterations)


def step(point: Point, length: float, before: Point | None = None) -> tuple[Point, float] | None:
    """Take a step of at most so many units; give the point and the length that suits the next.

    None where no step is short enough.
    """
    while length >= LEAST:
        try:
            found = ahead(point, length, _curving(before, point, length))
        except NatriumError:
            length *= 0.5
            continue
        was = point.tangent * point.scales / found.scales
        angle = float(np.arccos(np.clip(found.tangent @ was / np.linalg.norm(was), -1.0, 1.0)))
        if angle > SHARP and length > 1e3 * LEAST:
            length *= max(0.2, TURN / angle)
            continue
        longer = 1.5 if found.iterations <= FEW else 1.0 if found.iterations < MANY else 0.6
        return found, length * min(longer, max(0.3, TURN / max(angle, 1e-3)))
    return None


@attrs.frozen(eq=False)
class Located:
    """A place on the curve where something is zero."""

    point: Point
    length: float  # how far ahead of the point before, in units
    # error and period_error: how far the parameter and the period there can be trusted, by a second solve;
    # infinity where it does not find the place.
    error: float
    period_error: float


def located(before: Point, after: Point, test: Test, *, jumps: bool = True) -> Located | None:
    """Find where a test is zero between a point and one ahead of it.

    None where it is not. Where it jumps there the place of the jump is given, or None is without `jumps`.
    """
    length = apart(before, after)
    seen: dict[float, Point] = {0.0: before, length: after}

    def at(s: float) -> float:
        if s not in seen:
            below, above = max(x for x in seen if x < s), min(x for x in seen if x > s)
            near = _between((below, seen[below]), (above, seen[above]), s)
            seen[s] = ahead(before, s, near, EXACT)
        return test(seen[s])

    try:
        ends = (0.0, length) if jumps else _narrowed(at, seen, test, length)
        if ends is None:
            return None
        s = find_root(at, *ends, xtol=LOCATED * length, rtol=1e-14)
        at(s)
        point = seen[s]
    except (NatriumError, ValueError):
        return None
    return Located(point, s, *_errors(before, s, length, test, point))


def _narrowed(
    at: Callable[[float], float], seen: dict[float, Point], test: Test, length: float
) -> tuple[float, float] | None:
    """Give ends between which a test changes its sign after some steps of the search; None where it jumps."""
    scipy.optimize.brentq(at, 0.0, length, xtol=LOCATED * length, rtol=1e-14, maxiter=SOON, disp=False)
    values = {s: test(point) for s, point in seen.items()}
    rising = values[0.0] < 0.0
    low = max(s for s, value in values.items() if (value < 0.0) == rising)
    high = min((s for s, value in values.items() if s > low), default=length)
    jump = abs(values[high] - values[low]) > JUMP * abs(values[length] - values[0.0])
    return None if jump else (low, high)


def _errors(before: Point, s: float, length: float, test: Test, point: Point) -> tuple[float, float]:
    """Find the place again by equations of another tolerance; say how far it has moved, and its period."""
    problem, found = before.problem, point
    factor = second_tolerance(problem.rtol)
    other: Cycles = attrs.evolve(problem, rtol=problem.rtol * factor)  # type: ignore[misc]  # attrs classes all
    start = attrs.evolve(before, problem=other)

    def at(ahead_by: float) -> Point:
        near = found.z + (ahead_by - s) * found.tangent * found.scales
        return ahead(start, ahead_by, near, EXACT)

    try:
        here, beside = at(s), at(s + SECANT * length)
        rate = (test(beside) - test(here)) / (SECANT * length)
        moved = at(s - test(here) / rate) if rate else here
    except NatriumError:
        return float("inf"), float("inf")
    pairs = ((moved.value, point.value), (moved.found.period, point.found.period))
    error, period = (SAFETY * abs(a - b) + float(np.spacing(abs(b))) for a, b in pairs)
    return error, period


def apart(before: Point, after: Point) -> float:
    """Give how far one point lies ahead of another, in units along its tangent."""
    return float(before.tangent @ ((after.z - before.z) / before.scales))
