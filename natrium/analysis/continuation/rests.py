"""Equilibria followed along any one parameter: around folds, Hopf points and the threshold located."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.arclength import FIRST, Point, at_value, located, step
from natrium.analysis.continuation.axis import PART, Axis, sizes_of
from natrium.analysis.continuation.corners import (
    AROUND,
    places_between,
    surfaces_at,
    turned_back,
    unstable_beside,
)
from natrium.analysis.continuation.cycles import RANGE, RTOL, Together
from natrium.analysis.continuation.legs import guard_of, place
from natrium.analysis.equilibria.curve import equilibria
from natrium.analysis.equilibria.eigenvalues import sorted_eigenvalues
from natrium.analysis.result import Result, rows_of, settled
from natrium.model import NatriumError
from natrium.model.arrays import Array

NONE = 1e-6  # of a state's scale: the least unit
MOST = 300  # points of a branch, each way
FINE = 0.3  # units: the longest step, for the eye
LOOKS = 5  # values of the parameter at which all equilibria are found
SAME = 1e-3  # units: an equilibrium so near to a branch is on it
NEUTRAL = 1e-6  # relative: how small a pair's growth is at a Hopf point


@attrs.frozen(eq=False)
class Standstill:
    """What the equations of an equilibrium come to at one point."""

    residual: Array  # shape (n_states,)
    jacobian: Array  # shape (n_states, n_states + 1)
    eigenvalues: npt.NDArray[np.complex128]  # shape (n_states,): per ms, the largest real part first
    guard: float  # how far V lies above the threshold, mV; NaN without one
    surfaces: Array  # shape (n_surfaces,): what is zero where an equation changes its branch
    # No intervals, and no states at their beginnings.
    intervals: Array = attrs.field(factory=lambda: np.zeros(1))
    states: Array = attrs.field(factory=lambda: np.zeros((1, 0)))

    @property
    def period(self) -> float:
        """None: zero."""
        return 0.0


class Still(Together):
    """Equations of what stands."""

    def read(self, z: Array) -> tuple[Array, Array]:
        """Give no intervals and no states."""
        return np.zeros(1), np.zeros((1, 0))


@attrs.frozen(eq=False)
class Rests(Still):
    """Equilibria as zeros of the flow; the unknowns are the states and the parameter."""

    axis: Axis
    span: float
    sizes: Array  # shape (n_states,)
    rtol: float = RTOL  # unused: nothing is run

    def evaluate(self, z: Array) -> Standstill:
        """Evaluate the equations at a point, shape (n,)."""
        here = place(self.axis, float(z[-1]), self.rtol)
        f, J, f_I = here.linear.flow(z[:-1], here.input)
        by = (
            f_I if self.axis.of_input else here.linear.by_parameters(z[:-1], here.input) @ here.moving()[:, 0]
        )
        guard = guard_of(here.neuron, z[:-1]) if here.neuron.fires else float("nan")
        system = here.linear.system
        surfaces = np.array(surfaces_at(system.structure)(*z[:-1].tolist(), here.input, *system.values))
        return Standstill(f, np.column_stack([J, by]), sorted_eigenvalues(J), guard, surfaces)

    def scales(self, z: Array) -> Array:
        """Give what is one unit of length in each unknown, shape (n,)."""
        return np.append(self.sizes, RANGE * self.span)

    def adapted(self, z: Array, found: Standstill) -> Rests:
        """Give the same equations: they suit all."""
        return self


@attrs.frozen(eq=False, repr=False)
class RestPoint(Result):
    """A place on a branch of equilibria.

    Attributes
    ----------
    kind : str
        ``"fold"``, ``"Hopf point"``, ``"threshold"``: V comes to it, or ``"corner"``: an equation changes its
        branch, and stability jumps.
    name : str
        The parameter.
    value, error : float
        The parameter there, and how far that can be trusted.
    state : ndarray, shape (n_states,)
    frequency : float
        Of the oscillation born at a Hopf point, Hz; NaN elsewhere.
    unstable_below, unstable_above : int or None
        Unstable directions at a corner, at values of the parameter a little lower and a little higher; None
        elsewhere.
    """

    kind: str
    name: str
    value: float
    error: float
    state: Array
    frequency: float
    unstable_below: int | None = None
    unstable_above: int | None = None


@attrs.frozen(eq=False, repr=False)
class RestBranch(Result):
    """A branch of equilibria along one parameter.

    Attributes
    ----------
    name, label : str
        The parameter, and how a column of it is called.
    values : ndarray, shape (n_points,)
    states : ndarray, shape (n_points, n_states)
    unstable : ndarray of int, shape (n_points,)
        How many directions are unstable.
    reachable : ndarray of bool, shape (n_points,)
        Whether V lies below the threshold, or there is none, or spikes change nothing.
    special : tuple of RestPoint
    """

    name: str
    label: str
    values: Array
    states: Array
    unstable: npt.NDArray[np.int_]
    reachable: npt.NDArray[np.bool_]
    special: tuple[RestPoint, ...]

    @property
    def stable(self) -> npt.NDArray[np.bool_]:
        """Whether the cell can rest there, shape (n_points,)."""
        return np.asarray((self.unstable == 0) & self.reachable)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per point."""
        V = self.states[:, 0]
        return rows_of({self.label: self.values, "V_mV": V, "unstable": self.unstable, "stable": self.stable})

    def data(self) -> dict[str, Any]:
        """Give the branch as plain data."""
        return {
            "parameter": self.name,
            "points": self.table(),
            "special": [one.data() for one in self.special],
        }


def _pairs(point: Point) -> float:
    """Give the product of the sums of all pairs of eigenvalues, scaled: zero at a Hopf point."""
    values: Any = point.found.eigenvalues  # type: ignore[attr-defined]  # of a standstill
    first, second = np.triu_indices(values.size, 1)
    if not first.size:
        return float("nan")
    sums, sizes = values[first] + values[second], np.abs(values[first]) + np.abs(values[second])
    return float(np.prod(sums / np.where(sizes > 0.0, sizes, 1.0)).real)


TESTS: dict[str, Callable[[Point], float]] = {
    "fold": lambda point: float(point.tangent[-1]),
    "Hopf point": _pairs,
    "threshold": lambda point: point.found.guard,  # type: ignore[attr-defined]  # of a standstill
}


def tell_rest(axis: Axis, one: RestPoint) -> str:
    """Say what happens to a rest and where."""
    per_unit = axis.unit.of(1.0) if axis.unit is not None else 1.0
    at = axis.show(one.value, settled(one.error * abs(per_unit), of=one.value * per_unit))
    more = f", {one.frequency:.6g} Hz" if one.kind == "Hopf point" else ""
    if one.kind == "corner":
        below, above = one.unstable_below, one.unstable_above
        more = f": there an equation changes its branch, and {below} unstable directions become {above}"
    return f"Rest: {one.kind} at {at}, V = {one.state[0]:.6f} mV{more}."


def rest_branches(axis: Axis, low: float, high: float, passes: bool) -> tuple[RestBranch, ...]:
    """Follow all equilibria that are met at some values of a parameter.

    Parameters
    ----------
    axis : Axis
    low, high : float
        The parameter's range.
    passes : bool
        Whether spikes change nothing, so that a cell may rest above the threshold.
    """
    found: list[list[Point]] = []
    branches = []
    starts = [(value, rest.state) for value in np.linspace(low, high, LOOKS) for rest in _all(axis, value)]
    if not starts:
        return ()
    states = np.array([state for _, state in starts]).T
    sizes = sizes_of(axis.neuron, states, NONE)
    sizes[0] = max(sizes[0], PART * _reach(axis))
    problem: Any = Rests(axis, high - low, sizes)
    for value, state in starts:
        if any(_lies_on(points, np.append(state, value)) for points in found):
            continue
        try:
            first = at_value(problem, np.append(state, value), float(value))
        except NatriumError:
            continue
        back = attrs.evolve(first, tangent=-first.tangent)
        ways = [_follow(one, low, high) for one in (back, first)]
        points = [*reversed(ways[0][0][1:]), *ways[1][0]]
        found.append(points)
        branches.append(_branch(axis, points, (*reversed(ways[0][1]), *ways[1][1]), passes))
    return tuple(branches)


def _reach(axis: Axis) -> float:
    """Give a range of V in which the neuron lives, mV."""
    marks = axis.neuron.landmarks
    top = axis.neuron.v_thresh if axis.neuron.fires and not axis.neuron.system.threshold_moves else marks[0]
    return float(abs(top - min(marks)))


def _all(axis: Axis, value: float) -> tuple[Any, ...]:
    neuron, level = axis.at(float(value))
    try:
        return equilibria(neuron, level)
    except NatriumError:
        return ()


def _lies_on(points: list[Point], z: Array) -> bool:
    """Tell whether a place lies on a branch, on the chords between its points."""
    scales = points[0].scales
    line = np.array([point.z for point in points]) / scales
    a, b, at = line[:-1], line[1:], z / scales
    along = b - a
    part = np.clip(((at - a) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-300), 0.0, 1.0)
    off = np.abs(a + part[:, None] * along - at).max(axis=1)
    return bool(np.any(off < np.maximum(SAME, 0.1 * np.abs(along).max(axis=1))))


def _follow(first: Point, low: float, high: float) -> tuple[list[Point], list[RestPoint]]:
    points, special, length = [first], list[RestPoint](), FIRST
    while len(points) < MOST:
        last = points[-1]
        taken = step(last, min(length, FINE), points[-2] if len(points) > 1 else None)
        if taken is None:
            turned = turned_back(last)
            if turned is None:
                break
            corner, behind = turned
            place = corner.value, corner.error, corner.state
            special.append(RestPoint("fold", last.problem.axis.name, *place, float("nan")))
            z = np.append(corner.state, corner.value)
            while len(points) > 1 and np.abs((points[-1].z - z) / last.scales).max() < AROUND:
                points.pop()  # so near that Newton's method took it for either side
            points.append(behind)
            length = FIRST
            continue
        new, length = taken
        outside = not low <= new.value <= high
        if outside:
            edge = low if new.value < low else high
            part = (edge - last.value) / (new.value - last.value)
            try:
                moved = at_value(last.problem, last.z + part * (new.z - last.z), edge)
            except NatriumError:
                break
            new = attrs.evolve(moved, tangent=moved.tangent * np.sign(new.value - last.value))
        special += _special(last, new)
        points.append(new)
        if outside:
            break
    return points, special


def _special(last: Point, new: Point) -> list[RestPoint]:
    found = []
    for kind, test in TESTS.items():
        a, b = test(last), test(new)
        if not (np.isfinite(a) and np.isfinite(b) and (a < 0.0) != (b < 0.0)):
            continue
        place = located(last, new, test)
        if place is None:
            continue
        values: Any = place.point.found.eigenvalues  # type: ignore[attr-defined]  # of a standstill
        frequency = float("nan")
        if kind == "Hopf point":
            turning = values[values.imag > 0.0]
            growth = np.abs(turning.real) / np.abs(turning) if turning.size else np.ones(1)
            if growth.min() > NEUTRAL:  # a neutral saddle
                continue
            frequency = float(1000.0 * turning[int(np.argmin(growth))].imag / (2.0 * np.pi))
        axis, z = last.problem.axis, place.point.z
        found.append(RestPoint(kind, axis.name, place.point.value, place.error, z[:-1].copy(), frequency))
    return found + _corners(last, new, [one.value for one in found if one.kind == "fold"])


def _corners(last: Point, new: Point, folds: list[float]) -> list[RestPoint]:
    """Find where stability jumps as an equation changes its branch; where it turns there it is a fold."""
    found: list[RestPoint] = []
    axis, apart = last.problem.axis, SAME * RANGE * last.problem.span  # type: ignore[attr-defined]  # of rests
    for at in places_between(last, new):
        known = [*folds, *(one.value for one in found)]
        counts = [unstable_beside(at.point, end) for end in (last, new)]
        if counts[0] == counts[1] or any(abs(at.point.value - other) < apart for other in known):
            continue
        below, above = counts if new.value > last.value else counts[::-1]
        state, nan = at.point.z[:-1].copy(), float("nan")
        found.append(RestPoint("corner", axis.name, at.point.value, at.error, state, nan, below, above))
    return found


def _branch(axis: Axis, points: list[Point], special: tuple[RestPoint, ...], passes: bool) -> RestBranch:
    evaluations: list[Any] = [point.found for point in points]
    return RestBranch(
        name=axis.name,
        label=axis.label,
        values=np.array([point.value for point in points]),
        states=np.array([point.z[:-1] for point in points]),
        unstable=np.array([int(np.sum(one.eigenvalues.real > 0.0)) for one in evaluations]),
        reachable=np.array([passes or not one.guard >= 0.0 for one in evaluations]),
        special=special,
    )
