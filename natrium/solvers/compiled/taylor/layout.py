"""Which series a program keeps, and which convolutions its coefficients need."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy

from natrium.solvers.compiled.taylor.nodes import Node, Program

# Below this |w| the quotient w/(exp(w) - 1) is an even function's fraction: dividing by what vanishes
# inside the step would lose the digits of its series.
NEAR = 1.0
FRACTION_LEVELS = 10  # of coth's continued fraction: 3e-17 up to |w| = 3, 4e-15 up to 4


class Layout:
    """Which series are kept, and which convolutions are summed.

    A convolution is a pair of rows: the first read forwards, the second backwards. A row is a series, or
    ("slope", node), its coefficients times their order.
    """

    def __init__(self, program: Program, near: bool) -> None:
        self.program, self.near = program, near
        self.sums: dict[tuple[Any, Any], int] = {}
        self.slots: dict[Any, int] = {node: index for index, node in enumerate(program.surfaces)}
        for gate in program.gates:  # where both forms of the step find it
            self._keep(("lag", gate))
        for node in program.nodes:
            for pair in self._pairs(node):
                self.sums.setdefault(pair, len(self.sums))
        for pair in self.sums:
            for row in pair:
                self._keep(row)
        for gate in program.gates:
            for row in (*gate.args, *((kind, gate) for kind in ("next", "drift"))):
                self._keep(row)

    def _keep(self, row: Any) -> None:
        if not (isinstance(row, Node) and (row.is_state or row.kind == "input")):
            self.slots.setdefault(row, len(self.slots))

    @staticmethod
    def single(node: Node) -> tuple[Node, Any]:
        """Give x and its weight of a sum c + d x; any other node as itself."""
        if node.kind == "sum" and len(node.args) == 1:
            return node.args[0], node.weights[1]
        return node, sympy.S.One

    def growths(self) -> dict[Any, list[Any]]:
        """Give the rows that exponentials are of, each with its weights in them."""
        found: dict[Any, list[Any]] = {}
        for node in self.program.nodes:
            if node.kind in ("exp", "tanh"):
                x, weight = self.single(node.args[0])
                row = x if x.is_state else ("slope", x)
                found.setdefault(row, []).append(2 * weight if node.kind == "tanh" else weight)
        # Squares of exponentials are products here, twice as steep.
        for square in self.program.nodes:
            if square.kind == "product" and square.args[0] == square.args[1] and square.args[0].kind == "exp":
                x, weight = self.single(square.args[0].args[0])
                found[x if x.is_state else ("slope", x)].append(2 * weight)
        return found

    def _pairs(self, node: Node) -> Iterator[tuple[Any, Any]]:
        if node.kind == "product":
            yield (node.args[0], node.args[1])
        elif node.kind == "quotient":
            yield (node, self.single(node.args[1])[0])
        elif node.kind == "bernoulli":
            yield (node, self.single(node.args[1])[0])
            if self.near:
                w = self.single(node.args[0])[0]
                yield (w, w)
                for power in range(2, FRACTION_LEVELS // 2 + 1):
                    yield (("square", node, power // 2), ("square", node, power - power // 2))
                yield (("even", node), ("below", node))
        elif node.kind == "exp":
            yield (("slope", self.single(node.args[0])[0]), node)
        elif node.kind == "erf":
            yield (("slope", self.single(node.args[0])[0]), node.args[1])
        elif node.kind == "log":
            yield (("slope", node), node.args[0])
        elif node.kind == "power":
            yield (("slope", node.args[0]), node)
            yield (node.args[0], node)
        elif node.kind == "tanh":
            yield (node, node)
            yield (("slope", self.single(node.args[0])[0]), ("square", node, 1))
        elif node.kind in ("sin", "cos"):
            slope = ("slope", self.single(node.args[0])[0])
            yield (slope, ("other", node))
            yield (slope, node)


def even_fraction() -> tuple[list[float], list[float]]:
    """Give numerator and denominator of (w/2) coth(w/2) in powers of w^2, by coth's continued fraction.

    x coth x = 1 + x^2/(3 + x^2/(5 + ...)) (NIST Digital Library of Mathematical Functions, 4.39.1).
    """
    above, below = [Fraction(2 * FRACTION_LEVELS + 1)], [Fraction(1)]
    for level in range(FRACTION_LEVELS - 1, -1, -1):
        shifted = [Fraction(0), *(c / 4 for c in below)]
        size = max(len(above), len(shifted))
        total: list[Fraction] = [
            (2 * level + 1) * (above[i] if i < len(above) else Fraction(0))
            + (shifted[i] if i < len(shifted) else Fraction(0))
            for i in range(size)
        ]
        above, below = total, above
    scale = below[0]
    return [float(c / scale) for c in above], [float(c / scale) for c in below]
