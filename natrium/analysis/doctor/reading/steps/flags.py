"""Flags of one step that the next reckons with: what they multiply is there or is not, as they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import (
    LEAF,
    NUMBER,
    RELATIONS,
    in_order,
    is_leaf,
    leaf,
    leaves,
    name_of,
    number,
    same_tree,
    with_args,
)
from natrium.analysis.doctor.reading.steps.masks import CLEARED, decided
from natrium.analysis.doctor.trace.record import Choice, Node, Record, Step

_MADE_NUMBERS, _PRODUCTS = ("int", "float"), ("*", "/", "neg")


def without_flags(record: Record) -> Record:
    """Divide the steps that reckon with a flag by how it stands, unless it is a channel's."""
    if record.solver or record.order.size != len(record.samples) - 1:
        return record
    for name in record.states:
        if _is_flag(record, name):
            record = _divided(record, name)
    return record


def _is_flag(record: Record, name: str) -> bool:
    """Tell whether a state is ever 0 or 1, by what is compared, and others are made of it."""
    values = record.samples[:, record.states.index(name)]
    if not np.all(np.isin(values, (0.0, 1.0))) or np.ptp(values) == 0.0:
        return False
    made = [_bare(step.updates[name]) for step in record.steps]
    compared = [one for one in made if name_of(one) in RELATIONS]
    if not all(one.op in (LEAF, NUMBER) or one in compared for one in made):
        return False
    return bool(compared) or _reckons(record, name)


def _reckons(record: Record, name: str) -> bool:
    """Tell whether other states are made of a flag."""
    made = (node for step in record.steps for state, node in step.updates.items() if state != name)
    return any(name in leaves(node) for node in made)


def _is_drawn(record: Record) -> bool:
    """Tell whether what comes from elsewhere alone decides anything: a channel may open so."""
    nodes = in_order(node for step in record.steps for node in step.updates.values())
    tests = [node.args for node in nodes if name_of(node) in RELATIONS]
    tests += [(one.left, one.right) for step in record.steps for one in step.choices]
    sides = (leaves(side) for test in tests for side in test)
    return any(side and side <= {*record.exogenous} for side in sides)


def _bare(node: Node) -> Node:
    """Give a truth that was made a number."""
    while node.op in _MADE_NUMBERS:
        node = node.args[0]
    return node


def _divided(record: Record, name: str) -> Record:
    """Divide steps by how a flag stands before them, and by what those that compare set it to."""
    values = record.samples[:, record.states.index(name)]
    usual, reckons = float(np.mean(values) > 0.5), _reckons(record, name)
    compares = np.array([name_of(_bare(step.updates[name])) in RELATIONS for step in record.steps])
    after = np.where(compares[record.order], values[1:], -1.0)
    before = values[:-1] if reckons else np.full(record.order.size, usual)
    keys = np.column_stack([record.order, before, after])
    kinds, first, order, counts = np.unique(
        keys, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    made, steps = {flag: _WithFlag(record.states, name, flag, usual) for flag in (0.0, 1.0)}, list[Step]()
    for (at, flag, told), begin, count in zip(kinds, first, counts, strict=True):
        own = record.steps[int(at)]
        step = own.with_trees(made[float(flag)].of) if reckons else own
        choices = [_read(own, name, usual, bool(flag != usual))] if reckons else []
        choices += [
            bare if is_leaf(bare.left, name) else one
            for bare, one in zip(own.choices, step.choices, strict=True)
        ]
        updates = dict(step.updates)
        if compares[int(at)]:
            test = _bare(updates[name])
            updates[name] = number(float(told), test.line)
            if not any(same_tree(one.left, test.args[0]) for one in choices):
                choices.append(Choice(test.args[0], name_of(test), test.args[1], bool(told), test.line))
        steps.append(Step(updates, tuple(choices), int(begin), int(count)))
    if reckons and not made[1.0 - usual].stops and _is_drawn(record):
        return record
    return attrs.evolve(record, steps=tuple(steps), order=order.reshape(-1).astype(np.int64))


def _read(step: Step, name: str, usual: float, other: bool) -> Choice:
    """Give the comparison that a step makes of a flag when it reckons with it."""
    nodes = in_order(node for state, node in step.updates.items() if state != name)
    line = next((one.line for one in nodes if any(is_leaf(arg, name) for arg in one.args)), 0)
    return Choice(leaf(name), "==", number(1.0 - usual), other, line)


class _WithFlag:
    """Puts a flag's number into trees, and leaves out what it multiplies by 0.

    What is a state where the flag is as usual is one thing: what it is otherwise is found in its place.

    Parameters
    ----------
    states : collection of str
    name : str
    flag, usual : float

    Attributes
    ----------
    stops : bool
        Whether a state was met that the flag does not let go on from what it was.
    """

    def __init__(self, states: Collection[str], name: str, flag: float, usual: float) -> None:
        self.states, self.name, self.stops = states, name, False
        self._left, self._whole, self.of = self._put(usual), self._put(flag), rewriting(self._change)

    def _put(self, value: float) -> Callable[[Node], Node]:
        def kept(node: Node, args: tuple[Node, ...]) -> Node:
            is_flag = is_leaf(node, self.name)
            return number(value, node.line) if is_flag else decided(with_args(node, args))

        return rewriting(kept)

    def _change(self, node: Node, args: tuple[Node, ...]) -> Node:
        if self.name not in leaves(node):
            return node
        usual, made = self._left(node), with_args(node, args)
        if usual.op in (LEAF, NUMBER):
            self.stops |= usual.op == LEAF and usual.name not in leaves(self._whole(node))
            return self._whole(node)
        if any(leaves(one) == {self.name} for one in node.args):
            made = decided(made)
            if made.name == CLEARED.name:
                self.stops = True
                return _emptied(usual, self.states, made)
        return made


def _emptied(node: Node, states: Collection[str], cleared: Node) -> Node:
    """Put 0 in the place of the one state of a product; of a sum nothing is left."""
    own = [at for at, one in enumerate(node.args) if not leaves(one).isdisjoint(states)]
    if len(own) != 1 or name_of(node) not in _PRODUCTS or (name_of(node) == "/" and own[0]):
        return cleared
    args = (_emptied(one, states, cleared) if at in own else one for at, one in enumerate(node.args))
    return with_args(node, tuple(args))
