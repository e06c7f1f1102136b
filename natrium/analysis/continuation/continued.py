"""Following a cycle along one parameter, both ways, and those of twice its period from their birth on."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import FIRST, Point, at_value, corrected
from natrium.analysis.continuation.axis import Axis, axis_of
from natrium.analysis.continuation.branch import CycleBranch, SpecialPoint
from natrium.analysis.continuation.cycles import HybridCycles, hybrid_cycles, is_smooth, smooth_cycles
from natrium.analysis.continuation.follow import MOST, Course, follow
from natrium.analysis.continuation.legs import sampled
from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.return_map import longest_of
from natrium.analysis.cycle.smooth_cycle import SmoothCycle
from natrium.model import Constant, Count, ModelError, SolverError
from natrium.model.arrays import Array
from natrium.solvers import accurate

FIT = 1e-6  # units: how far a cycle must lie from a fold to tell how the branch bends there
OFF = 0.02  # units by which a doubled cycle is looked for beside the one it leaves


def continue_cycle(
    cycle: LimitCycle | SmoothCycle,
    parameter: str = "I",
    *,
    between: tuple[float, float],
    longest: float | None = None,
    most: int = MOST,
) -> CycleBranch:
    """Follow a cycle, stable or not, both ways along one parameter: around folds, to its ends.

    Parameters
    ----------
    cycle : LimitCycle or SmoothCycle
        Where to begin: see `limit_cycle`, `smooth_cycle`. Of a neuron whose spikes change nothing the cycle
        of the flow is followed, which goes on where V no longer reaches the threshold.
    parameter : str
        Of the neuron, or ``"I"``, the input.
    between : (float, float)
        Range of the parameter, in its own unit (of the input mV).
    longest : float, optional
        Longest interval, ms; by default 5000, of the scale of time.
    most : int
        Points, each way.

    Returns
    -------
    CycleBranch
        From low to high values at the first cycle.

    Raises
    ------
    ModelError
        When there is no such parameter, or the range does not hold the first cycle.
    SolverError
        When the first cycle cannot be found again.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), ch. 4, 5, 10.
       https://doi.org/10.1007/978-1-4757-3978-7

    Examples
    --------
    >>> import natrium
    >>> neuron = natrium.notebook.lif_na().neuron
    >>> branch = natrium.continue_cycle(natrium.limit_cycle(neuron, 10.0), "I", between=(5.0, 20.0))
    >>> [(one.kind, round(one.value, 6)) for one in branch.special]  # doctest: +SKIP
    """
    if not isinstance(cycle, (LimitCycle, SmoothCycle)):
        raise ModelError(f"cycle must be a LimitCycle or a SmoothCycle, got {type(cycle).__name__}")
    axis = axis_of(cycle.neuron, cycle.input, parameter)
    low, high = check_range(axis, between)
    longest = longest_of(axis.neuron, longest)
    Count(low=2).check("most", most)
    if not low <= axis.value <= high:
        raise ModelError(
            f"the range must hold the first cycle's own {axis.show(axis.value)}, got {low:g} to {high:g}"
        )
    start = first_point(axis, cycle, high - low, longest)
    back = attrs.evolve(start, tangent=-start.tangent)
    ways = [follow(one, low, high, longest, most) for one in (back, start)]
    return branch_of(axis, *ways)


class Ranged(Protocol):
    """What has a parameter that takes some values."""

    def at(self, value: float) -> Any:
        """Go to a value, or refuse it."""


def check_range(axis: Ranged, between: tuple[float, float]) -> tuple[float, float]:
    """Check a range of the parameter.

    Raises
    ------
    ModelError
        When it is none, or leads out of what the neuron may have.
    """
    try:
        low, high = (float(one) for one in between)
    except (TypeError, ValueError):
        raise ModelError(f"between must be two numbers, low and high, got {between!r}") from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ModelError(f"a range must go from low to high, got {low!r} to {high!r}")
    for value in (low, high):
        axis.at(value)
    return low, high


def first_point(axis: Axis, cycle: LimitCycle | SmoothCycle, span: float, longest: float) -> Point:
    """Put a cycle into equations, and find it again; its tangent points to higher values."""
    states = _states_along(cycle)
    if isinstance(cycle, SmoothCycle) or is_smooth(cycle.neuron):
        y = cycle.state if isinstance(cycle, SmoothCycle) else cycle.map.full(cycle.states[0])
        if isinstance(cycle, LimitCycle):  # it begins as V passes the threshold
            y = np.concatenate([[cycle.neuron.v_thresh], y[1:]])
        smooth = smooth_cycles(axis, states, y, span, longest=longest)
        return at_value(smooth, np.concatenate([y, [cycle.period, axis.value]]), axis.value)
    hybrid = hybrid_cycles(axis, states, cycle.n_spikes, span, longest=longest)
    lengths = cycle.intervals - cycle.map.linear.refractory()[0]
    guess = np.append(np.column_stack([cycle.states, lengths]).ravel(), axis.value)
    return at_value(hybrid, guess, axis.value)


def _states_along(cycle: LimitCycle | SmoothCycle) -> Array:
    """Give states along a cycle, shape (n_states, n_times)."""
    neuron, drive = cycle.neuron, Constant(cycle.input)
    if isinstance(cycle, SmoothCycle):
        starts, length = [cycle.state], cycle.period
    else:
        starts, length = [cycle.map.released(x)[0] for x in cycle.states], cycle.period
    runs = [accurate(neuron, 1e-9).solve(neuron.started(y.tolist()), drive, t_end=length) for y in starts[:1]]
    return np.concatenate([sampled(run, run.t_end)[1] for run in runs], axis=1)


def doubled_branch(
    axis: Axis,
    special: SpecialPoint,
    low: float,
    high: float,
    *,
    longest: float | None = None,
    most: int = MOST,
) -> CycleBranch | None:
    """Follow the cycles of twice the period from where they are born; None where none is found.

    Parameters
    ----------
    axis : Axis
    special : SpecialPoint
        A period doubling.
    low, high : float
        The parameter's range.
    """
    point = special.point
    if special.kind != "period doubling" or point is None:
        raise ModelError(f"a branch is left at a period doubling, got a {special.kind}")
    start = start_doubled(point)
    if start is None:
        return None
    longest = longest_of(axis.neuron, longest)
    found = branch_of(axis, None, follow(start, low, high, longest, most, length=FIRST))
    return attrs.evolve(found, special=(attrs.evolve(special, ends=True), *found.special))


def start_doubled(point: Point) -> Point | None:
    """Find a cycle of twice the period just beside where it is born; None where there is none."""
    problem, z, parted = point.problem.doubled(point.z, point.found)
    scales = problem.scales(z)
    tangent = parted / scales
    tangent /= np.linalg.norm(tangent)
    for off in (OFF, 4.0 * OFF, 0.25 * OFF):
        try:
            return corrected(problem, z + off * tangent * scales, tangent, scales)
        except (SolverError, ModelError):
            continue
    return None


def branch_of(axis: Axis, back: Course | None, forth: Course) -> CycleBranch:
    """Put both ways along a branch together."""
    points = [*reversed(back.points[1:] if back else ()), *forth.points]
    special: list[SpecialPoint] = []
    for way, reverse in ((back, True), (forth, False)):
        if way is None:
            continue
        found = _special(axis, way)
        special += reversed(found) if reverse else found
    first = points[0].found.multipliers.size
    return CycleBranch(
        neuron=axis.neuron,
        input=axis.input,
        name=axis.name,
        label=axis.label,
        n_spikes=points[0].problem.n_spikes,
        values=np.array([point.value for point in points]),
        periods=np.array([point.found.period for point in points]),
        multipliers=np.array([point.found.multipliers for point in points]).reshape(len(points), first),
        states=np.array([point.found.states[0] for point in points]),
        bounds=np.array([_bounds(point) for point in points]),
        special=tuple(special),
        ended=(back.reason if back else "born", forth.reason),
        points=tuple(points),
    )


def _bounds(point: Point) -> tuple[float, float]:
    V = np.concatenate([sampled(run, run.t_end)[1][0] for run in point.found.runs])
    return float(V.min()), float(V.max())


def _special(axis: Axis, way: Course) -> list[SpecialPoint]:
    """Give what is special on one way along a branch, its end last."""
    nan = float("nan")
    found = [
        SpecialPoint(
            kind=one.kind,
            name=axis.name,
            value=one.place.point.value,
            error=one.place.error,
            period=one.place.point.found.period,
            period_error=one.place.period_error,
            multipliers=one.place.point.found.multipliers,
            coefficient=law_coefficient(one.place.point, way.points, one.index)
            if one.kind == "fold of cycles"
            else nan,
            ends=way.reason in ("graze", "halved") and one is way.happened[-1],
            point=one.place.point,
        )
        for one in way.happened
    ]
    if way.end is not None:
        none = np.full(way.points[-1].found.multipliers.size, nan + 0j)
        end = way.end
        error = 0.0 if np.isinf(end.period) else end.error
        found.append(
            SpecialPoint(
                end.kind, axis.name, end.value, end.error, end.period, error, none, end.coefficient, True
            )
        )
    return found


def law_coefficient(at: Point, points: tuple[Point, ...], index: int) -> float:
    """Give c of the law of the period at a fold: from the tangents just beside it."""
    scales, tangent = at.scales, at.tangent
    times = np.zeros(at.z.size)
    if isinstance(at.problem, HybridCycles):
        times[:-1].reshape(at.problem.n_spikes, -1)[:, -1] = 1.0
    else:
        times[-2] = 1.0
    speed = float(times @ (tangent * scales))
    for beside in points[index + 1 : index + 2] + points[index : index + 1]:
        if beside.z.size == at.z.size and abs(length := float(tangent @ ((beside.z - at.z) / scales))) > FIT:
            turn = float(beside.tangent[-1] * beside.scales[-1] / (2.0 * length))
            return abs(speed) / float(np.sqrt(abs(turn))) if turn else float("nan")
    return float("nan")
