"""Where an expression is wrong, when no one change makes it right: the smallest part that could mend it."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.bench import Bench
from natrium.analysis.doctor.reading.sides import Claimed
from natrium.analysis.doctor.reading.trees import in_order, leaves
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

MOST = 0.9  # of the points at which a part must have a value that would do


def place_of(bench: Bench, sides: Claimed) -> tuple[Node, str] | None:
    """Find the smallest part that other values of the same states would make right, and is none of the claim's.

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
    for node in sorted((one for one in bench.program.nodes if one.args and one.line), key=sizes.__getitem__):
        at = bench.place[node]
        needed = bench.needed(at)
        if needed is None or np.isfinite(needed)[bench.good].mean() < MOST:
            continue
        if not sides.depends(needed) <= leaves(node):
            continue
        if not any(_is_multiple(bench.values[at], values, bench.good) for _, values in parts):
            there = (text for text, values in parts if _is_multiple(needed, values, bench.good))
            return node, next(there, "")
    return None


def _is_multiple(one: Array, other: Array, good: Array) -> bool:
    """Tell whether values are others times a number."""
    good = good & np.isfinite(one) & np.isfinite(other)
    if not good.any():
        return False
    at = int(np.argmax(np.where(good, np.abs(other), 0.0)))
    if not other[at]:
        return False
    factor = one[at] / other[at]
    return bool(np.all(np.abs(one - factor * other)[good] <= 1e-7 * (np.abs(one) + np.abs(one[at]))[good]))
