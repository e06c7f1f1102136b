"""By which scheme a script steps: its free map held against schemes that are built from its own equations.

A scheme is proven when its map and the script's are the same at fifty states, inputs and steps, in thirty
digits; which new values a state's map has taken is read off the trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import attrs
import mpmath
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.numbers import middle_of
from natrium.analysis.doctor.reading.expressions.trees import (
    EXTENDED,
    LEAF,
    Program,
    extended,
    in_order,
    leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.maps.maps import Maps, points_of, values_at
from natrium.analysis.doctor.reading.model.equations import unmoved
from natrium.analysis.doctor.reading.schemes.ways import (
    ALONE,
    IMPLICIT,
    MOST_SUBSTEPS,
    TABLEAUS,
    TOGETHER,
    Alone,
    Flow,
    Values,
)
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

POINTS, DIGITS = 50, 30
SHARE = 1e-6
SAME = 1e-13  # of what a step moves: numbers such as 1/6 are doubles in the script
PROVEN = 1e-20  # of what a step moves: no other scheme of these comes as near by its order alone


@attrs.frozen
class SchemeFound:
    """By which scheme a script's free steps are made.

    Attributes
    ----------
    key : str
        Its name, always the same for the same thing; ``"other"`` where it is none that natrium knows.
    words : str
    ways : mapping of str to str
        By state, how it is stepped.
    new : mapping of str to tuple of str
        By state, of which others it takes the new values.
    order : int
        Of its error on smooth flow; 0 where it is not known.
    substeps : int
        How often it is applied in a step.
    largest : float
        Largest difference between the two maps, relative to what a step moves.
    """

    key: str
    words: str
    ways: Mapping[str, str]
    new: Mapping[str, tuple[str, ...]]
    order: int
    substeps: int = 1
    largest: float = 0.0


class Prover:
    """A script's free map, and what is held against it."""

    def __init__(self, maps: Maps, equations: Mapping[str, Node]) -> None:
        self.maps, self.flow, self._equations = maps, Flow(maps, equations), equations
        self.program = Program(maps.trees[name] for name in self.flow.names)
        self.inside = {name: set(in_order([tree])) for name, tree in maps.trees.items()}
        with mpmath.workdps(DIGITS):
            points = list(self._points())
            made = [dict(zip(self.flow.names, self._stepped(at), strict=True)) for at in points]
            kept = [k for k, after in enumerate(made) if all(map(mpmath.isfinite, after.values()))]
            kept = kept or list(range(POINTS))
            self.points, self.after = [points[k] for k in kept], [made[k] for k in kept]

    def _stepped(self, at: Values) -> list[Any]:
        """Give the script's new states; none where a number has more digits than memory holds."""
        try:
            return list(self.program(at, EXTENDED, extended))
        except (OverflowError, ZeroDivisionError, ValueError):
            return [mpmath.nan] * len(self.flow.names)

    @cached_property
    def likely(self) -> str:
        """The scheme of second order that the written stage is of: the two are the same on linear flows."""
        maps = self.maps
        slopes = Slopes(maps.algebra, maps.dt, number(0.0))
        points = points_of(maps.record, maps.step)
        for node in in_order(maps.trees.values()):
            own = [one.name for one in node.args if one.op == LEAF and one.name in maps.moving]
            is_stage = name_of(node) in ("+", "-") and own and maps.dt in leaves(node)
            if is_stage and node not in set(maps.trees.values()):
                flow = values_at(self._equations[own[0]], points)
                with np.errstate(all="ignore"):
                    share = middle_of(values_at(slopes.slope(node), points) / flow)
                return "midpoint" if abs(share - 0.5) < SHARE else "heun" if abs(share - 1.0) < SHARE else ""
        return ""

    @property
    def unlikely(self) -> str:
        """The other of the two."""
        return {"heun": "midpoint", "midpoint": "heun"}.get(self.likely, "")

    def _points(self) -> Iterator[Values]:
        record = self.maps.record
        drawn: dict[str, Array] = points_of(record, self.maps.step, POINTS, seed=11)
        drawn.setdefault(self.maps.dt, drawn.get(record.dt, drawn[next(iter(drawn))]))
        for k in range(POINTS):
            yield {name: extended(float(values[k])) for name, values in drawn.items()}

    def distance(self, names: Sequence[str], make: Callable[[Values, Values], Values]) -> float:
        """Give the largest difference of states' maps from a scheme's; infinite once one is another."""
        largest = 0.0
        for at, after in zip(self.points, self.after, strict=True):
            try:
                found = make(at, after)
            except (ZeroDivisionError, ValueError, TypeError, KeyError, OverflowError):
                return float("inf")
            for name in names:
                size = abs(after[name] - at[name]) + abs(at[name]) * 1e-3 + mpmath.mpf(10) ** -20
                apart = float(abs(found[name] - after[name]) / size)
                if not apart <= SAME:
                    return float("inf")
                largest = max(largest, apart)
        return largest

    def alone(self, name: str) -> tuple[str, tuple[str, ...], float] | None:
        """Find how one state is stepped while the others are held; None where in no known way.

        Of a slow flow a high order comes near the exact update: then the nearest is meant.
        """
        others = [one for one in self.flow.names if one != name and one in self._met(name)]
        taken = tuple(one for one in others if self.maps.trees[one] in self.inside[name])
        subsets = [taken]
        if len(others) <= 5:
            subsets += [
                one for n in range(len(others) + 1) for one in combinations(others, n) if one != taken
            ]
        best: tuple[str, tuple[str, ...], float] | None = None
        for new in subsets:
            for way, step in sorted(ALONE.items(), key=lambda one: one[0] == self.unlikely):

                def make(at: Values, after: Values, step: Alone = step, new: tuple[str, ...] = new) -> Values:
                    return {name: step(self.flow, name, at | {one: after[one] for one in new})}

                apart = self.distance((name,), make)
                if apart <= PROVEN:
                    return way, new, apart
                if apart <= SAME and (best is None or apart < best[2]):
                    best = way, new, apart
        return best

    def _met(self, name: str) -> frozenset[str]:
        return leaves(self.maps.trees[name])

    def together(self) -> SchemeFound | None:
        """Find a scheme that steps all states at once."""
        names = self.flow.names
        best: SchemeFound | None = None
        for key, (words, order, step) in sorted(TOGETHER.items(), key=lambda one: one[0] != self.likely):
            apart = self.distance(names, lambda at, _, step=step: step(self.flow, at))  # type: ignore[misc]  # mypy cannot tell a lambda with a default
            if apart <= SAME and (best is None or apart < best.largest):
                best = SchemeFound(key, words, dict.fromkeys(names, key), {}, order, largest=apart)
            if apart <= PROVEN:
                break
        if best is not None:
            return best
        for key, (words, order, share) in IMPLICIT.items():

            def implied(at: Values, after: Values, share: Any = share) -> Values:
                end = self.flow.all(self.flow.later(at | after, 1))
                begin = self.flow.all(at) if share != 1 else at
                slopes = {name: share * end[name] + (1 - share) * begin[name] for name in names}
                return self.flow.moved(at, slopes, at[self.flow.h])

            apart = self.distance(names, implied)
            if apart <= SAME:
                return SchemeFound(key, words, dict.fromkeys(names, key), {}, order, largest=apart)
        return None

    def repeated(self) -> SchemeFound | None:
        """Find Euler's scheme, applied several times in a step, in parallel or in the order of the states."""
        names = self.flow.names
        orders = [names, (*names[1:], names[0])]
        for count in range(2, MOST_SUBSTEPS + 1):
            for order in (None, *orders):

                def step(at: Values, count: int = count, order: tuple[str, ...] | None = order) -> Values:
                    h, now = at[self.flow.h] / count, dict(at)
                    for _ in range(count):
                        if order is None:
                            now = self.flow.moved(now, self.flow.all(now), h)
                        else:
                            for name in order:
                                now[name] = now[name] + h * self.flow.one(name, now)
                    return now

                apart = self.distance(names, lambda at, _, step=step: step(at))  # type: ignore[misc]  # as above
                if apart <= SAME:
                    kind = "Euler" if order is None or len(names) == 1 else "sequential Euler"
                    words = f"{count} steps of {kind} within each step"
                    return SchemeFound("substeps", words, dict.fromkeys(names, "euler"), {}, 1, count, apart)
        return None


def prove(maps: Maps, equations: Mapping[str, Node]) -> SchemeFound:
    """Find the scheme by which a script makes its free steps.

    Parameters
    ----------
    maps : Maps
    equations : mapping of str to Node
        By moving state: its derivative, over the script's names.
    """
    if maps.record.solver:
        words = f"SciPy's {maps.record.solver}, steps chosen by itself"
        return SchemeFound(maps.record.solver, words, {}, {}, 0)
    with mpmath.workdps(DIGITS):
        prover = Prover(maps, equations)
        found = {name: prover.alone(name) for name in prover.flow.names}
        known = {name: one for name, one in found.items() if one is not None}
        if len(known) == len(found):
            staged = len(known) > 1 and {way for way, _, _ in known.values()} <= TABLEAUS.keys()
            return (prover.together() if staged else None) or _named(known, maps.V)
        if len(unmoved(maps)) < len(maps.trees):  # a step without dt is none of a scheme
            return _unknown(found)
        return prover.together() or prover.repeated() or _unknown(found)


def in_whole_steps(maps: Maps, scheme: SchemeFound) -> Maps:
    """Count the time by the turns of a loop that takes several steps of dt each, where no clock counts it."""
    if set(scheme.ways.values()) != {"euler"} or not takes_whole_steps(maps, scheme):
        return maps
    count, algebra = scheme.substeps, maps.algebra
    length = count * maps.step
    times = maps.record.times if maps.record.time and maps.record.times.size > 1 else np.zeros(2)
    paces = np.diff(times) / length
    if np.any(paces * np.abs(paces - 1.0) > SHARE):
        return maps
    each = algebra.divide(algebra.canonical(leaf(maps.dt, length)), number(float(count)))
    trees = {
        name: algebra.canonical(algebra.replaced(tree, {maps.dt: each})) for name, tree in maps.trees.items()
    }
    return attrs.evolve(maps, trees=trees, step=length)


def takes_whole_steps(maps: Maps, scheme: SchemeFound) -> bool:
    """Tell whether a step is several of Euler's, of dt each and not of parts of it."""
    count = scheme.substeps
    if count < 2 or not maps.named or not set(scheme.ways.values()) <= {"euler", f"{count} parts"}:
        return False
    values, shares = maps.record.parameter_values, (float(count), 1.0 / count)
    return not any(
        one.name == maps.dt and (other.value if other.op != LEAF else values.get(other.name)) in shares
        for node in in_order(maps.trees.values())
        if name_of(node) in ("*", "/")
        for one, other in (node.args, node.args[::-1])
    )


def called_in_steps(solver: str) -> SchemeFound:
    """Give the scheme of a script that has SciPy make each step."""
    return SchemeFound(solver, f"SciPy's {solver}, called anew for each step", {}, {}, 0)


def _unknown(found: Mapping[str, tuple[str, tuple[str, ...], float] | None]) -> SchemeFound:
    return SchemeFound(
        "other",
        "a scheme that natrium has no name for",
        {name: one[0] if one else "other" for name, one in found.items()},
        {name: one[1] for name, one in found.items() if one},
        0,
        largest=float("inf"),
    )


_ONE = {
    "euler": ("euler", "forward Euler", 1),
    "exponential": ("exponential-euler", "the exact update for an input held over the step", 1),
    "backward": ("backward-euler", "backward (implicit) Euler", 1),
    "crank-nicolson": ("crank-nicolson", "Crank and Nicolson's scheme (trapezoidal rule)", 2),
    "midpoint": ("midpoint", "the midpoint scheme", 2),
    "heun": ("heun", "Heun's second-order scheme", 2),
    "rk4": ("rk4", "the classical fourth-order Runge-Kutta scheme", 4),
    "second-order": ("second-order", "a second-order scheme (Heun's or the midpoint's, the same here)", 2),
}
_STEPPED = {
    "euler": "by Euler",
    "exponential": "exactly, the others held",
    "backward": "by backward Euler",
    "crank-nicolson": "by the trapezoidal rule",
    "midpoint": "by the midpoint scheme alone",
    "heun": "by Heun's scheme alone",
    "rk4": "by fourth-order Runge-Kutta alone",
    "second-order": "by a second-order scheme alone",
}


def _named(found: Mapping[str, tuple[str, tuple[str, ...], float]], V: str) -> SchemeFound:
    """Give a scheme of single states its name."""
    ways = {name: way for name, (way, _, _) in found.items()}
    new = {name: taken for name, (_, taken, _) in found.items()}
    largest = max(apart for _, _, apart in found.values())
    others = [name for name in ways if name != V]
    kinds = set(ways.values())
    key, words, order = "mixed", "", 1
    if not others:
        way = ways[V]
        if way.endswith(" parts"):
            count = int(way.split()[0])
            words = f"{count} steps of Euler within each step"
            return SchemeFound("substeps", words, ways, new, 1, count, largest)
        key, words, order = _ONE[way]
        return SchemeFound(key, words, ways, new, order, largest=largest)
    fresh = any(new.values())
    sequence = _sequence(new, list(ways))
    v_last = set(new[V]) and not any(V in new[name] for name in others)
    order_words = (
        "gates first, then V with the new gates" if v_last else f"in the order {', '.join(sequence)}"
    )
    gates = {ways[name] for name in others}
    if kinds == {"euler"}:
        key = "sequential-euler" if fresh else "euler"
        words = (
            f"sequential Euler: {order_words}"
            if fresh
            else ("parallel (forward) Euler: all from the state before the step")
        )
    elif kinds == {"exponential"}:
        key = "exponential-euler-sequential" if fresh else "exponential-euler"
        words = "exponential Euler: each state exactly, the others held" + (
            f"; {order_words}" if fresh else ""
        )
    elif gates == {"exponential"} and ways[V] == "euler":
        key = "rush-larsen" if fresh else "rush-larsen-parallel"
        words = "Rush-Larsen: gates exactly at the old V, V by Euler" + (
            f"; {order_words}" if fresh else " with the old gates"
        )
    elif gates == {"euler"} and ways[V] == "exponential":
        key = "exponential-V" if fresh else "exponential-V-parallel"
        words = f"gates by Euler, V exactly{' with the new gates held' if fresh else ', from the old state'}"
    elif gates == {"backward"}:
        key = "semi-implicit"
        words = f"semi-implicit: gates by backward Euler, V {_STEPPED.get(ways[V], ways[V])}" + (
            f"; {order_words}" if fresh else ""
        )
    else:
        told = [f"{name} {_STEPPED.get(way, f'by Euler in {way}')}" for name, way in ways.items()]
        words = "; ".join(told) + (f"; in the order {', '.join(sequence)}" if fresh else "")
    return SchemeFound(key, words, ways, new, order, largest=largest)


def _sequence(new: Mapping[str, tuple[str, ...]], names: list[str]) -> list[str]:
    """Give the states in an order in which each comes after those whose new values it takes."""
    done: list[str] = []
    while len(done) < len(names):
        ready = [one for one in names if one not in done and set(new[one]) <= set(done)]
        if not ready:
            return names
        # Those who are waited for come first.
        awaited = [one for one in ready if any(one in taken for taken in new.values())]
        done.append((awaited or ready)[0])
    return done
