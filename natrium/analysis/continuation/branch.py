"""Branches of cycles in one parameter: what is found on them, as data."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.arclength import FIRST, Point, at_value, corrected
from natrium.analysis.continuation.axis import Axis, axis_of
from natrium.analysis.continuation.cycles import HybridCycles, hybrid_cycles, is_smooth, smooth_cycles
from natrium.analysis.continuation.follow import MOST, Course, follow
from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.return_map import LONGEST
from natrium.analysis.cycle.smooth_cycle import SmoothCycle
from natrium.analysis.result import Result, settled, show_settled
from natrium.model import AnyNeuron, Constant, Count, ModelError, Number, SolverError
from natrium.model.arrays import Array
from natrium.solvers import accurate

FIT = 1e-6  # units: how far a cycle must lie from a fold to tell how the branch bends there
OFF = 0.02  # units by which a doubled cycle is looked for beside the one it leaves


@attrs.frozen(eq=False, repr=False)
class SpecialPoint(Result):
    """A place on a branch of cycles, or its end.

    Attributes
    ----------
    kind : str
        ``"fold of cycles"``, ``"period doubling"``, ``"torus"`` (a pair of multipliers leaves the circle, a
        Neimark-Sacker point), ``"graze"`` (V no more than touches the threshold); at ends also ``"Hopf
        point"``, ``"saddle-node homoclinic"``, ``"saddle homoclinic"``, ``"threshold"`` (a rest reaches it).
    name : str
        The parameter.
    value, error : float
        The parameter there, and how far that can be trusted.
    period, period_error : float
        Of the cycle there, ms; infinity where it takes for ever.
    multipliers : ndarray of complex, shape (n_multipliers,)
        NaN at an equilibrium.
    coefficient : float
        Of the law by which the period goes there: see `natrium.analysis.continuation.ends`; at a fold of
        cycles c of T = T_c - c |p - p_c|^(1/2) on the stable side; NaN elsewhere.
    ends : bool
        Whether the branch ends there.
    """

    kind: str
    name: str
    value: float
    error: float
    period: float
    period_error: float
    multipliers: npt.NDArray[np.complex128]
    coefficient: float
    ends: bool
    point: Point | None = attrs.field(default=None, repr=False)


@attrs.frozen(eq=False, slots=False, repr=False)
class CycleBranch(Result):
    """A branch of cycles along one parameter.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
        As it was at the first cycle.
    input : float
        Constant input, mV; where the parameter is the input, that of the first cycle.
    name, label : str
        The parameter, and how a column of it is called.
    n_spikes : int
        Spikes per cycle in the equations; 0 of cycles without resets.
    values : ndarray, shape (n_points,)
        The parameter, along the branch.
    periods : ndarray, shape (n_points,)
        ms.
    multipliers : ndarray of complex, shape (n_points, n_multipliers)
        Of the Poincaré map, the largest first.
    states : ndarray, shape (n_points, n_free)
        Where each cycle begins: just after a reset, or in its section.
    bounds : ndarray, shape (n_points, 2)
        Lowest and highest V of each cycle, mV.
    special : tuple of SpecialPoint
        In order along the branch, its ends among them where they are special.
    ended : (str, str)
        Why it was followed no further, at its beginning and at its end.
    """

    neuron: AnyNeuron
    input: float
    name: str
    label: str
    n_spikes: int
    values: Array
    periods: Array
    multipliers: npt.NDArray[np.complex128]
    states: Array
    bounds: Array
    special: tuple[SpecialPoint, ...]
    ended: tuple[str, str]
    points: tuple[Point, ...] = attrs.field(repr=False)

    @property
    def axis(self) -> Axis:
        """The parameter, with its neuron."""
        return axis_of(self.neuron, self.input, self.name)

    @property
    def stable(self) -> npt.NDArray[np.bool_]:
        """Whether neighbouring orbits approach each cycle, shape (n_points,)."""
        return np.asarray(np.abs(self.multipliers).max(axis=1, initial=0.0) < 1.0)

    @property
    def rates(self) -> Array:
        """Spikes per second, shape (n_points,), Hz; of cycles without resets, cycles per second."""
        return np.asarray(1000.0 * max(1, self.n_spikes) / self.periods)

    def table(self) -> list[dict[str, Any]]:
        """Give one row per point."""
        largest = np.abs(self.multipliers).max(axis=1, initial=0.0)
        rows = zip(self.values, self.periods, self.rates, largest, self.stable, self.bounds, strict=True)
        return [
            {
                self.label: float(value),
                "period_ms": float(period),
                "rate_Hz": float(rate),
                "largest_multiplier": float(size),
                "stable": bool(stable),
                "V_low_mV": float(low),
                "V_high_mV": float(high),
            }
            for value, period, rate, size, stable, (low, high) in rows
        ]

    def data(self) -> dict[str, Any]:
        """Give the branch as plain data."""
        return {
            "parameter": self.name,
            "spikes_per_cycle": self.n_spikes,
            "points": self.table(),
            "special": [one.data() for one in self.special],
            "ended": list(self.ended),
        }

    def _shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "n_spikes": self.n_spikes,
            "values": self.values,
            "periods": self.periods,
            "special": [one.kind for one in self.special],
            "ended": self.ended,
        }

    def sentences(self) -> list[str]:
        """Say what happens along the branch, and how it ends."""
        axis = self.axis
        what = f"{self.n_spikes} spikes" if self.n_spikes > 1 else "one spike"
        low, high = axis.show(self.values.min()), axis.show(self.values.max())
        kind = "without resets" if not self.n_spikes else f"of {what}"
        some = int(self.stable.sum())
        said = [f"Cycles {kind} from {low} to {high}: {some} of {self.values.size} points stable."]
        return said + [tell(axis, one) for one in self.special]


def tell(axis: Axis, one: SpecialPoint) -> str:
    """Say what a special point is and where."""
    per_unit = axis.unit.of(1.0) if axis.unit is not None else 1.0
    value = axis.show(one.value, settled(one.error * abs(per_unit)))
    period = "without bound" if np.isinf(one.period) else f"{show_settled(one.period, one.period_error)} ms"
    ends = "; it ends there" if one.ends else ""
    return f"{one.kind[0].upper()}{one.kind[1:]} at {value}, period {period}{ends}."


def continue_cycle(
    cycle: LimitCycle | SmoothCycle,
    parameter: str = "I",
    *,
    between: tuple[float, float],
    longest: float = LONGEST,
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
    longest : float
        Longest interval, ms.
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
    Number("ms", 0.0, open_low=True).check("longest", longest)
    Count(low=2).check("most", most)
    if not low <= axis.value <= high:
        raise ModelError(
            f"the range must hold the first cycle's own {axis.show(axis.value)}, got {low:g} to {high:g}"
        )
    start = first_point(axis, cycle, high - low, longest)
    back = attrs.evolve(start, tangent=-start.tangent)
    ways = [follow(one, low, high, longest, most) for one in (back, start)]
    return branch_of(axis, *ways)


def check_range(axis: Axis, between: tuple[float, float]) -> tuple[float, float]:
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
    return np.concatenate([run.y for run in runs], axis=1)


def doubled_branch(
    axis: Axis, special: SpecialPoint, low: float, high: float, *, longest: float = LONGEST, most: int = MOST
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
    V = np.concatenate([run.V for run in point.found.runs])
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
            return abs(speed) / float(np.sqrt(abs(turn)))
    return float("nan")
