"""Lines that are run several times for one step: of functions that are called again, of comprehensions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Sequence

from natrium.analysis.doctor.reading.expressions.trees import in_order
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.trace.record import Node

_MAKING = (ast.BinOp, ast.UnaryOp, ast.AugAssign, ast.Compare, ast.Call)


def repeated_lines(source: Sequence[str], roots: Iterable[Node]) -> frozenset[int]:
    """Give the lines that made more operations of some trees than they are written with.

    Parameters
    ----------
    source : sequence of str
    roots : iterable of Node
    """
    written = Counter(one.lineno for one in nodes_of(source) if isinstance(one, _MAKING))
    made = Counter(one.line for one in in_order(roots) if one.args)
    return frozenset(line for line, number in made.items() if number > written[line])
