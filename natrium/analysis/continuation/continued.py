"""Following a cycle along one parameter, both ways, and those of twice its period from their birth on."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import EXACT, FIRST, Point, ahead, at_value, corrected
from natrium.analysis.continuation.axis import Axis, axis_of
from natrium.analysis.continuation.branch import CycleBranch, SpecialPoint
from natrium.analysis.continuation.cycles import HybridCycles, hybrid_cycles, is_smooth, smooth_cycles
from natrium.analysis.continuation.follow import MOST, Course, follow
from natrium.analysis.continuation.legs import sampled
from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.return_map import longest_of
from natrium.analysis.cycle.smooth_cycle import SmoothCycle
from natrium.model import Constant, Count, ModelError, NatriumError, SolverError
from natrium.model.arrays import Array
from natrium.solvers import accurate

# Lengths, units, from a fold at which its bend is told: the first whose half tells the same to such a part.
BESIDE, AGREES = (0.02, 2e-3, 2e-4), 1e-2
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
            coefficient=law_coefficient(one.place.point) if one.kind == "fold of cycles" else nan,
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


def law_coefficient(at: Point) -> float:
    r"""Give c of the law of the period at a fold, where :math:`T \simeq T_c - c\,|p - p_c|^{1/2}`.

    A length s along the branch from the fold :math:`T \simeq T_c + T' s`, :math:`p \simeq p_c + p'' s^2/2`:
    c is :math:`|T'|\,|p''/2|^{-1/2}`, from the tangents at equal lengths on both sides.
    """
    try:
        fold = ahead(at, 0.0)
    except NatriumError:
        return float("nan")
    for length in BESIDE:
        try:
            far, near = _bend(fold, length), _bend(fold, 0.5 * length)
        except NatriumError:
            continue
        if near and abs(far - near) < AGREES * abs(near):
            bend = (4.0 * near - far) / 3.0  # the next term of both is of the square of the length
            return abs(_period_rate(fold)) / float(np.sqrt(abs(bend)))
    return float("nan")


def _bend(fold: Point, length: float) -> float:
    """Give half the second derivative of the parameter along the branch, from so many units on both sides."""
    sides = [
        ahead(fold, way * length, fold.z + way * length * fold.tangent * fold.scales, EXACT)
        for way in (1, -1)
    ]
    rates = []
    for side in sides:
        along = side.tangent * side.scales
        rates.append(float(along[-1] / (fold.tangent @ (along / fold.scales))))
    return (rates[0] - rates[1]) / (4.0 * length)


def _period_rate(at: Point) -> float:
    """Give how fast the period changes along the branch, ms per unit."""
    times = np.zeros(at.z.size)
    if isinstance(at.problem, HybridCycles):
        times[:-1].reshape(at.problem.n_spikes, -1)[:, -1] = 1.0
    else:
        times[-2] = 1.0
    return float(times @ (at.tangent * at.scales))
