"""Corners of a branch of equilibria: where an equation changes its branch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from natrium.analysis.continuation.arclength import Located, Point, corrected, located
from natrium.analysis.continuation.legs import Place
from natrium.analysis.continuation.standing import Standing, standing_where
from natrium.analysis.equilibria.bifurcations import count_unstable
from natrium.model import HybridSystem, NatriumError
from natrium.model.arrays import Array
from natrium.model.branches import choose
from natrium.model.kernel import lower_expressions

BESIDE = 1e-6  # of a step: this far from a corner its branch is decided
AROUND = 1e-5  # units: this far behind a corner at which it turns a branch goes on


@lru_cache(maxsize=64)
def surfaces_at(system: HybridSystem) -> Callable[..., list[float]]:
    """Lower what is zero where an equation changes its branch: of states, input and parameters."""
    surfaces = sorted({node.args[0] for flow in system.rhs for node in flow.atoms(choose)}, key=str)
    return lower_expressions(tuple(surfaces), (*system.states, system.input, *system.parameters))


def places_between(last: Point, new: Point) -> list[Located]:
    """Find where an equation changes its branch between two points of a branch of equilibria."""
    ends: Any = last.found, new.found  # of standstills
    places = []
    for k in np.flatnonzero((ends[0].surfaces < 0.0) != (ends[1].surfaces < 0.0)).tolist():

        def surface(point: Point, k: int = k) -> float:
            return float(point.found.surfaces[k])  # type: ignore[attr-defined]  # of a standstill

        at = located(last, new, surface)
        if at is not None:
            places.append(at)
    return places


def turned_back(last: Point) -> tuple[Standing, Point] | None:
    """Give the corner just ahead at which a branch turns back, and a point behind it; None without one."""
    problem: Any = last.problem
    axis, scales, found = problem.axis, last.scales, last.found
    try:
        beyond: Any = problem.evaluate(last.z + AROUND * last.tangent * scales)
        over = np.flatnonzero((beyond.surfaces < 0.0) != (found.surfaces < 0.0))  # type: ignore[attr-defined]  # of a standstill
        if not over.size:
            return None
        k = int(over[0])

        def surface(here: Place, state: Array) -> float:
            system = here.linear.system
            return float(surfaces_at(system.structure)(*state.tolist(), here.input, *system.values)[k])

        corner = standing_where(
            axis, last.value, last.z[:-1], problem.sizes, problem.span, problem.rtol, surface
        )
        if corner is None:
            return None
        z, tangent = np.append(corner.state, corner.value), np.linalg.svd(beyond.jacobian * scales)[2][-1]
        on = problem.evaluate(z + AROUND * tangent * scales).surfaces[k]
        tangent *= 1.0 if (on < 0.0) == (beyond.surfaces[k] < 0.0) else -1.0
        point = corrected(problem, z + AROUND * tangent * scales, tangent, scales)
    except NatriumError:
        return None
    if not point.tangent[-1] * last.tangent[-1] < 0.0:
        return None
    return corner, point


def unstable_beside(corner: Point, end: Point) -> int:
    """Give the unstable directions a little way from a corner towards a point."""
    beside: Any = corner.problem.evaluate(corner.z + BESIDE * (end.z - corner.z))
    return count_unstable(beside.eigenvalues)
