"""A claimed model's equations at points of a script's states: the two sides that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import sympy
from scipy.optimize import linear_sum_assignment

from natrium.analysis.doctor.reading.claims.driven import drive_of, input_factor, inputs_read, steady
from natrium.analysis.doctor.reading.claims.noisy import mean_beside
from natrium.analysis.doctor.reading.claims.scales import INPUT, Scales, lent_units, scales_of
from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import at_points, leaf, leaves
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.maps.maps import points_of
from natrium.analysis.doctor.reading.model.levels import moving_level
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model import Model, Neuron
from natrium.model.arrays import Array
from natrium.model.equations import channel_current, membrane
from natrium.model.kernel import lower_expressions

POINTS = 40
BLOCK = 5  # more points for each state, in which it alone is another
LIVES = 100.0  # mV
ALIKE = 0.4  # one less the correlation of two states' flows: what the wrong gate has is more
HANGS = 1e-6  # of a value: less is rounding


@attrs.frozen(eq=False)
class Claimed:
    """The claimed equations, at points of the script's states.

    Attributes
    ----------
    points : mapping of str to ndarray
        For all leaves of the script.
    flows : mapping of str to ndarray
        By the claim's label: what its derivative should be, in the script's units.
    values : mapping of str to ndarray
        By the claim's label: the state there, in the script's units.
    pairs : mapping of str to str
        From the script's states to the claim's labels.
    terms : mapping of str to ndarray
        Terms of the claimed voltage's equation, in the script's units.
    flows_at : callable
        From other values, by label (and by ``"input"``, in the script's units), to `flows` there.
    varied : tuple of str
        The script's names of which each has a block of points in which it alone is another.
    parts : callable
        Gives the values of every part of the claimed equations.
    factor : float
        What one unit of the script's input is in the claim's.
    units : mapping of str to float
        By the claim's label: what one unit of the script's state is in the claim's.
    claim : Model
    rise : callable
        From values of the script's states to what its threshold has risen by there, where the claim's V is
        counted from that; else 0.
    """

    points: Mapping[str, Array]
    flows: Mapping[str, Array]
    values: Mapping[str, Array]
    pairs: Mapping[str, str]
    terms: Mapping[str, Array]
    flows_at: Callable[[Mapping[str, Any]], Mapping[str, Array]]
    varied: tuple[str, ...]
    parts: Callable[[], list[tuple[str, Array]]]
    factor: float
    units: Mapping[str, float]
    claim: Model
    rise: Callable[[Mapping[str, Array]], Any]

    def depends(self, values: Array) -> frozenset[str]:
        """Name what values at the points hang on."""
        base, found = values[:BLOCK], set()
        for k, name in enumerate(self.varied):
            moved = values[POINTS + BLOCK * k :][:BLOCK]
            good = np.isfinite(base) & np.isfinite(moved)
            size = np.abs(base) + np.abs(moved) + 1e-300
            if np.any(np.abs(base - moved)[good] > HANGS * size[good]):
                found.add(name)
        return frozenset(found)


def _voltages(case: Case, n: int) -> Array:
    """Draw voltages from where cells live, in the script's unit."""
    rng = np.random.default_rng(5)
    column = case.maps.record.samples[:, case.maps.record.states.index(case.maps.V)]
    column = column[np.isfinite(column)]
    bound = LIVES / case.meant.units.mV  # a run that went off its rails tells nothing
    low, high = (float(np.clip(one, -bound, bound)) for one in (column.min(), column.max()))
    wide = max(high - low, 20.0 / case.meant.units.mV)
    return np.asarray(rng.uniform(low - 0.3 * wide, high + 0.7 * wide, n))


def sides_of(
    case: Case, claim: Model, factor: float | None = None, given: dict[str, str] | None = None
) -> Claimed:
    """Evaluate a claim's equations at points of the script's states.

    Parameters
    ----------
    case : Case
    claim : Model
    factor : float, optional
        What one unit of the script's input is in the claim's; by default what the two read tells it.
    given : dict of str to str, optional
        From the script's states to the claim's labels; by default what names and flows tell.
    """
    maps, units = case.maps, case.meant.units
    system = claim.neuron.system
    rng = np.random.default_rng(3)
    points: dict[str, Array] = dict(points_of(maps.record, maps.step, POINTS, seed=5))
    points[maps.V] = _voltages(case, POINTS)
    # As for V: what a run that went off its rails made of the others tells nothing.
    V = maps.record.samples[:, maps.record.states.index(maps.V)]
    tame = np.flatnonzero(np.abs(V) * units.mV <= LIVES)
    for name in maps.moving[1:]:
        column = maps.record.samples[:, maps.record.states.index(name)]
        start = float(column[0])
        inside = any(system.fractions) and 0.0 <= start <= 1.0
        if inside:
            points[name] = rng.uniform(0.05, 0.95, POINTS)
            continue
        column = column[tame] if tame.size else column[:1]
        size = float(np.max(np.abs(column))) or 1.0
        points[name] = rng.choice(column, POINTS) + 0.1 * size * rng.standard_normal(POINTS)
    drive = drive_of(case)
    if drive:
        points[drive] = points.get(drive, np.zeros(POINTS)) + rng.uniform(0.5, 2.0, POINTS) * (
            float(np.max(np.abs(inputs_read(case)), initial=0.0)) or 1.0
        )
    varied = (*maps.moving, *([drive] if drive else []))
    points = _in_blocks(points, varied)
    known = factor is not None
    factor = input_factor(case, claim) if factor is None else factor
    numbers = dict(zip(system.parameters, system.values, strict=True))
    rhs = tuple(one.subs(numbers) for one in system.rhs)
    flow = lower_expressions(rhs, (*system.states, system.input), "grid")
    n = points[maps.V].size
    labels = list(system.labels)
    scales = Scales({**dict.fromkeys(labels, 1.0), "V": units.mV}, factor)

    def read(scales: Scales) -> Array:
        if not drive:
            return np.full(n, steady(case, claim))
        return np.asarray(points[drive] * scales.factor + mean_beside(case, claim, scales.factor))

    free = _in_blocks({label: rng.uniform(0.05, 0.95, POINTS) for label in labels}, varied)
    rise, slopes = _rise(case, claim, labels)
    free["V"] = (points[maps.V] - rise(points)) * units.mV

    def flows_by(scales: Scales, values: Mapping[str, Array], current: Array) -> dict[str, Array]:
        with np.errstate(all="ignore"):
            found = flow(*(values[label] for label in labels), current)
        return {
            label: np.broadcast_to(np.asarray(one, dtype=float), (n,)) * (units.ms / scales.units[label])
            for label, one in zip(labels, found, strict=True)
        }

    def values_by(scales: Scales) -> dict[str, Array]:
        paired = {label: points[name] * scales.units[label] for name, label in pairs.items() if label != "V"}
        return {**free, **paired}

    pairs = given or _paired(case, points, labels, free, lambda one: flows_by(scales, one, read(scales)))
    if not isinstance(claim.neuron, Neuron):
        found = {label: at_points(case.meant.flows[name], points) for name, label in pairs.items()}
        names = {**pairs, drive: INPUT} if drive else pairs
        begins = {label: POINTS + BLOCK * varied.index(one) for one, label in names.items()}

        def all_by(scales: Scales) -> dict[str, Array]:
            return flows_by(scales, values_by(scales), read(scales))

        def change(flow: Array, label: str) -> Array:
            return flow[begins.get(label, 0) :][:BLOCK] - flow[:BLOCK]

        if units.are_others and not known:
            scales = scales_of(found, scales, all_by, change)
        known_numbers = {abs(one) for one in maps.record.parameter_values.values()}
        scales = lent_units(found, scales, all_by, change, known_numbers, _weights(case, claim, pairs))
    factor, current, values = scales.factor, read(scales), values_by(scales)

    def flows(values: Mapping[str, Array], current: Array = current) -> dict[str, Array]:
        return flows_by(scales, values, current)

    terms = _terms(claim, values, current, units.ms / units.mV)
    own = {label: one / scales.units[label] for label, one in values.items()}

    def lifted(values: Mapping[str, Array], current: Array = current) -> dict[str, Array]:
        found = flows(values, current)
        rates = (
            at_points(slope, points) * found[pairs[name]] for name, slope in slopes.items() if name in pairs
        )
        return found | {"V": sum(rates, found["V"])}

    def flows_at(others: Mapping[str, Any]) -> dict[str, Array]:
        there = {label: np.broadcast_to(others.get(label, one), (n,)) for label, one in values.items()}
        return lifted(
            there, np.broadcast_to(others["input"] * factor, (n,)) if "input" in others else current
        )

    def parts() -> list[tuple[str, Array]]:
        found = list(dict.fromkeys(part for one in rhs for part in _parts(one)))
        with np.errstate(all="ignore"):
            made = lower_expressions(tuple(found), (*system.states, system.input), "grid")(
                *(values[label] for label in labels), current
            )
        return [
            (str(one), np.broadcast_to(np.asarray(v, dtype=float), (n,)))
            for one, v in zip(found, made, strict=True)
        ]

    return Claimed(
        points, lifted(values), own, pairs, terms, flows_at, varied, parts, factor, scales.units, claim, rise
    )


def _weights(case: Case, claim: Model, pairs: Mapping[str, str]) -> dict[str, float]:
    """Give, by the claim's labels, by how much more its incoming spikes move states than the script's."""
    system, found = claim.neuron.system, dict[str, float]()
    for kick in case.maps.kicks:
        label = pairs.get(kick.state, "")
        places = ((one.amount, system.place_of(one.target)) for one in claim.stimulus.kicks())
        asked = [amount for amount, at in places if at is not None and system.labels[at] == label]
        if asked and np.all(kick.weights):
            found[label] = float(np.median(asked) / np.median(kick.weights))
    return found


def _unmoved(case: Case, claim: Model) -> tuple[Node, float] | None:
    """Give the state that is the claim's threshold, where a script with it compares V with a number."""
    system = claim.neuron.system
    if not claim.neuron.fires:
        return None
    counted = dict(zip(system.labels, system.reset, strict=True))["V"].free_symbols
    for label, symbol, value in zip(system.labels, system.states, claim.neuron.initial_state(), strict=True):
        names = [one for one in case.maps.moving[1:] if alike(one, label)]
        if names and value == claim.neuron.v_thresh and symbol in counted:
            return leaf(names[0]), value / case.meant.units.mV
    return None


def _rise(
    case: Case, claim: Model, labels: list[str]
) -> tuple[Callable[[Mapping[str, Array]], Any], dict[str, Node]]:
    """Give what a threshold that moves has risen by, and its slopes, where the claim has what moves it."""
    if claim.neuron.system.threshold_moves:  # its V is counted from nothing
        return (lambda values: 0.0), {}
    maps, moving = case.maps, moving_level(case.maps) or _unmoved(case, claim)
    names = [one for one in maps.moving[1:] if moving is not None and one in leaves(moving[0])]
    if moving is None or not any(alike(name, label) for name in names for label in labels):
        return (lambda values: 0.0), {}
    level, start = moving
    return (
        lambda values: at_points(level, values) - start,
        {name: Slopes(maps.algebra, name).slope(level) for name in names},
    )


def _in_blocks(points: Mapping[str, Array], varied: tuple[str, ...]) -> dict[str, Array]:
    """Add, for each name, points that are the first again but for that name."""
    rows = np.concatenate([np.arange(POINTS), np.tile(np.arange(BLOCK), len(varied))])
    found = {name: np.broadcast_to(values, (POINTS,))[rows] for name, values in points.items()}
    for k, name in enumerate(varied):
        if name not in points:
            continue
        begin = POINTS + BLOCK * k
        found[name][begin : begin + BLOCK] = points[name][BLOCK : 2 * BLOCK]
    return found


def _parts(expr: Any) -> Iterator[Any]:
    """List the parts of an expression, and of its sums and products those that some symbols make up."""
    for part in sympy.preorder_traversal(expr):
        if part.free_symbols:
            yield part
        if isinstance(part, (sympy.Add, sympy.Mul)):
            for symbols in {frozenset(one.free_symbols) for one in part.args if one.free_symbols}:
                kept = [one for one in part.args if one.free_symbols <= symbols]
                if len(kept) > 1:
                    yield part.func(*kept)


def _terms(claim: Model, values: Mapping[str, Array], current: Array, scale: float) -> dict[str, Array]:
    """Give the terms of the claimed voltage's equation by what they are called."""
    neuron = claim.neuron
    if not isinstance(neuron, Neuron):
        return {}
    V, found = values["V"], {}
    found["the leak"] = membrane(V, neuron.v_rest, 0.0, ()) / neuron.tau_m * scale
    found["the input"] = current / neuron.tau_m * scale
    for channel in neuron.channels:
        if channel.E is None or len(channel.moving) < len(channel.gates) or channel.scheme is not None:
            continue  # its factor has a value of its own
        powers = [(values[f"{channel.name}.{gate.name}"], gate.power) for gate in channel.moving]
        flow = channel_current(V, channel.g, channel.E, powers)
        found[f"the current of {channel.name}"] = flow / neuron.tau_m * scale
    for name in list(found):
        found[f"{name} (before it is divided by the time constant)"] = found[name] * neuron.tau_m / scale
    return found


def _paired(
    case: Case, points: Mapping[str, Array], labels: list[str], free: Mapping[str, Array], flows: Any
) -> dict[str, str]:
    """Say which of the script's states is which of the claim's: by name, and by what their equations do."""
    maps = case.maps
    own, theirs = list(maps.moving[1:]), [one for one in labels if one != "V"]
    pairs = {maps.V: "V"}
    if not own or not theirs:
        return pairs
    found = len(pairs)
    while True:
        known = {label: points[name] for name, label in pairs.items() if label != "V"}
        off, unlike = _apart(case, points, (own, theirs), {**free, **known}, flows)
        called = np.array([[alike(name, label) for label in theirs] for name in own])
        cost = off + np.where(called, 0.0, 0.9)
        best = list(zip(*linear_sum_assignment(cost), strict=True))
        # What flows alike to the digit is known, and tells what is made of it.
        pairs |= {own[one]: theirs[other] for one, other in best if off[one, other] == 0.0}
        if len(pairs) == found:
            break
        found = len(pairs)
    for chosen, taken in best:
        if cost[chosen, taken] <= 1.0:
            pairs[own[chosen]] = theirs[taken]
            unlike[chosen] = unlike[:, taken] = 2.0
    # What is called otherwise and flows otherwise is whom it goes with most.
    for chosen, taken in zip(*linear_sum_assignment(unlike), strict=True):
        if unlike[chosen, taken] < ALIKE:
            pairs[own[chosen]] = theirs[taken]
    rest = [one for one in own if one not in pairs], [one for one in theirs if one not in pairs.values()]
    if len(rest[0]) == len(rest[1]) == 1:  # whatever it is called
        pairs[rest[0][0]] = rest[1][0]
    return pairs


def _apart(
    case: Case, points: Mapping[str, Array], sides: tuple[list[str], list[str]],
    values: Mapping[str, Array], flows: Any,
) -> tuple[Array, Array]:  # fmt: skip
    """Tell of each of the script's states and each of the claim's how often, and how far, flows are apart."""
    own, theirs = sides
    off = np.full((len(own), len(theirs)), 1.0)
    unlike = np.full_like(off, 2.0)
    for row, name in enumerate(own):
        try:
            got = at_points(case.meant.flows[name], points)
        except KeyError:
            continue
        for column, label in enumerate(theirs):
            wanted = flows({**values, label: points[name]})[label]
            with np.errstate(all="ignore"):
                near = np.abs(got - wanted) <= 1e-6 * (np.abs(wanted) + np.median(np.abs(wanted)))
            off[row, column] = 1.0 - float(np.mean(near))
            good = np.isfinite(got) & np.isfinite(wanted)
            if good.sum() > POINTS // 2 and np.ptp(got[good]) and np.ptp(wanted[good]):
                unlike[row, column] = 1.0 - np.corrcoef(got[good], wanted[good])[0, 1]
    return off, unlike


def alike(name: str, label: str) -> bool:
    """Tell whether a state of the script, or what it is an attribute of, is called like one of the claim."""
    gate = label.rsplit(".", 1)[-1].lower()
    owner = name.rpartition(".")[0].rpartition(".")[2].strip("_").lower()
    last = plain(name).lower()
    if owner and gate.startswith(last) and owner.startswith(gate.removeprefix(last).strip("_") or "_"):
        return True  # exc.g, which is ge, or g_exc
    return gate in (last, last.split("_")[0], owner) or last.startswith(f"{gate}_") or last == f"{gate}gate"
