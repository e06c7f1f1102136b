"""Rest, firing, both or neither over a plane of two parameters, with the curves between them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.continuation.axis import Axis, axis_of, sizes_of
from natrium.analysis.continuation.branch import SpecialPoint
from natrium.analysis.continuation.continued import check_range
from natrium.analysis.continuation.cycle_loci import cycle_locus_from
from natrium.analysis.continuation.diagram import BifurcationDiagram, Ranges, bifurcation_diagram
from natrium.analysis.continuation.loci import LocusCurve, locus_from
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Count, ModelError

ROWS = 9
HALVINGS = 2  # of the way between rows on which different things hold
ON_CURVE = 0.02  # of the plane: a rest's point so near to a curve lies on it
STATES = ("neither", "rest", "firing", "both")


@attrs.frozen(eq=False, repr=False)
class ParameterMap(Result):
    """What a neuron does over a plane of two parameters.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    input : float
        Constant input where neither parameter is the input, mV.
    names : (str, str)
        The parameters: across, and up.
    ranges : ((float, float), (float, float))
        Of both.
    values : ndarray, shape (n_rows,)
        Of the second parameter, at which all is followed along the first: denser where what holds changes.
    rows : tuple of BifurcationDiagram
        One for each.
    curves : tuple of LocusCurve
        Folds, Hopf points, rests at the threshold, and what happens on cycles, with what meets on them.
    """

    neuron: AnyNeuron
    input: float
    names: tuple[str, str]
    ranges: tuple[tuple[float, float], tuple[float, float]]
    values: npt.NDArray[np.float64]
    rows: tuple[BifurcationDiagram, ...]
    curves: tuple[LocusCurve, ...]

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Both parameters."""
        first, second = (axis_of(self.neuron, self.input, name) for name in self.names)
        return first, second

    @property
    def of_cycles(self) -> list[dict[str, Any]]:
        """What happens on cycles, a row for each point: kind, both parameters, error, period."""
        return [
            {"kind": one.kind, "x": one.value, "y": float(y), "error": one.error, "period_ms": one.period}
            for y, row in zip(self.values, self.rows, strict=True)
            for one in row.special
            if isinstance(one, SpecialPoint)
        ]

    def at(self, x: float, y: float) -> str:
        """Say what the cell can do at a point, by the nearest row.

        Returns
        -------
        str
            ``"neither"``, ``"rest"``, ``"firing"`` or ``"both"``.
        """
        return _state(self.rows[int(np.argmin(np.abs(self.values - y)))], x)

    def table(self) -> list[dict[str, Any]]:
        """Give a row for each range of the first parameter in which one thing holds, by the second."""
        return [
            {self.names[1]: float(y), "from": a, "to": b, "state": state}
            for y, row in zip(self.values, self.rows, strict=True)
            for a, b, state in _parts(row, self.ranges[0])
        ]

    def data(self) -> dict[str, Any]:
        """Give the map as plain data."""
        return {
            "x": self.names[0],
            "y": self.names[1],
            "ranges": [list(one) for one in self.ranges],
            "states": self.table(),
            "block": self.block,
            "of_cycles": self.of_cycles,
            "curves": [one.data() for one in self.curves],
        }

    @property
    def block(self) -> list[float]:
        """Values of the second parameter at which rest follows firing as the input grows."""
        if not self.axes[0].of_input:
            return []
        rows = {float(y): [row for row in self.table() if row[self.names[1]] == y] for y in self.values}
        return [
            y
            for y, row in rows.items()
            if row and row[-1]["state"] == "rest" and any(one["state"] == "firing" for one in row)
        ]

    def _shown(self) -> dict[str, Any]:
        return {
            "names": self.names,
            "ranges": self.ranges,
            "values": self.values,
            "curves": [one.kind for one in self.curves],
            "special": [one.kind for curve in self.curves for one in curve.special],
        }

    def sentences(self) -> list[str]:
        """Say what is met where in the plane, and where more than one thing is."""
        first, second = self.axes
        said = []
        for state in STATES:
            there = [row for row in self.table() if row["state"] == state]
            if there:
                ys = [row[self.names[1]] for row in there]
                meant = {"neither": "Neither a stable rest nor a stable cycle of few spikes"}
                what = meant.get(state, {"both": "Both rest and firing"}.get(state, f"Only {state}"))
                said.append(f"{what}: at {second.show(min(ys))} to {second.show(max(ys))}.")
        if self.block:
            low, high = second.show(min(self.block)), second.show(max(self.block))
            said.append(f"Depolarisation block, rest at inputs above firing: at {low} to {high}.")
        for curve in self.curves:
            places = (
                (one.kind, first.show(one.x, ".9g"), second.show(one.y, ".9g")) for one in curve.special
            )
            said += [f"{kind} at {x}, {y}." for kind, x, y in places]
        return [one[0].upper() + one[1:] for one in said]


def _within(x: float, ranges: Ranges) -> bool:
    return any(low <= x <= high for low, high in ranges)


def parameter_map(
    neuron: AnyNeuron,
    I: float = 0.0,
    *,
    x: tuple[str, tuple[float, float]],
    y: tuple[str, tuple[float, float]],
    rows: int = ROWS,
    longest: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> ParameterMap:
    """Map rest, firing, both and neither over two parameters, with the curves between them.

    Along the first parameter all is followed (see `bifurcation_diagram`) at some values of the second;
    folds, Hopf points, rests at the threshold, folds of cycles, period doublings, tori and grazes are curves
    of their own, by continuation in both parameters, with cusps, Bogdanov-Takens and Bautin points located on
    them.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    I : float
        Constant input where neither parameter is the input, mV.
    x, y : (str, (float, float))
        The parameters and their ranges.
    rows : int
        Values of the second, evenly; more where what holds changes from one to the next.
    longest : float, optional
        Longest interval, ms; by default 5000, of the scale of time.
    progress : callable, optional
        Told each value before it is taken.

    Raises
    ------
    ModelError
        When there is no such parameter, both are one, or a range is none.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), ch. 8, 10.
       https://doi.org/10.1007/978-1-4757-3978-7
    """
    Count(low=2, high=200).check("rows", rows)
    (first, across), (second, up) = x, y
    axes = axis_of(neuron, I, first), axis_of(neuron, I, second)
    if axes[0].parameter == axes[1].parameter:
        raise ModelError(f"a map needs two parameters, got {first} twice")
    ranges = check_range(axes[0], across), check_range(axes[1], up)
    tell = progress or (lambda message: None)
    found: dict[float, BifurcationDiagram] = {}
    curves: list[LocusCurve] = []

    def follow(value: float) -> None:
        tell(axes[1].show(value))
        there, level = axes[1].at(value)
        row = bifurcation_diagram(there, level, first, between=ranges[0], longest=longest, doublings=0)
        found[value] = row
        curves.extend(_curves(row, axes[1], ranges, curves))

    for value in np.linspace(*ranges[1], rows).tolist():
        follow(value)
    for _ in range(HALVINGS):
        for low, high in pairwise(sorted(found)):
            if _held(found[low], ranges[0]) != _held(found[high], ranges[0]):
                follow(0.5 * (low + high))
    values = sorted(found)
    every = tuple(found[value] for value in values)
    return ParameterMap(neuron, float(I), (first, second), ranges, np.array(values), every, tuple(curves))


def _held(row: BifurcationDiagram, across: tuple[float, float]) -> list[str]:
    """Give what holds along a row, in order."""
    return [state for _, _, state in _parts(row, across)]


def _parts(row: BifurcationDiagram, across: tuple[float, float]) -> list[tuple[float, float, str]]:
    """Cut a row where what holds changes."""
    low, high = across
    edges = sorted({low, high, *(one for part in (*row.resting, *row.firing) for one in part)})
    return [(a, b, _state(row, 0.5 * (a + b))) for a, b in pairwise(edges) if b - a > 1e-9 * (high - low)]


def _state(row: BifurcationDiagram, x: float) -> str:
    return STATES[_within(x, row.resting) + 2 * _within(x, row.firing)]


def _curves(
    row: BifurcationDiagram,
    second: Axis,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    known: list[LocusCurve],
) -> list[LocusCurve]:
    """Follow what a row has met and no curve has passed."""
    found: list[LocusCurve] = []
    there = axis_of(row.neuron, row.input, second.name)
    states = [rest.states for rest in row.rests]
    sizes = sizes_of(row.neuron, np.concatenate(states).T) if states else np.empty(0)
    met: list[Any] = [one for rest in row.rests for one in rest.special]
    met += [one for branch in row.cycles for one in branch.special]
    for one in met:
        near = (
            curve
            for curve in (*known, *found)
            if curve.kind == one.kind and _passes(curve, one.value, there.value, ranges)
        )
        if next(near, None) is not None:
            continue
        if isinstance(one, SpecialPoint):
            curve = cycle_locus_from(one, there, ranges)
        else:
            curve = locus_from(one, row.axis, there, ranges, sizes)
        found += [] if curve is None else [curve]
    return found


def _passes(
    curve: LocusCurve, x: float, y: float, ranges: tuple[tuple[float, float], tuple[float, float]]
) -> bool:
    (a, b), (c, d) = ranges
    line = np.column_stack([(curve.x - x) / (b - a), (curve.y - y) / (d - c)])
    start, along = line[:-1], np.diff(line, axis=0)
    part = np.clip(-(start * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-300), 0.0, 1.0)
    return bool(np.abs(start + part[:, None] * along).max(axis=1).min(initial=np.inf) < ON_CURVE)
