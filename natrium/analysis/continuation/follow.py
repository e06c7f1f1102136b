"""A branch of cycles, point by point, with what happens on it and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import Literal

import attrs
import numpy as np

from natrium.analysis.continuation.arclength import (
    FIRST,
    LEAST,
    LONGEST,
    Located,
    Point,
    ahead,
    apart,
    at_value,
    divided,
    located,
    step,
)
from natrium.analysis.continuation.cycles import is_smooth
from natrium.analysis.continuation.ends import End, end_ahead, endless
from natrium.model import NatriumError
from natrium.solvers.reliability import SAFETY

Happening = Literal["fold of cycles", "period doubling", "torus", "graze"]

MOST = 250  # points
PART = 0.35  # of a cycle's size by which it may change at a step: it could shrink to nothing within one
SAME = 0.1  # units: where a branch that comes back is closed
ROUNDED = 1e-8  # what changes its sign by less is zero on both sides, as a parameter that has come to its end
ALIKE = 1e-3  # units: halves of a cycle that are one
ON_CIRCLE = 1e-3  # how near to 1 the modulus of a pair is where it crosses the circle
BISECTIONS = 60
# So many points that come no further than such a part of a unit, or of the cycle's size, lead nowhere: what
# the doubles of the parameter tell is at its end, as where a canard explodes.
IDLE, IDLE_WAY = 40, 0.05


@attrs.frozen(eq=False)
class Happened:
    """Something on a branch."""

    kind: Happening
    place: Located


@attrs.frozen(eq=False)
class Course:
    """One way along a branch."""

    points: tuple[Point, ...]  # from the first on; the last is where it ends, if it ends at a cycle
    happened: tuple[Happened, ...]
    end: End | None  # the equilibrium at which it ends
    # Why it was followed no further: ``range``, the parameter's range ends; ``closed``, it comes back;
    # ``halved``, it comes back to the cycle of half the period; ``graze``; ``equilibrium``; ``stopped``, at
    # what was to end it; ``longest``, intervals grow too long; ``points``, there are too many; ``lost``, no
    # step is short enough, or none leads on.
    reason: str


def _doubling(point: Point) -> float:
    return float(np.prod(1.0 + point.found.multipliers).real) if point.found.multipliers.size else np.nan


def _torus(point: Point) -> float:
    values = point.found.multipliers
    first, second = np.triu_indices(values.size, 1)
    return float(np.prod(1.0 - values[first] * values[second]).real) if first.size else np.nan


TESTS: dict[str, Callable[[Point], float]] = {
    "fold of cycles": lambda point: float(point.tangent[-1]),
    "period doubling": _doubling,
    "torus": _torus,
    "slope": lambda point: point.found.slope,
    "clearance": lambda point: point.found.clearance,
}
"""What changes its sign where something happens."""


# Rounding makes the product of large and small multipliers jump.
OF_MULTIPLIERS = ("period doubling", "torus")


def _changes(before: Point, after: Point) -> Iterator[str]:
    """Tell what changes its sign between two points."""
    turn = any(np.any(np.abs(point.found.multipliers.imag) > 0.0) for point in (before, after))
    for name, test in TESTS.items():
        if name == "torus" and not turn:  # a real pair whose product is 1
            continue
        a, b = test(before), test(after)
        if np.isfinite(a) and np.isfinite(b) and (a < 0.0) != (b < 0.0) and abs(a - b) > ROUNDED:
            yield name


def _named(name: str, place: Located) -> Happening | None:
    """Say what a change of sign is; None where it is nothing."""
    if name in ("slope", "clearance"):
        return "graze"
    if name == "torus":
        values = place.point.found.multipliers
        turning = values[np.abs(values.imag) > 0.0]
        near = turning.size and float(np.abs(np.abs(turning) - 1.0).min()) < ON_CIRCLE
        return "torus" if near else None  # else a real pair whose product is 1
    if name == "period doubling":  # or it changes its sign through infinity, at a graze
        met = float(np.abs(1.0 + place.point.found.multipliers).min()) < ON_CIRCLE
        return "period doubling" if met else None
    return "fold of cycles"


def _happenings(before: Point, after: Point) -> list[Happened]:
    found = []
    for name in _changes(before, after):
        place = located(before, after, TESTS[name], jumps=name not in OF_MULTIPLIERS)
        kind = _named(name, place) if place is not None else None
        if place is not None and kind is not None:
            found.append(Happened(kind, place))
    return sorted(found, key=lambda one: one.place.length)


def follow(
    first: Point,
    low: float,
    high: float,
    longest: float,
    most: int = MOST,
    length: float = FIRST,
    stop: Collection[str] = (),
) -> Course:
    """Follow a branch from a point on, the way its tangent points.

    Parameters
    ----------
    first : Point
    low, high : float
        The parameter's range.
    longest : float
        Longest period for each spike, ms.
    most : int
        Points.
    length : float
        Of the first step, units.
    stop : collection of str
        What of that which happens ends it: ``"fold of cycles"``, ...
    """
    points, happened, span = [first], list[Happened](), high - low
    passes = is_smooth(first.problem.axis.neuron) and not first.problem.n_spikes
    reason, end = "points", None
    while len(points) < most:
        last = points[-1]
        shrinking = max(PART * last.found.swing, 10.0 * LEAST) if not last.problem.n_spikes else LONGEST
        taken = step(
            last, min(length, shrinking, LONGEST), points[-2] if len(points) > 1 else None
        ) or _to_edge(last, low, high)
        if taken is None or _is_idle(points):
            end = endless(points, span) if len(points) > 2 and not first.problem.forced else None
            reason = "lost" if end is None else "equilibrium"
            break
        new, length = taken
        if new.found.crossings and last.problem.n_spikes and not any(_changes(last, new)):
            # A spike has come in between where no top was seen before.
            graze = _between(last, apart(last, new))
            happened.append(Happened("graze", graze))
            points.append(graze.point)
            reason = "graze"
            break
        outside = not low < new.value < high
        if outside:
            new = _at_edge(last, new, low if new.value <= low else high)
        found = _happenings(last, new)
        at = next((one for one in found if one.kind in stop or (one.kind == "graze" and not passes)), None)
        if at is not None:
            happened += found[: found.index(at) + 1]
            points.append(at.place.point)
            reason = "graze" if at.kind == "graze" else "stopped"
            break
        born = next((one for one in found if _halved(one.place.point)), None)
        if born is not None:  # it turns back there as the other half of itself
            happened += [*found[: found.index(born)], attrs.evolve(born, kind="period doubling")]
            points.append(born.place.point)
            reason = "halved"
            break
        happened += found
        points.append(divided(new))
        if outside:
            reason = "range"
            break
        end = None if first.problem.forced else end_ahead(points, span)
        if end is not None:
            reason = "equilibrium"
            break
        if _again(points):
            reason = "closed"
            break
        if new.found.intervals.max() > longest:
            reason = "longest"
            break
    return Course(tuple(points), tuple(happened), end, reason)


def _is_idle(points: list[Point]) -> bool:
    """Tell whether the last points come no further."""
    some = points[-IDLE:]
    size = min(1.0, points[-1].found.swing)
    if len(some) < IDLE or points[0].problem.n_spikes:
        return False
    return sum(abs(apart(a, b)) for a, b in pairwise(some) if a.z.size == b.z.size) < IDLE_WAY * size


def _to_edge(last: Point, low: float, high: float) -> tuple[Point, float] | None:
    """Go to the end of the parameter's range, where that is near: beyond it there may be no such neuron."""
    speed = last.tangent[-1] * last.scales[-1]
    edge = high if speed > 0.0 else low
    if not speed or not 0.0 <= (edge - last.value) / speed <= LONGEST:
        return None
    guess = last.z + (edge - last.value) / speed * last.tangent * last.scales
    try:
        found = at_value(last.problem.adapted(last.z, last.found), guess, edge)
    except NatriumError:
        return None
    return attrs.evolve(found, tangent=found.tangent * np.sign(speed)), LONGEST


def _at_edge(last: Point, new: Point, value: float) -> Point:
    """Go back to where the parameter's range ends."""
    part = (value - last.value) / (new.value - last.value)
    guess = last.z + part * (new.z - last.z)
    try:
        found = at_value(last.problem.adapted(last.z, last.found), guess, value)
    except NatriumError:
        return new
    return attrs.evolve(found, tangent=found.tangent * np.sign(new.value - last.value))


def _between(last: Point, length: float) -> Located:
    """Find by halves where a spike comes in between."""
    low, high, kept = 0.0, length, last
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        try:
            tried = ahead(last, middle)
        except NatriumError:
            high = middle
            continue
        if tried.found.crossings:
            high = middle
        else:
            low, kept = middle, tried
        if high - low < 1e-12 * length:
            break
    rate = abs(last.tangent[-1] * last.scales[-1])
    width = SAFETY * (high - low) * float(rate) + float(np.spacing(abs(kept.value)))
    return Located(kept, low, width, SAFETY * (high - low) * float(kept.found.period))


def _again(points: list[Point]) -> bool:
    """Tell whether a branch has come back to its first point."""
    first, last = points[0], points[-1]
    if len(points) < 8 or first.z.size != last.z.size:
        return False
    off = np.abs((first.z - last.z) / first.scales).max()
    reach = max(SAME, apart(points[-2], last)) if points[-2].z.size == last.z.size else SAME
    return bool(off < reach and first.tangent @ last.tangent > 0.5)


def _halved(point: Point) -> bool:
    """Tell whether a cycle is one of half the period, run through twice."""
    problem = point.problem
    parts = problem.n_spikes or problem.arcs
    if parts < 2 or parts % 2 or problem.forced:
        return False
    behind = 1 if problem.n_spikes else 2
    halves = (point.z / point.scales)[:-behind].reshape(2, -1)
    return bool(np.abs(halves[0] - halves[1]).max() < ALIKE)
