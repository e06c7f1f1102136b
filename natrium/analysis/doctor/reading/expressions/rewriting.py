"""Trees made anew from others."""

from __future__ import annotations

from collections.abc import Callable

from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.trace.record import Node


def rewriting(change: Callable[[Node, tuple[Node, ...]], Node]) -> Callable[[Node], Node]:
    """Give what makes trees anew from their ends up: every node once, by what its operands have become."""
    made: dict[Node, Node] = {}

    def of(root: Node) -> Node:
        for node in in_order([root]):
            if node not in made:
                made[node] = change(node, tuple(made[one] for one in node.args))
        return made[root]

    return of
