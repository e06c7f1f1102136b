"""The return map seen in one direction: the slowest, in which orbits come home last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.orbits import spikes_of
from natrium.analysis.cycle.return_map import ReturnMap, run_from
from natrium.analysis.result import Result
from natrium.model import Count, ModelError, NotDefined
from natrium.model.arrays import Array
from natrium.solvers import accurate

POINTS = 41
STEPS = 24
MARGIN = 0.3  # of the range of the orbit, where a state has no bounds of its own
MAP_RTOL = 1e-9
SAME = 1e-9  # from the start of the neuron to a state after a reset, where it counts as one


@attrs.frozen(eq=False, repr=False)
class Cobweb(Result):
    """One free state after a reset against the same after the reset before."""

    cycle: LimitCycle
    name: str  # the state: ``"Na.h"``, ...
    x: Array  # shape (n_points,): after a reset
    # Shape (n_points,): after the next; NaN where no spike follows, or the equations have no value before.
    image: Array
    others: Array = attrs.field(repr=False)  # shape (n_points, n_free): all free states that were mapped
    # Whether the other states move along the leading eigenvector (within the bounds of gates), so that the
    # slope at a fixed point is the multiplier; else they are held at the cycle's first point.
    follows: bool
    fixed: Array  # shape (n_spikes,): the cycle's points
    # Shape (n_steps,): from the neuron's own start, if that is a state after a reset, else from its first
    # reset. Of the full map: with several free states it need not lie on the curve.
    orbit: Array
    slope: float  # of the curve at the cycle's first point


def cobweb(
    cycle: LimitCycle,
    name: str | None = None,
    points: int = POINTS,
    *,
    steps: int = STEPS,
    span: tuple[float, float] | None = None,
) -> Cobweb:
    """Map one free state from reset to reset.

    Parameters
    ----------
    cycle : LimitCycle
        With at least one free state.
    name : str, optional
        The state; by default the one with the largest part in the leading eigenvector.
    points : int
        Of the curve; half of them even, the others where it bends most.
    steps : int
        Intervals of the orbit.
    span : (float, float), optional
        Range of the state; by default 0 to 1 of a gate, else what the orbit takes up and some more.

    Raises
    ------
    ModelError
        When nothing is free, there is no such state, or a number is out of range.
    SolverError
        When a run cannot be carried through.
    """
    mapping, names = cycle.map, cycle.names
    if not names:
        raise ModelError(
            "a cobweb needs a free state, got a neuron whose reset leaves none: it has no channels"
        )
    Count(low=2).check("points", points)
    Count(low=1).check("steps", steps)
    direction = _leading(cycle)
    largest = int(np.argmax(np.abs(direction))) if direction is not None else 0
    if name is not None and name not in names:
        raise ModelError(f"name must be one of {', '.join(names)}, got {name!r}")
    column = largest if name is None else names.index(name)
    along = np.eye(len(names))[column]
    follows = direction is not None and column == largest
    if direction is not None and follows:
        along = direction / direction[column]
    orbit, home, fixed = _orbit(mapping, steps)[:, column], cycle.states[0], cycle.states[:, column]
    low, high = span if span is not None else _span(mapping, column, np.concatenate([orbit, fixed]))
    if not low < high:
        raise ModelError(f"span must go from low to high, got {low!r} to {high!r}")
    gates = list(np.array(mapping.neuron.system.fractions)[list(mapping.free)])
    quick = attrs.evolve(mapping, solver=accurate(mapping.neuron, MAP_RTOL))

    def states(x: Array) -> Array:
        found = np.asarray(home + (x - home[column])[:, np.newaxis] * along)
        found[:, gates] = np.clip(found[:, gates], 0.0, 1.0)
        found[:, column] = x
        return found

    def image(x: Array) -> Array:
        return np.array([_image(quick, state, column) for state in states(x)])

    x, y = _trace(image, float(low), float(high), points)
    return Cobweb(
        cycle=cycle,
        name=names[column],
        x=x,
        image=y,
        others=states(x),
        follows=follows,
        fixed=fixed,
        orbit=orbit,
        slope=float((cycle.returns[0].jacobian @ along)[column]),
    )


def _trace(image: Callable[[Array], Array], low: float, high: float, points: int) -> tuple[Array, Array]:
    """Sample a function, half of the points evenly, the others where it bends most."""
    x = np.linspace(low, high, max(2, points // 2 + 1))
    y = image(x)
    while x.size < points:
        chord = y[:-2] + (y[2:] - y[:-2]) * (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
        bend = np.nan_to_num(np.abs(y[1:-1] - chord), nan=0.0)
        worst = int(np.argmax(bend)) if bend.size else 0
        steps = np.diff(x)
        if bend.size and steps[worst + 1] > steps[worst]:
            worst += 1
        new = np.array([0.5 * (x[worst] + x[worst + 1])])
        x, y = np.insert(x, worst + 1, new), np.insert(y, worst + 1, image(new))
    return x, y


def _leading(cycle: LimitCycle) -> Array | None:
    """Give the eigenvector of the largest multiplier; None where it is complex."""
    values, vectors = np.linalg.eig(cycle.jacobian)
    leading = int(np.argmax(np.abs(values)))
    vector: Any = vectors[:, leading]
    return np.asarray(vector.real) if values[leading].imag == 0.0 else None


def _orbit(mapping: ReturnMap, steps: int) -> Array:
    """Give free states from the neuron's own start on, shape (n_steps, n_free)."""
    free, start = list(mapping.free), np.array(mapping.neuron.initial_state())
    states = [event.after[free] for event in spikes_of(mapping, steps)]
    released = mapping.released(start[free])[0]
    if np.abs(released - start).max() <= SAME * (1.0 + np.abs(start).max()):
        states.insert(0, start[free])
    return np.array(states)


def _span(mapping: ReturnMap, column: int, taken: Array) -> tuple[float, float]:
    if mapping.neuron.system.fractions[mapping.free[column]]:
        return 0.0, 1.0
    pad = MARGIN * float(np.ptp(taken)) or 0.1 * (1.0 + abs(float(taken[0])))
    low, high = float(taken.min()) - pad, float(taken.max()) + pad
    if mapping.free[column] == 0:  # V itself stays below the threshold
        high = min(high, 0.5 * (float(taken.max()) + mapping.neuron.v_thresh))
    return low, high


def _image(mapping: ReturnMap, state: Array, column: int) -> float:
    """Give the state after the next spike, or NaN."""
    try:
        trajectory = run_from(
            mapping.neuron, mapping.released(state)[0], mapping.input, mapping.solver, mapping.longest
        )
    except NotDefined:
        return float("nan")
    return float(trajectory.events[0].after[mapping.free[column]]) if trajectory.events else float("nan")
