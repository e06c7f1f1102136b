"""What checks look at, and where in a script what they find stands."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from natrium.analysis.doctor.reading.maps import Maps
from natrium.analysis.doctor.reading.models import Meant
from natrium.analysis.doctor.reading.schemes import SchemeFound
from natrium.analysis.doctor.reading.trees import LEAF, in_order, leaves
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


def own_line(node: Node) -> int:
    """Give the line of a part that is an operation; else the last of what it is made of."""
    own = 0 if node.op == LEAF else node.line
    return own or max((one.line for one in in_order([node])), default=0)


def term_line(case: Case, wanted: set[str], without: set[str]) -> int:
    """Give the line of the smallest part of V's equation that holds some names and not others."""
    tree = case.equations[case.maps.V]
    best: tuple[int, int] = (1 << 30, 0)
    for node in in_order([tree]):
        names = leaves(node)
        if wanted <= names and not without & names:
            best = min(best, (len(in_order([node])), line_in(tree, node)[0]))
    return best[1] or own_line(case.maps.main.updates[case.maps.V])
