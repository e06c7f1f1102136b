"""From symbolic right-hand sides to a program on Taylor series.

Along a solution every sub-expression is a power series in the time since the step's start. A `Program`
lists them in order of need, each with the rule by which its next coefficient follows from the earlier
ones: sums are term by term, products are convolutions, and each elementary function obeys a linear
differential equation, which turns into one convolution as well. Numbers that do not change within a run
stay symbolic, in the parameters.

References
----------
.. [1] A. Jorba, M. Zou, "A software package for the numerical integration of ODEs by means of high-order
   Taylor methods", Exp. Math. 14 (2005) 99-117. https://doi.org/10.1080/10586458.2005.10128904
.. [2] A. Griewank, A. Walther, "Evaluating Derivatives", 2nd ed. (2008), ch. 13 (propagating Taylor
   coefficients). https://doi.org/10.1137/1.9780898717761
"""

from __future__ import annotations

from typing import Any

import sympy

from natrium.model.branches import Branch, choose
from natrium.model.errors import UnsupportedModel
from natrium.model.expressions.exprel import exprel, whole_exp
from natrium.solvers.compiled.taylor.nodes import Follower, Kind, Node, Program

# A number exp(b) that is further than this from 1 is not taken out of an exponential.
FAR = 1e20


def program(
    rates: tuple[Any, ...],
    states: tuple[Any, ...],
    current: Any,
    parameters: tuple[Any, ...],
    *,
    branches: tuple[Branch, ...] = (),
    followers: tuple[Follower, ...] = (),
    once: bool = False,
) -> Program:
    """Write right-hand sides as a program on series.

    Parameters
    ----------
    rates : tuple of sympy.Expr
        The time derivative of each state.
    states : tuple of sympy.Symbol
    current : sympy.Symbol
        The input.
    parameters : tuple of sympy.Symbol
    branches : tuple of Branch
        Their surfaces' series are wanted besides; the sides are among the parameters.
    followers : tuple of Follower
    once : bool
        Whether only values are wanted, no series: branches are then taken as they come.

    Raises
    ------
    UnsupportedModel
        When an expression is not analytic, or has a function without a rule here.
    """
    builder = _Builder(states, current, once)
    builder.look_ahead((*rates, *(part for one in followers for part in (one.inf, one.tau))))
    gates = {one.state: builder.follow(one) for one in followers}
    flows = [_affine(rate, states) for rate in rates]
    for one in followers:
        flows[states.index(one.state)] = builder.law(one)
    ends = tuple(map(builder.node, flows))
    found = [branch.surface for branch in branches]
    watched = tuple(Node("sum", (builder.node(one),), (sympy.S.Zero, sympy.S.One)) for one in found)
    sides = tuple(branch.side for branch in branches)
    nodes = tuple(builder.sort((*gates.values(), *ends, *watched)))
    return Program(nodes, ends, parameters, watched, sides, gates=tuple(gates.values()))


def _affine(rate: Any, states: tuple[Any, ...]) -> Any:
    """Collect a gate's rate as a(V) + b(V) x: one product instead of two."""
    for x in states[1:]:
        slope = rate.diff(x)
        if not slope.is_zero and not slope.has(x) and rate.has(x):
            at_zero = rate.subs(x, 0)
            if not at_zero.has(*states[1:]) and not slope.has(*states[1:]):
                return at_zero + slope * x
    return rate


class _Builder:
    """Makes each node once."""

    def __init__(self, states: tuple[Any, ...], current: Any, once: bool) -> None:
        self.once = once
        self.moving = {*states, current}
        self.known: dict[Any, Node] = {
            state: Node("state", index=index) for index, state in enumerate(states)
        }
        self.known[current] = Node("input")
        self.growths: dict[Any, list[tuple[Any, Node]]] = {}
        self.arguments: dict[Any, Any] = {}  # of exponentials: the constant of the first of each shape

    def follow(self, one: Follower) -> Node:
        """Let a state be one that may follow."""
        args = (self.node(one.inf), self.node(one.tau))
        made = self.known[one.state] = Node("gate", args, one.follows, self.known[one.state].index)
        return made

    def law(self, one: Follower) -> Any:
        """Give a follower's rate with what it relaxes to and how fast as series of their own."""
        inf, tau = (self._named(part) for part in (one.inf, one.tau))
        return sympy.Mul(*one.follows[1:], inf - one.state, 1 / tau)

    def _named(self, expr: Any) -> Any:
        """Give a symbol for an expression that moves."""
        if self.is_constant(expr):
            return expr
        symbol = sympy.Symbol(f"_part_{len(self.known)}", real=True)
        self.moving.add(symbol)
        self.known[symbol] = self.node(expr)
        return symbol

    def look_ahead(self, rates: tuple[Any, ...]) -> None:
        """Find the arguments of all exponentials: where one is twice another, it is that one's square."""
        for rate in rates:
            for function in sorted(rate.atoms(sympy.exp, whole_exp, exprel), key=str):
                if not self.is_constant(function) and len(function.args) == 1:
                    argument = self.node(function.args[0])
                    if argument.kind == "sum":
                        shape = (argument.args, argument.weights[1:])
                        self.arguments.setdefault(shape, argument.weights[0])

    def node(self, expr: Any) -> Node:
        """Give an expression's node."""
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._make(expr)
        return found

    def sort(self, ends: tuple[Node, ...]) -> list[Node]:
        """List all nodes, each after its arguments."""
        listed: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node not in listed:
                for arg in node.args:
                    visit(arg)
                listed[node] = None

        for end in ends:
            visit(end)
        return list(listed)

    def is_constant(self, expr: Any) -> bool:
        return self.moving.isdisjoint(expr.free_symbols)

    def _make(self, expr: Any) -> Node:
        if self.is_constant(expr):
            return Node("sum", (), (expr,))
        if expr.is_Add:
            return self._sum(expr.args)
        if expr.is_Mul:
            return self._product(expr)
        if expr.is_Pow and expr.base != sympy.E:
            return self._power(expr.base, expr.exp)
        return self._function(expr)

    def _sum(self, terms: tuple[Any, ...]) -> Node:
        total = sympy.S.Zero
        weights: dict[Node, Any] = {}
        for term in terms:
            if self.is_constant(term):
                total += term
                continue
            weight, rest = term.as_independent(*self.moving, as_Add=False)
            total += self._gather(weights, weight, self.node(rest))
        return self._weigh(total, weights)

    @staticmethod
    def _gather(weights: dict[Node, Any], weight: Any, node: Node) -> Any:
        """Add a weighted node to a sum, itself taken apart where it is one; give the constant that comes."""
        if node.kind != "sum":
            weights[node] = weights.get(node, sympy.S.Zero) + weight
            return sympy.S.Zero
        for part, inner in zip(node.args, node.weights[1:], strict=True):
            weights[part] = weights.get(part, sympy.S.Zero) + weight * inner
        return weight * node.weights[0]

    @staticmethod
    def _weigh(total: Any, weights: dict[Node, Any]) -> Node:
        kept = {node: weight for node, weight in weights.items() if not weight.is_zero}
        if total.is_zero and len(kept) == 1 and next(iter(kept.values())) == 1:
            return next(iter(kept))
        return Node("sum", tuple(kept), (total, *kept.values()))

    def _scale(self, weight: Any, node: Node) -> Node:
        if weight == 1:
            return node
        weights: dict[Node, Any] = {}
        total = self._gather(weights, weight, node)
        return self._weigh(total, weights)

    def _times(self, a: Node, b: Node) -> Node:
        """Multiply; a factor c + d x with one x is taken apart: c y + d (x y) stores nothing more."""
        for one, other in ((a, b), (b, a)):
            if one.kind == "sum" and len(one.args) <= 1:
                weights: dict[Node, Any] = {}
                total = self._gather(weights, one.weights[0], other)
                if one.args:
                    total += self._gather(weights, one.weights[1], self._times(one.args[0], other))
                return self._weigh(total, weights)
        return Node("product", (a, b))

    def _product(self, expr: Any) -> Node:
        weight, rest = expr.as_independent(*self.moving, as_Add=False)
        above: list[Node] = []
        below: list[Node] = []
        for factor in sympy.Mul.make_args(rest):
            base, power = factor.as_base_exp()
            if isinstance(factor, sympy.exp) or not power.is_Integer:
                above.append(self.node(factor))
            elif isinstance(base, exprel) and power < 0 and len(base.args) == 1:
                above.append(self._whole_power(self._bernoulli(base.args[0]), -int(power)))
            else:
                side = above if power > 0 else below
                side.append(self._whole_power(self.node(base), abs(int(power))))
        result = self._all(above)
        if below:
            result = Node("quotient", (result or Node("sum", (), (sympy.S.One,)), self._all(below)))
        assert result is not None
        return self._scale(weight, result)

    def _all(self, factors: list[Node]) -> Any:
        """Multiply several, sums last: they are then taken apart once."""
        result: Node | None = None
        for factor in sorted(factors, key=lambda node: node.kind == "sum"):
            result = factor if result is None else self._times(result, factor)
        return result

    def _whole_power(self, node: Node, n: int) -> Node:
        if n == 1:
            return node
        half = self._whole_power(node, n // 2)
        square = Node("product", (half, half))
        return self._times(square, node) if n % 2 else square

    def _power(self, base: Any, power: Any) -> Node:
        if power.is_Integer:
            if power > 0:
                return self._whole_power(self.node(base), int(power))
            if isinstance(base, exprel) and len(base.args) == 1:
                return self._whole_power(self._bernoulli(base.args[0]), -int(power))
            below = self._whole_power(self.node(base), -int(power))
            return Node("quotient", (Node("sum", (), (sympy.S.One,)), below))
        if self.is_constant(power):
            return Node("power", (self.node(base),), (power,))
        return self.node(sympy.exp(power * sympy.log(base)))

    def _function(self, expr: Any) -> Node:
        argument = expr.args[0] if expr.args else expr
        if isinstance(expr, (sympy.exp, whole_exp)):
            return self._exp(self.node(argument))
        if isinstance(expr, exprel) and len(expr.args) == 1:
            below = self._bernoulli(argument)
            return Node("quotient", (Node("sum", (), (sympy.S.One,)), below))
        if isinstance(expr, sympy.erf):
            w = self.node(argument)
            return Node("erf", (w, self._exp(self._scale(sympy.S.NegativeOne, Node("product", (w, w))))))
        for kind, function in _ELEMENTARY.items():
            if isinstance(expr, function):
                return Node(kind, (self.node(argument),))
        if isinstance(expr, choose) and self.is_constant(argument):
            return Node("side", tuple(map(self.node, expr.args[1:])), (argument,))
        if isinstance(expr, choose) and self.once:
            return Node("branch", tuple(map(self.node, expr.args)))
        if isinstance(expr, _BY_OTHERS):
            return self.node(expr.rewrite(sympy.cos if isinstance(expr, sympy.tan) else sympy.exp))
        got = "a branch" if isinstance(expr, choose) else type(expr).__name__
        raise UnsupportedModel(
            f"the compiled solver knows smooth elementary functions only, got {got}: "
            "use EventDriven (--solver event)"
        )

    def _exp(self, argument: Node) -> Node:
        """Give the exponential of a sum; those that differ by a number share one series."""
        if argument.kind != "sum":
            return Node("exp", (argument,))
        constant, shape = argument.weights[0], (argument.args, argument.weights[1:])
        for other, made in self.growths.setdefault(shape, []):
            difference = sympy.expand(constant - other)
            if difference.is_number:
                factor = float(sympy.exp(difference))
                if 1 / FAR < factor < FAR:
                    return self._scale(sympy.Float(factor), made)
        made = self._square(argument) or Node("exp", (argument,))
        self.growths[shape].append((constant, made))
        return made

    def _square(self, argument: Node) -> Node | None:
        """Give exp(w) as a square where exp of half of w's moving part is there as well."""
        half = (argument.args, tuple(weight / 2 for weight in argument.weights[1:]))
        if half not in self.arguments:
            return None
        constant = self.arguments[half]
        rest = sympy.expand(argument.weights[0] - 2 * constant)
        if not rest.is_number or not 1 / FAR < float(sympy.exp(rest)) < FAR:
            return None
        root = self._exp(Node("sum", argument.args, (constant, *half[1])))
        return self._scale(sympy.Float(float(sympy.exp(rest))), Node("product", (root, root)))

    def _bernoulli(self, argument: Any) -> Node:
        """Give w/(exp(w) - 1), the inverse of exprel(w)."""
        w = self.node(argument)
        return Node("bernoulli", (w, self._exp(w)))


_BY_OTHERS = (sympy.cosh, sympy.sinh, sympy.tan)
_ELEMENTARY: dict[Kind, Any] = {"log": sympy.log, "tanh": sympy.tanh, "sin": sympy.sin, "cos": sympy.cos}
