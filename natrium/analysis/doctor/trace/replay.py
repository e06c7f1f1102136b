"""A record's maps, run again on plain numbers: they must give what the script gave."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.record import Node, Record


def _rounded(value: Any, digits: Any = None) -> Any:
    return round(value) if digits is None else round(value, int(digits))


_PYTHON: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "neg": operator.neg, "pos": operator.pos, "abs": abs, "min": min,
    "max": max, "int": int, "round": _rounded, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b), "xor": lambda a, b: bool(a) != bool(b), "not": operator.not_,
}  # fmt: skip
_NUMPY: dict[str, Callable[..., Any]] = {
    "/": np.true_divide, "**": np.power, "max": np.maximum, "min": np.minimum, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "round": _rounded, "square": np.square, "reciprocal": np.reciprocal,
    "heaviside": np.heaviside, "sign": np.sign, "%": np.remainder, "isnan": np.isnan,
    "isfinite": np.isfinite, "isinf": np.isinf, "fmod": np.fmod,
}  # fmt: skip


def value_of(node: Node, leaves: Mapping[str, float], known: dict[int, Any] | None = None) -> Any:
    """Work out a node from the values of leaves, by the operations that the script took.

    Parameters
    ----------
    node : Node
    leaves : mapping of str to float
    known : dict, optional
        What has been worked out already, by the node's id.

    Returns
    -------
    float
    """
    known = {} if known is None else known
    ahead = [node]
    while ahead:
        one = ahead[-1]
        missing = [arg for arg in one.args if id(arg) not in known]
        if id(one) not in known and missing:
            ahead += missing
            continue
        if one.op == "leaf":
            known[id(one)] = np.float64(leaves[one.name])
        elif one.op == "number":
            known[id(one)] = np.float64(one.value)
        elif id(one) not in known:
            known[id(one)] = _function(one)(*[known[id(arg)] for arg in one.args])
        ahead.pop()
    return known[id(node)]


def _function(node: Node) -> Callable[..., Any]:
    if not node.numpy and node.op in _PYTHON:
        return _PYTHON[node.op]
    if node.numpy and node.op in _NUMPY:
        return _NUMPY[node.op]
    if node.numpy and hasattr(np, node.op):
        found: Callable[..., Any] = getattr(np, node.op)
        return found
    if node.op in _PYTHON:
        return _PYTHON[node.op]
    return getattr(math, node.op)  # type: ignore[no-any-return]  # math's functions give floats


def parameter_values(record: Record) -> dict[str, float]:
    """Give the parameters' values in the run."""
    return {name: node.value for name, node in record.parameters.items()}


def first_unexplained(record: Record) -> int | None:
    """Run a record's maps again from each sample, and find the first that gives another next one.

    Returns
    -------
    int or None
        The step; None where every sample follows from the one before, in every double.
    """
    if record.solver or not record.steps:
        return None
    fixed = parameter_values(record)
    with np.errstate(all="ignore"):
        for k, kind in enumerate(record.order):
            leaves = dict(fixed)
            leaves.update(zip(record.states, record.samples[k].tolist(), strict=True))
            for name, values in record.exogenous.items():
                leaves[name] = float(values[k])
            if record.input:
                leaves[record.input] = float(record.inputs[k])
            if record.time:
                leaves[record.time] = float(record.times[k])
            known: dict[int, Any] = {}
            for j, name in enumerate(record.states):
                try:
                    made = float(value_of(record.steps[kind].updates[name], leaves, known))
                except (KeyError, ArithmeticError, ValueError, TypeError):
                    return k
                there = float(record.samples[k + 1, j])
                if made != there and not (math.isnan(made) and math.isnan(there)):
                    return k
    return None
