"""Find the rules of a whole script from the samples it left behind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.doctor.recordings.anatomy import Anatomy, clamped, gates_while_held
from natrium.analysis.doctor.recordings.edges import Edge, moved_edges, nominal_edges
from natrium.analysis.doctor.recordings.firing import SeenFiring, common_hold
from natrium.analysis.doctor.recordings.fit import deviations, fit, foretold, gates_after
from natrium.analysis.doctor.recordings.free_step import (
    VANISHES,
    Fit,
    Rules,
    Stack,
    carried_over,
    claimed_coefficients,
)
from natrium.analysis.doctor.recordings.recorded import Recording
from natrium.analysis.doctor.recordings.search import (
    changed_coefficients,
    claimed_rules,
    plain_rules,
    plainly,
    search,
)
from natrium.model import Model, Neuron
from natrium.model.arrays import Array

# A drop by this part of the way from reset to threshold within a step is a spike.
_DROP = 0.2
# What fewer steps than this show is chance.
_FEWEST = 20
_DRIVE = 1.0  # mV: by less, V may be at rest
# Steps to each side of an edge that are left out until the rules are known.
_NEAR = 4


@attrs.frozen(eq=False, kw_only=True)
class ReadRecording:
    """What a recording was found to be.

    Attributes
    ----------
    anatomy : Anatomy
    first : int
        0 where the first sample is stored before the first step, 1 where it is stored after it.
    shift : float
        Label less the true time of each sample, ms.
    edges : tuple of Edge
    spikes : ndarray, shape (n_spikes,)
        Labels of the samples at which it fires, ms.
    threshold : tuple of float
        Largest V that does not fire, and least V that does, mV.
    delay : float
        By how many steps an input that varies is read late (negative: early).
    other : ReadRecording or None
        Another way to read it that fits as well.
    V : ndarray, shape (n_samples,)
        The samples, mV, the reset in the place of spikes that are drawn.
    until : float
        Label up to which what was found holds, or the claim where nothing was, ms; NaN: to the end, or not
        at all.
    """

    anatomy: Anatomy
    first: Literal[0, 1]
    shift: float
    edges: tuple[Edge, ...]
    spikes: Array
    threshold: tuple[float, float]
    delay: float = 0.0
    other: ReadRecording | None = None
    V: Array = attrs.field(factory=lambda: np.empty(0))
    until: float = math.nan


def _spikes(V: Array, neuron: Neuron) -> Any:
    """Find the samples at which V has been reset."""
    drop = np.diff(V) < -_DROP * (neuron.v_thresh - neuron.v_reset)
    return np.flatnonzero(drop) + 1


def spikes_between(recording: Recording, neuron: Neuron) -> Array:
    """Give the labels of the samples before which it fired, ms."""
    return np.asarray(recording.labels[_spikes(recording.V, neuron)])


def _firing(V: Array, neuron: Neuron, noise: float, inputs: Array) -> tuple[SeenFiring, Array]:
    """Give reset, hold and held steps as the samples show them; and where the spikes are."""
    drops = _spikes(V, neuron)
    if not drops.size:
        return SeenFiring(), drops
    if noise:
        reset = float(np.median(V[drops]))
        return SeenFiring(reset=neuron.v_reset if abs(reset - neuron.v_reset) < 4.0 * noise else reset), drops
    values, counts = np.unique(V[drops], return_counts=True)
    reset = float(values[np.argmax(counts)])
    if not (drops.size > 1 and counts.max() == 1):  # else each is another: V is lowered, not set
        drops = drops[V[drops] == reset]
    held, hold = [], np.empty(0)
    for k in drops.tolist():
        rest = V[k + 1 :]
        moved = np.flatnonzero(rest != rest[0]) if rest.size else np.empty(0, dtype=int)
        if moved.size:
            held.append(int(moved[0]) if rest[0] == V[k] or moved[0] > 1 else 0)
            hold = rest[: held[-1]] + (reset - V[k])
    # What is not driven stays where it is, held or not.
    driven = np.abs(neuron.v_rest - reset + inputs[:, 0]) > _DRIVE
    for place, (k, count) in enumerate(zip(drops.tolist(), held, strict=False)):
        if not driven[k + min(held) : k + count + 1].all():
            held[place] = min(held)
    common = common_hold(held) if held else None
    first = held[0] if held and common is None else common
    return SeenFiring(reset=reset, held=first, hold=hold, holds=tuple(held)), drops


@attrs.frozen(eq=False)
class _Run:
    """What all ways to read a recording share: its samples, the claim with its step, and how it fires."""

    recording: Recording
    model: Model
    dt: float
    inputs: Array  # as claimed (see `_inputs`)
    firing: SeenFiring
    drops: Array

    @property
    def V(self) -> Array:
        return self.recording.V

    def stack(self, rows: Sequence[tuple[Array, Array]]) -> Stack:
        """Stack free steps."""
        return Stack.of(self.model.neuron, self.dt, rows, self.recording.grain)

    def before(self, first: int) -> Array:
        """Give V so that step k leads from entry k to entry k + 1."""
        return np.concatenate([[self.model.neuron.v_init], self.V]) if first else self.V

    def segments(self, first: int) -> list[tuple[int, int]]:
        """List the runs of free steps: each from the first one to the one that fires, or the end."""
        ends = [int(k) - 1 + first for k in self.drops] + [self.V.size - 1 + first]
        begins = [0, *(end + 1 + self.firing.held_after(k) for k, end in enumerate(ends[:-1]))]
        return [(a, b) for a, b in zip(begins, ends, strict=True) if b > a]


def _run_of(recording: Recording, model: Model, dt: float) -> _Run:
    """Take spikes that are drawn, or V before its reset, for the reset that such a step ends with."""
    V, neuron, noise = recording.V, model.neuron, recording.noise
    inputs = _inputs(model, dt, V.size)
    firing, drops = _firing(V, neuron, noise, inputs)
    shown = drops[neuron.v_thresh <= V[drops - 1]] - 1
    below = recording.grain > 0.0 and 2 * shown.size <= drops.size  # the threshold, and rounded to it
    if below or not shown.size or noise or np.count_nonzero(neuron.v_thresh <= V) > shown.size:
        return _Run(recording, model, dt, inputs, firing, drops)
    # Where V moves on at once from a drawn spike, nothing shows its reset.
    span = _DROP * (neuron.v_thresh - neuron.v_reset)
    hidden = not firing.held and abs(firing.reset - neuron.v_reset) < span
    plain = V.copy()
    plain[shown] = neuron.v_reset if hidden else firing.reset
    again, drops = _firing(plain, neuron, noise, inputs)
    again = attrs.evolve(again, shown=float(V[shown[0]]))
    return _Run(attrs.evolve(recording, V=plain), model, dt, inputs, again, drops)


def _inputs(model: Model, dt: float, steps: int, delay: float = 0.0) -> Array:
    """Give the input at the start, the middle and the end of each step, shape (steps, 3)."""
    starts = model.simulation.t_start + dt * np.arange(steps) - delay + 1e-9 * dt
    return np.array([[model.stimulus(t + share * dt) for share in (0.0, 0.5, 1.0)] for t in starts.tolist()])


# Where in its step, or in one beside it, a script may read an input that varies, in steps.
_DELAYS = (0.0, -1.0, 1.0, -0.5, 0.5)


def read_recording(recording: Recording, model: Model, dt: float, *, rare: bool = True) -> ReadRecording:
    """Find out how a script made its samples.

    Parameters
    ----------
    recording : Recording
    model : Model
        The claim.
    dt : float
        ms.
    rare : bool
        Look for what is rare as well, which takes long where nothing is found.
    """
    neuron = model.neuron
    run = _run_of(recording, model, dt)
    # Stored after the step, as the notebook's scripts do; or before it, where V begins as claimed.
    ways = (1, 0) if run.V[0] == neuron.v_init else (1,)
    delay, inputs = _delay(run, ways)
    readings: list[ReadRecording] = []
    for first in ways:
        segments, given = run.segments(first), inputs
        edges = tuple(nominal_edges(model, dt, run.V.size - 1 + first))
        stack = _stacked(run, given, first)
        sought = segments and not recording.noise
        if sought and not any(fit(stack, rules).vanishes for rules in plain_rules(stack)):
            whole = _stacked(run, inputs, first, ())
            edges, given = moved_edges(whole, edges, [a for a, _ in segments], inputs)
            stack = _stacked(run, given, first, edges)
        known = any(one.anatomy.fit.vanishes for one in readings)  # what is rare is then no second answer
        look = search if rare and not known else plainly
        found = look(stack) if sought else fit(stack, claimed_rules(neuron))
        if found.vanishes and found.steps < _FEWEST and _departs(found, neuron):
            found = attrs.evolve(found, by_chance=True)
        one = _read(run, first, found, given, edges)
        if sought and not found.vanishes:
            one = attrs.evolve(one, until=_until(recording.labels, stack, segments, first))
        readings.append(attrs.evolve(one, delay=delay))
    best, *others = sorted(readings, key=lambda one: _doubt(one, neuron, dt))
    doubt = _doubt(best, neuron, dt)
    # The other way to read it is told where this one needs a fault and that one fits as well.
    also = [one for one in others if doubt[2] and _doubt(one, neuron, dt)[:2] == doubt[:2]]
    return attrs.evolve(best, other=also[0] if also else None)


def _departs(found: Fit, neuron: Neuron) -> bool:
    """Tell whether a fit says anything of the free steps that is not claimed, but for the scheme."""
    ways = {name: getattr(found.rules, name) for name in ("scheme", "gates", "order")}
    claim = attrs.evolve(claimed_rules(neuron), **ways)
    return found.rules != claim or changed_coefficients(neuron, found.coefficients) > 0


def _delay(run: _Run, ways: tuple[int, ...]) -> tuple[float, Array]:
    """Find by how many steps the input is read late, if all else is as claimed; and what is read so."""
    for delay in _DELAYS:
        inputs = _inputs(run.model, run.dt, run.V.size, delay * run.dt) if delay else run.inputs
        if any(plainly(_stacked(run, inputs, first)).vanishes for first in ways):
            return delay, inputs
    return 0.0, run.inputs


def _doubt(reading: ReadRecording, neuron: Neuron, dt: float) -> tuple[bool, int, int]:
    """Say how much has to be wrong with a script for a reading to be right.

    A label of the step's beginning and an inequality that is strict at the start or loose at the stop
    are slips; an input that comes early, or by more than a step, takes more than a slip.
    """
    found = reading.anatomy.fit
    labels = 0 if abs(reading.shift) < 1e-6 * dt else 1 if abs(reading.shift + dt) < 1e-6 * dt else 2
    edges = sum({0: 0, 1: 1}.get(edge.late, 3 if edge.late < 0 else 2) for edge in reading.edges)
    return (
        not found.vanishes,
        changed_coefficients(neuron, found.coefficients),
        labels + edges,
    )


def _until(labels: Array, stack: Stack, segments: list[tuple[int, int]], first: int) -> float:
    """Give the label up to which a plain scheme of the claim holds, at best; NaN where it is not for long."""
    used = np.argwhere(stack.used)
    ends = []
    for rules in plain_rules(stack):
        apart = np.flatnonzero(
            np.abs(deviations(stack, rules, claimed_coefficients(stack.neuron))) >= VANISHES
        )
        ends.append(int(apart[0]) if apart.size else len(used))
    best = max(ends, default=0)
    if not _FEWEST <= best < len(used):
        return math.nan
    row, step = used[best]
    return float(labels[segments[row][0] + step - first])


def _near(edges: Iterable[Edge], steps: int) -> Any:
    around = [k for e in edges for k in range(e.step - _NEAR, e.step + _NEAR + 1) if 0 <= k < steps]
    return np.unique(around).astype(int)


def _stacked(run: _Run, inputs: Array, first: int, edges: Iterable[Edge] | None = None) -> Stack:
    """Stack the free steps before the first spike; without channels, those between spikes as well.

    The steps near an edge of the input that was not seen are left out: it may be late or early there.
    """
    segments, before, size = run.segments(first), run.before(first), run.V.size
    edges = nominal_edges(run.model, run.dt, size) if edges is None else edges
    near = _near([one for one in edges if one.seen is None], size)
    # Behind a spike the gates are not known yet; without any, all steps tell.
    rows = segments[:1] if run.model.neuron.channels else segments
    stack = run.stack([(before[a + 1 : b + 1], inputs[a:b]) for a, b in rows])
    for row, (a, b) in enumerate(rows):
        stack.used[row, near[(near >= a) & (near < b)] - a] = False
        if a:  # the stack's first step begins at the start of the run
            stack.used[row, 0] = False
    return stack


def _courses(run: _Run, inputs: Array, first: int, anatomy: Anatomy) -> Iterator[tuple[int, int, Rules]]:
    """Carry the gates from segment to segment; give each with the rules that begin there."""
    found, gates = anatomy.fit, anatomy.gates
    before = run.before(first)
    rules = found.rules
    for number, (a, b) in enumerate(run.segments(first)):
        if number:
            rules = attrs.evolve(rules, before=float(before[a]))
        yield a, b, rules
        if not run.model.neuron.channels:
            continue
        if gates is None or gates.advances < 0 or b + 1 >= before.size:
            return
        whole = run.stack([(before[a + 1 : b + 2], inputs[a : b + 1])])
        after = gates_after(whole, rules, found.coefficients)[:, 0]
        fires = gates.fires
        x = np.array(found.rules.starts) if gates.way == "start" else after[:, b - a - 1 + fires]
        more = 0 if gates.way == "hold" else run.firing.held_after(number) - (run.firing.held or 0)
        x = clamped(whole, rules, x, anatomy.firing.reset, gates.advances - fires + more)
        rules = attrs.evolve(rules, starts=tuple(x.tolist()))


def _read(run: _Run, first: int, found: Fit, inputs: Array, edges: tuple[Edge, ...]) -> ReadRecording:
    model, neuron, dt, recording = run.model, run.model.neuron, run.dt, run.recording
    shift = float(recording.labels[0] - (model.simulation.t_start + first * dt))
    gates = None
    steps_V = run.V if first else run.V[1:]
    if found.vanishes and run.drops.size:
        fired = run.drops - (0 if first else 1)
        gates = gates_while_held(
            neuron, dt, steps_V, inputs[: steps_V.size], fired, run.firing, found, recording.grain
        )
    anatomy = Anatomy(firing=run.firing, fit=found, gates=gates, dt=dt)
    low, high, fires, until = -math.inf, math.inf, [], math.nan
    near = _near([edge for edge in edges if edge.seen is None], len(inputs))
    if found.vanishes:
        before = run.before(first)
        for a, b, rules in _courses(run, inputs, first, anatomy):
            stack = run.stack([(before[a + 1 : b + 1], inputs[a:b])])
            stack.used[0, near[(near >= a) & (near < b)] - a] = False
            apart = np.abs(deviations(stack, rules, found.coefficients)) >= carried_over(recording.grain)
            if apart.any() and math.isnan(until):
                until = float(
                    recording.labels[a + np.flatnonzero(stack.used[0])[int(apart.argmax())] - first]
                )
            stack.used[:] = True
            edges = tuple(_seen(edge, stack, rules, found, a, b, model, dt) for edge in edges)
            low = max(low, float(before[a + 1 : b + 1].max()))
            if b + 1 < before.size:
                whole = run.stack([(before[a + 1 : b + 2], inputs[a : b + 1])])
                fires.append(float(before[b] + foretold(whole, rules, found.coefficients)[0, -1]))
        high = min(fires, default=math.inf)
        anatomy = attrs.evolve(anatomy, firing=_lowered(run, np.array(fires)))
    return ReadRecording(
        anatomy=anatomy,
        first=1 if first else 0,
        shift=shift,
        edges=edges,
        spikes=recording.labels[run.drops],
        V=run.V,
        threshold=(low, high),
        until=until,
    )


def _lowered(run: _Run, fires: Array) -> SeenFiring:
    """See whether V falls by one amount from where it fires, `fires`, as foretold."""
    after = run.V[run.drops[: fires.size]]
    falls, near = fires - after, 1e-9 + 3.0 * run.recording.grain
    if after.size < 2 or np.ptp(after) <= near or np.ptp(falls) > near:
        return run.firing
    return attrs.evolve(run.firing, lowered=float(np.median(falls)))


def _seen(
    edge: Edge, stack: Stack, rules: Rules, found: Fit, a: int, b: int, model: Model, dt: float
) -> Edge:
    """See at which step the input changes: each step near an edge fits the old input or the new one."""
    window = np.arange(max(edge.step - _NEAR, a), min(edge.step + _NEAR + 1, b))
    if edge.seen is not None or not window.size or edge.step < a or edge.step > b:
        return edge
    fits = []
    for side in (-1e-7 * dt, 1e-7 * dt):
        # The input on either side of the edge, as if it went on beyond it.
        piece = model.stimulus.piece(edge.time + side)
        tried = attrs.evolve(stack, I=stack.I.copy())
        tried.I[0, window - a] = [piece(model.simulation.t_start + k * dt - edge.time - side) for k in window]
        fits.append(np.abs(deviations(tried, rules, found.coefficients))[window - a] < VANISHES)
    new = fits[1] & ~fits[0]
    if not new.any() or not (fits[0] | fits[1]).all():
        return edge
    return attrs.evolve(edge, seen=int(window[np.argmax(new)]))
