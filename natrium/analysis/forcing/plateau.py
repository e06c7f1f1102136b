"""Where along one parameter a ratio of locking is stable: from edge to edge, and what happens there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import Point, ahead
from natrium.analysis.continuation.continued import check_range
from natrium.analysis.continuation.follow import Course, follow
from natrium.analysis.forcing.axis import PERIOD, forced_axis, forcing_of
from natrium.analysis.forcing.corners import corner_near
from natrium.analysis.forcing.locking import asked, first_point, is_real
from natrium.analysis.result import Result, settled
from natrium.model import AnyNeuron, ModelError, NatriumError, SolverError, Stimulus

OVER = 0.05  # units beyond a fold: where the other half of the branch is looked at
STOPS = ("fold of cycles", "period doubling", "torus")
KINDS = {"fold of cycles": "saddle-node"}


@attrs.frozen(eq=False, repr=False)
class PlateauEdge(Result):
    """Where stable locking begins or ends.

    Attributes
    ----------
    value, error : float
        The parameter there, and how far that can be trusted.
    kind : str
        ``"saddle-node"`` (it meets the unstable orbit), ``"corner"`` (likewise, where a spike meets an edge
        of the input), ``"graze"`` (V no more than touches the threshold), ``"period doubling"``,
        ``"torus"``; ``"range"``, the end of the parameter's range; ``"lost"``, it is followed no further.
    phase : float
        Of the orbit's first spike there, in periods; NaN without spikes.
    """

    value: float
    error: float
    kind: str
    phase: float


@attrs.frozen(eq=False, repr=False)
class Plateau(Result):
    """The values of one parameter at which one ratio p:q of locking is stable.

    Attributes
    ----------
    name, label, unit : str
        The parameter.
    n_spikes, n_periods : int
        p and q.
    low, high : PlateauEdge
    """

    name: str
    label: str
    unit: str
    n_spikes: int
    n_periods: int
    low: PlateauEdge
    high: PlateauEdge

    @property
    def rotation_number(self) -> float:
        """Spikes per period."""
        return self.n_spikes / self.n_periods

    @property
    def width(self) -> float:
        """From edge to edge, in the parameter's unit."""
        return self.high.value - self.low.value

    def table(self) -> list[dict[str, Any]]:
        """Give one row."""
        return [
            {
                "spikes": self.n_spikes,
                "periods": self.n_periods,
                "rotation_number": self.rotation_number,
                f"low_{self.label}": self.low.value,
                "low_error": self.low.error,
                "low_kind": self.low.kind,
                f"high_{self.label}": self.high.value,
                "high_error": self.high.error,
                "high_kind": self.high.kind,
            }
        ]

    def sentences(self) -> list[str]:
        """Say from where to where."""
        low, high = (
            " ".join(filter(None, (f"{one.value:z{settled(one.error)}}", self.unit, f"({one.kind})")))
            for one in (self.low, self.high)
        )
        return [f"{self.n_spikes}:{self.n_periods} is stable for {self.name} from {low} to {high}."]


def locking_plateau(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus],
    parameter: str = PERIOD,
    p: int | None = None,
    q: int | None = None,
    *,
    between: tuple[float, float],
    period: float | None = None,
) -> Plateau:
    """Follow a ratio of locking along one parameter to both ends of where it is stable.

    Parameters
    ----------
    neuron, stimulus, p, q, period
        As of `locked_orbit`, at one of the values.
    parameter : str
        ``"period"`` and ``"amplitude"`` of the input, or any parameter of neuron and input.
    between : (float, float)
        Range of the parameter, in its own unit.

    Raises
    ------
    ModelError, StimulusError
        When there is no such parameter, or the range does not hold its value.
    SolverError
        When firing is not locked so.
    """
    axis = forced_axis(forcing_of(neuron, stimulus, period), parameter)
    low, high = check_range(axis, between)
    if not low <= axis.value <= high:
        raise ModelError(
            f"the range must hold the input's own {axis.show(axis.value)}, got {low:g} to {high:g}"
        )
    return plateau_from(first_point(axis, high - low, asked(p, q)), low, high)


def plateau_from(point: Point, low: float, high: float) -> Plateau:
    """Follow a locked orbit both ways to where it is stable no more."""
    problem: Any = point.problem
    axis = problem.axis
    point = stable_half(point, low, high)
    ways = (attrs.evolve(point, tangent=-point.tangent), point)
    edges = [_edge(_followed(start, low, high)) for start in ways]
    first, last = sorted(edges, key=lambda one: one.value)
    return Plateau(axis.name, axis.label, axis.unit, problem.n_spikes, problem.n_periods, first, last)


def stable_half(point: Point, low: float, high: float) -> Point:
    """Give a stable orbit of the same branch: the other side of a fold, where this one is not.

    Raises
    ------
    SolverError
        When there is none.
    """
    if np.abs(point.found.multipliers).max(initial=0.0) < 1.0:
        return point
    for start in (point, attrs.evolve(point, tangent=-point.tangent)):
        course = _followed(start, low, high)
        if course.reason != "stopped":
            continue
        try:
            beyond = ahead(course.points[-1], OVER)
        except NatriumError:
            continue
        if np.abs(beyond.found.multipliers).max(initial=0.0) < 1.0 and is_real(beyond):
            return beyond
    raise SolverError(
        f"locking {point.problem.n_spikes}:{point.problem.n_periods} must be stable somewhere, got none "  # type: ignore[attr-defined]  # locked orbits
        f"near {point.problem.axis.show(point.value)}"
    )


def _followed(start: Point, low: float, high: float) -> Course:
    longest = start.problem.longest  # type: ignore[attr-defined]  # locked orbits have one
    return follow(start, low, high, longest, stop=STOPS)


def _edge(course: Course) -> PlateauEdge:
    last = course.points[-1]
    problem: Any = last.problem
    phase = float(last.z[-2] % 1.0) if problem.n_spikes else float("nan")
    if course.reason == "range":
        return PlateauEdge(last.value, 0.0, "range", phase)
    corner = corner_near(last)
    if corner is not None:
        return PlateauEdge(corner.value, corner.error, "corner", corner.phase)
    if course.reason not in ("stopped", "graze"):
        return PlateauEdge(last.value, float("nan"), "lost", phase)
    happened = course.happened[-1]
    return PlateauEdge(last.value, happened.place.error, KINDS.get(happened.kind, happened.kind), phase)
