"""Formulas of foreign files: small immutable trees, bounded, that become the text of rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from natrium.model.errors import CannotImport
from natrium.model.expressions.evaluator import ARITHMETIC, COMPARE, LARGEST, NUMERIC

MAX_SIZE = 3_000  # nodes of one formula, with all that was put in for names
MAX_DEPTH = 150
UNSEEN = -40.0  # exp of less than this, beside numbers of ordinary size, is below the last digit

_RANK = {"where": 0, "+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}
_JOINS: dict[str, Callable[..., Any]] = {"and": np.logical_and, "or": np.logical_or, "not": np.logical_not}
_CALLS: dict[str, Callable[..., Any]] = {
    **NUMERIC,
    **LARGEST,
    **COMPARE,
    **ARITHMETIC,
    **_JOINS,
    "neg": lambda x: -x,
    "where": np.where,
}


class Node:
    """A formula: a number, a name, or an operation on others.

    Attributes
    ----------
    op : str
        ``"num"``, ``"name"``, or what is done: ``"+"``, ``"exp"``, ``"where"``, ``"<"``, ...
    args : tuple
        The number, the name, or the formulas it is done to.
    names : frozenset of str
        The names it holds.
    """

    __slots__ = ("args", "depth", "key", "names", "op", "size")

    args: tuple[Any, ...]
    names: frozenset[str]
    key: int
    size: int
    depth: int

    def __init__(self, op: str, *args: Any) -> None:
        self.op, self.args = op, args
        if op in ("num", "name"):
            self.size = self.depth = 1
            self.names = frozenset(args) if op == "name" else frozenset()
        else:
            self.size = 1 + sum(one.size for one in args)
            self.depth = 1 + max(one.depth for one in args)
            self.names = frozenset().union(*(one.names for one in args))
            if self.size > MAX_SIZE or self.depth > MAX_DEPTH:
                raise CannotImport(
                    "too large",
                    f"a formula may have at most {MAX_SIZE} terms, {MAX_DEPTH} deep, with all that it "
                    "is made of, "
                    f"got {self.size}, {self.depth} deep: import a simpler file",
                )
        self.key = hash((op, *(one.key if isinstance(one, Node) else one for one in args)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and (
            self is other or (self.key == other.key and self.op == other.op and self.args == other.args)
        )

    def __hash__(self) -> int:
        return self.key

    def __repr__(self) -> str:
        return f"Node({text_of(self)})"

    @property
    def number(self) -> float | None:
        """Its value, where it is a number."""
        return float(self.args[0]) if self.op == "num" else None


def num(value: float) -> Node:
    """Make a number; one that is not finite may stand where it is never written down."""
    return Node("num", float(value))


def name(text: str) -> Node:
    """Make a name."""
    return Node("name", text)


ZERO, ONE = num(0.0), num(1.0)


def make(op: str, *args: Node) -> Node:
    """Join formulas by an operation; what is exact in doubles is made simpler."""
    if all(one.op == "num" for one in args) and op not in _JOINS and op not in COMPARE:
        if op == "where":  # pragma: no cover - a condition is no number
            return args[1]
        with np.errstate(all="ignore"):
            value = _CALLS[op](*(np.float64(one.args[0]) for one in args))
        return num(float(value))
    return _simpler(op, *args) or Node(op, *args)


def _simpler(op: str, *args: Node) -> Any:
    first, last = args[0], args[-1]
    match op:
        case "neg" if first.op == "neg":
            return first.args[0]
        case "+" if first == ZERO or last == ZERO:
            return last if first == ZERO else first
        case "-" if last == ZERO:
            return first
        case "+" | "-" if (value := last.number) is not None and value < 0.0:
            return make("-" if op == "+" else "+", first, num(-value))
        case "+" | "-" if last.op == "neg":
            return make("-" if op == "+" else "+", first, last.args[0])
        case "+" if first.op == "-" and first.args[1] == last:
            return first.args[0]
        case "-" if first.op == "+" and first.args[1] == last:
            return first.args[0]
        case "-" if first == ZERO:
            return make("neg", last)
        case "*" if first == ZERO or last == ZERO:
            return ZERO
        case "*" if first == ONE or last == ONE:
            return last if first == ONE else first
        case "*" if last.number == -1.0:
            return make("neg", first)
        case "/" if last == ONE or first == ZERO:
            return first
        case "/" if first == ONE and last.op == "/" and last.args[0] == ONE:
            return last.args[1]
        case "**" if last == ONE:
            return first
        case "where" if args[1] == args[2]:
            return args[1]
        case "where":
            return _bound(*args)
    return None


def _bound(condition: Node, one: Node, other: Node) -> Node | None:
    """Take ``where(x < a, a, x)`` as ``max(x, a)``, and an exponential cut off far below as itself."""
    if condition.op not in ("<", "<=", ">", ">="):
        return None
    left, right = condition.args
    if condition.op in (">", ">="):
        left, right = right, left  # left < right
    if {one.key, other.key} == {left.key, right.key}:
        return make("max" if one == right else "min", left, right)
    cut = right.number
    if one == ZERO and other == make("exp", left) and cut is not None and cut <= UNSEEN:
        return other
    cut = left.number
    if other == ZERO and one == make("exp", right) and cut is not None and cut <= UNSEEN:
        return one
    return None


def text_of(node: Node, spell: Mapping[str, str] | None = None, inside: int = 0) -> str:
    """Write a formula as natrium reads it, each operation in its place; `spell` gives names as they are told.

    Raises
    ------
    CannotImport
        When it holds a number that is not finite.
    """
    op, args = node.op, node.args
    if op == "num":
        value = args[0]
        if not math.isfinite(value):
            raise CannotImport("no number", f"a part of a formula must be a finite number, got {value!r}")
        said = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return f"({said})" if value < 0.0 and inside > 2 else said
    if op == "name":
        return (spell or {}).get(args[0], args[0])
    rank = _RANK.get(op)
    if op == "neg":
        said = f"-{text_of(args[0], spell, 3)}"
    elif rank:
        # Left to right as it was meant; a power's base and the right operand want brackets at the same rank.
        left, right = (rank + 1, rank) if op == "**" else (rank, rank + 1)
        sign = f" {op} " if rank == 1 else op
        said = f"{text_of(args[0], spell, left)}{sign}{text_of(args[1], spell, right)}"
    elif op in COMPARE:
        return f"{text_of(args[0], spell, 1)} {op} {text_of(args[1], spell, 1)}"
    elif op in ("and", "or"):
        return f"({text_of(args[0], spell)}) {op} ({text_of(args[1], spell)})"
    elif op == "not":
        return f"not ({text_of(args[0], spell)})"
    else:
        return f"{op}({', '.join(text_of(one, spell) for one in args)})"
    return f"({said})" if rank is not None and rank < inside else said


def value_of(node: Node, given: Mapping[str, Any]) -> Any:
    """Evaluate a formula in its written order; names that are not given are NaN."""
    done: dict[int, Any] = {}

    def walk(one: Node) -> Any:
        if one.op == "num":
            return np.float64(one.args[0])
        if one.op == "name":
            value = given.get(one.args[0], math.nan)
            return value if isinstance(value, np.ndarray) else np.float64(value)
        if id(one) not in done:
            done[id(one)] = _CALLS[one.op](*(walk(part) for part in one.args))
        return done[id(one)]

    with np.errstate(all="ignore"):
        return walk(node)


def replace(node: Node, given: Mapping[str, Node]) -> Node:
    """Put formulas in where names stand."""
    if node.names.isdisjoint(given):
        return node
    if node.op == "name":
        return given[node.args[0]]
    return make(node.op, *(replace(one, given) for one in node.args))


def factors_of(node: Node) -> Iterator[tuple[Node, int]]:
    """Take a product apart: each factor with 1, or with -1 where it stands below the line."""
    if node.op == "neg":
        yield num(-1.0), 1
        yield from factors_of(node.args[0])
    elif node.op in "*/":
        yield from factors_of(node.args[0])
        sign = 1 if node.op == "*" else -1
        yield from ((one, sign * power) for one, power in factors_of(node.args[1]))
    else:
        yield node, 1


def product(factors: list[tuple[Node, int]]) -> Node:
    """Multiply factors, those below the line after those above it."""
    above: Node | None = None
    for one in (one for one, power in factors if power > 0):
        above = one if above is None else make("*", above, one)
    whole = ONE if above is None else above
    for one in (one for one, power in factors if power < 0):
        whole = make("/", whole, one)
    return whole


def slope_at_zero(node: Node, of: str) -> Node:
    """Differentiate a formula by a name, at zero of it.

    Raises
    ------
    CannotImport
        When the name stands where that is not known.
    """
    if of not in node.names:
        return ZERO
    if node.op == "name":
        return ONE
    at = [replace(one, {of: ZERO}) for one in node.args]
    slopes = [slope_at_zero(one, of) for one in node.args]
    match node.op:
        case "neg":
            return make("neg", slopes[0])
        case "+" | "-":
            return make(node.op, *slopes)
        case "*":
            return make("+", make("*", slopes[0], at[1]), make("*", at[0], slopes[1]))
        case "/" if slopes[1] == ZERO:
            return make("/", slopes[0], at[1])
        case "exp":
            return make("*", make("exp", at[0]), slopes[0])
    raise CannotImport(
        "an update of its own",
        f"an update by dt must be made of sums, products and exp, got {node.op} of {of}: write it as a "
        "DERIVATIVE",
    )


def terms_of(node: Node, states: frozenset[str], most: int = 64) -> list[tuple[Node, dict[str, int]]]:
    """Multiply out a polynomial in the states: each term's coefficient, free of states, and their powers.

    Raises
    ------
    CannotImport
        When it is no polynomial in them.
    """
    if node.names.isdisjoint(states):
        return [] if node == ZERO else [(node, {})]
    if node.op == "name":
        return [(ONE, {node.args[0]: 1})]
    match node.op:
        case "neg":
            found = [(make("neg", one), powers) for one, powers in terms_of(node.args[0], states, most)]
        case "+" | "-":
            right = terms_of(node.args[1], states, most)
            if node.op == "-":
                right = [(make("neg", one), powers) for one, powers in right]
            found = [*terms_of(node.args[0], states, most), *right]
        case "*":
            left, right = (terms_of(one, states, most) for one in node.args)
            found = _times(left, right, most)
        case "/" if node.args[1].names.isdisjoint(states):
            found = [
                (make("/", one, node.args[1]), powers) for one, powers in terms_of(node.args[0], states, most)
            ]
        case "**" if (power := node.args[1].number) is not None and power.is_integer() and 0 < power <= 16:
            base = terms_of(node.args[0], states, most)
            found = base
            for _ in range(int(power) - 1):
                found = _times(found, base, most)
        case _:
            found = []
    if not 0 < len(found) <= most:
        inner = ", ".join(sorted(node.names & states))
        raise CannotImport(
            "no polynomial of gates",
            f"a current and a derivative must be a sum of products of gates, of at most {most} terms, got "
            f"{text_of(node)[:120]} of {inner}",
        )
    return found


Terms = list[tuple[Node, dict[str, int]]]


def _times(left: Terms, right: Terms, most: int) -> Terms:
    """Multiply sums out; give nothing where that is too much."""
    if len(left) * len(right) > most:
        return []
    return [
        (make("*", a, b), {key: p.get(key, 0) + q.get(key, 0) for key in {**p, **q}})
        for a, p in left
        for b, q in right
    ]
