"""States kept in arrays of whole numbers: what comes after the point is thrown away in each step."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import attrs

from natrium.analysis.doctor.reading.expressions.rewriting import rewriting
from natrium.analysis.doctor.reading.expressions.trees import leaves, with_args
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import CUT, Node, Record


def cut_off(record: Record) -> dict[str, Node]:
    """Find the states that go on from what they were and are cut to whole numbers where they are kept.

    Returns
    -------
    dict of str to Node
        What the state's array cuts, by the state.
    """
    step = max(record.steps, key=lambda one: one.count)
    return {
        state: node
        for state, node in step.updates.items()
        if node.op == CUT and state in leaves(node) and leaves(node) != {state}
    }


def as_floats(record: Record, cut: Mapping[str, Node]) -> Record:
    """Give a record's steps as they would be with those states in arrays of floats."""
    lines = {node.line for node in cut.values()}

    def uncut(node: Node, args: tuple[Node, ...]) -> Node:
        return args[0] if node.op == CUT and node.line in lines else with_args(node, args)

    of = rewriting(uncut)
    return attrs.evolve(record, steps=tuple(step.with_trees(of) for step in record.steps)) if cut else record


def kept_whole(record: Record, cut: Mapping[str, Node]) -> Iterator[Found]:
    """Tell of states that are cut to whole numbers, by the line that makes the array where it is one."""
    for state, node in cut.items():
        made = _made_in(record, plain(state), node.line)
        name = plain(state)
        yield Found(
            "whole-state", "fault",
            f"{name} is kept in an array of whole numbers: what comes after the point is thrown away in each "
            f"step, in {in_line(record.source, node.line)}. Make an array of floats"
            + (f" in {in_line(record.source, made)}." if made else ", by dtype=float."),
            made or node.line, "", "", f"{name} takes whole values only", about=state,
        )  # fmt: skip


def _made_in(record: Record, name: str, before: int) -> int:
    """Give the line that makes an array, the last one above a line; 0: it is made in no one line."""
    own = name.rpartition(".")[2]
    lines = [
        node.lineno
        for node in nodes_of(record.source)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.lineno < before
        and any(getattr(one, "id", getattr(one, "attr", "")) == own for one in node.targets)
    ]  # fmt: skip
    return max(lines, default=0)
