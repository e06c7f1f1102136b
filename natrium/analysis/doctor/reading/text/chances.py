"""Chances that a text draws for, and that are none: above 1."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called, numbers_named
from natrium.analysis.doctor.reading.text.untaken import number_of, numbers_made

_DRAWN = frozenset({"random", "rand", "random_sample", "ranf"})  # numbers between 0 and 1


def sure_chances(source: Sequence[str]) -> Iterator[tuple[int, ast.expr, float]]:
    """List what numbers drawn between 0 and 1 are compared with and is more than 1: line, text, value."""
    values = numbers_made(source, numbers_named(source))
    for one in nodes_of(source):
        if not isinstance(one, ast.Compare) or len(one.ops) != 1:
            continue
        pairs = {ast.Lt: (one.left, one.comparators[0]), ast.LtE: (one.left, one.comparators[0])}
        pairs |= {ast.Gt: (one.comparators[0], one.left), ast.GtE: (one.comparators[0], one.left)}
        drawn, chance = pairs.get(type(one.ops[0]), (None, None))
        if isinstance(drawn, ast.Call) and called(drawn.func) in _DRAWN and chance is not None:
            value = number_of(chance, values)
            if value > 1.0:
                yield one.lineno, chance, value
