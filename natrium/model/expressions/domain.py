"""Where an expression, evaluated as it is written, leaves the real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from natrium.model.expressions.evaluator import NUMERIC, OF_TWO, Node
from natrium.model.expressions.expression import Expression


def leaves_the_reals(expression: Expression, x: np.ndarray) -> np.ndarray:
    """Tell where a root, a logarithm or a power of a negative number is taken on the way.

    SymPy may find a real value by way of complex numbers, sqrt(V)**2 = V; a script does not. What
    is 0/0, or too large for a double, is no concern here.

    Parameters
    ----------
    expression : Expression
    x : ndarray
        Values of its variable.

    Returns
    -------
    ndarray of bool, shape as `x`
    """
    with np.errstate(all="ignore"):
        return np.broadcast_to(_walk(expression.tree, x)[1], x.shape)


def _walk(tree: Node, x: np.ndarray) -> tuple[Any, Any]:
    """Give the value of a tree, and where it or a part of it is not real."""
    if isinstance(tree, float):
        return np.float64(tree), False
    if isinstance(tree, str):
        return x, False
    name, *parts = tree
    if name == "where":
        holds, unclear = _walk(parts[0], x)
        (one, off), (other, far) = (_walk(part, x) for part in parts[1:])
        return np.where(holds, one, other), unclear | np.where(holds, off, far)
    if name == "not":
        holds, unclear = _walk(parts[0], x)
        return np.logical_not(holds), unclear
    values, outside = zip(*(_walk(part, x) for part in parts), strict=True)
    first = values[0]
    if name == "neg":
        return -first, outside[0]
    if name in NUMERIC:
        return NUMERIC[name](first), outside[0] | (first < 0.0 if name in ("log", "log10", "sqrt") else False)
    broken = outside[0] | outside[1]
    if name == "**":
        broken = broken | ((first < 0.0) & (values[1] != np.floor(values[1])))
    return OF_TWO[name](*values), broken
