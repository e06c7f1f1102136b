"""Where an expression is wrong, when no one change makes it right: the smallest part that could mend it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from natrium.analysis.doctor.reading.claims.sides import Claimed
from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, leaves
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

MOST = 0.9  # of the points at which a part must have a value that would do


def place_of(bench: Bench, sides: Claimed) -> tuple[Node, str, int] | None:
    """Find the smallest part that other values of its states would make right, and is none of the claim's.

    Parameters
    ----------
    bench : Bench
    sides : Claimed

    Returns
    -------
    (Node, str, int) or None
        The part, what the claim has there (empty where that is no part of it), and the line.
    """
    parts = sides.parts()
    sizes = {node: len(in_order([node])) for node in bench.program.nodes}

    def of_claim(values: Array) -> str:
        return next((text for text, one in parts if _is_multiple(values, one, bench.good)), "")

    sound = {len(bench.values) - 1: False}  # others: a part of the claim's, or of such a part
    for at in reversed(range(len(bench.values) - 1)):
        above = [sound[up] for up, _ in bench.edges[at]]
        sound[at] = (bool(above) and all(above)) or of_claim(bench.values[at]) != ""
    found: list[tuple[bool, int, tuple[Node, str, int]]] = []
    for up, above_it in enumerate(bench.program.nodes):
        for place, node in enumerate(above_it.args):
            at, many = bench.place[node], len(bench.edges[bench.place[node]]) > 1
            needed = bench.undone(up, place)
            if needed is None or np.isfinite(needed)[bench.good].sum() < MOST * bench.good.sum():
                continue
            wanted = sides.depends(needed)
            line = above_it.line if many or node.op == LEAF else node.line
            moves = bool(node.args) and wanted <= leaves(node) and not sound[at]
            given = node.line not in (0, above_it.line)  # by a line of its own: no part of a formula's form
            alone = not leaves(node) and (abs(node.value) != 1.0 or given) and len(wanted) == 1
            other = many and bool(node.args) and len(wanted) > 0  # right elsewhere
            if not line or not (moves or alone or other):
                continue
            there = of_claim(needed)
            if there or moves:
                found.append((not there, sizes[node], (node, there, line)))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _is_multiple(one: Array, other: Array, good: npt.NDArray[np.bool_]) -> bool:
    """Tell whether values are others times a number."""
    good = good & np.isfinite(one) & np.isfinite(other)
    if not good.any():
        return False
    at = int(np.argmax(np.where(good, np.abs(other), 0.0)))
    if not other[at]:
        return False
    factor = one[at] / other[at]
    allowed = 1e-7 * np.abs(one) + 1e-12 * np.abs(one[at])
    return bool(np.all(np.abs(one - factor * other)[good] <= allowed[good]))
