"""What checks look at, and where in a script what they find stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, is_leaf, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import shown
from natrium.analysis.doctor.reading.maps.maps import Maps, points_of, values_at
from natrium.analysis.doctor.reading.model.models import Meant
from natrium.analysis.doctor.reading.model.recognise import FAR
from natrium.analysis.doctor.reading.schemes.schemes import SchemeFound
from natrium.analysis.doctor.reading.text.labels import makes_current
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node


@attrs.frozen(eq=False)
class Case:
    """What the checks look at."""

    maps: Maps
    equations: Mapping[str, Node]
    meant: Meant
    scheme: SchemeFound

    @property
    def source(self) -> tuple[str, ...]:
        """The script's lines."""
        return self.maps.record.source


def line_in(root: Node, node: Node) -> tuple[int, Node]:
    """Give the line of a part of a tree, its own or that of what it stands in, and what stands there."""
    if node.line and node.op != LEAF:
        return node.line, node
    for one in in_order([root]):
        if any(arg is node for arg in one.args):
            return line_in(root, one)
    return 0, node


def reading_line(root: Node, name: str) -> int:
    """Give the line of the first operation of a tree that reads a leaf; 0: none does."""
    return next((one.line for one in in_order([root]) if any(is_leaf(arg, name) for arg in one.args)), 0)


def own_line(node: Node) -> int:
    """Give the line of a part that is an operation; else the last of what it is made of."""
    own = 0 if node.op == LEAF else node.line
    return own or max((one.line for one in in_order([node])), default=0)


def term_line(case: Case, wanted: set[str], without: set[str]) -> int:
    """Give the line of the smallest part of V's equation that holds some names and not others."""
    tree, term = case.equations[case.maps.V], _term(case, wanted, without)
    line = line_in(tree, term)[0] if term is not None else 0
    return line or own_line(case.maps.main.updates[case.maps.V])


def sign_line(case: Case, wanted: set[str], without: set[str]) -> tuple[int, bool]:
    """Give the line that gives a current the wrong sign, and whether it is the one that adds it up.

    What a line of its own calls a current, and has as outward, g*(V - E), is one as the field has it: its
    sign is wrong where it is added up. Else it is wrong where it stands.
    """
    term, V = _term(case, wanted, without), case.maps.V
    line = term_line(case, wanted, without)
    if term is None or not makes_current(case.source, line):
        return line, False
    for one in in_order([case.equations[V]]):  # what a part stands in comes after it
        if any(arg is term for arg in one.args):
            if one.line not in (0, line) and name_of(one) in ("+", "-"):
                outward = _rises(case, term) and not _is_inward(case, one, term)
                return (one.line, True) if outward else (line, False)
            term = one
    return line, False


def _is_inward(case: Case, total: Node, but: Node) -> bool:
    """Tell whether a sum adds another current written as ``g*(E - V)``: all that it adds up flow inwards."""
    ahead = [one for one in total.args if one is not but] if name_of(total) == "+" else list(total.args[:1])
    while ahead:
        one = ahead.pop()
        if name_of(one) == "+":
            ahead += one.args
        elif name_of(one) == "-":
            ahead.append(one.args[0])
        elif one is not but and any(_is_difference(part, case.maps.V) for part in in_order([one])):
            return True
    return False


def _is_difference(node: Node, V: str) -> bool:
    """Tell whether a part is what V lacks to something: E - V."""
    return name_of(node) == "-" and V in leaves(node.args[1]) and V not in leaves(node.args[0])


def _rises(case: Case, node: Node) -> bool:
    """Tell whether a part of an equation is larger where V is."""
    V, record = case.maps.V, case.maps.record
    off = np.flatnonzero(~np.all(np.abs(record.samples) < FAR, axis=1))
    if off.size:  # before it ran away
        record = attrs.evolve(record, samples=record.samples[: max(off[0], 2)])
    points = points_of(record, case.maps.step)
    with np.errstate(all="ignore"):
        rise = values_at(node, {**points, V: points[V] + 1.0}) - values_at(node, points)
    return bool(np.nanmedian(rise) > 0.0)


def _term(case: Case, wanted: set[str], without: set[str]) -> Node | None:
    """Give the smallest part of V's equation that holds some names and not others."""
    tree = case.equations[case.maps.V]
    gated = _multiplied(tree, without)
    parts = [one for one in in_order([tree]) if _holds(one, wanted, without) and one not in gated]
    return min(parts, key=lambda one: (len(in_order([one])), line_in(tree, one)[0]), default=None)


def _multiplied(tree: Node, names: set[str]) -> set[Node]:
    """List the parts of a tree that are multiplied by what holds some names."""
    found = set[Node]()
    for node in in_order([tree]):
        if name_of(node) == "*":
            for one, other in (node.args, node.args[::-1]):
                if leaves(other) & names and not leaves(one) & names:
                    found.update(in_order([one]))
    return found


def _holds(node: Node, wanted: set[str], without: set[str]) -> bool:
    names = leaves(node)
    return wanted <= names and not without & names


def first_line(case: Case, name: str, value: float, others: Sequence[float] = ()) -> int:
    """Give the line that sets a state for the first time: where one has its value, that.

    Unless another of the states has that value, too: then the state is given another's.
    """
    pattern = re.compile(rf"\b{re.escape(plain(name))}\b[^=(]*=[^=]")
    lines = [at for at, line in enumerate(case.source, start=1) if pattern.search(line)]

    def given(one: float, among: Iterable[int]) -> list[int]:
        own = re.compile(rf"(?<![\d.]){re.escape(shown(one))}\b")
        return [at for at in among if own.search(case.source[at - 1])]

    found = given(value, lines)
    if not found and value not in (0.0, 1.0, *(others if lines else ())):  # an element, without a name
        every = given(value, range(1, len(case.source) + 1))
        beside = [at for one in others for at in given(one, every)]  # one line has the starts of all
        found = sorted(every, key=beside.count, reverse=True)
    return next(iter(found or lines), 0)
