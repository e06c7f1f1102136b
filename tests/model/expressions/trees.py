"""Arithmetic of the tests' own: trees, their text, their exact and their double value."""

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

# A number by its text, "V", ("neg", tree), (operator, tree, tree), or (tree, "**", whole number).
Tree = Any

NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "10",
    "18",
    "40",
    "65",
    "0.1",
    "0.07",
    "2.5",
    ".5",
    "4.",
    "1e-3",
    "7E2",
    "12.75",
)
TIGHTNESS = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}
OPERATIONS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}

trees = st.recursive(
    st.sampled_from(("V", "V", *NUMBERS)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*/"), inner, inner),
        st.tuples(st.just("neg"), inner),
        st.tuples(st.just("**"), inner, st.sampled_from(("0", "1", "2", "3", ("neg", "1"), ("neg", "2")))),
    ),
    max_leaves=10,
)


def render(tree: Tree, spaced: bool = True) -> str:
    """Write a tree with no bracket more than Python's precedence needs."""
    if isinstance(tree, str):
        return tree
    name, *parts = tree
    tightness = TIGHTNESS[name]
    if name == "neg":
        return f"-{_inner(parts[0], 3, spaced)}"
    left = _inner(parts[0], 5 if name == "**" else tightness, spaced)
    right = _inner(parts[1], 3 if name == "**" else tightness + 1, spaced)
    return f"{left} {name} {right}" if spaced and name != "**" else f"{left}{name}{right}"


def _inner(tree: Tree, needed: int, spaced: bool) -> str:
    text = render(tree, spaced)
    return text if isinstance(tree, str) or TIGHTNESS[tree[0]] >= needed else f"({text})"


def exact(tree: Tree, x: Fraction) -> Fraction:
    """Evaluate without any rounding; literals mean the doubles they are read as."""
    if isinstance(tree, str):
        return x if tree == "V" else Fraction(float(tree))
    name, *parts = tree
    values = [exact(part, x) for part in parts]
    return -values[0] if name == "neg" else OPERATIONS[name](values[0], _whole(values[1], name))


def _whole(value: Fraction, name: str) -> Any:
    return int(value) if name == "**" else value


def in_doubles(tree: Tree, x: float) -> np.float64:
    """Evaluate in the tree's own order, rounding at each operation."""
    if isinstance(tree, str):
        return np.float64(x if tree == "V" else float(tree))
    name, *parts = tree
    values = [in_doubles(part, x) for part in parts]
    with np.errstate(all="ignore"):
        return -values[0] if name == "neg" else OPERATIONS[name](*values)


def nodes(tree: Tree) -> list[Tree]:
    """List the inner nodes of a tree, itself among them."""
    return [] if isinstance(tree, str) else [tree, *(node for part in tree[1:] for node in nodes(part))]


def constants(tree: Tree) -> list[Tree]:
    """List the inner nodes of a tree that hold no variable."""
    return [node for node in nodes(tree) if not mentions_variable(node)]


def mentions_variable(tree: Tree) -> bool:
    return tree == "V" if isinstance(tree, str) else any(map(mentions_variable, tree[1:]))
