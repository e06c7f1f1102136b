"""How likely another order of what a text gives to its functions is, by what it is called."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations

ALIKE = 0.6  # how alike what is given and what it is called are, where it is meant
UNLIKELY = 0.3  # how far-fetched an order is in which names and what they are given to are less alike


def misnamed(given: Sequence[ast.expr], turned: Sequence[ast.expr], names: Sequence[str]) -> float:
    """Tell how far-fetched another order of what is given is, by how alike it and the names then are.

    Parameters
    ----------
    given, turned : sequence of ast.expr
        As the text has it, and in the other order.
    names : sequence of str
        What it is given to.
    """

    def alike(these: Sequence[ast.expr]) -> int:
        own = [_called(one).replace("_", "").lower() for one in these]
        pairs = zip(own, (one.replace("_", "").lower() for one in names), strict=False)
        return sum(SequenceMatcher(None, a, b).ratio() > ALIKE for a, b in pairs)

    more = alike(turned) - alike(given)
    return UNLIKELY * (more < 0) - UNLIKELY * (more > 0)


def _called(node: ast.expr) -> str:
    """Give what is given its own name: a field's, a key's."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return ast.unparse(node).rpartition(".")[2]


def disordered(nodes: Sequence[ast.AST], node: ast.Tuple | ast.List, turned: ast.Tuple | ast.List) -> float:
    """Tell how far-fetched another order of names is: it is not where it is that of their lines.

    Parameters
    ----------
    nodes : sequence of ast node
        Of the text.
    node, turned : ast.Tuple or ast.List
        As the text has it, and in the other order.
    """
    first: dict[str, int] = {}
    for one in nodes:
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            first.setdefault(one.id, one.lineno)

    def falls(these: Sequence[ast.expr]) -> int:
        lines = [first.get(getattr(one, "id", ""), 0) for one in these]
        return sum(a > b > 0 for a, b in combinations(lines, 2))

    more = falls(turned.elts) - falls(node.elts)
    return 0.2 * (more > 0) - 0.2 * (more < 0)
