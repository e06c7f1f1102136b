"""The edges of an input as the doctor's probes meet them."""

from __future__ import annotations

import math

import attrs

from natrium.model import Model


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
