"""Steps of every scheme, built from equations in extended precision.

References
----------
.. [1] E. Hairer, S. P. Norsett, G. Wanner, "Solving Ordinary Differential Equations I", 2nd ed. (1993),
   sec. II.1.
.. [2] S. Rush, H. Larsen, "A practical algorithm for solving dynamic membrane equations", IEEE Trans. Biomed.
   Eng. 25 (1978) 389-392. https://doi.org/10.1109/TBME.1978.326270
.. [3] S. Rotter, M. Diesmann, "Exact digital simulation of time-invariant linear systems with applications to
   neuronal modeling", Biol. Cybern. 81 (1999) 381-402. https://doi.org/10.1007/s004220050570
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import EXTENDED, Program, extended, in_order, leaves
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.trace.record import Node

MOST_SUBSTEPS = 12
LINEAR = 1e-20  # of the terms: what rounding in thirty digits leaves of a linear equation
STEEP = 1e4  # of a step: beyond it an exponential takes long, and is zero or more than any number
Values = dict[str, Any]


class Flow:
    """The equations of a script, in extended precision."""

    def __init__(self, maps: Maps, equations: Mapping[str, Node]) -> None:
        self.names = tuple(equations)
        self.h = maps.dt
        # Time goes on within a step where the script has it so; else the input is that of one time.
        clock = {maps.record.time, maps.dt}
        moves = any(leaves(node) == clock for tree in maps.trees.values() for node in in_order([tree]))
        self.time = maps.record.time if moves else ""
        self._flow = Program(equations.values())
        self._one = {name: Program([node]) for name, node in equations.items()}
        slopes: dict[str, Node | None] = {}
        for name, node in equations.items():
            try:
                slopes[name] = Slopes(maps.algebra, name).slope(node)
            except KeyError:
                slopes[name] = None
        self._slopes = {name: Program([node]) for name, node in slopes.items() if node is not None}

    def all(self, values: Values) -> Values:
        """Evaluate all derivatives."""
        return dict(zip(self.names, self._flow(values, EXTENDED, extended), strict=True))

    def one(self, name: str, values: Values) -> Any:
        """Evaluate one derivative."""
        return self._one[name](values, EXTENDED, extended)[0]

    def slope(self, name: str, values: Values) -> Any:
        """Evaluate how a derivative changes with its own state."""
        return self._slopes[name](values, EXTENDED, extended)[0]

    def later(self, values: Values, part: Any) -> Values:
        """Give the values with the time gone on by a part of the step."""
        return values | {self.time: values[self.time] + part * values[self.h]} if self.time else values

    def moved(self, values: Values, by: Values, h: Any) -> Values:
        """Give the values after a straight step."""
        return values | {name: values[name] + h * slope for name, slope in by.items()}


Alone = Callable[[Flow, str, Values], Any]


def _euler(flow: Flow, name: str, at: Values) -> Any:
    return at[name] + at[flow.h] * flow.one(name, at)


def _relaxed(factor: Callable[[Any], Any]) -> Alone:
    """Make a step x + h f factor(h a), where a is the state's own slope."""

    def step(flow: Flow, name: str, at: Values) -> Any:
        h = at[flow.h]
        return at[name] + h * flow.one(name, at) * factor(h * flow.slope(name, at))

    return step


def _midpoint(flow: Flow, name: str, at: Values) -> Any:
    h = at[flow.h]
    half = flow.later(at, mpmath.mpf(1) / 2) | {name: at[name] + h / 2 * flow.one(name, at)}
    return at[name] + h * flow.one(name, half)


def _heun(flow: Flow, name: str, at: Values) -> Any:
    h, first = at[flow.h], flow.one(name, at)
    return at[name] + h / 2 * (first + flow.one(name, flow.later(at, 1) | {name: at[name] + h * first}))


def _rk4(flow: Flow, name: str, at: Values) -> Any:
    h, x = at[flow.h], at[name]
    half, end = flow.later(at, mpmath.mpf(1) / 2), flow.later(at, 1)
    k1 = flow.one(name, at)
    k2 = flow.one(name, half | {name: x + h / 2 * k1})
    k3 = flow.one(name, half | {name: x + h / 2 * k2})
    k4 = flow.one(name, end | {name: x + h * k3})
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _parts(count: int) -> Alone:
    def step(flow: Flow, name: str, at: Values) -> Any:
        h, x = at[flow.h] / count, at[name]
        for _ in range(count):
            x = x + h * flow.one(name, at | {name: x})
        return x

    return step


ALONE: dict[str, Alone] = {
    "euler": _euler,
    "exponential": _relaxed(lambda z: EXTENDED["expm1"](z) / z if z else mpmath.mpf(1)),
    "backward": _relaxed(lambda z: 1 / (1 - z)),
    "crank-nicolson": _relaxed(lambda z: 1 / (1 - z / 2)),
    "midpoint": _midpoint,
    "heun": _heun,
    "rk4": _rk4,
    "second-order": _relaxed(lambda z: 1 + z / 2),
    **{f"{count} parts": _parts(count) for count in range(2, MOST_SUBSTEPS + 1)},
}
"""How one state is stepped, the others held, old or new."""

Together = Callable[[Flow, Values], Values]


def _stages(rows: Sequence[Sequence[tuple[int, int]]], weights: Sequence[tuple[int, int]]) -> Together:
    """Make an explicit Runge-Kutta step of its tableau, in fractions."""

    def step(flow: Flow, at: Values) -> Values:
        h, slopes = at[flow.h], list[Values]()

        def mixed(row: Sequence[tuple[int, int]]) -> Values:
            pairs = zip(row, slopes, strict=True)
            used = [(mpmath.mpf(a) / b, slope) for (a, b), slope in pairs if a]
            there = flow.later(at, sum(w for w, _ in used))
            return there | {name: at[name] + h * sum(w * one[name] for w, one in used) for name in flow.names}

        for row in rows:
            slopes.append(flow.all(mixed(row)))
        return mixed(weights)

    return step


def _exact(flow: Flow, at: Values) -> Values:
    """Step linear equations by the exponential of their matrix [3]_, the input held over the step."""
    names = flow.names
    nowhere = at | dict.fromkeys(names, mpmath.mpf(0))
    constant, slopes = flow.all(nowhere), flow.all(at)
    columns = {name: flow.all(nowhere | {name: mpmath.mpf(1)}) for name in names}
    matrix = mpmath.zeros(len(names) + 1)
    for row, name in enumerate(names):
        parts = [columns[other][name] - constant[name] for other in names]
        terms = [part * at[other] for part, other in zip(parts, names, strict=True)]
        left = abs(sum(terms) + constant[name] - slopes[name])
        if not left <= LINEAR * (sum(map(abs, terms)) + abs(constant[name])):  # so NaN is told, too
            raise ValueError("the equations are not linear")
        for column, entry in enumerate((*parts, constant[name])):
            matrix[row, column] = entry * at[flow.h]
    if not mpmath.mnorm(matrix, 1) < STEEP:
        raise ValueError("an exponential that no step needs")
    ends = mpmath.expm(matrix) * mpmath.matrix([*(at[name] for name in names), 1])
    return at | dict(zip(names, ends, strict=False))


TABLEAUS: dict[str, tuple[list[list[tuple[int, int]]], list[tuple[int, int]]]] = {
    "midpoint": ([[], [(1, 2)]], [(0, 1), (1, 1)]),
    "heun": ([[], [(1, 1)]], [(1, 2), (1, 2)]),
    "rk4": (
        [[], [(1, 2)], [(0, 1), (1, 2)], [(0, 1), (0, 1), (1, 1)]],
        [(1, 6), (1, 3), (1, 3), (1, 6)],
    ),
}
"""The stages and weights of those that people write by hand."""

TOGETHER: dict[str, tuple[str, int, Together]] = {
    "midpoint": ("the midpoint scheme", 2, _stages(*TABLEAUS["midpoint"])),
    "heun": ("Heun's second-order scheme", 2, _stages(*TABLEAUS["heun"])),
    "ralston": ("Ralston's second-order scheme", 2, _stages([[], [(2, 3)]], [(1, 4), (3, 4)])),
    "rk3": ("Kutta's third-order scheme", 3,
            _stages([[], [(1, 2)], [(-1, 1), (2, 1)]], [(1, 6), (2, 3), (1, 6)])),
    "rk4": ("the classical fourth-order Runge-Kutta scheme", 4,
            _stages(*TABLEAUS["rk4"])),
    "exact": ("the exact update of linear equations, for an input held over the step", 1, _exact),
}  # fmt: skip
"""Schemes that step all states at once: words, order, step."""

IMPLICIT: dict[str, tuple[str, int, Any]] = {
    "backward-euler": ("backward (implicit) Euler", 1, mpmath.mpf(1)),
    "crank-nicolson": ("Crank and Nicolson's scheme (trapezoidal rule)", 2, mpmath.mpf(1) / 2),
}
