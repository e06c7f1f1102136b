"""A term that some steps have and others leave out, by the clock: an input, that is zero in these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    in_order,
    leaf,
    leaves,
    name_of,
    same_tree,
    with_args,
)
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.steps.replay import Machine
from natrium.analysis.doctor.trace.meanings import is_input
from natrium.analysis.doctor.trace.record import Node, Record, Step

_Edit = Callable[[Mapping[Node, Node]], Node]
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
    exogenous, parameters = dict(record.exogenous), dict(record.parameters)
    first, inputs, new, edits = record.input, record.inputs, list[str](), dict[Node, _Edit]()
    met = [set(in_order(step.trees)) for step in record.steps]
    for apart in found:
        told = _told(apart, met)
        name, whole = _named(record, apart, told)
        if not whole:
            told = {apart.large: leaf(name)}
        values = np.zeros(record.order.size)
        for kind, nodes in enumerate(met):
            for node, given in told.items():
                for k in np.flatnonzero(record.order == kind) if node in nodes else ():
                    values[k] = _value(record, given, int(k))
        edits |= _edits(apart, leaf(name), whole, tuple(told))
        parameters.pop(name, None)
        new.append(name)
        exogenous[name] = values
        if not first or first == name:
            first, inputs = name, exogenous.pop(name)
    changed = attrs.evolve(
        record, steps=tuple(_with(step, edits) for step in record.steps), exogenous=exogenous,
        parameters=parameters, input=first, inputs=inputs,
        origins={**record.origins, **dict.fromkeys(new, ())},
    )  # fmt: skip
    now = changed.steps[record.steps.index(main)].updates
    same = all(same_tree(now[name], changed.steps[at].updates[name]) for name in record.states)
    return changed if same else record


def _named(record: Record, apart: _Apart, told: Mapping[Node, Node]) -> tuple[str, bool]:
    """Name the input; tell whether it is all that is apart, not a factor of it."""
    given = apart.large.args[apart.place]
    if not apart.term:
        both = [one.name for one in told.values()]
        is_all = record.input and record.input in (one.name for one in told)
        return record.input if is_all else max(both, key=len), True
    names = sorted(name for name in leaves(given) if is_input(name))
    known = len(names) == 1 and leaves(given) <= set(record.parameters)
    if known and _made(given, record.parameter_values | {names[0]: 0.0}) == 0.0:
        return names[0], False
    return (given.name if given.op == LEAF else text_of(given)), True


def _told(apart: _Apart, met: Sequence[set[Node]]) -> dict[Node, Node]:
    """Say by which nodes a kind of step is told to have an input, and what that is there.

    One of two inputs is itself told, wherever it stands, if no kind of step has both.
    """
    given = apart.large.args[apart.place]
    if apart.term:
        return {apart.large: given}
    other = apart.other.args[apart.place]
    if any(given in nodes and other in nodes for nodes in met):
        return {apart.one: given, apart.other: other}
    return {given: given, other: other}


def _edits(apart: _Apart, new: Node, whole: bool, told: tuple[Node, ...]) -> dict[Node, _Edit]:
    """Say what is made of the nodes where the two part, that the input stands there."""
    large, place = apart.large, apart.place

    def with_term(node: Node, rest: Node, term: Node) -> Node:
        return attrs.evolve(node, args=(rest, term) if place == 1 else (term, rest))

    if not apart.term:
        return {
            one: lambda bare, one=one: with_term(one, bare[one].args[1 - place], new) if one.args else new  # type: ignore[misc]  # mypy cannot tell a lambda with a default
            for one in told
        }
    named = [one for one in in_order(large.args) if one.name == new.name]
    term = new if whole else _replaced(large.args[place], dict.fromkeys(named, lambda _: new))
    small = apart.other if large is apart.one else apart.one
    return {
        large: lambda bare: with_term(large, bare[large.args[1 - place]], term),
        small: lambda bare: with_term(large, bare[small], term),
    }


def _with(step: Step, edits: Mapping[Node, _Edit]) -> Step:
    return step.with_trees(lambda root: _replaced(root, edits))


def _replaced(root: Node, edits: Mapping[Node, _Edit]) -> Node:
    """Put nodes in the place of others: an edit is given what all of them make of what a node is made of."""
    made, bare = dict[Node, Node](), dict[Node, Node]()
    for node in in_order([root]):
        bare[node] = with_args(node, tuple(made[one] for one in node.args))
        made[node] = edits[node](bare) if node in edits else bare[node]
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
