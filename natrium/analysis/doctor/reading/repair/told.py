"""A change that makes an expression right, told with as much around it as one reads."""

from __future__ import annotations

import math

import attrs

from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, in_order, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.trace.record import Node


@attrs.frozen(eq=False)
class Repair:
    """One change that makes an expression right.

    Attributes
    ----------
    kind : str
        ``"number"``, ``"name"``, ``"operation"``, ``"sign"``, ``"drop"``, ``"factor"``, ``"offset"``,
        ``"term"``, ``"call"``, ``"brackets"``, ``"exchange"``.
    node : Node
        What is changed.
    new : Node
        What should stand there.
    line : int
    stands, should : str
        As text, with as much around them as one reads.
    rank : float
        How far-fetched it is.
    about : str
        What a factor or a term is of.
    names : tuple of str
        What is exchanged, as the script calls it.
    """

    kind: str
    node: Node
    new: Node
    line: int
    stands: str
    should: str
    rank: float
    about: str = ""
    names: tuple[str, ...] = ()


def told(bench: Bench, kind: str, node: Node, new: Node, rank: float, about: str = "") -> Repair:
    """Tell a change with as much around it as one reads."""
    shown_node, shown_new, parent = node, new, bench.parents.get(node)
    if not node.args and parent is not None:
        for _ in range(2):
            if parent is None or len(in_order([parent])) > 9:
                break
            shown_new = _put(parent, shown_node, shown_new)
            shown_node, parent = parent, bench.parents.get(parent)
            if name_of(shown_node) not in ("neg",):
                break
    up = bench.parents.get(node)
    line = 0 if node.op == LEAF else node.line  # a name's own line is where it got its value
    if name_of(node) == "neg" and node.args[0].op == LEAF and up is not None:
        # Several lines may have this one sign: it stands where the number beside it does.
        line = next((up.line for one in up.args if one.op == NUMBER), line)
    if kind == "factor" and about not in bench.parameters and leaves(node) <= set(bench.parameters):
        # A state goes into what is made of states, and not into a number that is made before there are any.
        while up is not None and leaves(up) <= set(bench.parameters):
            up = bench.parents.get(up)
        line = 0 if up is not None else line
    while not line and up is not None:
        line, up = up.line, bench.parents.get(up)
    if kind == "factor" and up is not None and up.line and about in leaves(up) - leaves(node):
        line = up.line  # there is what it goes by
    return Repair(kind, node, new, line, text_of(shown_node), text_of(shown_new), rank, about)


def _put(parent: Node, old: Node, new: Node) -> Node:
    args = tuple(new if one is old else one for one in parent.args)
    return Node(parent.op, args, math.nan, parent.line, parent.name)
