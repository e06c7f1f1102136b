"""What is divided by the step, above and below a line: implicit steps as they are solved by hand."""

from __future__ import annotations

from natrium.analysis.doctor.reading.expressions.algebra import Algebra
from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import is_leaf, leaf, name_of, with_args
from natrium.analysis.doctor.trace.record import Node


def without_poles(algebra: Algebra, root: Node, dt: str) -> Node:
    """Write (C/dt*v + I)/(C/dt + g) as (C*v + dt*I)/(C + dt*g), which has a value where dt is 0."""

    def solved(node: Node, args: tuple[Node, ...]) -> Node:
        if name_of(node) == "*":
            for one, other in (args, args[::-1]):  # dt*(x/dt)
                if is_leaf(one, dt) and name_of(other) == "/" and is_leaf(other.args[1], dt):
                    return other.args[0]
        below = _times(algebra, args[1], dt) if name_of(node) == "/" else None
        if below is None:
            return with_args(node, args)
        above = _times(algebra, args[0], dt) or algebra.multiply(leaf(dt), args[0], node.line)
        return algebra.make("/", above, below, line=node.line)

    return rewriting(solved)(root)


def _times(algebra: Algebra, node: Node, dt: str) -> Node | None:
    """Multiply by dt what is divided by it; None where nothing is."""
    name = name_of(node)
    if name == "/":
        above, below = node.args
        if is_leaf(below, dt):
            return above
        if name_of(below) == "*" and any(is_leaf(one, dt) for one in below.args):
            rest = next(one for one in reversed(below.args) if not is_leaf(one, dt))
            return algebra.make("/", above, rest, line=node.line)
        more = _times(algebra, above, dt)
        return None if more is None else algebra.make("/", more, below, line=node.line)
    parts = [_times(algebra, one, dt) for one in node.args]
    if name == "*":
        at = next((k for k, one in enumerate(parts) if one is not None), None)
        if at is None:
            return None
        args = [parts[at] if k == at else one for k, one in enumerate(node.args)]
        return algebra.make("*", *(one for one in args if one is not None), line=node.line)
    if name not in ("+", "-", "neg") or all(one is None for one in parts):
        return None
    pairs = zip(node.args, parts, strict=True)
    scaled = [
        more if more is not None else algebra.multiply(leaf(dt), one, one.line or node.line)
        for one, more in pairs
    ]
    return algebra.make(name, *scaled, line=node.line)
