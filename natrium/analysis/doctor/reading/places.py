"""Where an expression is wrong, when no one change makes it right: the smallest part that could mend it."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.bench import Bench
from natrium.analysis.doctor.reading.sides import Claimed
from natrium.analysis.doctor.reading.trees import NUMBER, in_order, leaves
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

MOST = 0.9  # of the points at which a part must have a value that would do


def place_of(bench: Bench, sides: Claimed) -> tuple[Node, str] | None:
    """Find the smallest part that other values of its states would make right, and is none of the claim's.

    Parameters
    ----------
    bench : Bench
    sides : Claimed

    Returns
    -------
    (Node, str) or None
        The part, and what the claim has there; empty where that is no part of it.
    """
    parts = sides.parts()
    sizes = {node: len(in_order([node])) for node in bench.program.nodes}

    def of_claim(values: Array) -> str | None:
        return next((text for text, one in parts if _is_multiple(values, one, bench.good)), None)

    sound = {len(bench.values) - 1: False}  # others: a part of the claim's, or of such a part
    for at in reversed(range(len(bench.values) - 1)):
        above = [sound[up] for up, _ in bench.edges[at]]
        sound[at] = (bool(above) and all(above)) or of_claim(bench.values[at]) is not None
    found: tuple[Node, str] | None = None
    for node in sorted((one for one in bench.program.nodes if one.line), key=sizes.__getitem__):
        at = bench.place[node]
        needed = bench.needed(at)
        if needed is None or np.isfinite(needed)[bench.good].sum() < MOST * bench.good.sum():
            continue
        wanted = sides.depends(needed)
        if found is None and node.args and wanted <= leaves(node) and not sound[at]:
            found = (node, of_claim(needed) or "")
        alone = node.op == NUMBER and abs(node.value) != 1.0 and len(wanted) == 1
        if alone and (there := of_claim(needed)) is not None:  # the claim has what moves
            return node, there
    return found


def _is_multiple(one: Array, other: Array, good: Array) -> bool:
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
