"""Spikes that a text counts by V alone: one for each sample above a level, not for each crossing."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Sequence

import attrs

from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.trace.meanings import is_of_spikes

_COUNTS = ("sum", "count_nonzero", "len")
_UP = (ast.Gt, ast.GtE)


@attrs.frozen
class Count:
    """A count of samples by the name of spikes.

    Attributes
    ----------
    line : int
        Of the comparison.
    name : str
        Of the count.
    V : str
        What is compared.
    level : ast.expr
        With what.
    """

    line: int
    name: str
    V: str
    level: ast.expr


def counted(source: Sequence[str], names: Container[str]) -> Iterator[Count]:
    """List the counts of all samples of some arrays that are above a level.

    Parameters
    ----------
    source : sequence of str
    names : container of str
    """
    nodes = nodes_of(source)
    loops = [one for one in nodes if isinstance(one, ast.For | ast.While)]
    asked = {id(one): one for loop in loops for one in ast.walk(loop) if isinstance(one, ast.If)}
    guarded = {id(part) for one in asked.values() for part in ast.walk(one) if part is not one}
    for node in nodes:
        if id(node) in guarded:
            continue
        tests, target = list[ast.Compare](), ""
        if isinstance(node, ast.If) and not node.orelse and isinstance(node.test, ast.Compare):
            tests, target = [node.test], _counted_by(node.body)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call | ast.Subscript):
            calls = [one for one in ast.walk(node.value) if isinstance(one, ast.Call)]
            joined = any(isinstance(one, ast.BinOp | ast.BoolOp) for one in ast.walk(node.value))
            if not joined and any(called(one.func) in _COUNTS for one in calls):
                tests = [one for one in ast.walk(node.value) if isinstance(one, ast.Compare)]
                target = called(node.targets[0])
        if len(tests) != 1 or not is_of_spikes(target) or len(tests[0].ops) != 1:
            continue
        side = tests[0].left
        V = called(side.value if isinstance(side, ast.Subscript) and isinstance(node, ast.If) else side)
        if isinstance(tests[0].ops[0], _UP) and V in names:
            yield Count(tests[0].lineno, target, V, tests[0].comparators[0])


def _counted_by(body: Sequence[ast.stmt]) -> str:
    """Name what a block makes larger, where it does nothing besides; empty: no one thing."""
    names = set()
    for one in body:
        call = one.value if isinstance(one, ast.Expr) else None
        if isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add):
            names.add(called(one.target))
        elif isinstance(call, ast.Call) and called(call.func) == "append":
            names.add(called(getattr(call.func, "value", call.func)))
        else:
            return ""
    return names.pop() if len(names) == 1 else ""
