"""What a recorded script was found to be, and what its gates do while V is held."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.firing import SeenFiring
from natrium.analysis.doctor.recordings.fit import gates_after, increments
from natrium.analysis.doctor.recordings.free_step import VANISHES, Fit, Rules, Stack, advance
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
        ``"hold"``, ``"clamp"`` or ``"other"``.
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


def _fired_at(V: Array, firing: SeenFiring, neuron: Neuron) -> int:
    """Give the first step that is not free: the reset, V above threshold, or out of reach."""
    out: Any = np.equal(V, firing.reset) | (np.abs(V - neuron.v_rest) > REACH)
    if not math.isnan(firing.shown):
        out |= neuron.v_thresh <= V
    return int(np.argmax(out)) if out.any() else V.size


def gates_while_held(
    neuron: Neuron, dt: float, V: Array, I: Array, firing: SeenFiring, found: Fit, grain: float
) -> GateRule | None:
    """Find how often the gates advance from a spike to the first free step after it."""
    at, held = _fired_at(V, firing, neuron), firing.held
    seen = held is not None and 0 < at < V.size - held - 3
    moving = found.coefficients[3::2].any() and len(found.rules.starts)
    if not seen or not moving or found.rules.order == "late":
        return None
    assert held is not None  # as seen
    before = Stack.of(neuron, dt, [(V[: at + 1], I[: at + 1])], grain)
    courses = gates_after(before, found.rules, found.coefficients)[:, 0]
    rest, drive = V[at + 1 + held :], I[at + 1 + held :]
    n = min(_fired_at(rest, firing, neuron), _AFTER)
    after = Stack.of(neuron, dt, [(rest[:n], drive[:n])], grain)
    best: GateRule | None = None
    for fires in (1, 0):
        for way, advances in (("hold", 0), ("clamp", held), ("other", held + 1), ("other", held - 1)):
            if advances < 0 or (way != "hold" and not held) or not n:
                continue
            x = clamped(before, found.rules, courses[:, at - 1 + fires], firing.reset, advances)
            rules = attrs.evolve(found.rules, starts=tuple(x.tolist()), before=float(V[at + held]))
            residual = increments(after, rules, found.coefficients).residual
            if best is None or residual < best.residual:
                best = GateRule(advances + fires, fires, way, residual)
            if best.residual < VANISHES:
                return best
    return attrs.evolve(best, way="other", advances=-1) if best is not None else None


def clamped(stack: Stack, rules: Rules, x: Array, V: float, count: int) -> Array:
    """Advance the gates at one V, by the script's own way."""
    here = np.array([[V]])
    now = x.copy()
    for gate in range(x.size):
        alpha, beta = (np.asarray(f(here), dtype=float) for f in stack.functions[rules.kinetics[gate]])
        step = 1.0 if rules.paces[gate] == "forgotten" else stack.dt
        A, B = advance(alpha, beta, step, rules.gates, rules.paces[gate])
        for _ in range(count):
            now[gate] = float(np.squeeze(A)) * now[gate] + float(np.squeeze(B))
    return now
