"""The steps of a traced run are sorted: which are free, which fire, which are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.begun import before_the_step, begun, located
from natrium.analysis.doctor.reading.drawn import after_drawn, after_painting
from natrium.analysis.doctor.reading.kicks import kicked, kicked_kinds, of_kinds, without_trains
from natrium.analysis.doctor.reading.maps import (
    NO_DT,
    Hold,
    Maps,
    Threshold,
    _chain,
    crossings,
    differ,
    expanded,
    is_timer,
    points_of,
    step_of,
    stepped,
    values_at,
)
from natrium.analysis.doctor.reading.population import check_alone
from natrium.analysis.doctor.reading.prepare import stages
from natrium.analysis.doctor.reading.rules import output_times
from natrium.analysis.doctor.reading.simplify import noiseless, unclipped
from natrium.analysis.doctor.reading.trees import (
    LEAF,
    RELATIONS,
    in_order,
    leaf,
    leaves,
    name_of,
    number,
    same_tree,
)
from natrium.analysis.doctor.reading.voltage import voltage_of
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model.arrays import Array
from natrium.model.errors import UnsupportedModel

UP = (">", ">=")


@attrs.define(eq=False)
class Sorter:
    """One run, while its steps are sorted."""

    record: Record
    algebra: Algebra
    V: str
    moving: tuple[str, ...]
    timers: tuple[str, ...]
    step: float
    points: Mapping[str, Array]
    dt: str

    @classmethod
    def of(cls, record: Record) -> Sorter:
        """Tell states that flow from those that count."""
        algebra = Algebra()
        timers = tuple(
            one for one in record.states if is_timer(record, algebra, one) and not _is_frozen(record, one)
        )
        moving = tuple(one for one in record.states if one not in timers)
        if not moving:
            raise UnsupportedModel(
                "a script's steps must move a voltage, got none that does: "
                f"what its steps write is {', '.join(record.states) or 'nothing'}"
            )
        flags = [one for one in moving if any(name_of(s.updates[one]) in RELATIONS for s in record.steps)]
        if flags:
            raise UnsupportedModel(
                f"a script's states must flow or count, got {flags[0]}, which is told by a comparison: "
                "neurons "
                "that drive each other are not read"
            )
        V = voltage_of(record, moving)
        step = step_of(record)
        moving = (V, *(one for one in moving if one != V))
        return cls(record, algebra, V, moving, timers, step, points_of(record, step), record.dt or NO_DT)

    def update(self, step: Step, state: str) -> Node:
        """Give a map as one tree, derived parameters put in where they hold dt."""
        return expanded(self.record, self.algebra, self.algebra.canonical(step.updates[state]))

    def jumps(self, step: Step, state: str) -> bool:
        """Tell whether a state moves though no time goes by."""
        node = self.update(step, state)
        if self.dt not in leaves(node):
            return not (node.op == LEAF and node.name == state)
        there = Slopes(self.algebra, self.dt, number(0.0)).value(node)
        return differ(values_at(there, self.points), self.points[state])

    def is_set(self, step: Step) -> bool:
        """Tell whether V is set to what it was not made of."""
        return self.V not in leaves(step.updates[self.V])

    def is_kept(self, step: Step) -> bool:
        """Tell whether V is left alone."""
        node = step.updates[self.V]
        return node.op == LEAF and node.name == self.V

    def fires(self, at: int, crossed: Sequence[Sequence[Threshold]]) -> Threshold | None:
        """Give the comparison by which a step fires; None where it does not."""
        step = self.record.steps[at]
        # V itself, old or new, before what is made of it.
        for one in sorted(crossed[at], key=lambda one: one.after and not _chain(one.side, self.V)):
            if one.relation not in UP or (self.is_set(step) and self._picks_a_flow(one, crossed)):
                continue
            others = [
                other
                for index, found in enumerate(crossed)
                for two in found
                if two.line == one.line and two.relation not in UP
                for other in (self.record.steps[index],)
            ]
            if self._is_reset(step, others):
                return one
        return None

    def fall(self, crossed: Sequence[Sequence[Threshold]]) -> dict[int, Threshold]:
        """Give the comparisons of a threshold that is the wrong way round: all below it are reset."""
        return {
            at: one
            for at, found in enumerate(crossed)
            for one in found
            if one.relation not in UP and one.after and self.is_set(self.record.steps[at])
            and not same_tree(self.record.steps[at].updates[self.V], one.level)
        }  # fmt: skip

    def _picks_a_flow(self, one: Threshold, crossed: Sequence[Sequence[Threshold]]) -> bool:
        """Tell whether V flows on however a comparison comes out: a rate's own cases, or its guard at 0/0."""
        if name_of(one.side) == "abs":
            return True
        ways: dict[bool, list[Step]] = {True: [], False: []}
        for step, found in zip(self.record.steps, crossed, strict=True):
            if not (self.is_set(step) or self.is_kept(step)):
                for two in found:
                    if two.line == one.line:
                        ways[two.relation in UP].append(step)
        above, below = ways[True], ways[False]
        return bool(above) and (not below or any(
            _others(step, one.line) == _others(other, one.line)
            and any(step.updates[state] is not other.updates[state] for state in self.moving)
            and not any(self.jumps(step, state) for state in self.moving)
            for step in above for other in below
        ))  # fmt: skip

    def _is_reset(self, step: Step, others: Sequence[Step]) -> bool:
        if self.is_set(step):
            return True
        free = [other for other in others if not self.is_set(other)]
        if free and any(
            self.jumps(step, one) and not any(self.jumps(other, one) for other in free) for one in self.moving
        ):
            return True
        # A script without dt, or one that lost it: V is taken down by what is not made of V.
        for other in free:
            if state_shift(self, step, other):
                return True
        return bool(free) and any(
            _set(step.updates[one], one) and not all(_set(other.updates[one], one) for other in free)
            for one in self.timers
        )


def _is_frozen(record: Record, name: str) -> bool:
    """Tell whether a state never changes and others are made of it: one that should flow."""
    column = record.samples[:, record.states.index(name)]
    return bool(np.all(column == column[0])) and any(
        name in leaves(node) for step in record.steps for other, node in step.updates.items() if other != name
    )


def state_shift(sorter: Sorter, step: Step, other: Step) -> bool:
    """Tell whether V comes out lower than by another map, by the same everywhere."""
    for state in sorter.moving:
        one = values_at(sorter.update(step, state), sorter.points)
        two = values_at(sorter.update(other, state), sorter.points)
        if not (np.all(np.isfinite(one)) and np.all(np.isfinite(two))):
            continue
        apart = one - two
        if np.ptp(apart) < 1e-9 * max(1e-300, float(np.abs(apart).max())) and np.abs(apart).max() > 1e-12:
            return True
    return False


def _others(step: Step, line: int) -> list[tuple[int, str, bool]]:
    return [(one.line, one.relation, one.held) for one in step.choices if one.line != line]


def _set(node: Node, state: str) -> bool:
    return state not in leaves(node)


def sort(record: Record) -> Maps:
    """Sort the maps of a run.

    Raises
    ------
    UnsupportedModel
        When no step of it moves a voltage.
    """
    if record.solver:
        return _sort_flow(record)
    sorter = Sorter.of(record)
    check_alone(record, sorter.algebra, sorter.V, sorter.moving)
    crossed = [crossings(sorter.algebra, step, sorter.V) for step in record.steps]
    fired = {at: one for at in range(len(record.steps)) if (one := sorter.fires(at, crossed))}
    for at in after_drawn(record, sorter.V, fired, sorter.points):
        del fired[at]
    if not fired and all(sorter.is_set(step) or sorter.is_kept(step) for step in record.steps):
        fired = sorter.fall(crossed)
    held = tuple(
        at
        for at, step in enumerate(record.steps)
        if at not in fired and (sorter.is_set(step) or sorter.is_kept(step))
    )
    free = sorted(
        (at for at in range(len(record.steps)) if at not in fired and at not in held),
        key=lambda at: -record.steps[at].count,
    )
    quiet = [at for at in free if not sorter.jumps(record.steps[at], sorter.V)]
    clocked = tuple(at for at in free if at not in quiet) if quiet else ()
    free = quiet or free
    tested = max(fired, key=lambda at: record.steps[at].count, default=None)
    if free:
        main = record.steps[free[0]]
    elif tested is not None and fired[tested].after:
        step = record.steps[tested]
        main = attrs.evolve(step, updates={**step.updates, sorter.V: fired[tested].side})
    else:
        raise UnsupportedModel(
            f"a script must have a step in which {sorter.V} flows, got {len(record.steps)} kinds of step in "
            "which it is set; was the input ever on?"
        )
    sides = {at: one.side for at, one in fired.items()}
    kinds = kicked_kinds(record, main, (*free, *clocked), held, sides, sorter.moving, sorter.points)
    clocked = tuple(at for at in clocked if at not in kinds.jumps)
    late = begun(record, main, fired, held, sorter.V, sorter.moving)
    held = tuple(at for at in held if at not in late)
    trees = {one: sorter.update(main, one) for one in sorter.moving}
    again = {name: leaf(one) for name, one in stages(record).items()} | _idle(sorter, main, trees)
    if again:
        done: dict[Node, Node] = {}
        trees = {
            one: sorter.algebra.canonical(sorter.algebra.replaced(tree, again, done))
            for one, tree in trees.items()
        }
    trees, clips = unclipped(record, sorter.algebra, trees, record.dt or NO_DT)
    trees, kicks = kicked(record, sorter.algebra, trees, record.dt or NO_DT, sorter.V)
    record = without_trains(record, kicks, trees[sorter.V])
    named = bool(record.dt) and any(record.dt in leaves(tree) for tree in trees.values())
    dt = record.dt if named else NO_DT
    if not named:
        trees = stepped(sorter.algebra, trees, sorter.step)
    record, trees, noise = noiseless(record, sorter.algebra, trees, dt, sorter.step)
    spikes = np.flatnonzero(np.isin(record.order, list(fired)))
    threshold = next(iter(sorted(fired.values(), key=lambda one: one.line)), None)
    often = max(fired, key=lambda at: record.steps[at].count, default=-1)
    tests = threshold is not None and threshold.after
    inside = located(record.steps[often], fired[often], sorter.V, sorter.points) if tests else None
    resets = next(iter(late.values()), None) or _resets(sorter, fired, held, spikes, main, inside)
    return Maps(
        record=record,
        algebra=sorter.algebra,
        V=sorter.V,
        moving=sorter.moving,
        timers=sorter.timers,
        free=tuple(free),
        main=main,
        firing=tuple(fired),
        held=held,
        threshold=threshold,
        resets=resets,
        hold=_hold(sorter, fired, held, free, spikes),
        spikes=spikes,
        dt=dt,
        named=named,
        step=sorter.step,
        trees=trees,
        clips=clips,
        clocked=clocked,
        noise=noise,
        located=inside is not None,
        kicks=(*kicks, *of_kinds(record, kinds)),
    )


def _idle(sorter: Sorter, main: Step, trees: Mapping[str, Node]) -> dict[str, Node]:
    """Give the timers that free maps read though they are at 0: what is left of a refractory step."""
    record = sorter.record
    taken = [at for at, step in enumerate(record.steps) if step.updates is main.updates]
    rows = record.samples[:-1][np.isin(record.order, taken)]
    read = {name for tree in trees.values() for name in leaves(tree)} & set(sorter.timers)
    zero = {name for name in read if rows.size and not np.median(rows[:, record.states.index(name)])}
    return dict.fromkeys(zero, number(0.0))


def _sort_flow(record: Record) -> Maps:
    """Make the maps of a script whose steps SciPy takes: its right-hand side."""
    algebra, step = Algebra(), max(record.steps, key=lambda one: one.count)
    V = voltage_of(record, record.states)
    moving = (V, *(one for one in record.states if one != V))
    times = output_times(record)
    length = float(np.median(np.diff(times)))
    fire = record.steps[-1] if record.restarts else None
    resets = fire.updates.items() if fire is not None else ()
    waits = tuple(round((begin - end) / length) for end, begin, _ in record.restarts)
    return Maps(
        record=record, algebra=algebra, V=V, moving=moving, timers=(), free=(0,), main=step,
        firing=(len(record.steps) - 1,) if fire is not None else (), held=(),
        threshold=next(iter(crossings(algebra, fire, V)), None) if fire is not None else None,
        resets={name: algebra.canonical(one) for name, one in resets if one.name != name},
        hold=Hold("none", waits, moving if any(waits) else (), tuple(one.line for one in record.resumed[:1])),
        spikes=np.searchsorted(times, [end for end, _, _ in record.restarts]).astype(np.int64) - 1,
        dt=NO_DT, named=False, step=length,
        trees={name: algebra.canonical(step.updates[name]) for name in moving},
    )  # fmt: skip


def _resets(
    sorter: Sorter, fired: Mapping[int, Threshold], held: Sequence[int], spikes: np.ndarray, main: Step,
    inside: Node | None,
) -> dict[str, Node]:  # fmt: skip
    """Give what a spike makes of each state that it moves, over the states that the step has made."""
    if not fired:
        return {}
    counts = {at: sorter.record.steps[at].count for at in fired}
    step = sorter.record.steps[max(counts, key=lambda at: counts[at])]
    found: dict[str, Node] = {}
    if first := before_the_step(main, step, sorter.V, sorter.moving):
        return first
    painted = after_painting(sorter.record, sorter.V, next(iter(fired.values())), held, spikes, sorter.points)
    for state in sorter.moving:
        node = step.updates[state]
        if painted is not None and (state == sorter.V or sorter.jumps(painted, state)):
            found[state] = painted.updates[state]
        elif state == sorter.V and inside is not None:
            found[state] = inside
        elif state == sorter.V and sorter.is_set(step):
            found[state] = node
        else:
            moved = _reset_of(sorter, step, main, state)
            if moved is not None:
                found[state] = moved
    return found


def _reset_of(sorter: Sorter, step: Step, main: Step, state: str) -> Node | None:
    """Give what a spike makes of a state, of the state itself; None where it leaves it alone."""
    node = sorter.update(step, state)
    if state not in leaves(node):
        return node
    free = sorter.update(main, state)
    if node is free or not differ(values_at(node, sorter.points), values_at(free, sorter.points)):
        return None
    return _around(sorter, node, state, free)


def _around(sorter: Sorter, node: Node, state: str, free: Node) -> Node:
    """Take a firing map as something done to the free map: that is put back as the state."""
    if node is free or (node.op == LEAF and node.name == state):
        return leaf(state)
    if not node.args or state not in leaves(node):
        return node
    if sorter.dt in leaves(node) and not any(one is free for one in in_order([node])):
        # The map without its spike is not in it: what is done at dt = 0 is the reset.
        return Slopes(sorter.algebra, sorter.dt, number(0.0)).value(node)
    return sorter.algebra.rebuilt(node, tuple(_around(sorter, one, state, free) for one in node.args))


def _hold(
    sorter: Sorter,
    fired: Mapping[int, Threshold],
    held: Sequence[int],
    free: Sequence[int],
    spikes: np.ndarray,
) -> Hold:
    """Count the steps that each spike holds, and say what is counted."""
    record, counts = sorter.record, []
    waits = set(held)
    if not waits and fired:
        tested = {record.steps[at] for at in free if crossings(sorter.algebra, record.steps[at], sorter.V)}
        waits = {at for at in free if record.steps[at] not in tested} if tested else set()
    n = 0
    for k in spikes.tolist():
        n = k + 1
        while n < record.order.size and record.order[n] in waits:
            n += 1
        if n < record.order.size:
            counts.append(n - k - 1)
    endless = bool(spikes.size) and n == record.order.size and n > spikes[-1] + 1
    if not waits or not (any(counts) or endless):
        return Hold("none", tuple(counts), (), ())
    step = record.steps[max(waits, key=lambda at: record.steps[at].count)]
    deciding = [one for one in step.choices if (leaves(one.left) | leaves(one.right)) & set(sorter.timers)]
    clock = any(record.time and record.time in leaves(one.left) | leaves(one.right) for one in deciding)
    still = tuple(
        one
        for one in sorter.moving
        if (step.updates[one].op == LEAF and step.updates[one].name == one)
        or (one == sorter.V and sorter.is_set(step))
        or (not deciding and record.dt and record.dt not in leaves(sorter.update(step, one)))
    )
    way = "clock" if clock else "counter" if deciding else "none"
    return Hold(way, tuple(counts), still, tuple(one.line for one in deciding))
