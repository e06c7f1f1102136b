"""Identify an object's rules from designed inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.doctor.hypotheses.fit import gates_after, increments
from natrium.analysis.doctor.hypotheses.free_step import VANISHES, Fit, Rules, Stack, advance
from natrium.analysis.doctor.hypotheses.search import claimed_rules, search
from natrium.analysis.doctor.probes.firing import Firing, heed, probe_firing
from natrium.analysis.doctor.probes.prober import Prober, Record, must_repeat
from natrium.model import Model, Neuron
from natrium.model.arrays import Array

# Levels that V is led along, as parts of the way from rest to threshold; below rest too, so that every
# rate is seen over a range. The shallow ones stay clear of a channel's own upstroke.
_LEVELS = ((0.2, 0.5, -0.6, 0.3), (0.6, 0.85, 0.1, 0.7), (-1.0, 0.4, -0.3, 0.8), (0.9, 0.5, 0.95, -0.2))
_SEED = 20
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
    """What an object was found to be.

    Attributes
    ----------
    lead : int
        Calls at the start that heed no input.
    lag : int
        Calls by which V comes late.
    heeds : bool
        Whether any input has an effect.
    firing : Firing
    fit : Fit
    gates : GateRule or None
        None where it could not be seen.
    calls : int
        How many calls the probing took; none for a recorded run.
    dt : float
        Step at which it was claimed to run, ms.
    probe : str
        What the fit was made to, in words.
    """

    lead: int
    lag: int
    heeds: bool
    firing: Firing
    fit: Fit
    gates: GateRule | None
    calls: int
    dt: float
    probe: str = "free steps under designed inputs, at dt and dt/2,"


def identify(prober: Prober, model: Model, dt: float) -> Anatomy:
    """Probe an object and find its rules.

    Parameters
    ----------
    prober : Prober
    model : Model
        The claim.
    dt : float
        ms.

    Raises
    ------
    SolverError
        When the object gives no numbers, or others each time.
    StepLimit
        When the budget is used up.
    """
    neuron = model.neuron
    must_repeat(prober, _wave(neuron, dt, 0, 40), dt)
    prober.listens = False
    heeded = heed(prober, dt, math.ceil(neuron.tau_ref / dt) + 20)
    if heeded is not None:
        prober.lead, prober.lag = heeded
    firing = probe_firing(prober, model, dt) if heeded is not None else Firing()
    prober.listens = True
    records = [record for step in (dt, 0.5 * dt) for record in lead_along(prober, neuron, step, firing.pulse)]
    base = claimed_rules(neuron)
    if (prober.lead or prober.lag) and records and records[0].before is not None:
        base = attrs.evolve(base, before=records[0].before)
    stack = free_stack(neuron, dt, records, firing)
    found = search(stack, base)
    gates = gates_while_held(neuron, dt, records, firing, found) if found.vanishes else None
    return Anatomy(
        lead=prober.lead, lag=prober.lag, heeds=heeded is not None, firing=firing, fit=found, gates=gates,
        calls=prober.calls,
        dt=dt,
    )  # fmt: skip


def _wave(neuron: Neuron, dt: float, number: int, steps: int) -> Array:
    """Give a rich input without feedback, mV, the same every time."""
    random = np.random.default_rng(_SEED + number)
    return np.asarray(0.6 * (neuron.v_thresh - neuron.v_rest) * (random.random(steps) * 2.0 - 0.6))


def lead_along(prober: Prober, neuron: Neuron, dt: float, pulse: float) -> list[Record]:
    """Lead V along levels by feedback, so that a faulty object too stays within reach; then let it fire."""
    depth = neuron.v_thresh - neuron.v_rest
    gain = min(3.0, 0.4 * neuron.tau_m / dt)
    steps = int(np.clip(12.0 / dt, 100, 160))
    held = math.ceil(neuron.tau_ref / dt)
    sign = -1.0 if pulse < 0.0 else 1.0
    records = []
    for number, levels in enumerate(_LEVELS):
        noise = np.random.default_rng(_SEED + number).random(4 * steps) - 0.5

        def current(k: int, V: float, levels: tuple[float, ...] = levels, noise: Array = noise) -> float:
            level = levels[k * 3 // steps % len(levels)] * depth
            off = 0.0 if math.isnan(V) else neuron.v_rest + level - V
            drive = np.clip(level + gain * off, -8 * depth, 8 * depth) + depth * noise[k]
            return sign * float(drive)

        def firing(k: int, V: float, current=current) -> float:  # type: ignore[no-untyped-def]  # as above
            # The last part lifts V over threshold twice, with room for the refractory period between.
            again = k in (steps // 2, steps // 2 + held + 30)
            return sign * 6.0 * depth * neuron.tau_m / dt if again else current(k, V)

        records.append(prober.run(current, dt, steps))
        if number < 2:
            records.append(prober.run(firing, dt, min(steps + held + 40, 4 * steps)))
    # Short ones, for objects that run away after a few steps.
    records += [prober.run(sign * _wave(neuron, dt, 10 + number, 12), dt) for number in range(6)]
    return records


def _fired_at(V: Array, firing: Firing, neuron: Neuron) -> int:
    """Give the first step that is not free: the reset, V above threshold, or out of reach."""
    out: Any = np.equal(V, firing.reset) | (np.abs(V - neuron.v_rest) > REACH)
    if not math.isnan(firing.shown):
        out |= (firing.threshold if math.isfinite(firing.threshold) else neuron.v_thresh) <= V
    return int(np.argmax(out)) if out.any() else V.size


def free_stack(neuron: Neuron, dt: float, records: Sequence[Record], firing: Firing) -> Stack:
    """Stack the free steps before each record's first spike."""
    runs = [(r.dt, r.V[:n], r.I[:n]) for r in records if (n := _fired_at(r.V, firing, neuron))]
    return Stack.of(neuron, dt, runs)


def gates_while_held(
    neuron: Neuron, dt: float, records: Sequence[Record], firing: Firing, found: Fit
) -> GateRule | None:
    """Find how often the gates advance from a spike to the first free step after it."""
    counts = dict(firing.held)
    spans = []
    for r in records:
        at = _fired_at(r.V, firing, neuron)
        count = counts.get(r.dt, -1)
        if 0 < at < r.V.size - 3 and count >= 0 and r.V.size > at + count + 3:
            spans.append((r, at, at + 1 + count))
    moving = found.coefficients[3::2].any() and len(found.rules.starts)
    if not spans or not moving or found.rules.order == "late":
        return None
    best: GateRule | None = None
    for fires in (1, 0):
        for extra in ("hold", "clamp", 1, -1):
            rule = _tried(neuron, dt, spans, firing, found, fires, extra)
            if rule is not None and (best is None or rule.residual < best.residual):
                best = rule
            if best is not None and best.residual < VANISHES:
                return best
    return attrs.evolve(best, way="other", advances=-1) if best is not None else None


def _tried(
    neuron: Neuron,
    dt: float,
    spans: list[tuple[Record, int, int]],
    firing: Firing,
    found: Fit,
    fires: int,
    extra: str | int,
) -> GateRule | None:
    """Try one number of advances: at the step that fires, and at held ones."""
    worst, advances = 0.0, 0
    for record, at, free in spans:
        count = free - at - 1
        advances = 0 if extra == "hold" else count if extra == "clamp" else count + int(extra)
        if advances < 0 or (extra != "hold" and not count):
            return None
        before = Stack.of(neuron, dt, [(record.dt, record.V[: at + 1], record.I[: at + 1])])
        x = gates_after(before, found.rules, found.coefficients)[:, 0, at - 1 + fires]
        x = clamped(before, found.rules, x, firing.reset, advances, record.dt)
        rest = record.V[free:]
        n = min(_fired_at(rest, firing, neuron), _AFTER)
        if not n:
            continue
        after = Stack.of(neuron, dt, [(record.dt, rest[:n], record.I[free : free + n])])
        rules = attrs.evolve(found.rules, starts=tuple(x.tolist()), before=float(record.V[free - 1]))
        worst = max(worst, increments(after, rules, found.coefficients).residual)
    return GateRule(advances + fires, fires, extra if isinstance(extra, str) else "other", worst)


def clamped(stack: Stack, rules: Rules, x: Array, V: float, count: int, dt: float) -> Array:
    """Advance the gates at one V, by the object's own way."""
    here = np.array([[V]])
    now = x.copy()
    for gate in range(x.size):
        alpha, beta = (np.asarray(f(here), dtype=float) for f in stack.functions[rules.kinetics[gate]])
        step = {"forgotten": 1.0, "fixed": stack.claimed_dt}.get(str(rules.paces[gate]), dt)
        A, B = advance(alpha, beta, step, rules.gates, rules.paces[gate])
        for _ in range(count):
            now[gate] = float(np.squeeze(A)) * now[gate] + float(np.squeeze(B))
    return now
