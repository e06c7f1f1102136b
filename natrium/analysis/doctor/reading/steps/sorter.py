"""One run while its steps are sorted: what each does to V, and by which comparison it fires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, Slopes
from natrium.analysis.doctor.reading.expressions.trees import (
    RELATIONS,
    is_leaf,
    leaves,
    name_of,
    number,
    same_tree,
)
from natrium.analysis.doctor.reading.maps.maps import (
    NO_DT,
    Threshold,
    _chain,
    differ,
    expanded,
    is_timer,
    led,
    points_of,
    step_of,
    values_at,
)
from natrium.analysis.doctor.reading.maps.voltage import voltage_of
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
            return not is_leaf(node, state)
        there = Slopes(self.algebra, self.dt, number(0.0)).value(node)
        return differ(values_at(there, self.points), self.points[state])

    def is_set(self, step: Step) -> bool:
        """Tell whether V is set to what it was not made of."""
        return self.V not in leaves(step.updates[self.V])

    def is_kept(self, step: Step) -> bool:
        """Tell whether V is left alone."""
        node = step.updates[self.V]
        return is_leaf(node, self.V)

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

    def announced(self, crossed: Sequence[Sequence[Threshold]]) -> dict[int, Threshold]:
        """Give the comparisons of steps after which, and after no others, V is taken down in the next."""
        order, steps = self.record.order, self.record.steps
        taken = [at for at, one in enumerate(steps) if self.is_set(one) or self.jumps(one, self.V)]
        down = np.isin(order, taken)
        found = {
            at: tests[0]
            for at, all_tests in enumerate(crossed)
            if at not in taken and (tests := [one for one in all_tests if one.relation in UP])
            and np.any(order[:-1] == at) and np.all(down[1:][order[:-1] == at])
        }  # fmt: skip
        return found if np.all(np.isin(order[:-1][down[1:]], list(found))) else {}

    def fall(self, crossed: Sequence[Sequence[Threshold]]) -> dict[int, Threshold]:
        """Give the comparisons of a threshold that is the wrong way round: all below it are reset."""
        return {
            at: one
            for at, found in enumerate(crossed)
            for one in found
            if one.relation not in UP and one.after and self.is_set(self.record.steps[at])
            and led(self.record.steps[at], one.side) in (self.V, "")
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
