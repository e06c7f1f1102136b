"""Where a spike meets an edge of the input: a branch of locked orbits turns there at once, unlike a fold."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import EXACT, NEWTON, NOISE, Point
from natrium.analysis.forcing.orbits import LockedOrbits
from natrium.model import NatriumError, SolverError
from natrium.model.arrays import Array
from natrium.model.stimuli.stimulus import breakpoints
from natrium.solvers.reliability import ROUNDING, SAFETY, second_tolerance

NEAR = 1e-5  # periods: a spike so near to an edge is taken to meet it
SECANT = 1e-5  # of a unit of the parameter, by which the edge's own way is told
ASIDE = 1e-3  # units: how far the corner may lie from where the branch was left


@attrs.frozen
class Corner:
    """A corner of a branch.

    Attributes
    ----------
    value, error : float
        The parameter there, and how far that can be trusted.
    phase : float
        Of the orbit's first spike, in periods.
    """

    value: float
    error: float
    phase: float


def corner_near(point: Point) -> Corner | None:
    """Find the corner that a branch has come to; None where no spike is near an edge of the input."""
    problem: Any = point.problem
    if not problem.n_spikes:
        return None
    for index in range(problem.n_spikes):
        time = _spike(problem, point.z, index)
        edge = _edge_near(problem, point.value, time)
        if edge is None or abs(time - edge) > NEAR * problem.axis.at(point.value).period:
            continue
        other = attrs.evolve(problem, rtol=problem.rtol * second_tolerance(problem.rtol))
        try:
            z, again = (_at_edge(one, point, index, edge) for one in (problem, other))
        except NatriumError:
            continue
        if np.abs((z - point.z) / point.scales).max() > ASIDE:
            continue
        error = SAFETY * abs(float(z[-1] - again[-1])) + ROUNDING * float(np.spacing(abs(z[-1])))
        return Corner(float(z[-1]), error, float(z[-2] % 1.0))
    return None


def _spike(problem: LockedOrbits, z: Array, index: int) -> float:
    """Give the time of a spike, ms."""
    forcing = problem.axis.at(float(z[-1]))
    return float(problem.times(z)[index]) + forcing.first * forcing.period


def _edge_near(problem: LockedOrbits, value: float, time: float) -> float | None:
    """Give the edge of the input that is next to a time."""
    forcing = problem.axis.at(value)
    edges = breakpoints(forcing.stimulus, time - forcing.period, time + forcing.period)[1:-1]
    return min(edges, key=lambda one: abs(one - time), default=None)


def _at_edge(problem: LockedOrbits, point: Point, index: int, edge: float) -> Array:
    """Find by Newton's method the orbit one of whose spikes lies on an edge, at fixed phase elsewhere."""
    z, scales = point.z.copy(), point.scales

    def off(at: Array, near: float) -> float:
        found = _edge_near(problem, float(at[-1]), near)
        if found is None:
            raise SolverError("an edge of the input must go on as the parameter moves, got none")
        return _spike(problem, at, index) - found

    last = np.inf
    for _ in range(NEWTON):
        found, missed = problem.evaluate(z), off(z, edge)
        row = np.empty(z.size)
        for k in range(z.size):
            moved = z.copy()
            moved[k] += SECANT * scales[k]
            row[k] = (off(moved, edge) - missed) / SECANT
        matrix = np.vstack([found.jacobian * scales, row])
        sizes = np.abs(matrix).max(axis=1)
        step = np.linalg.solve(matrix / sizes[:, None], -np.append(found.residual, missed) / sizes)
        z = z + step * scales
        size = float(np.abs(step).max())
        if size < EXACT or (size < NOISE and size > 0.3 * last):
            return z
        last = size
    raise SolverError(
        f"Newton's method must end at a corner near by, got a correction of {last:.3g} of a unit"
    )
