"""The edges of an input on a script's grid, and where its samples show them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.fit import deviations
from natrium.analysis.doctor.recordings.free_step import VANISHES, Stack, claimed_coefficients
from natrium.analysis.doctor.recordings.search import plain_rules
from natrium.model import Model
from natrium.model.arrays import Array


@attrs.frozen
class Edge:
    """One edge of the claimed input on the script's grid.

    Attributes
    ----------
    time : float
        ms.
    step : int
        The first step that begins at or after it.
    old, new : float
        Input before and after it, mV.
    seen : int or None
        The first step that has the new input; None where it cannot be seen.
    """

    time: float
    step: int
    old: float
    new: float
    seen: int | None = None

    @property
    def on(self) -> bool:
        """Whether the input grows there."""
        return abs(self.new) > abs(self.old)

    @property
    def late(self) -> int:
        """By how many steps the input comes late (negative: early)."""
        return 0 if self.seen is None else self.seen - self.step


def nominal_edges(model: Model, dt: float, steps: int) -> list[Edge]:
    """List the edges of the claimed input that fall within a run, in steps of the grid."""
    t_start, stimulus = model.simulation.t_start, model.stimulus
    end = t_start + steps * dt
    found = []
    for time in sorted({e for e in stimulus.edges(t_start, end) if t_start - dt < e < end}):
        step = math.ceil((time - t_start) / dt - 1e-6)
        old, new = stimulus(time - 1e-7 * dt), stimulus(time + 1e-7 * dt)
        if abs(new - old) > 1e-6 * (1.0 + abs(new)):
            found.append(Edge(time, step, old, new))
    return found


def moved_edges(
    stack: Stack, edges: tuple[Edge, ...], begins: Sequence[int], inputs: Array
) -> tuple[tuple[Edge, ...], Array]:
    """Find edges that came on other steps, all else as claimed: each step fits one level of the input.

    Parameters
    ----------
    stack : Stack
        Of all free steps, those near an edge as well.
    edges : tuple of Edge
        Those of the claim, the input constant between them.
    begins : sequence of int
        The step at which each row of the stack begins.
    inputs : ndarray, shape (n_steps, 3)
        As claimed, at the start, the middle and the end of each step.

    Returns
    -------
    edges : tuple of Edge
        With the step at which each was seen; as given where that explains nothing.
    inputs : ndarray, shape (n_steps, 3)
        With its levels where they were seen.
    """
    ends = [0, *(edge.step for edge in edges), len(inputs)]
    levels = [inputs[a:b, 0] for a, b in itertools.pairwise(ends)]
    if not edges or any(one.size == 0 or np.ptp(one) for one in levels):
        return edges, inputs
    used = zip(begins, stack.used, strict=False)
    steps = np.concatenate([begin + np.flatnonzero(row) for begin, row in used])
    for rules in plain_rules(stack):
        fits = []
        for level in levels:
            tried = attrs.evolve(stack, I=np.full_like(stack.I, level[0]))
            fits.append(np.abs(deviations(tried, rules, claimed_coefficients(stack.neuron))) < VANISHES)
        seen = _switches(np.array(fits), steps)
        if seen is not None:
            parts = zip(levels, itertools.pairwise([0, *seen, len(inputs)]), strict=True)
            moved = np.concatenate([np.full((b - a, 3), one[0]) for one, (a, b) in parts])
            return tuple(attrs.evolve(e, seen=at) for e, at in zip(edges, seen, strict=True)), moved
    return edges, inputs


def _switches(fits: Array, steps: Array) -> list[int] | None:
    """Give the steps at which each next level begins to fit, where all steps fit the levels in order."""
    at, seen = 0, []
    for now, then in itertools.pairwise(fits):
        apart = np.flatnonzero(~now[at:])
        if not apart.size or not then[at + apart[0]]:
            return None
        at += int(apart[0])
        seen.append(int(steps[at]))
    return seen if fits[-1][at:].all() else None
