"""Incoming spikes: what moves a state though no time goes by, in steps that the script's inputs choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from itertools import combinations

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.numbers import is_nice
from natrium.analysis.doctor.reading.expressions.trees import leaves, number
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.maps.maps import Maps, differ, points_of, values_at
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model import ModelError, Spikes
from natrium.model.arrays import Array

Alike = Callable[[Step, Step], bool]
FEW = 0.6  # of the steps: what comes in more often is a current
MOST = 400  # different weights: what has more is no train of spikes
TOGETHER = 3  # states that jump in one step, of more that come out otherwise
SAME = 1e-9
SHORT = 1e-6  # of a step
LEAST_LEFT = 0.1  # of a jump, where its step is short: what a current moves vanishes with it


@attrs.frozen(eq=False)
class Kick:
    """What comes in and moves one state.

    Attributes
    ----------
    state : str
    steps : ndarray of int, shape (n_kicks,)
        In which it does.
    weights : ndarray, shape (n_kicks,)
        By how much.
    early : bool
        Whether the step that it comes in already makes use of it.
    source : str
        The leaf that it comes by; empty where choices of the steps tell it.
    in_run : bool
        Whether the weights are those of this run alone: by how much it moves hangs on the state.
    """

    state: str
    steps: npt.NDArray[np.int64]
    weights: Array
    early: bool
    source: str = ""
    in_run: bool = False


@attrs.frozen(eq=False)
class Kinds:
    """Kinds of step in which states jump: by kind, each state by how much; before the step, or after it."""

    jumps: dict[int, dict[str, float]]
    early: bool


def kicked(
    record: Record, algebra: Algebra, trees: Mapping[str, Node], dt: str, V: str
) -> tuple[dict[str, Node], tuple[Kick, ...]]:
    """Take inputs that jump states out of free maps.

    Returns
    -------
    trees : dict of str to Node
        Without them.
    kicks : tuple of Kick
    """
    courses = dict(record.exogenous) | ({record.input: record.inputs} if record.input else {})
    values, found, none = record.parameter_values, list[Kick](), number(0.0)
    left = dict(trees)
    for name, course in courses.items():
        read = [state for state, tree in left.items() if name in leaves(tree)]
        some = np.flatnonzero(course)
        if not read or not np.all(np.isfinite(course)) or not is_train(some, course.size):
            continue
        jumps = {}
        for state in read:
            there = Slopes(algebra, dt, none).value(left[state])
            if name in leaves(there):
                jumps[state] = Slopes(algebra, name).slope(there)
        if not jumps or any(not leaves(one) <= set(values) for one in jumps.values()):
            continue
        early = V in read and V not in jumps
        for state, slope in jumps.items():
            weight = float(
                values_at(slope, {"": np.zeros(1)} | {k: np.full(1, v) for k, v in values.items()})[0]
            )
            found.append(Kick(state, some, weight * course[some], early, name))
        left = {state: algebra.replaced(tree, {name: none}) for state, tree in left.items()}
    return left, tuple(found)


def without_trains(record: Record, kicks: Sequence[Kick], flow: Node) -> Record:
    """Take a train of incoming spikes for no input; what else V reads from outside is one."""
    if record.input not in {kick.source for kick in kicks} - {""}:
        return record
    rest = {**record.exogenous, record.input: record.inputs}
    others = sorted(leaves(flow) & set(record.exogenous))
    own = others[0] if len(others) == 1 else ""
    inputs = rest.pop(own) if own else np.full(record.order.size, np.nan)
    return attrs.evolve(record, input=own, inputs=inputs, exogenous=rest)


def is_train(steps: npt.NDArray[np.int64], n_steps: int) -> bool:
    """Tell whether something comes in now and then in these steps; what is on for a while is a current."""
    runs = 1 + np.sum(np.diff(steps) > 1)
    return 0 < steps.size <= FEW * n_steps and bool(runs >= 0.5 * steps.size * (1.0 - steps.size / n_steps))


def kicked_kinds(
    record: Record, main: Step, others: Sequence[int], held: Sequence[int], sides: Mapping[int, Node],
    moving: Sequence[str], points: Mapping[str, Array],
) -> Kinds:  # fmt: skip
    """Give the kinds of step that are the main one and a jump of some states, which no state chose.

    The jump comes after the main step, or before it: so as more kinds are explained, by fewer states, by
    rounder numbers. With a free one go those that fire, by what is compared (`sides`), or that fire or are
    held by the same choice of an input; V, first in `moving`, jumps in none that is held.
    """
    after, before = dict[int, dict[str, float]](), dict[int, dict[str, float]]()
    dt = record.parameters.get(record.dt)
    lengths = [  # with one step, and with a short one
        {**points, record.dt: np.full(points[record.dt].size, part * dt.value)}
        for part in (1.0, SHORT)
        if dt is not None
    ]
    chosen = chosen_alike(record)
    for at in others:
        late, early = _jumps(chosen, main, record.steps[at], moving, points, lengths)
        after |= {at: late} if late else {}
        before |= {at: early} if early else {}
    found = Kinds(*max(((after, False), (before, True)), key=lambda one: _explains(one[0])))
    sizes = {one for jumps in found.jumps.values() for one in jumps.items()}
    for kinds in (held, tuple(sides)):  # a jump that is known comes in while V is held, and with a spike
        base = max(kinds, key=lambda at: record.steps[at].count, default=-1)
        for at in kinds if sizes else ():
            known = _jumps(chosen, record.steps[base], record.steps[at], moving, points, lengths)[found.early]
            if known and all(_is_known(name, size, sizes) for name, size in known.items()):
                found.jumps[at] = known
    usual = chosen_by_clock(main)
    for at, jumps in tuple(found.jumps.items()):
        own, sign = record.steps[at].updates[moving[0]], chosen_by_clock(record.steps[at]) - usual
        for other, step in enumerate(record.steps):
            signed = bool(sign) and sign <= chosen_by_clock(step)
            alike = signed or (moving[0] in jumps and sides.get(other) is own)
            if alike and other not in found.jumps and other not in others:
                apart = _apart(main, step, moving, points)  # what goes on as in the main step takes none
                found.jumps[other] = {
                    name: one
                    for name, one in jumps.items()
                    if name in apart and (name != moving[0] or other not in held)
                }
    return found


def _is_known(name: str, size: float, sizes: Set[tuple[str, float]]) -> bool:
    """Tell whether a state is known to jump by this, or by a part of it: several spikes come in at once."""
    times = [size / one for state, one in sizes if state == name]
    return any(round(one) >= 1 and abs(one - round(one)) < SAME * one for one in times)


def all_come_in(steps: npt.NDArray[np.int64], kicks: Sequence[Kick]) -> bool:
    """Tell whether something comes in, of what is known to do so, in each of these steps."""
    return bool(np.all(np.isin(steps, np.concatenate([[], *(kick.steps for kick in kicks)]))))


def check_steps(maps: Maps) -> None:
    """Refuse steps that set a state by itself now and then: no model has such incoming spikes.

    Raises
    ------
    ModelError
        Naming the state and the line.
    """
    record, main = maps.record, maps.main
    points = points_of(record, maps.step)
    chosen = chosen_alike(record)
    for at in maps.free:
        step = record.steps[at]
        own = np.flatnonzero(record.order == at)
        if step is main or not chosen(step, main) or not is_train(own, record.order.size):
            continue
        for name in maps.moving if not all_come_in(own, maps.kicks) else ():
            node = step.updates[name]
            if differ(values_at(node, points), values_at(main.updates[name], points)):
                raise ModelError(
                    f"what comes in must move a state by a number, got {own.size} steps in which "
                    f"{plain(name)} becomes {text_of(node)} (line {node.line}): natrium has no model of that"
                )


def _jumps(
    alike: Alike,
    main: Step,
    step: Step,
    moving: Sequence[str],
    points: Mapping[str, Array],
    lengths: Sequence[Mapping[str, Array]],
) -> tuple[dict[str, float], dict[str, float]]:
    """Give the jumps after a main step, and those before it, that make another of it; none where none do."""
    if step is main or step.updates is main.updates or not alike(step, main):
        return {}, {}
    apart = _apart(main, step, moving, points)
    even = {name: float(np.median(one)) for name, one in apart.items() if _is_even(one)}
    before = _moved_before(main, step, apart, moving, points) or _moved_at(main, step, moving, lengths)
    return even if set(apart) == set(even) else {}, before


def _apart(main: Step, step: Step, moving: Sequence[str], points: Mapping[str, Array]) -> dict[str, Array]:
    """Give by how much states come out otherwise than by the main step."""
    own, usual = ({name: values_at(one.updates[name], points) for name in moving} for one in (step, main))
    return {name: own[name] - usual[name] for name in moving if differ(own[name], usual[name])}


def _moved_at(
    main: Step, step: Step, moving: Sequence[str], lengths: Sequence[Mapping[str, Array]]
) -> dict[str, float]:
    """Find the jumps before a main step that hang on how long that is, and stay where it is short."""
    found = [_moved_before(main, step, _apart(main, step, moving, there), moving, there) for there in lengths]
    if len(found) < 2 or set(found[0]) != set(found[1]):
        return {}
    jumps, short = found
    return jumps if all(abs(short[name]) > LEAST_LEFT * abs(jumps[name]) for name in jumps) else {}


def _is_even(apart: Array) -> bool:
    return bool(np.ptp(apart) <= SAME * np.max(np.abs(apart)))


def _explains(jumps: Mapping[int, Mapping[str, float]]) -> tuple[int, int, int]:
    """Tell how much jumps explain: kinds of step, by few states, by numbers that somebody wrote."""
    sizes = [size for one in jumps.values() for size in one.values()]
    return len(jumps), -len(sizes), sum(map(is_nice, sizes))


def _moved_before(
    main: Step, step: Step, apart: Mapping[str, Array], moving: Sequence[str], points: Mapping[str, Array]
) -> dict[str, float]:
    """Find the jumps, of one state or of several, after which the main step is another."""
    jumps = {}
    for name, off in apart.items():
        own, further = (
            values_at(main.updates[name], {**points, name: points[name] + more}) for more in (0.0, 1.0)
        )
        with np.errstate(all="ignore"):
            size = off / (further - own)
        if np.all(np.isfinite(size)) and _is_even(size):
            jumps[name] = float(f"{float(np.median(size)):.12g}")
    if not jumps:
        return {}
    few = (one for n in range(1, TOGETHER + 1) for one in combinations(jumps, n))
    for tried in [*({name: jumps[name] for name in names} for names in few), jumps]:
        moved = {**points, **{name: points[name] + size for name, size in tried.items()}}
        pairs = (
            (values_at(step.updates[one], points), values_at(main.updates[one], moved)) for one in moving
        )
        if tried and not any(differ(one, other) for one, other in pairs):
            return tried
    return {}


def chosen_by_clock(step: Step) -> set[tuple[int, bool]]:
    """Give what the clock and inputs have chosen in a step."""
    return {(one.line, one.held) for one in step.choices if one.timed}


def chosen_alike(record: Record) -> Alike:
    """Tell, of two steps, whether comparisons of states came out alike, but of what only counts on."""
    courses = zip(record.states, record.samples.T, strict=True)
    states, counts = set(record.states), {name for name, course in courses if _counts_on(course)}

    def choices(step: Step) -> list[tuple[str, bool, int]]:
        met = ((one, leaves(one.left, one.right) & states) for one in step.choices)
        return [
            (one.relation, one.held, one.line)
            for one, names in met
            if not one.timed and not (names and names <= counts)
        ]

    kept = {id(step): choices(step) for step in record.steps}  # steps are met in pairs

    def of(step: Step) -> list[tuple[str, bool, int]]:
        return kept.get(id(step)) or choices(step)

    return lambda step, other: of(step) == of(other)


def _counts_on(course: Array) -> bool:
    by = np.diff(course)
    return bool(np.all(by >= 0.0) and np.all(by == np.floor(by)))


def of_kinds(record: Record, kinds: Kinds) -> tuple[Kick, ...]:
    """Give the kicks of such kinds of step."""
    found = []
    for name in sorted({name for jumps in kinds.jumps.values() for name in jumps}):
        weights = np.zeros(len(record.steps))
        for at, jumps in kinds.jumps.items():
            weights[at] = jumps.get(name, 0.0)
        each = weights[record.order]
        some = np.flatnonzero(each)
        found.append(Kick(name, some, each[some], kinds.early))
    return tuple(found)


def spikes_of(
    kicks: Sequence[Kick],
    names: Mapping[str, str],
    times: Array,
    step: float,
    ms: float,
    scales: Mapping[str, float],
) -> list[Spikes]:
    """Make incoming spikes of a model of them, a train for each state and weight."""
    found = []
    for kick in kicks:
        at = (times[kick.steps] + (0.0 if kick.early else step)) * ms
        weights = np.array([float(f"{one:.12g}") for one in kick.weights * scales.get(kick.state, 1.0)])
        sizes = np.unique(weights)
        if sizes.size > MOST:
            raise ModelError(f"incoming spikes must have at most {MOST} different weights, got {sizes.size}")
        target = names[kick.state]
        found += [Spikes(tuple(at[weights == one].tolist()), target, float(one)) for one in sizes]
    return found
