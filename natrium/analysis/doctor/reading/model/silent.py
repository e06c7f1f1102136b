"""What a spike would do in a run that has none: read from the text of the branch that no step took."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

import attrs

from natrium.analysis.doctor.reading.expressions.trees import leaf, number
from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.model.levels import silent_level
from natrium.analysis.doctor.reading.text.blocks import set_in
from natrium.analysis.doctor.reading.text.named import numbers_named
from natrium.analysis.doctor.reading.text.untaken import (
    branch_at,
    number_of,
    numbers_made,
    operation_of,
    wait_after,
)
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node


@attrs.frozen(eq=False)
class Silent:
    """What the branch of a spike sets.

    Attributes
    ----------
    line : int
        Of the comparison with the threshold.
    resets : mapping of str to Node
        By state: its value after a spike, as far as the text tells.
    wait : float
        How long a spike holds, in the script's time; NaN where the text does not tell.
    unread : tuple of str
        States that it sets, the text does not tell to what.
    """

    line: int
    resets: Mapping[str, Node]
    wait: float
    unread: tuple[str, ...]


def silent_spike(maps: Maps) -> Silent | None:
    """Read what a spike does where the run has a threshold and no spike; None elsewhere."""
    test = silent_level(maps)
    if test is None:
        return None
    source, record = maps.record.source, maps.record
    branch = branch_at(source, test.line)
    known = {plain(one): x for one, x in record.parameter_values.items()}
    values = numbers_made(source, {**numbers_named(source, zeros=True), **known})
    resets: dict[str, Node] = {}
    unread: list[str] = []
    for state in maps.moving:
        kept = set_in(source, maps.main.updates[state].line)
        value = branch.value_of(plain(state), kept) if branch is not None else None
        node = _tree(value, maps, values, test.line) if value is not None else None
        if node is not None:
            resets[state] = node
        elif value is not None or state == maps.V:
            unread.append(state)
    states = [plain(one) for one in maps.moving]
    wait = wait_after(source, branch, values, maps.step, states) if branch is not None else math.nan
    return Silent(test.line, resets, wait, tuple(unread))


def _tree(node: ast.expr, maps: Maps, values: Mapping[str, float], line: int) -> Node | None:
    """Make a formula of a text over the script's states and numbers."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        name = plain(ast.unparse(node))
        state = next((one for one in maps.moving if plain(one) == name), None)
        if state is not None:
            return leaf(state)
    if isinstance(node, ast.BinOp) and operation_of(node):
        args = tuple(_tree(one, maps, values, line) for one in (node.left, node.right))
        if args[0] is None or args[1] is None:
            return None
        return Node(operation_of(node), (args[0], args[1]), math.nan, line)
    value = number_of(node, values)
    return number(value, line) if math.isfinite(value) else None
