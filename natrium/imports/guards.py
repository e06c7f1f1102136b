"""Guards: conditions on V that hold at single values only, put there against 0/0."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from natrium.imports.nodes import Node, make, text_of, value_of

SHOWN = 60  # characters of a condition
V_GRID = np.linspace(-149.9876, 149.9913, 20_011)  # 0.015 mV apart, on no round number


def told(left_out: Mapping[str, None]) -> list[str]:
    """Say which branches were left out; nothing where there are none."""
    if not left_out:
        return []
    shown = [one if len(one) <= SHOWN else f"{one[:SHOWN]}..." for one in left_out]
    said = "; ".join(shown[:3]) + (f"; and {len(shown) - 3} more" if len(shown) > 3 else "")
    return [
        f"branches that V takes at single values only, or never, are left out ({said}): where a rate is 0/0 "
        "as written, its limit is taken"
    ]


def settled(test: Node, values: Mapping[str, float]) -> bool | None:
    """Tell how a condition of V alone comes out almost everywhere; None where that depends on V."""
    held = on_grid(test, values)
    return bool(held[0]) if held.all() or not held.any() else None


def without_guards(node: Node, values: Mapping[str, float], left_out: dict[str, None]) -> Node:
    """Decide the branches of a formula that V decides almost everywhere; keep what was left out."""
    if node.op in ("num", "name"):
        return node
    if node.op == "where" and node.args[0].names - values.keys() <= {"v"}:
        chosen = settled(node.args[0], values)
        if chosen is not None:
            if node.args[0].names:
                left_out[text_of(node.args[0], {"v": "V"})] = None
            return without_guards(node.args[1 if chosen else 2], values, left_out)
    return make(node.op, *(without_guards(one, values, left_out) for one in node.args))


def narrowed(node: Node, where: np.ndarray, values: Mapping[str, float], left_out: dict[str, None]) -> Node:
    """Decide the branches of a formula that are decided wherever on the grid it is taken."""
    if node.op != "where" or node.args[0].names - values.keys() != {"v"} or not where.any():
        return node
    test, one, other = node.args
    held = on_grid(test, values)
    if not (held & where).any() or not (~held & where).any():
        left_out[text_of(test, {"v": "V"})] = None
        return narrowed(one if (held & where).any() else other, where, values, left_out)
    return make(
        "where",
        test,
        narrowed(one, where & held, values, left_out),
        narrowed(other, where & ~held, values, left_out),
    )


def on_grid(test: Node, values: Mapping[str, float]) -> np.ndarray:
    """Tell where along V a condition holds."""
    return np.broadcast_to(value_of(test, {**values, "v": V_GRID}), V_GRID.shape).astype(bool)
