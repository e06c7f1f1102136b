"""Folds, Hopf points and rests at the threshold followed in two parameters; what meets on them is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import EXACT, FIRST, Point, at_value, located, step
from natrium.analysis.continuation.axis import Axis
from natrium.analysis.continuation.cycles import RANGE
from natrium.analysis.continuation.legs import place
from natrium.analysis.continuation.rests import RestPoint, Rests, Standstill, Still
from natrium.analysis.continuation.standing import bordered, bordering, jacobian_of
from natrium.analysis.equilibria.bifurcations import lyapunov
from natrium.analysis.result import Result
from natrium.model import NatriumError, SolverError
from natrium.model.arrays import Array
from natrium.model.scales import state_scales

LocusKind = Literal["fold", "Hopf point", "threshold"]

STEP = 1e-6  # units: of differences of what is zero on the curve
FINE, MOST = 0.35, 200  # units, the longest step; points each way
SETTLED, REST = 5, 1e-3  # points, and units in which they lie, where a curve moves no more


@attrs.frozen(eq=False)
class Locus(Still):
    """Rests at which a condition holds, along two parameters: the unknowns are the states and both."""

    kind: LocusKind
    first: Axis
    second: Axis
    spans: tuple[float, float]  # of the parameters' ranges
    sizes: Array  # shape (n_states,)
    frequency: float  # of the pair that is followed at Hopf points, rad/ms
    borders: tuple[Array, Array, Array]  # what makes the Jacobian regular at folds
    rtol: float = 1e-12  # unused: nothing is run

    @property
    def axis(self) -> Axis:
        """The second parameter."""
        return self.second

    def along(self, value: float) -> Axis:
        """Give the first parameter where the second has a value."""
        neuron, level = self.second.at(value)
        return attrs.evolve(self.first, neuron=neuron, input=level)

    def _parts(self, z: Array) -> tuple[Array, float, Standstill]:
        """Give the flow, what is zero besides, and the standstill."""
        rests = Rests(self.along(float(z[-1])), self.spans[0], self.sizes)
        found = rests.evaluate(z[:-1])
        if self.kind == "threshold":
            return found.residual, found.guard, found
        jacobian = found.jacobian[:, :-1]
        if self.kind == "fold":
            sizes, left, right = self.borders
            whole, unit = bordered(jacobian / sizes, left, right)
            return found.residual, float(np.linalg.solve(whole, unit)[-1]), found
        values = found.eigenvalues
        pair = values[int(np.argmin(np.abs(values - 1j * self.frequency)))]
        if pair.imag <= 0.0:
            raise SolverError("a Hopf point needs a pair of complex eigenvalues, got real ones")
        return found.residual, float(pair.real / self.frequency), found

    def evaluate(self, z: Array) -> Standstill:
        """Evaluate the equations at a point, shape (n_states + 2,)."""
        flow, condition, found = self._parts(z)
        scales = self.scales(z)
        rows = []
        for k in range(z.size):
            moved = z.copy()
            moved[k] += STEP * scales[k]
            ahead = self._parts(moved)
            moved[k] -= 2.0 * STEP * scales[k]
            behind = self._parts(moved)
            rows.append(np.append(ahead[0] - behind[0], ahead[1] - behind[1]) / (2.0 * STEP * scales[k]))
        jacobian = np.array(rows).T
        jacobian[:-1, :-1] = found.jacobian
        return attrs.evolve(found, residual=np.append(flow, condition), jacobian=jacobian)

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n_states + 2,)."""
        return np.concatenate([self.sizes, RANGE * np.array(self.spans)])

    def adapted(self, z: Array, found: Standstill) -> Locus:
        """Give the same equations as they suit a point just found."""
        pair = found.eigenvalues[int(np.argmin(np.abs(found.eigenvalues - 1j * self.frequency)))]
        frequency = float(pair.imag) if self.kind == "Hopf point" and pair.imag > 0.0 else self.frequency
        borders = bordering(found.jacobian[:-1, :-2])
        return attrs.evolve(self, frequency=frequency, borders=borders)


@attrs.frozen(eq=False, repr=False)
class LocusPoint(Result):
    """A place on a curve in two parameters where more than one thing happens.

    Attributes
    ----------
    kind : str
        ``"cusp"``, ``"cusp of cycles"``: two folds meet; ``"Bogdanov-Takens"``: a fold and a Hopf point do;
        ``"Bautin"``: the oscillation born at a Hopf point changes from soft to hard, and a fold of cycles
        begins.
    x, y : float
        The parameters.
    x_error, y_error : float
        How far they can be trusted.
    state : ndarray, shape (n_states,)
    """

    kind: str
    x: float
    y: float
    x_error: float
    y_error: float
    state: Array


@attrs.frozen(eq=False, repr=False)
class LocusCurve(Result):
    """A curve in two parameters: of folds, Hopf points, rests at the threshold, or what happens on cycles.

    Attributes
    ----------
    kind : str
        ``"fold"``, ``"Hopf point"``, ``"threshold"``; of cycles one of `cycle_loci.KINDS`.
    x, y : ndarray, shape (n_points,)
        The parameters.
    states : ndarray, shape (n_points, n_states)
        At rest; where each cycle begins (see `CycleBranch`).
    frequencies : ndarray, shape (n_points,)
        Of Hopf points and cycles, Hz; NaN elsewhere.
    special : tuple of LocusPoint
    """

    kind: str
    x: Array
    y: Array
    states: Array
    frequencies: Array
    special: tuple[LocusPoint, ...]


def locus_from(
    point: RestPoint,
    first: Axis,
    second: Axis,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    sizes: Array,
) -> LocusCurve | None:
    """Follow a fold, Hopf point or threshold in a second parameter; None where it cannot be found again.

    None of a corner, which no equation of its own tells.

    Parameters
    ----------
    point : RestPoint
        Found along the first parameter, at the second's own value.
    first, second : Axis
    ranges : ((float, float), (float, float))
        Of both.
    sizes : ndarray, shape (n_states,)
        Units of the states.
    """
    if point.kind == "corner":
        return None
    here = place(first, point.value, 1e-12)
    jacobian = here.linear.flow(point.state, here.input)[1]
    (a, b), (c, d) = ranges
    omega = 2e-3 * np.pi * point.frequency
    kind: Any = point.kind
    problem: Any = Locus(kind, first, second, (b - a, d - c), sizes, omega, bordering(jacobian))
    guess = np.concatenate([point.state, [point.value, second.value]])
    try:
        start = at_value(problem, guess, second.value)
    except NatriumError:
        return None
    points, special = both_ways(start, ranges)
    z = np.array([one.z for one in points])
    turning = [_turning(one) if kind == "Hopf point" else np.nan for one in points]
    return LocusCurve(
        kind=kind,
        x=z[:, -2],
        y=z[:, -1],
        states=z[:, :-2],
        frequencies=1000.0 * np.array(turning) / (2.0 * np.pi),
        special=special,
    )


def both_ways(
    start: Point, ranges: tuple[tuple[float, float], tuple[float, float]], longest: float = FINE
) -> tuple[list[Point], tuple[LocusPoint, ...]]:
    """Follow a curve from a point on it, both ways, by steps of at most so many units.

    Returns
    -------
    list of Point, tuple of LocusPoint
        In order, and what is special on it.
    """
    back, forth = (
        _walked(one, ranges, longest) for one in (attrs.evolve(start, tangent=-start.tangent), start)
    )
    return [*reversed(back[0][1:]), *forth[0]], (*reversed(back[1]), *forth[1])


def _walked(
    first: Point, ranges: tuple[tuple[float, float], tuple[float, float]], longest: float
) -> tuple[list[Point], list[LocusPoint]]:
    """Follow a curve from a point on, the way its tangent points, as far as the ranges go."""
    (a, b), (c, d) = ranges
    points, special, length = [first], list[LocusPoint](), FIRST
    while len(points) < MOST:
        last = points[-1]
        taken = step(last, min(length, longest), points[-2] if len(points) > 1 else None)
        if taken is None:
            break
        new, length = taken
        special += _special(last, new)
        points.append(new)
        if not (a <= new.z[-2] <= b and c <= new.z[-1] <= d) or _closed(points) or _settled(points):
            break
    return points, special


def _closed(points: list[Point]) -> bool:
    off = np.abs((points[0].z - points[-1].z) / points[0].scales).max()
    return len(points) > 8 and bool(off < FINE and points[0].tangent @ points[-1].tangent > 0.5)


def _settled(points: list[Point]) -> bool:
    """Tell whether both parameters have come to rest: the curve ends there."""
    near = np.array([(point.z / point.scales)[-2:] for point in points[-SETTLED:]])
    return len(near) == SETTLED and float(np.ptp(near, axis=0).max()) < REST


def _turning(point: Point) -> float:
    """Give the frequency of the pair of eigenvalues that neither grows nor decays, rad/ms."""
    values: Any = point.found.eigenvalues  # type: ignore[attr-defined]  # of a locus
    pairs = values[values.imag > 0.0]
    return float(pairs[int(np.argmin(np.abs(pairs.real)))].imag) if pairs.size else float("nan")


def _second(point: Point) -> float:
    """Give the sum of all products of eigenvalues but one, scaled: zero where two vanish at once."""
    values: Any = point.found.eigenvalues  # type: ignore[attr-defined]  # of a locus
    left = np.sort(np.abs(values))[1:]
    products = [np.prod(np.delete(values, k)) for k in range(values.size)]
    return float(np.sum(products).real / max(float(np.prod(left)), 1e-300)) if left.size else np.nan


def _hardness(point: Point) -> float:
    """Give the first Lyapunov coefficient at a Hopf point."""
    problem: Any = point.problem
    state = point.z[:-2]
    here = place(problem.along(float(point.z[-1])), float(point.z[-2]), problem.rtol)
    return lyapunov(lambda shift: jacobian_of(here, state + shift), state.size, state_scales(here.neuron)[0])


def _special(last: Point, new: Point) -> list[LocusPoint]:
    """Name what happens on a curve between two points."""
    problem: Any = last.problem
    tests: dict[str, Callable[[Point], float]] = {}
    if problem.kind == "fold":
        tests["Bogdanov-Takens"] = _second
    if problem.kind.startswith("fold") and last.tangent[-2:] @ new.tangent[-2:] < 0.0:  # both parameters turn
        tests[problem.kind.replace("fold", "cusp")] = lambda one: float(one.tangent[-2:] @ last.tangent[-2:])
    if problem.kind == "Hopf point":
        tests["Bautin"] = _hardness
    found = []
    for kind, test in tests.items():
        at = located(last, new, test) if (test(last) < 0.0) != (test(new) < 0.0) else None
        if at is not None:
            z, doubt = at.point.z, at.error + np.sqrt(EXACT) * STEP * at.point.scales
            x, y, x_error, y_error = (float(value) for value in (*z[-2:], *doubt[-2:]))
            found.append(LocusPoint(kind, x, y, x_error, y_error, z[:-2].copy()))
    return found
