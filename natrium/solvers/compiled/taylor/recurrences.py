"""The rules by which coefficients follow: those of order 0 from the state, of order k from those before.

Orders wait for one another: what a coefficient waits for longest enters it last, by one multiplication.

`Recurrences` writes them as instructions; what loops over orders is in `emit`.
"""

from __future__ import annotations

import math
from typing import Any

import sympy
from llvmlite import ir

from natrium.model.branches import choose
from natrium.model.errors import UnsupportedModel
from natrium.model.expressions.exprel import EXP_LIMIT, exprel
from natrium.model.expressions.expression import as_text
from natrium.solvers.compiled.taylor.layout import FRACTION_LEVELS, NEAR, Layout, even_fraction
from natrium.solvers.compiled.taylor.nodes import Node, Program
from natrium.solvers.compiled.taylor.vectors import I64, Lanes

PEAK = 2.0 / math.sqrt(math.pi)  # of the slope of erf

_OF_NUMBERS = {"exp": "exp", "whole_exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "Abs": "fabs"}


class Recurrences:
    """Coefficients of one program's series.

    Parameters
    ----------
    module, function : llvmlite.ir.Module, llvmlite.ir.Function
        Where to write.
    program : Program
    width : int
        Lanes.
    fused : bool
        Whether to multiply and add in one rounding.
    near : bool
        Whether lanes may be near a removable singularity.
    order : int
        Of the series; 0 where it is given at each step.
    """

    at: dict[str, Any]  # pointers to rows, by the names of the step's arguments
    stride: Any  # rows of one series
    current: Any  # the input
    states: list[Any]  # coefficients of the order at hand
    follows: dict[Node, Any]  # in which lanes each gate follows
    factor: Any  # the order, in all lanes
    inverse: Any  # and 1 over it

    def __init__(
        self,
        module: Any,
        function: Any,
        program: Program,
        width: int,
        fused: bool,
        near: bool,
        order: int,
    ) -> None:
        self.fixed_order = order
        self.function, self.program, self.near = function, program, near
        self.b = ir.IRBuilder(function.append_basic_block("entry"))
        self.v = Lanes(self.b, module, width, fused)
        self.layout = Layout(program, near)
        self.at = {}
        self.constants: dict[Any, Any] = {}
        self.value: dict[Any, Any] = {}  # each row's coefficient of the order at hand
        self.first: dict[Any, Any] = {}  # and of order 0
        self.above, self.below = even_fraction()
        self.depth: dict[Any, int] = {}  # how many operations on coefficients a node waits for
        for node in program.nodes:
            self.depth[node] = 1 + max((self.depth[arg] for arg in node.args), default=-1)

    # -- where rows lie

    def _base_of_state(self, index: int) -> Any:
        return self.b.gep(self.at["series"], [self.b.mul(self.stride, ir.Constant(I64, index))])

    def _base(self, row: Any) -> Any:
        if isinstance(row, Node) and row.is_state:
            return self._base_of_state(row.index)
        if isinstance(row, Node) and row.kind == "input":
            return self.at["input"]
        return self.b.gep(
            self.at["scratch"], [self.b.mul(self.stride, ir.Constant(I64, self.layout.slots[row]))]
        )

    # -- numbers of the run

    def constant(self, expr: Any) -> Any:
        """Evaluate a function of the parameters, once."""
        found = self.constants.get(expr)
        if found is None:
            found = self.constants[expr] = self._constant(expr)
        return found

    def _constant(self, expr: Any) -> Any:
        v = self.v
        if expr.is_Symbol:
            return v.load(self.at["parameters"], self.program.parameters.index(expr))
        if expr.is_number:
            return v.number(float(expr))
        args = [self.constant(arg) for arg in expr.args]
        if isinstance(expr, choose):
            return self.b.select(self.b.fcmp_ordered(">=", args[0], v.number(0.0)), *args[1:])
        if expr.is_Add or expr.is_Mul:
            total = args[0]
            for arg in args[1:]:
                total = v.add(total, arg) if expr.is_Add else v.mul(total, arg)
            return total
        if expr.is_Pow and expr.exp == -1:
            return v.div(v.number(1.0), args[0])
        if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
            total = args[0]
            for _ in range(int(expr.exp) - 1):
                total = v.mul(total, args[0])
            return total
        if expr.is_Pow and expr.exp.is_Integer:
            return v.div(v.number(1.0), self.constant(expr.base ** (-expr.exp)))
        if expr.is_Pow:
            return v.intrinsic("pow", *args)
        if isinstance(expr, sympy.erf):
            return v.erf(args[0])
        if isinstance(expr, exprel) and len(args) == 1:
            return self._exprel(args[0])
        name = _OF_NUMBERS.get(type(expr).__name__)
        if name is None:
            raise UnsupportedModel(
                f"the compiled solver cannot evaluate {as_text(expr)}: use EventDriven (--solver event)"
            )
        return v.exp(args[0]) if name == "exp" else v.intrinsic(name, args[0])

    def _exprel(self, x: Any) -> Any:
        """Give (exp(x) - 1)/x, near 0 by Kahan's (u - 1)/log(u) of u = exp(x), whose rounding cancels."""
        v, one, u = self.v, self.v.number(1.0), self.v.exp(x)
        near = self.b.fcmp_ordered("<", v.intrinsic("fabs", x), v.number(0.5))
        below = self.b.select(near, v.intrinsic("log", u), x)
        flat = self.b.fcmp_ordered("==", below, v.number(0.0))
        return self.b.select(flat, one, v.div(v.sub(u, one), self.b.select(flat, one, below)))

    def _along(self, gate: Node, k: Any, inf: Any, free: Any) -> Any:
        """Give a gate's coefficient: where it follows its steady state's and its lag's, else its own."""
        v = self.v
        return self.b.select(self.follows[gate], v.add(inf, v.load(self._base(("lag", gate)), k)), free)

    # -- order 0

    def _start(self, node: Node) -> Any:
        """Give a series' first coefficient."""
        v, args = self.v, [self.first[arg] for arg in node.args]
        if node.kind == "state":
            return v.load(self.at["states"], node.index)
        if node.kind == "gate":
            return self._along(node, 0, args[0], v.load(self.at["states"], node.index))
        if node.kind == "input":
            return self.current
        if node.kind == "sum":
            total = self.constant(node.weights[0])
            for weight, arg in zip(node.weights[1:], args, strict=True):
                total = v.fma(self.constant(weight), arg, total)
            return total
        if node.kind == "product":
            return v.mul(args[0], args[1])
        if node.kind == "quotient":
            self.constants["inverse", node] = v.div(v.number(1.0), args[1])
            return v.mul(args[0], self.constants["inverse", node])
        if node.kind == "exp":
            # Held beyond the limit: it does not move there.
            held = self.b.fcmp_ordered(">", args[0], v.number(EXP_LIMIT))
            self.constants["moves", node] = self.b.select(held, v.number(0.0), v.number(1.0))
            return v.exp(args[0])
        if node.kind == "bernoulli":
            return self._start_bernoulli(node, args)
        if node.kind in ("side", "branch"):
            by = self.constant(node.weights[0]) if node.kind == "side" else args[0]
            return self.b.select(self.b.fcmp_ordered(">=", by, v.number(0.0)), *args[-2:])
        return self._start_elementary(node, args[0])

    def _start_bernoulli(self, node: Node, args: list[Any]) -> Any:
        v = self.v
        inverse = v.div(v.number(1.0), v.sub(args[1], v.number(1.0)))
        self.constants["inverse", node] = inverse
        far = v.mul(args[0], inverse)
        if not self.near:
            return far
        mask = self.b.fcmp_ordered("<", v.intrinsic("fabs", args[0]), v.number(NEAR))
        self.constants["near", node] = mask
        square = v.mul(args[0], args[0])
        self.first["square", node, 1] = square
        for power in range(2, FRACTION_LEVELS // 2 + 1):
            pair = (("square", node, power // 2), ("square", node, power - power // 2))
            self.first["square", node, power] = v.mul(*(self.first[row] for row in pair))
        above, below = self._fraction(node, self.first, constant=True)
        self.constants["below", node] = v.div(v.number(1.0), below)
        self.first["below", node] = below
        even = v.mul(above, self.constants["below", node])
        self.first["even", node] = even
        return self.b.select(mask, v.fma(v.number(-0.5), args[0], even), far)

    def _fraction(self, node: Node, values: dict[Any, Any], constant: bool) -> tuple[Any, Any]:
        """Give numerator and denominator of the even part from the powers of w^2."""
        v, results = self.v, []
        for coefficients in (self.above, self.below):
            total = v.number(coefficients[0] if constant else 0.0)
            for power, coefficient in enumerate(coefficients[1:], start=1):
                total = v.fma(v.number(coefficient), values["square", node, power], total)
            results.append(total)
        return results[0], results[1]

    def _start_elementary(self, node: Node, x: Any) -> Any:
        v = self.v
        if node.kind == "power":
            self.constants["inverse", node] = v.div(v.number(1.0), x)
            if node.weights[0] == sympy.Rational(1, 2) or node.weights[0] == 0.5:
                return v.intrinsic("sqrt", x)
            return v.intrinsic("pow", x, self.constant(node.weights[0]))
        if node.kind == "tanh":
            # (1 - e)/(1 + e) with e = exp(-2 |x|), the sign put back
            e = v.exp(v.mul(v.number(-2.0), v.intrinsic("fabs", x)))
            half = v.div(v.number(1.0), v.add(v.number(1.0), e))
            size = v.mul(v.sub(v.number(1.0), e), half)
            # 1 - tanh^2, with all its digits where tanh is flat
            self.constants["rest", node] = v.mul(v.mul(v.number(4.0), e), v.mul(half, half))
            value = v.intrinsic("copysign", size, x)
            self.first["square", node, 1] = v.mul(value, value)
            return value
        if node.kind == "erf":
            return v.erf(x)
        if node.kind == "log":
            self.constants["inverse", node] = v.div(v.number(1.0), x)
            return v.intrinsic("log", x)
        self.first["other", node] = v.intrinsic("cos" if node.kind == "sin" else "sin", x)
        return v.intrinsic(node.kind, x)

    # -- order k

    def _coefficient(self, node: Node, k: Any, sums: dict[tuple[Any, Any], Any]) -> Any:
        v, first, value = self.v, self.first, self.value
        if node.kind == "state":
            return self.states[node.index]
        if node.kind == "gate":
            return self._along(node, k, value[node.args[0]], self.states[node.index])
        if node.kind == "input":
            return v.load(self.at["input"], k)
        if node.kind == "sum":
            if not node.args:
                return v.number(0.0)
            parts = sorted(
                zip(node.weights[1:], node.args, strict=True), key=lambda part: self.depth[part[1]]
            )
            total = v.mul(self.constant(parts[0][0]), value[parts[0][1]])
            for weight, arg in parts[1:]:
                total = v.fma(self.constant(weight), value[arg], total)
            return total
        if node.kind == "product":
            return self._whole(node.args[0], node.args[1], sums)
        if node.kind == "quotient":
            return self._divide(node, value[node.args[0]], node.args[1], first[node], sums)
        if node.kind == "exp":
            x, weight = self.layout.single(node.args[0])
            scale = v.mul(self.constant(weight), self.constants["moves", node])
            inner = v.mul(v.mul(scale, self.inverse), sums[("slope", x), node])
            return v.fma(v.mul(scale, first[node]), value[x], inner)
        if node.kind == "bernoulli":
            return self._bernoulli(node, sums)
        if node.kind == "side":
            holds = self.b.fcmp_ordered(">=", self.constant(node.weights[0]), v.number(0.0))
            return self.b.select(holds, *(value[arg] for arg in node.args))
        return self._elementary(node, sums)

    def _whole(self, one: Any, other: Any, sums: dict[tuple[Any, Any], Any]) -> Any:
        """Give the coefficient of a product: the interior and both ends, that which comes last at the end."""
        v, first, value, total = self.v, self.first, self.value, sums[one, other]
        if one == other:
            return v.fma(v.add(first[one], first[one]), value[one], total)
        if self.depth.get(one, 0) < self.depth.get(other, 0):
            one, other = other, one
        total = v.fma(first[one], value[other], total)
        return v.fma(value[one], first[other], total)

    def _divide(self, node: Any, above: Any, below: Node, start: Any, sums: Any) -> Any:
        """Give the coefficient of a quotient with this numerator: (a_k - sum q_j d_(k-j))/d_0."""
        v, inverse = self.v, self.constants["inverse", node]
        x, weight = self.layout.single(below)
        scale = v.sub(v.number(0.0), self.constant(weight))
        inner = v.mul(v.fma(scale, sums[node, x], above), inverse)
        return v.fma(v.mul(v.mul(scale, inverse), start), self.value[x], inner)

    def _bernoulli(self, node: Node, sums: Any) -> Any:
        v, value = self.v, self.value
        w, growth = node.args
        far = self._divide(node, value[w], growth, self.first[node], sums)
        if not self.near:
            return far
        x, weight = self.layout.single(w)
        scale = self.constant(weight) if x is not w else v.number(1.0)
        # w^2 from x^2: its coefficients are those of (c + d x)^2, whose constant part is 2 c d x
        if x is w:
            square = self._whole(w, w, sums)
        else:
            constant = self.constant(w.weights[0])
            inner = self._whole(x, x, sums)
            square = v.mul(scale, v.fma(scale, inner, v.mul(v.mul(v.number(2.0), constant), value[x])))
        value["square", node, 1] = square
        for power in range(2, FRACTION_LEVELS // 2 + 1):
            pair = (("square", node, power // 2), ("square", node, power - power // 2))
            value["square", node, power] = self._whole(*pair, sums)
        above, below = self._fraction(node, value, constant=False)
        value["below", node] = below
        total = v.fma(self.first["even", node], below, sums[("even", node), ("below", node)])
        even = v.mul(v.sub(above, total), self.constants["below", node])
        value["even", node] = even
        near = v.fma(v.number(-0.5), value[w], even)
        return self.b.select(self.constants["near", node], near, far)

    def _elementary(self, node: Node, sums: Any) -> Any:
        v, first, value = self.v, self.first, self.value
        arg = node.args[0]
        if node.kind == "log":
            inner = v.mul(sums[("slope", node), arg], self.inverse)
            return v.mul(v.sub(value[arg], inner), self.constants["inverse", node])
        if node.kind == "power":
            # k f_0 p_k = (alpha + 1) sum j f_j p_(k-j) - k sum f_j p_(k-j), the last term of each apart
            alpha = self.constant(node.weights[0])
            total = v.mul(v.add(alpha, v.number(1.0)), sums[("slope", arg), node])
            total = v.sub(total, v.mul(self.factor, sums[arg, node]))
            end = v.mul(v.mul(alpha, self.factor), v.mul(value[arg], first[node]))
            return v.mul(v.mul(v.add(total, end), self.inverse), self.constants["inverse", node])
        x, weight = self.layout.single(arg)
        slope, scale = v.mul(self.factor, value[x]), v.mul(self.constant(weight), self.inverse)
        if node.kind == "erf":
            growth = node.args[1]
            total = v.fma(slope, first[growth], sums[("slope", x), growth])
            return v.mul(v.mul(scale, v.number(PEAK)), total)
        if node.kind == "tanh":
            total = v.fma(
                slope,
                self.constants["rest", node],
                v.sub(v.number(0.0), sums[("slope", x), ("square", node, 1)]),
            )
            value[node] = v.mul(scale, total)
            value["square", node, 1] = self._whole(node, node, sums)
            return value[node]
        plus, minus = scale, v.sub(v.number(0.0), scale)
        of_other = v.fma(slope, first["other", node], sums[("slope", x), ("other", node)])
        of_own = v.fma(slope, first[node], sums[("slope", x), node])
        sign, opposite = (plus, minus) if node.kind == "sin" else (minus, plus)
        value["other", node] = v.mul(opposite, of_own)
        return v.mul(sign, of_other)
