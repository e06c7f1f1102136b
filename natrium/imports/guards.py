"""Guards: conditions on V that hold at single values only, put there against 0/0."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from natrium.imports.nmodl.known import stale
from natrium.imports.nodes import Node, make, text_of, value_of

SHOWN = 60  # characters of a condition
NEAR, SAME = 1e-3, 1e-6  # what is nearly zero, and how alike a formula must be there and beside it
TEMPERATURE, TEMPERATURES = "celsius", np.arange(5.0, 45.0, 5.0)  # a file's own number may be changed to any
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
    """Tell how a condition of V comes out almost everywhere, at any temperature; None where that depends."""
    always, ever = _ends(test, values)
    return bool(always[0]) if always.all() or not ever.any() else None


def is_of_temperature(test: Node, values: Mapping[str, float]) -> bool:
    """Tell whether the temperature alone decides a condition, and not the same at all of them."""
    return test.names == {TEMPERATURE} and settled(test, values) is None


def joined(
    test: Node, one: Node, other: Node, values: Mapping[str, float], left_out: dict[str, None]
) -> Node:
    """Give what is one where a condition holds and another elsewhere."""
    if one != other and stale(other) and test.names - values.keys() == {"v"}:
        other = narrowed(other, ~on_grid(test, values), values, left_out)
    return one if one == other else make("where", test, one, other)


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


def without_near_zero(node: Node, left_out: dict[str, None]) -> Node:
    """Leave out what a formula is where something is nearly zero, if there it is about what it is beside."""
    if node.op != "where":
        return node
    test: Node
    near: Node
    far: Node
    test, near, far = node.args
    if test.op in (">", ">="):
        test, near, far = make("<", *test.args), far, near
    if (
        test.op not in ("<", "<=")
        or test.args[0].op != "abs"
        or not 0.0 < (test.args[1].number or 0.0) <= NEAR
    ):
        return node
    small, edge = test.args[0].args[0], float(test.args[1].number or 0.0)
    for one in sorted(small.names):
        others = {other: 0.7 + 0.1 * k for k, other in enumerate(sorted(node.names)) if other != one}
        low, high, beyond = (float(value_of(small, {**others, one: x})) for x in (0.0, 1.0, 2.0))
        if low == high or not math.isclose(beyond - low, 2.0 * (high - low), rel_tol=1e-9):
            continue
        there = {**others, one: (edge - low) / (high - low)}
        if math.isclose(value_of(near, there), value_of(far, there), rel_tol=SAME):
            left_out["what a formula is within 0/0 of itself"] = None
            return far
    return node


def narrowed(node: Node, where: np.ndarray, values: Mapping[str, float], left_out: dict[str, None]) -> Node:
    """Decide the branches of a formula that are decided wherever on the grid it is taken."""
    if node.op != "where" or node.args[0].names - values.keys() != {"v"} or not where.any():
        return node
    test, one, other = node.args
    always, ever = _ends(test, values)
    if not (ever & where).any() or not (~always & where).any():
        left_out[text_of(test, {"v": "V"})] = None
        return narrowed(one if (ever & where).any() else other, where, values, left_out)
    return make(
        "where",
        test,
        narrowed(one, where & ever, values, left_out),
        narrowed(other, where & ~always, values, left_out),
    )


def _ends(test: Node, values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Tell where along V a condition holds at every temperature, and where at one of them."""
    warm = TEMPERATURES if TEMPERATURE in test.names else ()
    held = [on_grid(test, one) for one in (values, *({**values, TEMPERATURE: t} for t in warm))]
    return np.all(held, axis=0), np.any(held, axis=0)


def on_grid(test: Node, values: Mapping[str, float]) -> np.ndarray:
    """Tell where along V a condition holds."""
    return np.broadcast_to(value_of(test, {**values, "v": V_GRID}), V_GRID.shape).astype(bool)
