"""The whole picture along one parameter: rests, cycles, what happens on them, and where both are stable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.arclength import FIRST, Point, corrected
from natrium.analysis.continuation.axis import Axis, axis_of, sizes_of
from natrium.analysis.continuation.branch import CycleBranch, SpecialPoint, tell
from natrium.analysis.continuation.continued import (
    branch_of,
    check_range,
    continue_cycle,
    doubled_branch,
)
from natrium.analysis.continuation.cycles import SmoothCycles, is_smooth
from natrium.analysis.continuation.follow import follow
from natrium.analysis.continuation.rests import RestBranch, RestPoint, rest_branches, tell_rest
from natrium.analysis.cycle.limit_cycle import LimitCycle, limit_cycle
from natrium.analysis.cycle.orbits import spikes_of
from natrium.analysis.cycle.return_map import longest_of, return_map
from natrium.analysis.cycle.smooth_cycle import SmoothCycle, smooth_cycle
from natrium.analysis.equilibria.flow import jacobian_at
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Count, NatriumError
from natrium.model.arrays import Array
from natrium.model.scales import sizes_near
from natrium.solvers import accurate
from natrium.solvers.history import Event

LOOKS = 5  # values of the parameter at which firing is looked for by runs
POINTS = 150  # of a branch of cycles, each way
DOUBLED = 60  # of one of doubled cycles
SMALL = 0.1  # units: the first cycle beside a Hopf point
LED, MOST_SPIKES = 60, 6  # spikes of a run that leads to a cycle; in the pattern that repeats
RUN_RTOL, REPEATS = 1e-9, 1e-4  # of that run; relative, of states after resets that repeat
APART = 1e-7  # of the parameter's range: what is nearer is one place
SAME = 1e-3  # relative: a period on a branch at the same value

Ranges = tuple[tuple[float, float], ...]


@attrs.frozen(eq=False, repr=False)
class BifurcationDiagram(Result):
    """Rests and cycles of a neuron along one parameter.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    input : float
        Constant input, mV.
    name, label : str
        The parameter, and how a column of it is called.
    between : (float, float)
        Its range.
    rests : tuple of RestBranch
    cycles : tuple of CycleBranch
    """

    neuron: AnyNeuron
    input: float
    name: str
    label: str
    between: tuple[float, float]
    rests: tuple[RestBranch, ...]
    cycles: tuple[CycleBranch, ...]

    @property
    def axis(self) -> Axis:
        """The parameter, with its neuron."""
        return axis_of(self.neuron, self.input, self.name)

    @property
    def special(self) -> tuple[SpecialPoint | RestPoint, ...]:
        """All that happens, each once, in order of the parameter."""
        found: list[SpecialPoint | RestPoint] = [one for rest in self.rests for one in rest.special]
        width = APART * (self.between[1] - self.between[0])
        for branch in self.cycles:
            for one in branch.special:
                alike = (other for other in found if other.kind == one.kind)
                if all(abs(other.value - one.value) > width for other in alike):
                    found.append(one)
        return tuple(sorted(found, key=lambda one: one.value))

    @property
    def resting(self) -> Ranges:
        """Ranges of the parameter with a stable rest."""
        return union([_edged(one.values, one.stable, one.special) for one in self.rests])

    @property
    def firing(self) -> Ranges:
        """Ranges of the parameter with a stable cycle."""
        parts = [_edged(one.values, one.stable, one.special) for one in self.cycles]
        return union(parts, APART * (self.between[1] - self.between[0]))

    @property
    def bistable(self) -> Ranges:
        """Ranges of the parameter in which both are."""
        pairs = [(max(a, c), min(b, d)) for a, b in self.resting for c, d in self.firing]
        least = APART * (self.between[1] - self.between[0])
        return tuple((a, b) for a, b in pairs if b - a > least)

    @property
    def block(self) -> float | None:
        """Input above which it fires no more but rests (depolarisation block); None where there is none."""
        if not self.axis.of_input or not self.firing:
            return None
        end = self.firing[-1][1]
        width = APART * (self.between[1] - self.between[0])
        return next((end for a, b in self.resting if self.firing[0][0] < a <= end + width < b), None)

    @property
    def unfollowed(self) -> tuple[float, ...]:
        """Where branches of cycles go on but were left: for their many points, or as none more was found."""
        ends = [end for one in self.cycles for end in zip(one.values[[0, -1]], one.ended, strict=True)]
        return tuple(sorted({float(value) for value, why in ends if why in ("points", "lost")}))

    def table(self) -> list[dict[str, Any]]:
        """Give one row per special point."""
        return [
            {
                "kind": one.kind,
                self.label: one.value,
                "error": one.error,
                "period_ms": one.period if isinstance(one, SpecialPoint) else np.nan,
            }
            for one in self.special
        ]

    def data(self) -> dict[str, Any]:
        """Give the picture as plain data."""
        return {
            "parameter": self.name,
            "between": list(self.between),
            "special": self.table(),
            "resting": [list(one) for one in self.resting],
            "firing": [list(one) for one in self.firing],
            "bistable": [list(one) for one in self.bistable],
            "block": self.block,
            "unfollowed": list(self.unfollowed),
            "rests": [one.data() for one in self.rests],
            "cycles": [one.data() for one in self.cycles],
        }

    def _shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "between": self.between,
            "rests": self.rests,
            "cycles": self.cycles,
            "special": [one.kind for one in self.special],
            "bistable": self.bistable,
        }

    def sentences(self) -> list[str]:
        """Say where it rests, where it fires, where both, and what happens."""
        axis = self.axis
        said = []
        for what, ranges in (
            ("A stable rest", self.resting),
            ("Stable cycles", self.firing),
            ("Both, and where it begins decides", self.bistable),
        ):
            told = "; ".join(f"{axis.show(a)} to {axis.show(b)}" for a, b in ranges)
            said.append(f"{what}: {told or 'none'}.")
        if self.block is not None:
            said.append(f"Depolarisation block: above {axis.show(self.block)} it rests and fires no more.")
        said += [
            tell(axis, one) if isinstance(one, SpecialPoint) else tell_rest(axis, one) for one in self.special
        ]
        if self.unfollowed:
            told = "; ".join(map(axis.show, self.unfollowed))
            said.append(f"Cycles go on, and were followed no further, at {told}: beyond is not known.")
        return said


def union(parts: list[list[tuple[float, float]]], width: float = 0.0) -> Ranges:
    """Join ranges that meet, or lie no farther apart than so much."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(one for part in parts for one in part):
        if joined and low <= joined[-1][1] + width:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _edged(
    values: Array, stable: npt.NDArray[np.bool_], special: tuple[Any, ...]
) -> list[tuple[float, float]]:
    """Give the ranges of stable stretches of a branch, their ends at the special points beside them."""
    marks = [one.value for one in special]
    found = []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], stable.astype(int), [0]])))
    for first, behind in edges.reshape(-1, 2):
        part = values[first:behind]
        beside = _beside(values, first, marks) + _beside(values, behind - 1, marks)
        for one in special:  # where the branch ends just beyond its last point
            ends = ([values[0]] if first == 0 else []) + ([values[-1]] if behind == values.size else [])
            if getattr(one, "ends", False) and any(_nearest(edge, one.value, values) for edge in ends):
                beside.append(one.value)
        found.append((float(min([*beside, part.min()])), float(max([*beside, part.max()]))))
    return found


def _beside(values: Array, place: int, marks: list[float]) -> list[float]:
    """Give the mark nearest to a point of a branch, within a step of it."""
    steps = np.abs(np.diff(values[max(place - 1, 0) : place + 2]))
    near = min(marks, key=lambda mark: abs(mark - values[place]), default=np.inf)
    return [near] if abs(near - values[place]) <= steps.max(initial=0.0) else []


def _nearest(edge: float, mark: float, values: Array) -> bool:
    """Tell whether an end lies nearer to one end of a branch than to its other."""
    other = values[-1] if edge == values[0] else values[0]
    return bool(abs(mark - edge) <= abs(mark - other))


def bifurcation_diagram(
    neuron: AnyNeuron,
    I: float = 0.0,
    parameter: str = "I",
    *,
    between: tuple[float, float],
    longest: float | None = None,
    doublings: int = 1,
    progress: Callable[[str], None] | None = None,
) -> BifurcationDiagram:
    """Find rests and cycles along one parameter, and all that happens to them.

    Equilibria are followed from all that are proven to be there at some values. Cycles are followed from
    Hopf points, from what runs at some values of the parameter settle to, and from period doublings.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    I : float
        Constant input, mV; of no account where the parameter is the input.
    parameter : str
        Of the neuron, or ``"I"``, the input.
    between : (float, float)
        Its range, in its own unit (of the input mV).
    longest : float, optional
        Longest interval, ms; by default 5000, of the scale of time.
    doublings : int
        How many period doublings are followed, one after the other.
    progress : callable, optional
        Told what is being done, once before each branch of cycles.

    Raises
    ------
    ModelError
        When there is no such parameter, or the range is none.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004).
       https://doi.org/10.1007/978-1-4757-3978-7
    """
    Count(low=0, high=6).check("doublings", doublings)
    asked = axis_of(neuron, I, parameter)
    low, high = check_range(asked, between)
    longest = longest_of(neuron, longest)
    axis = axis_of(neuron, 0.5 * (low + high), parameter) if asked.of_input else asked
    passes, report = is_smooth(neuron), progress or (lambda message: None)
    rests = rest_branches(axis, low, high, passes)
    cycles: list[CycleBranch] = []
    for value in np.linspace(low, high, LOOKS + 2)[1:-1]:
        start = _by_run(axis, float(value), longest)
        if start is None or any(_has(branch, float(value), start.period) for branch in cycles):
            continue
        report(f"cycles from {axis.show(float(value))} on")
        try:
            cycles.append(_continued(axis, start, (low, high), longest))
        except NatriumError:
            continue
    for point in (one for rest in rests for one in rest.special if one.kind == "Hopf point"):
        ends = (one.value for branch in cycles for one in branch.special if one.kind == point.kind)
        if all(abs(point.value - other) > 1e-6 * (high - low) for other in ends):
            report(f"cycles from the Hopf point at {axis.show(point.value)} on")
            branch = _from_hopf(axis, point, rests, low, high, longest)
            cycles += [] if branch is None else [branch]
    cycles += _doubled(axis, cycles, low, high, longest, doublings, report)
    return BifurcationDiagram(neuron, axis.input, parameter, axis.label, (low, high), rests, tuple(cycles))


def _by_run(axis: Axis, value: float, longest: float) -> LimitCycle | SmoothCycle | None:
    """Find what a run from the neuron's own start settles to; None where it is no cycle of few spikes."""
    neuron, level = axis.at(value)
    try:
        if not neuron.fires:
            return smooth_cycle(neuron, level)
        mapping = return_map(neuron, level, solver=accurate(neuron, RUN_RTOL), longest=longest)
        events = spikes_of(mapping, LED)
        if len(events) < LED:
            return None
        free = list(mapping.free)
        again = (k for k in range(1, MOST_SPIKES + 1) if _repeats(neuron, events[-2 * k :], k, free))
        found = limit_cycle(neuron, level, next(again, 1), start=events[-1].after[free], longest=longest)
    except NatriumError:
        return None
    return found if found.stable else None


def _repeats(neuron: AnyNeuron, events: list[Event], k: int, free: list[int]) -> bool:
    """Tell whether the last spikes leave what those k before did."""
    after = np.array([event.after[free] for event in events])
    off = np.abs(after[k:] - after[:k])
    return bool(np.all(off <= REPEATS * sizes_near(neuron, np.abs(after).max(axis=0), free)))


def _continued(
    axis: Axis, start: LimitCycle | SmoothCycle, between: tuple[float, float], longest: float
) -> CycleBranch:
    return continue_cycle(start, axis.name, between=between, longest=longest, most=POINTS)


def _has(branch: CycleBranch, value: float, period: float) -> bool:
    """Tell whether a branch has a cycle of a period at a value."""
    below = branch.values < value
    for k in np.flatnonzero(below[1:] != below[:-1]):
        a, b = branch.values[k : k + 2]
        part = (value - a) / (b - a)
        met = branch.periods[k] + part * (branch.periods[k + 1] - branch.periods[k])
        if abs(met - period) <= SAME * period + 0.5 * abs(branch.periods[k + 1] - branch.periods[k]):
            return True
    return False


def _from_hopf(
    axis: Axis, point: RestPoint, rests: tuple[RestBranch, ...], low: float, high: float, longest: float
) -> CycleBranch | None:
    """Follow the cycles that are born at a Hopf point; None where none is found."""
    states = np.concatenate([one.states for one in rests]).T
    neuron, level = axis.at(point.value)
    values, vectors = np.linalg.eig(jacobian_at(neuron.system, point.state, level))
    omega = 2e-3 * np.pi * point.frequency
    q = vectors[:, int(np.argmin(np.abs(values - 1j * omega)))]
    sizes = sizes_of(axis.neuron, states)
    q = q / np.linalg.norm(q / sizes)
    q = q * np.exp(-1j * np.angle(q[0]))
    normal = -np.imag(q) / sizes
    y = point.state + SMALL * np.real(q)
    problem = SmoothCycles(axis, 1, high - low, 1e-12, longest, y, normal / np.linalg.norm(normal), sizes)
    guess = np.concatenate([y, [2.0 * np.pi / omega, point.value]])
    plane = np.concatenate([np.real(q) / sizes, [0.0, 0.0]])
    plane /= np.linalg.norm(plane)
    try:
        first: Point = corrected(problem, guess, plane, problem.scales(guess))
    except NatriumError:
        return None
    branch = branch_of(axis, None, follow(first, low, high, longest, POINTS, FIRST))
    none = np.full(first.found.multipliers.size, np.nan + 0j)
    born = SpecialPoint(
        "Hopf point", axis.name, point.value, point.error, 2.0 * np.pi / omega, 0.0, none, np.nan, True
    )
    return attrs.evolve(branch, special=(born, *branch.special))


def _doubled(
    axis: Axis,
    cycles: list[CycleBranch],
    low: float,
    high: float,
    longest: float,
    depth: int,
    report: Callable[[str], None],
) -> list[CycleBranch]:
    """Follow cycles of twice the period from where they are born, and those of theirs."""
    found: list[CycleBranch] = []
    level = cycles
    known = [one.value for branch in cycles for one in branch.special if one.ends]
    for _ in range(depth):
        born: list[CycleBranch] = []
        for branch in level:
            for one in branch.special:
                near = any(abs(one.value - other) < APART * (high - low) for other in known)
                if one.kind != "period doubling" or one.ends or near:
                    continue
                known.append(one.value)
                report(f"cycles of twice the period from {axis.show(one.value)} on")
                doubled = doubled_branch(axis, one, low, high, longest=longest, most=DOUBLED)
                if doubled is not None:  # it may end at another doubling, and would be met again from there
                    born.append(doubled)
                    known += [other.value for other in doubled.special if other.ends]
        found += born
        level = born
    return found
