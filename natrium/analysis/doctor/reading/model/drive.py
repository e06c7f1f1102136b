"""A script's input as a stimulus: held from step to step, its edges where the script has them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.expressions.trees import (
    ARRAYS,
    LEAF,
    RELATIONS,
    Program,
    in_order,
    leaf,
    leaves,
    name_of,
    number,
)
from natrium.analysis.doctor.reading.expressions.wording import shown, text_of
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.clock import Clock, clock_of, counts_steps
from natrium.analysis.doctor.reading.model.recognise import DRIVEN
from natrium.analysis.doctor.reading.model.rules import number_at
from natrium.analysis.doctor.trace.meanings import is_rest
from natrium.analysis.doctor.trace.record import Choice, Node
from natrium.model import Formula, Model, Samples, Step, Stimulus
from natrium.model.arrays import Array

MOST_STEPS = 60  # a staircase of more is a record of samples
UNITS = (1.0, 1e3, 1e-3)  # of a script's time, in ms
FEWEST = 8  # steps with several inputs that tell what these add up to
SAME, MOSTLY = 1e-9, 0.9  # how far the ratio of two courses may go from one number; in how many steps


def hoisted(
    maps: Maps, equations: Mapping[str, Node], claim: Model | None = None
) -> tuple[dict[str, Node], Node | None]:
    """Take what is made of time alone out of the voltage's equation, as its input; or several inputs as one.

    Beside a claim these are one where its stimulus is what they add up to.

    Returns
    -------
    equations : dict of str to Node
        With the leaf `DRIVEN` in its place.
    made : Node or None
        What it is made of; None where the equation has no time in it, or in several ways.
    """
    time, own = maps.record.time, {maps.record.time, *maps.record.parameters}
    added = _of_several(maps, equations)
    if added is not None and (claim is None or _is_claimed(maps, added[1], claim)):
        return added
    if not time or time not in leaves(equations[maps.V]):
        return dict(equations), None
    inner: set[Node] = set()
    tops: list[Node] = []
    for node in reversed(in_order([equations[maps.V]])):
        if node in inner:
            continue
        if time in leaves(node) <= own:
            tops.append(node)
            inner |= set(in_order([node]))
    if len(tops) != 1:
        return dict(equations), None
    top, name = _without_rest(maps, tops[0]), leaf(DRIVEN)
    made: dict[Node, Node] = {top: name}
    found = {}
    for state, flow in equations.items():
        for node in in_order([flow]):
            if node in made:
                continue
            args = tuple(made[one] for one in node.args)
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            made[node] = node if same else maps.algebra.rebuilt(node, args)
        found[state] = made[flow]
    return found, top


def _without_rest(maps: Maps, top: Node) -> Node:
    """Give the input alone, of its sum with the potential at which V rests, as in ``E + R*I(t)``."""
    record, V = maps.record, maps.record.samples[:, maps.record.states.index(maps.V)]
    low, high = float(np.nanmin(V)), float(np.nanmax(V))
    ahead = top
    while name_of(ahead) in ("+", "-", "*", "/"):
        moves = [one for one in ahead.args if record.time in leaves(one)]
        still = [one for one in ahead.args if record.time not in leaves(one)]
        if len(moves) != 1:
            break
        if name_of(ahead) in ("+", "-"):
            level = number_at(still[0], record.parameter_values)
            near = low - (high - low) <= level <= high + (high - low)
            named = leaves(still[0])
            return moves[0] if near and named and all(map(is_rest, named)) else top
        ahead = moves[0]
    return top


def _of_several(maps: Maps, equations: Mapping[str, Node]) -> tuple[dict[str, Node], Node] | None:
    """Take several inputs that V's equation adds up, such as a current and its noise, as one."""
    algebra, flow = maps.algebra, equations[maps.V]
    courses = {maps.record.input, *maps.record.exogenous} - {"", maps.record.time}
    names = sorted(leaves(flow) & courses)
    known = {*maps.record.parameters, *names}
    if not names or names == [maps.record.input] or any(
        set(names) & leaves(one) for name, one in equations.items() if name != maps.V
    ):  # fmt: skip
        return None
    total, left = number(0.0), flow
    for name in names:
        slope = Slopes(algebra, name).slope(left)
        if not leaves(slope) <= known - set(names):
            return None
        total = algebra.add(total, algebra.multiply(slope, algebra.canonical(leaf(name))))
        left = algebra.replaced(left, {name: number(0.0)})
    driven = algebra.make("+", left, algebra.canonical(leaf(DRIVEN)), line=flow.line)
    return {**equations, maps.V: driven}, total


def _is_claimed(maps: Maps, total: Node, claim: Model) -> bool:
    """Tell whether a claimed stimulus is what several inputs add up to, in some unit."""
    clock = clock_of(maps)
    own = inputs_of(maps, DRIVEN, total, clock)
    stimuli = (np.array([claim.stimulus(float(t) * ms) for t in clock.reads]) for ms in UNITS)
    return any(ratio_of(own, asked, FEWEST) is not None for asked in stimuli)


def ratio_of(own: Array, asked: Array, fewest: int) -> float | None:
    """Give by how much one course is another wherever both are on; None where by no one number, or rarely."""
    both = (own != 0) & (asked != 0)
    if both.sum() < fewest:
        return None
    ratio = asked[both] / own[both]
    factor = float(np.median(ratio))
    alike = np.mean(np.abs(ratio - factor) <= SAME * abs(factor)) > MOSTLY
    return factor if alike and math.isfinite(factor) else None


def inputs_of(maps: Maps, name: str, made: Node | None, clock: Clock) -> Array:
    """Give what each step read, shape (n_steps,), in the script's unit."""
    n = clock.reads.size
    read = {**maps.record.exogenous, maps.record.input: maps.record.inputs}
    if maps.record.solver:  # a right-hand side was asked at fewer times than its solution is kept at
        read = {one: np.interp(clock.reads, maps.record.times, course) for one, course in read.items()}
    if made is not None:
        values = maps.record.parameter_values
        times = clock.reads / maps.step if counts_steps(maps) else clock.reads
        known = {**values, **read, maps.record.time: times}
        with np.errstate(all="ignore"):
            found = Program([made])(known, ARRAYS)[0]
        return np.broadcast_to(np.asarray(found, dtype=float), (n,)).copy()
    if name == maps.record.input:
        return np.asarray(read[name], dtype=float)
    return np.full(n, maps.record.parameters[name].value)


def edges_of(maps: Maps) -> list[float]:
    """List the times with which the script compares its clock, in its own time.

    Where it compares the clock itself, times within its steps are left out: they are the stages of a scheme.
    """
    record = maps.record
    known = record.parameter_values
    clocks = {record.time: record.times} if record.time else {}
    clocks |= record.exogenous
    starts = clock_of(maps).reads
    found: dict[float, bool] = {}
    for step in record.steps:
        for choice in step.choices:
            names = (leaves(choice.left) | leaves(choice.right)) - set(known)
            if len(names) != 1 or not names <= set(clocks):
                continue
            name = next(iter(names))
            course = clocks[name]
            pace = float(course[-1] - course[0]) / max(course.size - 1, 1)

            def apart(at: float, choice: Choice = choice, name: str = name) -> float:
                moved = known | {name: at}
                return number_at(choice.left, moved) - number_at(choice.right, moved)

            rise, far = apart(1.0) - apart(0.0), float(course[-1]) + 1.0
            even = abs(apart(far) - apart(0.0) - rise * far) <= 1e-9 * abs(rise * far)  # no phase of a period
            if rise and pace and np.isfinite(rise) and even:
                steps = (-apart(0.0) / rise - float(course[0])) / pace
                edge = tidy(float(starts[0]) + steps * maps.step)
                bare = choice.left.op == LEAF or choice.right.op == LEAF
                moved = any(one.op in "+-" and name in leaves(one) for one in (choice.left, choice.right))
                found[edge] = found.get(edge, False) or (bare and not moved)
    return sorted(edge for edge, bare in found.items() if bare or not any(found.values()))


def formula_of(maps: Maps, made: Node, factor: float, ms: float) -> Formula:
    """Make a stimulus of an expression of time.

    Raises
    ------
    ModelError
        When a model file cannot hold it.
    """
    unit = ms * (maps.step if counts_steps(maps) else 1.0)
    names = {name: shown(node.value) for name, node in maps.record.parameters.items()}
    names[maps.record.time] = "t" if unit == 1.0 else f"t/{shown(unit)}"
    known = maps.record.parameter_values
    breaks = set()
    for node in in_order([made]):
        if name_of(node) in RELATIONS:
            for one, other in (node.args, node.args[::-1]):
                if one.op == "leaf" and one.name == maps.record.time:
                    breaks.add(tidy(number_at(other, known) * unit))
    text = text_of(made, names)
    return Formula(
        value=text if factor == 1.0 else f"{shown(factor)}*({text})",
        breakpoints=tuple(sorted(one for one in breaks if np.isfinite(one))),
    )


def stimulus_of(
    maps: Maps, values: Array, clock: Clock, factor: float, ms: float, made: Node | None = None
) -> list[Stimulus]:
    """Make a stimulus of what the steps read.

    Parameters
    ----------
    maps : Maps
    values : ndarray, shape (n_steps,)
        In the script's unit.
    clock : Clock
    factor : float
        From the script's unit to the model's.
    ms : float
        Of the script's time.
    made : Node, optional
        The expression of time that it is.
    """
    times = clock.reads
    if made is not None and leaves(made) <= {maps.record.time, *maps.record.parameters}:
        return [formula_of(maps, made, factor, ms)]
    changes = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()]
    known = edges_of(maps)
    if len(changes) > MOST_STEPS:
        kept = np.array(changes)
        return [Samples(tuple((times[kept] * ms).tolist()), tuple((values[kept] * factor).tolist()))]
    parts: list[Stimulus] = []
    bounds = [None, *(_edge(times, at, known, maps.step) for at in changes[1:]), None]
    for at, start, stop in zip(changes, bounds, bounds[1:], strict=False):
        level = float(values[at]) * factor
        if level != 0.0:
            parts.append(
                Step(
                    amplitude=level,
                    start=None if start is None else tidy(start * ms),
                    stop=None if stop is None else tidy(stop * ms),
                )
            )
    return parts


def _edge(times: Array, at: int, known: list[float], step: float) -> float:
    """Give the time at which the input changed: the script's own number where there is one."""
    before, after = float(times[at - 1]), float(times[at])
    near = [one for one in known if before - 1e-6 * step <= one <= after + 1e-6 * step]
    return near[0] if near else after


def tidy(value: float) -> float:
    """Give a time without the last digits that a product or a sum left."""
    return float(f"{value:.12g}")
