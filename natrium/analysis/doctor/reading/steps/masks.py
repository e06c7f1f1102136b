"""Truths that a script reckons with: what they multiply is there or is not, once they are decided."""

from __future__ import annotations

import attrs

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import NUMBER, name_of, number, with_args
from natrium.analysis.doctor.trace.record import Node, Record

CLEARED = Node(NUMBER, (), 0.0, 0, "cleared")  # what a truth has left out; a 0 that is written stays
_WHOLE = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


def without_masks(record: Record) -> Record:
    """Leave out what a step multiplies by the 0 of a truth, and the 1 and 0 that multiply and add nothing."""
    of = rewriting(lambda node, args: decided(with_args(node, args)))
    return attrs.evolve(record, steps=tuple(step.with_trees(of) for step in record.steps))


def decided(node: Node) -> Node:
    """Give what is left of an operation where an operand is 0 or 1."""
    name = name_of(node)
    if name not in _WHOLE or len(node.args) != 2:
        return node
    values = [one.value if one.op == NUMBER else None for one in node.args]
    if values[0] in (0.0, 1.0) and values[1] in (0.0, 1.0):
        return number(_WHOLE[name](*values), node.line)
    for one, value, other in zip(node.args, values, reversed(node.args), strict=True):
        if name == "*" and value == 0.0:
            return Node(CLEARED.op, (), 0.0, node.line, CLEARED.name)
        if (name == "*" and value == 1.0) or (name == "+" and one.name == CLEARED.name):
            return other
    return node.args[0] if name == "-" and node.args[1].name == CLEARED.name else node
