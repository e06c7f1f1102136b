"""What a recorded script was found to be, and what its gates do while V is held."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.firing import SeenFiring
from natrium.analysis.doctor.recordings.fit import gates_after, increments
from natrium.analysis.doctor.recordings.free_step import (
    VANISHES,
    Fit,
    Rules,
    Stack,
    advance,
    carried_over,
    effective,
)
from natrium.model import Neuron
from natrium.model.arrays import Array

# What runs away further than this (mV) is looked at no more.
REACH = 500.0
# So many free steps after a hold tell what the gates did meanwhile.
_AFTER = 15


@attrs.frozen
class GateRule:
    """What the gates do while V is held, as far as V after it shows.

    Attributes
    ----------
    advances : int
        How often they advance from the step that fires to the first free step, that of the step that
        fires included; -1 where no number fits.
    fires : int
        Whether they advance in the step that fires.
    way : str
        ``"hold"``, ``"clamp"``, ``"start"`` (set back to where they start) or ``"other"``.
    residual : float
        Relative, as `Fit.residual`.
    """

    advances: int
    fires: int
    way: str
    residual: float


@attrs.frozen(eq=False, kw_only=True)
class Anatomy:
    """What a recorded script was found to be.

    Attributes
    ----------
    firing : SeenFiring
    fit : Fit
    gates : GateRule or None
        None where it could not be seen.
    dt : float
        Step at which it was claimed to run, ms.
    """

    firing: SeenFiring
    fit: Fit
    gates: GateRule | None
    dt: float


def _in_reach(V: Array, neuron: Neuron) -> int:
    """Give the first step that ends out of reach."""
    out: Any = np.abs(V - neuron.v_rest) > REACH
    return int(np.argmax(out)) if out.any() else V.size


def gates_while_held(
    neuron: Neuron, dt: float, V: Array, I: Array, fired: Array, firing: SeenFiring, found: Fit, grain: float
) -> GateRule | None:
    """Find how often the gates advance from a spike to the first free step after it.

    `V` and `I` are those of each step, `fired` the steps that fire.
    """
    at, held = min(int(fired[0]), _in_reach(V, neuron)), firing.held
    seen = held is not None and 0 < at < V.size - held - 3
    moving = found.coefficients[3::2].any() and len(found.rules.starts)
    if not seen or not moving or found.rules.order == "late":
        return None
    assert held is not None  # as seen
    before = Stack.of(neuron, dt, [(V[: at + 1], I[: at + 1])], grain)
    courses = gates_after(before, found.rules, found.coefficients)[:, 0]
    rest, drive = V[at + 1 + held :], I[at + 1 + held :]
    free = int(fired[1]) - (at + 1 + held) if fired.size > 1 else rest.size
    n = min(free, _in_reach(rest, neuron), _AFTER)
    if n < 1:
        return None
    after = Stack.of(neuron, dt, [(rest[:n], drive[:n])], grain)
    ways: list[tuple[str, int, Array, int]] = []
    moving_on = [(way, n) for way, n in (("clamp", held), ("other", held + 1), ("other", held - 1)) if n > 0]
    for fires in (1, 0):
        x = courses[:, at - 1 + fires]
        ways += [("hold", 0, x, fires), *((way, n, x, fires) for way, n in moving_on if held)]
    starts = np.array(found.rules.starts)
    ways += [("start", count, starts, 0) for count in sorted({0, 1, held})]
    best: GateRule | None = None
    for way, advances, x, fires in ways:
        moved = clamped(before, found.rules, x, firing.reset, advances)
        rules = attrs.evolve(found.rules, starts=tuple(moved.tolist()), before=float(V[at + held]))
        residual = increments(after, rules, found.coefficients).residual
        if best is None or residual < best.residual:
            best = GateRule(advances + fires, fires, way, residual)
        if best.residual < VANISHES:
            return best
    if best is None or best.residual < carried_over(grain):
        return best
    return attrs.evolve(best, way="other", advances=-1)


def clamped(stack: Stack, rules: Rules, x: Array, V: float, count: int) -> Array:
    """Advance the gates at one V, by the script's own way."""
    here = np.array([[V]])
    now = x.copy()
    for gate in range(x.size):
        alpha, beta = (np.asarray(f(here), dtype=float) for f in stack.kinetics(rules, gate))
        pace = rules.paces[gate]
        A, B = advance(alpha, beta, effective(pace, stack.dt), rules.gates, pace)
        for _ in range(count):
            now[gate] = float(np.squeeze(A)) * now[gate] + float(np.squeeze(B))
    return now
