"""A term that some steps have and others leave out, by the clock: an input, that is zero in these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
import numpy as np

from natrium.analysis.doctor.reading.replay import Machine
from natrium.analysis.doctor.reading.trees import (
    LEAF,
    NUMBER,
    in_order,
    leaf,
    leaves,
    name_of,
    same_tree,
    with_args,
)
from natrium.analysis.doctor.reading.wording import text_of
from natrium.analysis.doctor.trace.names import is_input
from natrium.analysis.doctor.trace.record import Node, Record, Step

_MOST = 12  # kinds of step: in runs of more a term is no switched one


@attrs.frozen(eq=False)
class _Apart:
    """Where two kinds of step part: the operations there, and which of their operands it is.

    Attributes
    ----------
    one, other : Node
    place : int
    term : bool
        Whether one of the two lacks that operand, and is the other operand alone.
    large : Node
        The one that has it.
    """

    one: Node
    other: Node
    place: int
    term: bool
    large: Node


def switched(record: Record) -> Record:
    """Take for one input what steps have or leave out, or have another of, by the clock alone."""
    if record.solver or not 1 < len(record.steps) <= _MOST:
        return record
    for at in sorted(range(len(record.steps)), key=lambda one: -record.steps[one].count)[1:]:
        main = max(record.steps, key=lambda one: one.count)
        step = record.steps[at]
        told, asked = _moved(main), _moved(step)
        if [one[1:] for one in told] != [one[1:] for one in asked]:
            continue
        pairs = [(main.updates[name], step.updates[name]) for name in record.states]
        for (sides, *_), (others, *_) in zip(told, asked, strict=True):
            pairs += zip(sides, others, strict=True)
        parting = _Parting(record)
        if all(parting.goes(one, other) for one, other in pairs) and parting.found:
            record = _joined(record, main, at, parting.found.values())
    return record


def _moved(step: Step) -> list[tuple[tuple[Node, Node], str, bool]]:
    """Give the choices that states decide."""
    return [((one.left, one.right), one.relation, one.held) for one in step.choices if not one.timed]


class _Parting:
    """Two kinds of step, gone down to where they part."""

    def __init__(self, record: Record) -> None:
        self.states, self.dt = frozenset(record.states), record.dt
        self.found: dict[tuple[Node, Node], _Apart] = {}

    def goes(self, one: Node, other: Node, whole: bool = True) -> bool:
        """Tell whether all that is apart in two trees is an input; `whole`: what is added moves a state."""
        if same_tree(one, other):
            return True
        for small, large in ((one, other), (other, one)):
            for at, term in enumerate(large.args if name_of(large) in ("+", "-") else ()):
                alone = at == 1 or large.op == "+"
                jumps = whole and self.dt not in leaves(term)
                if alone and not jumps and self._is_given(term) and same_tree(small, large.args[1 - at]):
                    if small.op == LEAF:
                        return False
                    self.found[one, other] = _Apart(one, other, at, True, large)
                    return True
        if not one.args or (one.op, len(one.args)) != (other.op, len(other.args)):
            return False
        for at, (a, b) in enumerate(zip(one.args, other.args, strict=True)):
            inputs = not a.args and not b.args and self._is_given(a) and self._is_given(b)
            if inputs and any(map(is_input, leaves(a, b))) and not same_tree(a, b):
                self.found[one, other] = _Apart(one, other, at, False, one)
            elif not self.goes(a, b, whole and name_of(one) in ("+", "-")):
                return False
        return True

    def _is_given(self, node: Node) -> bool:
        return not leaves(node) & self.states


def _joined(record: Record, main: Step, at: int, found: Iterable[_Apart]) -> Record:
    """Put an input in the place of what is apart."""
    steps, exogenous, parameters = record.steps, dict(record.exogenous), dict(record.parameters)
    first, inputs, new = record.input, record.inputs, list[str]()
    for apart in found:
        given = apart.large.args[apart.place]
        name, whole = _named(record, apart)
        own = given if whole else leaf(name)
        values = np.zeros(record.order.size)
        for kind, step in enumerate(record.steps):
            met = set(in_order(_roots(step)))
            node = apart.other.args[apart.place] if not apart.term and apart.other in met else own
            if (apart.large if apart.term or node is own else apart.other) in met:
                for k in np.flatnonzero(record.order == kind):
                    values[k] = _value(record, node, int(k))
        steps = tuple(_with(step, _instead(apart, name, whole)) for step in steps)
        parameters.pop(name, None)
        new.append(name)
        exogenous[name] = values
        if not first or first == name:
            first, inputs = name, exogenous.pop(name)
    changed = attrs.evolve(
        record, steps=steps, exogenous=exogenous, parameters=parameters, input=first, inputs=inputs,
        origins={**record.origins, **dict.fromkeys(new, ())},
    )  # fmt: skip
    now = changed.steps[record.steps.index(main)].updates
    same = all(same_tree(now[name], changed.steps[at].updates[name]) for name in record.states)
    return changed if same else record


def _roots(step: Step) -> list[Node]:
    return [*step.updates.values(), *(side for one in step.choices for side in (one.left, one.right))]


def _named(record: Record, apart: _Apart) -> tuple[str, bool]:
    """Name the input; tell whether it is all that is apart, not a factor of it."""
    given = apart.large.args[apart.place]
    if not apart.term:
        return max((given.name, apart.other.args[apart.place].name), key=len), True
    names = sorted(name for name in leaves(given) if is_input(name))
    known = len(names) == 1 and leaves(given) <= set(record.parameters)
    if known and _made(given, record.parameter_values | {names[0]: 0.0}) == 0.0:
        return names[0], False
    return (given.name if given.op == LEAF else text_of(given)), True


def _instead(apart: _Apart, name: str, whole: bool) -> dict[Node, Node]:
    """Say what stands where the two part, with the input in its place."""
    large, new = apart.large, leaf(name)
    term = new if whole else _replaced(
        large.args[apart.place], {one: new for one in in_order(large.args) if one.name == name}
    )  # fmt: skip

    def having(node: Node, rest: Node) -> Node:
        return attrs.evolve(node, args=(rest, term) if apart.place == 1 else (term, rest))

    if apart.term:
        small = apart.other if large is apart.one else apart.one
        return {large: having(large, large.args[1 - apart.place]), small: having(large, small)}
    return {
        one: attrs.evolve(one, args=tuple(new if k == apart.place else arg for k, arg in enumerate(one.args)))
        for one in (apart.one, apart.other)
    }


def _with(step: Step, instead: Mapping[Node, Node]) -> Step:
    return attrs.evolve(
        step,
        updates={name: _replaced(node, instead) for name, node in step.updates.items()},
        choices=tuple(
            attrs.evolve(one, left=_replaced(one.left, instead), right=_replaced(one.right, instead))
            for one in step.choices
        ),
    )


def _replaced(root: Node, instead: Mapping[Node, Node]) -> Node:
    """Put nodes in the place of others; within what is put there nothing is."""
    made: dict[Node, Node] = {}
    for node in in_order([root]):
        if node in instead:
            made[node] = instead[node]
            continue
        args = tuple(made[one] for one in node.args)
        made[node] = with_args(node, args)
    return made[root]


def _value(record: Record, node: Node, k: int) -> float:
    """Give what a tree of the clock and inputs was in a step."""
    if node.op == NUMBER:
        return node.value
    values = record.parameter_values | {name: float(course[k]) for name, course in record.exogenous.items()}
    values |= {record.input: float(record.inputs[k])} if record.input else {}
    values |= {record.time: float(record.times[k])} if record.time else {}
    return _made(node, values)


def _made(node: Node, values: Mapping[str, float]) -> float:
    return Machine(Step({"": node}, (), 0, 0))(values)[1][0]
