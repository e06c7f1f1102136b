"""The steps of a traced run are sorted: which are free, which fire, which are held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.clocks import clocks_of
from natrium.analysis.doctor.reading.expressions.poles import without_poles
from natrium.analysis.doctor.reading.expressions.simplify import courses, unclipped
from natrium.analysis.doctor.reading.expressions.trees import (
    at_points,
    in_order,
    is_leaf,
    leaf,
    leaves,
    number,
    same_tree,
)
from natrium.analysis.doctor.reading.maps.begun import before_the_step, begun, located
from natrium.analysis.doctor.reading.maps.drawn import after_drawn, after_painting
from natrium.analysis.doctor.reading.maps.kicks import kicked, kicked_kinds, of_kinds, without_trains
from natrium.analysis.doctor.reading.maps.kicks_in_run import kicked_in_run
from natrium.analysis.doctor.reading.maps.maps import (
    NO_DT,
    Hold,
    Maps,
    Threshold,
    crossings,
    differ,
    stepped,
    values_at,
)
from natrium.analysis.doctor.reading.maps.population import check_alone
from natrium.analysis.doctor.reading.maps.voltage import voltage_of
from natrium.analysis.doctor.reading.model.clock import output_times
from natrium.analysis.doctor.reading.steps.noise import noiseless
from natrium.analysis.doctor.reading.steps.prepare import stages
from natrium.analysis.doctor.reading.steps.sorter import Sorter
from natrium.analysis.doctor.trace.record import Node, Record, Step
from natrium.model.errors import UnsupportedModel


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
    announced = sorter.announced(crossed)
    fired = fired or announced
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
    others = kicked_in_run(
        record, main, (free, tuple(fired), held), kinds.jumps, sorter.moving, sorter.points
    )
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
    if record.dt:
        trees = {
            one: sorter.algebra.canonical(without_poles(sorter.algebra, tree, record.dt))
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
    taken = {int(record.order[k + 1]): fired[record.order[k]] for k in spikes if k + 1 < record.order.size}
    down = taken if fired.keys() == announced.keys() else fired
    resets = next(iter(late.values()), None) or _resets(sorter, down, held, spikes, main, inside)
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
        kicks=(*kicks, *of_kinds(record, kinds), *others),
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
    waits = tuple(max(round((begin - end) / length), int(begin > end)) for end, begin, _ in record.restarts)
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
        own = painted is not None and not same_tree(painted.updates[state], main.updates[state])
        if painted is not None and (state == sorter.V or (own and sorter.jumps(painted, state))):
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
    if node is free or is_leaf(node, state):
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
    after = spikes[spikes < record.order.size - 1] + 1
    waits = set(held) if np.any(np.isin(record.order[after], held)) else set[int]()
    if not waits and fired:
        tested = {record.steps[at] for at in free if crossings(sorter.algebra, record.steps[at], sorter.V)}
        waits = {at for at in free if record.steps[at] not in tested} if tested else set()
    waiting, n = np.isin(record.order, list(waits)), 0
    if only := not waits:
        waiting, waits = _forbidden(sorter, fired), {*fired}
    for k in spikes.tolist():
        n = k + 1
        while n < record.order.size and waiting[n]:
            n += 1
        if n < record.order.size:
            counts.append(n - k - 1)
    endless = bool(spikes.size) and n == record.order.size and n > spikes[-1] + 1
    if not waits or not (any(counts) or endless):
        return Hold("none", tuple(counts), (), ())
    step = record.steps[max(waits, key=lambda at: record.steps[at].count)]
    deciding = [one for one in step.choices if (leaves(one.left) | leaves(one.right)) & set(sorter.timers)]
    ended = {(one.line, not one.held) for at in free[:1] for one in record.steps[at].choices}
    # A spike may be drawn for some of the time: what comes out otherwise where V flows again ends the wait.
    deciding = [one for one in deciding if (one.line, one.held) in ended] or deciding
    clock = any(clocks_of(record) & (leaves(one.left) | leaves(one.right)) for one in deciding)
    still = tuple(
        one
        for one in (() if only else sorter.moving)
        if is_leaf(step.updates[one], one)
        or (one == sorter.V and sorter.is_set(step))
        or (not deciding and record.dt and record.dt not in leaves(sorter.update(step, one)))
    )
    way = "clock" if clock else "counter" if deciding else "none"
    return Hold(way, tuple(counts), still, tuple(one.line for one in deciding))


def _forbidden(sorter: Sorter, fired: Mapping[int, Threshold]) -> np.ndarray:
    """Tell in which steps V flows on and may not fire: a timer is compared, and comes out otherwise there."""
    record = sorter.record
    known = courses(record)
    timers = {
        one for one in sorter.timers if any(not is_leaf(record.steps[at].updates[one], one) for at in fired)
    }
    found = np.zeros(record.order.size, dtype=bool)
    for choice in {one.line: one for at in fired for one in record.steps[at].choices}.values():
        names = leaves(choice.left) | leaves(choice.right)
        if names & timers and names <= {*known} - {*sorter.moving}:
            test = Node(choice.relation, (choice.left, choice.right), math.nan)
            found |= (at_points(test, known) != 0.0) != choice.held
    down = [at for at, one in enumerate(record.steps) if sorter.is_set(one) or sorter.jumps(one, sorter.V)]
    return found & ~np.isin(record.order, down)
