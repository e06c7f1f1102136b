"""Algebra on the trees themselves: names put in, derivatives taken, every part with its line.

SymPy would lose the lines, and takes minutes over four stages of Hodgkin and Huxley's equations; the
derivative at dt = 0 meets each rate once, since there all stages are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from natrium.analysis.doctor.reading.expressions.exponentials import element_of
from natrium.analysis.doctor.reading.expressions.trees import (
    DOUBLES,
    LEAF,
    NUMBER,
    RELATIONS,
    in_order,
    name_of,
    number,
)
from natrium.analysis.doctor.trace.record import Node, element_of_exponential

NEAR_ONE = 1e-14  # what 1/6 and 6 may miss one by


class Algebra:
    """Trees made of trees; what is equal and holds numbers of the same lines is one object.

    Parameters
    ----------
    by_line : bool
        Whether numbers and operations of different lines are different.
    """

    def __init__(self, by_line: bool = True) -> None:
        self._known: dict[tuple[object, ...], Node] = {}
        self._by_line = by_line

    def make(self, op: str, *args: Node, line: int = 0) -> Node:
        """Give an operation on operands, kept once."""
        line = line or max((one.line for one in args), default=0)
        key = (op, line if self._by_line else 0, *map(id, args))
        if key not in self._known:
            value = math.nan
            if all(math.isfinite(one.value) for one in args):
                try:
                    value = float(DOUBLES["math"][op](*(one.value for one in args)))
                except (KeyError, ArithmeticError, ValueError):
                    value = math.nan
            self._known[key] = Node(op, args, value, line)
        return self._known[key]

    def canonical(self, root: Node) -> Node:
        """Give the tree with equal parts as one object."""
        made: dict[Node, Node] = {}
        for node in in_order([root]):
            if node.op in (LEAF, NUMBER):
                made[node] = self._known.setdefault(self._key(node), node)
                continue
            args = tuple(made[one] for one in node.args)
            key = (name_of(node), node.line if self._by_line else 0, *map(id, args))
            same = name_of(node) == node.op and all(a is b for a, b in zip(args, node.args, strict=True))
            fresh = node if same else Node(name_of(node), args, node.value, node.line)
            made[node] = self._known.setdefault(key, fresh)
        return made[root]

    def _key(self, node: Node) -> tuple[object, ...]:
        if node.op == NUMBER:
            return (NUMBER, node.value, node.line if self._by_line else 0)
        return (LEAF, node.name)

    def merged(self, root: Node) -> Node:
        """Give the tree with equal terms added up."""
        made: dict[Node, Node] = {}
        for node in in_order([root]):
            if node.op in (LEAF, NUMBER):
                made[node] = self._known.setdefault(self._key(node), node)
            else:
                made[node] = self.rebuilt(node, tuple(made[one] for one in node.args))
        return made[root]

    # Operations that know 0 and 1 -----------------------------------------------------------------------

    def add(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a + b."""
        if is_number(a, 0.0):
            return b
        if is_number(b, 0.0):
            return a
        if a.op == NUMBER and b.op == NUMBER:
            return number(a.value + b.value, line)
        (p, x), (q, y) = parted(a), parted(b)
        if x is y and x is not None:
            return self.times(p + q, x, line)
        for one, other in ((a, b), (b, a)):  # E + (V - E)
            if name_of(other) == "-" and other.args[1] is one:
                return other.args[0]
            for at in (0, 1) if name_of(other) == "+" else ():  # E + (-E + V)
                if other.args[at].op == "neg" and other.args[at].args[0] is one:
                    return other.args[1 - at]
        if b.op == "neg":
            return self.make("-", a, b.args[0], line=line)
        return self.make("+", a, b, line=line)

    def subtract(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a - b."""
        if is_number(b, 0.0):
            return a
        if is_number(a, 0.0):
            return self.negative(b, line)
        if a.op == NUMBER and b.op == NUMBER:
            return number(a.value - b.value, line)
        (p, x), (q, y) = parted(a), parted(b)
        if x is y and x is not None:
            return self.times(p - q, x)
        return self.make("-", a, b, line=line)

    def negative(self, a: Node, line: int = 0) -> Node:
        """Give -a."""
        if a.op == NUMBER:
            return number(-a.value, a.line or line)
        return a.args[0] if a.op == "neg" else self.make("neg", a, line=line)

    def times(self, factor: float, a: Node, line: int = 0, origin: int = 0) -> Node:
        """Give a number times a; the number may be of another line."""
        p, x = parted(a)
        factor = rounded(factor * p)
        if x is None or factor == 0.0:
            return number(factor, origin or a.line)
        if factor == 1.0:
            return x
        if factor == -1.0:
            return self.negative(x, line)
        return self.make("*", self.canonical(number(factor, origin or line)), x, line=line or x.line)

    def multiply(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a b."""
        for one, other in ((a, b), (b, a)):
            if one.op == NUMBER:
                plain = parted(other) == (1.0, other) and one.value not in (0.0, 1.0, -1.0)
                return (
                    self.make("*", a, b, line=line)
                    if plain
                    else self.times(one.value, other, one.line or line)
                )
        if a.op == "neg":
            return self.negative(self.multiply(a.args[0], b, line), line)
        if b.op == "neg":
            return self.negative(self.multiply(a, b.args[0], line), line)
        return self.make("*", a, b, line=line)

    def divide(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a / b."""
        if is_number(a, 0.0):
            return a
        if b.op == NUMBER and b.value:
            factor, rest = parted(a)
            if rest is None or b.value == 1.0 or abs(factor) != 1.0:
                return self.times(1.0 / b.value, a, line, b.line)
            return self.make("/", a, b, line=line)
        if a is b:
            return number(1.0, line)
        return self.make("/", a, b, line=line)

    def power(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a ** b."""
        if is_number(b, 1.0):
            return a
        if is_number(b, 0.0):
            return number(1.0, line)
        if is_number(a, 0.0) or is_number(a, 1.0):
            return a
        return self.make("**", a, b, line=line)

    def rebuilt(self, node: Node, args: tuple[Node, ...]) -> Node:
        """Give the operation of a node on other operands."""
        name = name_of(node)
        ways: dict[str, Callable[..., Node]] = {
            "+": self.add,
            "-": self.subtract,
            "*": self.multiply,
            "/": self.divide,
            "**": self.power,
            "neg": self.negative,
        }
        if name in ways:
            return ways[name](*args, line=node.line)
        made = self.make(name, *args, line=node.line)
        if all(one.op == NUMBER for one in args) and math.isfinite(made.value):
            return number(made.value, node.line)
        return made

    def _rewritten(self, node: Node, args: tuple[Node, ...]) -> Node:
        """Give a node with other operands; numbers that stand apart in it still do."""
        counted = [one.op == NUMBER for one in args]
        if (
            name_of(node) in ("*", "/")
            and any(counted)
            and counted == [one.op == NUMBER for one in node.args]
        ):
            return self.make(node.op, *args, line=node.line)
        return self.rebuilt(node, args)

    def replaced(self, root: Node, names: Mapping[str, Node], done: dict[Node, Node] | None = None) -> Node:
        """Put trees in the place of names; what holds none of them stays as it is written."""
        made: dict[Node, Node] = {} if done is None else done
        for node in in_order([root]):
            if node in made:
                continue
            if node.op == LEAF:
                made[node] = names.get(node.name, node)
            elif node.args:
                args = tuple(made[one] for one in node.args)
                same = all(a is b for a, b in zip(args, node.args, strict=True))
                made[node] = node if same else self._rewritten(node, args)
            else:
                made[node] = node
        return made[root]


def rounded(value: float) -> float:
    """Give a number without the last digits that sums of sixths lose."""
    near = float(f"{value:.13g}")
    return near if abs(value - near) <= NEAR_ONE * abs(value) else value


def is_number(node: Node, value: float) -> bool:
    """Tell whether a node is this number."""
    return node.op == NUMBER and node.value == value


def parted(node: Node) -> tuple[float, Node | None]:
    """Give a node as a number times a node; None where it is a number alone."""
    if node.op == NUMBER:
        return node.value, None
    if node.op == "neg":
        factor, rest = parted(node.args[0])
        return -factor, rest
    if node.op == "*" and node.args[0].op == NUMBER:
        return node.args[0].value, node.args[1]
    if node.op == "*" and node.args[1].op == NUMBER:
        return node.args[1].value, node.args[0]
    return 1.0, node


class Slopes:
    """Derivatives by one name, where that name has a given value; nothing is computed that zero multiplies.

    Parameters
    ----------
    algebra : Algebra
    name : str
        The name by which is derived.
    at : Node, optional
        Its value; by default it stays what it is.
    known : mapping of Node to Node, optional
        What some trees are there.
    """

    def __init__(
        self,
        algebra: Algebra,
        name: str,
        at: Node | None = None,
        known: Mapping[Node, Node] | None = None,
    ) -> None:
        self._algebra, self._name = algebra, name
        self._at = {} if at is None else {name: at}
        self._there: dict[Node, Node] = dict(known or {})
        self._slopes: dict[Node, Node] = {}
        self._depends: dict[Node, bool] = {}

    def value(self, node: Node) -> Node:
        """Give a tree where the name has its value."""
        return self._algebra.replaced(node, self._at, self._there) if self._at else node

    def depends(self, node: Node) -> bool:
        """Tell whether the name is in a tree."""
        if node not in self._depends:
            for one in in_order([node]):
                self._depends[one] = (
                    one.name == self._name if one.op == LEAF else any(self._depends[arg] for arg in one.args)
                )
        return self._depends[node]

    def slope(self, node: Node) -> Node:
        """Give the derivative.

        Raises
        ------
        KeyError
            When an operation has none.
        """
        if node not in self._slopes:
            self._slopes[node] = self._derived(node) if self.depends(node) else number(0.0)
        return self._slopes[node]

    def _derived(self, node: Node) -> Node:
        to, name = self._algebra, name_of(node)
        if name == LEAF:
            return number(1.0)
        if name == "+":
            return to.add(self.slope(node.args[0]), self.slope(node.args[1]), node.line)
        if name == "-":
            return to.subtract(self.slope(node.args[0]), self.slope(node.args[1]), node.line)
        if name == "neg":
            return to.negative(self.slope(node.args[0]), node.line)
        if name == "*":
            return self._product(node.args[0], node.args[1], node.line)
        if name in ("/", "//"):
            return self._quotient(node.args[0], node.args[1], node.line)
        if name == "**":
            return self._power(node.args[0], node.args[1], node.line)
        if name in RELATIONS:
            return number(0.0)
        if name in ("min", "max", "clip"):  # as the run went
            taken = next((one for one in node.args if one.value == node.value), node.args[0])
            return self.slope(taken)
        if place := element_of(name):
            return self._exponential(node, *place)
        inner = self.slope(node.args[0])
        if is_number(inner, 0.0):
            return inner
        return to.multiply(self._outer(name, self.value(node.args[0]), node), inner, node.line)

    def _product(self, a: Node, b: Node, line: int) -> Node:
        to, total = self._algebra, number(0.0)
        for one, other in ((a, b), (b, a)):
            if self.depends(one):
                factor = self.value(other)
                if not is_number(factor, 0.0):
                    slope = self.slope(one)
                    pair = (slope, factor) if one is a else (factor, slope)
                    total = to.add(total, to.multiply(*pair, line=line), line)
        return total

    def _quotient(self, a: Node, b: Node, line: int) -> Node:
        to, below = self._algebra, self.value(b)
        total = to.divide(self.slope(a), below, line) if self.depends(a) else number(0.0)
        if self.depends(b):
            above = self.value(a)
            if not is_number(above, 0.0):
                whole = name_of(above) == "*" and any(one is below for one in above.args)
                if whole:  # C v s/C^2 is v s/C
                    above = next((one for one in above.args if one is not below), below)
                moved = to.multiply(above, self.slope(b), line)
                under = below if whole else to.power(below, number(2.0), line)
                total = to.subtract(total, to.divide(moved, under, line), line)
        return total

    def _exponential(self, node: Node, size: int, row: int, column: int) -> Node:
        """Give an element of M' exp(M), as it is where M' and M are multiples of one matrix."""
        to, total = self._algebra, number(0.0)
        for k in range(size):
            if not is_number(slope := self.slope(node.args[size * row + k]), 0.0):
                part = self.value(
                    to.make(element_of_exponential(size, k, column), *node.args, line=node.line)
                )
                total = to.add(total, to.multiply(slope, part, node.line), node.line)
        return total

    def _power(self, a: Node, b: Node, line: int) -> Node:
        to, base, exponent = self._algebra, self.value(a), self.value(b)
        total = number(0.0)
        if self.depends(a):
            less = to.subtract(exponent, number(1.0), line)
            outer = to.multiply(exponent, to.power(base, less, line), line)
            if not is_number(outer, 0.0):
                total = to.multiply(outer, self.slope(a), line)
        if self.depends(b):
            outer = to.multiply(to.power(base, exponent, line), to.make("log", base, line=line), line)
            total = to.add(total, to.multiply(outer, self.slope(b), line), line)
        return total

    def _outer(self, name: str, x: Node, node: Node) -> Node:
        to, one, line = self._algebra, number(1.0), node.line

        def of(function: str) -> Node:
            return to.rebuilt(Node(function, (x,), math.nan, line), (x,))

        ways: dict[str, Callable[[], Node]] = {
            **dict.fromkeys(("exp", "expm1"), lambda: of("exp")),
            "log": lambda: to.divide(one, x, line),
            "log1p": lambda: to.divide(one, to.add(one, x), line),
            "sqrt": lambda: to.divide(number(0.5), of("sqrt"), line),
            "sin": lambda: of("cos"),
            "cos": lambda: to.negative(of("sin"), line),
            "tanh": lambda: to.subtract(one, to.power(of("tanh"), number(2.0), line), line),
            "sinh": lambda: of("cosh"),
            "cosh": lambda: of("sinh"),
            "abs": lambda: of("sign"),
            "float": lambda: one,
            "sign": lambda: number(0.0),
            "floor": lambda: number(0.0),
            "ceil": lambda: number(0.0),
            "int": lambda: number(0.0),
            "round": lambda: number(0.0),
        }
        return ways[name]()
