"""From a program on series to LLVM: one Taylor step of a group of lanes.

The step takes the states, parameters and the input's series of every lane and gives the series of the
states, the step's length, the states at its end and a bound of u over it. All lanes do the same
instructions: what a lane gives depends on its own numbers alone, whatever the others hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy
from llvmlite import ir

from natrium.model.codegen.lanes import F64, I64, Lanes
from natrium.model.codegen.series import Node, Program
from natrium.model.errors import UnsupportedModel

__all__ = ["ARGUMENTS", "FUNCTION", "module_of", "n_slots"]

FUNCTION = "natrium_step"
# What the step is given, as a table of addresses; the last is a whole number and no address. Rows of lanes:
# the states (changed), parameters, the input's series from order 1 on (order 0 is written: base + rate s), its
# base and rate, the time s in the stretch (changed), the stretch's end, the longest step, whether to watch every
# step, the count of steps (changed). Written: the series of the states, scratch, the step's length, the states
# at its end, the bound of u, and in one word a bit for each lane that did not simply go on. Given besides: the
# inverse tolerance of each state, and the margin below threshold that u must keep to go on.
ARGUMENTS = (
    "states", "parameters", "input", "base", "rate", "time", "end", "longest", "watch", "steps",
    "series", "scratch", "length", "final", "bound", "attention", "tolerance", "order",
)  # fmt: skip
MAX_ACCUMULATORS = 20  # in one loop: vector registers, less the operands
# Below this |w| the quotient w/(exp(w) - 1) is an even function's fraction: dividing by what vanishes
# inside the step would lose the digits of its series.
NEAR = 1.0
FRACTION_LEVELS = 10  # of coth's continued fraction: 3e-17 up to |w| = 3, 4e-15 up to 4
SHORTENING = 0.9  # of the step that the last terms allow


def n_slots(program: Program) -> int:
    """Say how many series of scratch a step needs."""
    return len(_Layout(program, near=True).slots)


def module_of(program: Program, width: int, fused: bool) -> Any:
    """Write the step of a program.

    Parameters
    ----------
    program : Program
    width : int
        Lanes.
    fused : bool
        Whether to multiply and add in one rounding.

    Returns
    -------
    llvmlite.ir.Module
        With one function, `FUNCTION`, of a pointer to the addresses named in `ARGUMENTS`.
    """
    module = ir.Module(name="natrium")
    table = ir.FunctionType(ir.VoidType(), [I64.as_pointer()])
    near = None
    if any(node.kind == "bernoulli" for node in program.nodes):
        near = ir.Function(module, table, name=f"{FUNCTION}_near")
        near.linkage = "internal"
        _Step(module, near, program, width, fused, near=True).write(None)
    plain = ir.Function(module, table, name=FUNCTION)
    _Step(module, plain, program, width, fused, near=False).write(near)
    return module


class _Layout:
    """Which series are kept, and which convolutions are summed.

    A convolution is a pair of rows: the first read forwards, the second backwards. A row is a series, or
    ("slope", node), its coefficients times their order.
    """

    def __init__(self, program: Program, near: bool) -> None:
        self.program, self.near = program, near
        self.sums: dict[tuple[Any, Any], int] = {}
        self.slots: dict[Any, int] = {}
        for node in program.nodes:
            for pair in self._pairs(node):
                self.sums.setdefault(pair, len(self.sums))
        for pair in self.sums:
            for row in pair:
                if not (isinstance(row, Node) and row.kind in ("state", "input")):
                    self.slots.setdefault(row, len(self.slots))

    @staticmethod
    def single(node: Node) -> tuple[Node, Any]:
        """Give x and its weight of a sum c + d x; any other node as itself."""
        if node.kind == "sum" and len(node.args) == 1:
            return node.args[0], node.weights[1]
        return node, sympy.S.One

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


def _even_fraction() -> tuple[list[float], list[float]]:
    """Give numerator and denominator of (w/2) coth(w/2) in powers of w^2, by coth's continued fraction.

    x coth x = 1 + x^2/(3 + x^2/(5 + ...)) (NIST Digital Library of Mathematical Functions, 4.39.1).
    """
    above, below = [Fraction(2 * FRACTION_LEVELS + 1)], [Fraction(1)]
    for level in range(FRACTION_LEVELS - 1, -1, -1):
        shifted = [Fraction(0), *(c / 4 for c in below)]
        size = max(len(above), len(shifted))
        total = [
            (2 * level + 1) * (above[i] if i < len(above) else 0) + (shifted[i] if i < len(shifted) else 0)
            for i in range(size)
        ]
        above, below = total, above
    scale = below[0]
    return [float(c / scale) for c in above], [float(c / scale) for c in below]


class _Step:
    """Writes one function."""

    def __init__(
        self, module: Any, function: Any, program: Program, width: int, fused: bool, near: bool
    ) -> None:
        self.function, self.program, self.near = function, program, near
        self.b = ir.IRBuilder(function.append_basic_block("entry"))
        self.v = Lanes(self.b, module, width, fused)
        self.layout = _Layout(program, near)
        self.constants: dict[Any, Any] = {}
        self.value: dict[Any, Any] = {}  # each row's coefficient of the order at hand
        self.first: dict[Any, Any] = {}  # and of order 0
        self.above, self.below = _even_fraction()

    def write(self, near: Any) -> None:
        """Write the whole step; hand over to `near` where a lane is near a removable singularity."""
        b, v = self.b, self.v
        table = self.function.args[0]
        given = {
            name: b.load(b.gep(table, [ir.Constant(I64, index)])) for index, name in enumerate(ARGUMENTS)
        }
        self.order = given.pop("order")
        self.at = {name: b.inttoptr(address, v.type.as_pointer()) for name, address in given.items()}
        self.tolerance = b.inttoptr(given["tolerance"], F64.as_pointer())
        self.stride = b.add(self.order, ir.Constant(I64, 1))
        self.n = len(self.program.rates)
        self.time = v.load(self.at["time"])
        self.current = v.fma(v.load(self.at["rate"]), self.time, v.load(self.at["base"]))
        for node in self.program.nodes:
            self.first[node] = self._start(node)
        if near is not None:
            self._hand_over(near)
        v.store(self.current, self.at["input"])
        for index in range(self.n):
            v.store(v.load(self.at["states"], index), self._base_of_state(index))
        for row, value in self.first.items():
            if row in self.layout.slots:
                v.store(value, self._base(row))
        for index, rate in enumerate(self.program.rates):
            v.store(self.first[rate], self._base_of_state(index), 1)
        self._orders()
        self._finish()
        b.ret_void()

    # -- where rows lie

    def _base_of_state(self, index: int) -> Any:
        return self.b.gep(self.at["series"], [self.b.mul(self.stride, ir.Constant(I64, index))])

    def _base(self, row: Any) -> Any:
        if isinstance(row, Node) and row.kind == "state":
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
        name = _OF_NUMBERS.get(type(expr).__name__)
        if name is None:
            raise UnsupportedModel(
                f"the compiled solver cannot evaluate {expr}: use EventDriven (--solver event)"
            )
        return v.exp(args[0]) if name == "exp" else v.intrinsic(name, args[0])

    # -- order 0

    def _start(self, node: Node) -> Any:
        """Give a series' first coefficient."""
        v, args = self.v, [self.first[arg] for arg in node.args]
        if node.kind == "state":
            return v.load(self.at["states"], node.index)
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
            held = self.b.fcmp_ordered(">", args[0], v.number(230.0))
            self.constants["moves", node] = self.b.select(held, v.number(0.0), v.number(1.0))
            return v.exp(args[0])
        if node.kind == "bernoulli":
            return self._start_bernoulli(node, args)
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
            size = v.div(v.sub(v.number(1.0), e), v.add(v.number(1.0), e))
            value = v.intrinsic("copysign", size, x)
            self.first["square", node, 1] = v.mul(value, value)
            return value
        if node.kind == "log":
            self.constants["inverse", node] = v.div(v.number(1.0), x)
            return v.intrinsic("log", x)
        self.first["other", node] = v.intrinsic("cos" if node.kind == "sin" else "sin", x)
        return v.intrinsic(node.kind, x)

    # -- order k

    def _orders(self) -> None:
        """Write all orders: the first two and the last apart, a loop between them.

        A convolution at order k + 1 is summed up while the coefficients of order k, which wait for one
        another, are on their way: all but its outermost terms needs none of them.
        """
        v, pairs = self.v, list(self.layout.sums)
        self.states = [self.first[rate] for rate in self.program.rates]
        self._order(ir.Constant(I64, 1), dict.fromkeys(pairs, v.number(0.0)))
        one = dict(self.value)
        sums = {(a, b): v.mul(one[a], one[b]) for a, b in pairs}
        self._order(ir.Constant(I64, 2), sums)
        sums = self._with_ends(dict.fromkeys(pairs, v.number(0.0)), one)
        last = self.b.sub(self.order, ir.Constant(I64, 1))

        def body(k: Any, carried: list[Any]) -> list[Any]:
            self.states = carried[len(pairs) :]
            self._order(k, dict(zip(pairs, carried, strict=False)))
            values, states = self.value, self.states
            inner = self._interior(k)
            self.value = values
            return [*self._with_ends(inner, one).values(), *states]

        carried = v.loop(ir.Constant(I64, 3), last, [*sums.values(), *self.states], body)
        self.states = carried[len(pairs) :]
        self._order(last, dict(zip(pairs, carried, strict=False)))

    def _order(self, k: Any, sums: dict[tuple[Any, Any], Any]) -> None:
        """Write the coefficients of order k, and the states' of k + 1."""
        b, v = self.b, self.v
        self.factor = v.spread(b.sitofp(k, F64))
        self.inverse = v.spread(b.fdiv(ir.Constant(F64, 1.0), b.sitofp(k, F64)))
        self.value = {}
        for node in self.program.nodes:
            self.value[node] = self._coefficient(node, k, sums)
            if ("slope", node) in self.layout.slots:
                self.value["slope", node] = v.mul(self.factor, self.value[node])
        for row in self.layout.slots:
            v.store(self.value[row], self._base(row), k)
        following = b.add(k, ir.Constant(I64, 1))
        divisor = v.spread(b.fdiv(ir.Constant(F64, 1.0), b.sitofp(following, F64)))
        self.states = [v.mul(self.value[rate], divisor) for rate in self.program.rates]
        for index, state in enumerate(self.states):
            v.store(state, self._base_of_state(index), following)

    def _with_ends(self, sums: dict[tuple[Any, Any], Any], one: dict[Any, Any]) -> dict[tuple[Any, Any], Any]:
        """Add the outermost terms, of order 1 and of the order just written."""
        v, found = self.v, {}
        for (a, b), total in sums.items():
            found[a, b] = v.fma(self.value[a], one[b], v.fma(one[a], self.value[b], total))
        return found

    def _interior(self, k: Any) -> dict[tuple[Any, Any], Any]:
        """Sum a_j b_(k+1-j) over 1 < j < k for every pair, in as few loops as there are registers for."""
        v, pairs, found = self.v, list(self.layout.sums), {}
        top = self.b.add(k, ir.Constant(I64, 1))
        for start in range(0, len(pairs), MAX_ACCUMULATORS):
            group = pairs[start : start + MAX_ACCUMULATORS]

            def body(j: Any, sums: list[Any], group: list[Any] = group) -> list[Any]:
                back = self.b.sub(top, j)
                forward_rows: dict[Any, Any] = {}
                backward_rows: dict[Any, Any] = {}
                results = []
                for (one, other), total in zip(group, sums, strict=True):
                    if one not in forward_rows:
                        forward_rows[one] = v.load(self._base(one), j)
                    if other not in backward_rows:
                        backward_rows[other] = v.load(self._base(other), back)
                    results.append(v.fma(forward_rows[one], backward_rows[other], total))
                return results

            zeros = [v.number(0.0)] * len(group)
            found.update(zip(group, v.loop(ir.Constant(I64, 2), k, zeros, body), strict=True))
        return found

    def _coefficient(self, node: Node, k: Any, sums: dict[tuple[Any, Any], Any]) -> Any:
        v, first, value = self.v, self.first, self.value
        if node.kind == "state":
            return self.states[node.index]
        if node.kind == "input":
            return v.load(self.at["input"], k)
        if node.kind == "sum":
            if not node.args:
                return v.number(0.0)
            total = v.mul(self.constant(node.weights[1]), value[node.args[0]])
            for weight, arg in zip(node.weights[2:], node.args[1:], strict=True):
                total = v.fma(self.constant(weight), value[arg], total)
            return total
        if node.kind == "product":
            return self._whole(node.args[0], node.args[1], sums)
        if node.kind == "quotient":
            return self._divided(node, value[node.args[0]], node.args[1], first[node], sums)
        if node.kind == "exp":
            x, weight = self.layout.single(node.args[0])
            slope = v.mul(self.factor, value[x])
            total = v.fma(slope, first[node], sums[("slope", x), node])
            scale = v.mul(v.mul(self.constant(weight), self.constants["moves", node]), self.inverse)
            return v.mul(scale, total)
        if node.kind == "bernoulli":
            return self._bernoulli(node, sums)
        return self._elementary(node, sums)

    def _whole(self, one: Any, other: Any, sums: dict[tuple[Any, Any], Any]) -> Any:
        """Give the coefficient of a product: the interior and both ends."""
        v, first, value = self.v, self.first, self.value
        total = v.fma(first[one], value[other], sums[one, other])
        return v.fma(value[one], first[other], total)

    def _divided(self, node: Any, above: Any, below: Node, start: Any, sums: Any) -> Any:
        """Give the coefficient of a quotient with this numerator: (a_k - sum q_j d_(k-j))/d_0."""
        v = self.v
        x, weight = self.layout.single(below)
        total = v.fma(start, self.value[x], sums[node, x])
        total = v.fma(v.sub(v.number(0.0), self.constant(weight)), total, above)
        return v.mul(total, self.constants["inverse", node])

    def _bernoulli(self, node: Node, sums: Any) -> Any:
        v, value = self.v, self.value
        w, growth = node.args
        far = self._divided(node, value[w], growth, self.first[node], sums)
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
        if node.kind == "tanh":
            rest = v.sub(v.number(1.0), first["square", node, 1])
            total = v.fma(slope, rest, v.sub(v.number(0.0), sums[("slope", x), ("square", node, 1)]))
            value[node] = v.mul(scale, total)
            value["square", node, 1] = self._whole(node, node, sums)
            return value[node]
        plus, minus = scale, v.sub(v.number(0.0), scale)
        of_other = v.fma(slope, first["other", node], sums[("slope", x), ("other", node)])
        of_own = v.fma(slope, first[node], sums[("slope", x), node])
        sign, opposite = (plus, minus) if node.kind == "sin" else (minus, plus)
        value["other", node] = v.mul(opposite, of_own)
        return v.mul(sign, of_other)

    # -- the end of the step

    def _hand_over(self, near: Any) -> None:
        """Call the other form of the step, and end, where any lane is near a removable singularity."""
        b, v = self.b, self.v
        is_near = None
        for node in self.program.nodes:
            if node.kind == "bernoulli":
                size = v.intrinsic("fabs", self.first[node.args[0]])
                here = b.fcmp_ordered("<", size, v.number(NEAR))
                is_near = here if is_near is None else b.or_(is_near, here)
        assert is_near is not None
        other = b.append_basic_block("near")
        plain = b.append_basic_block("plain")
        b.cbranch(v.any(is_near), other, plain)
        b.position_at_end(other)
        b.call(near, [self.function.args[0]])
        b.ret_void()
        b.position_at_end(plain)

    def _finish(self) -> None:
        """Write the step's length, the states at its end, and the bound of u."""
        v, b = self.v, self.b
        rest = v.sub(v.load(self.at["end"]), self.time)
        h = v.least(self._length(), v.least(v.load(self.at["longest"]), rest))
        v.store(h, self.at["length"])

        def horner(j: Any, values: list[Any]) -> list[Any]:
            k = b.sub(self.order, j)
            return [v.fma(value, h, v.load(self._base_of_state(i), k)) for i, value in enumerate(values)]

        zeros = [v.number(0.0)] * self.n
        final = v.loop(ir.Constant(I64, 0), self.stride, zeros, horner)
        spoiled = v.number(0.0)
        for index, value in enumerate(final):
            v.store(value, self.at["final"], index)
            spoiled = v.fma(value, v.number(0.0), spoiled)  # zero, or NaN
        u = self._base_of_state(0)
        a, power = [v.load(u, 0)], v.number(1.0)
        for k in range(1, 4):
            power = v.mul(power, h)
            a.append(v.mul(v.load(u, k), power))

        def rises(k: Any, values: list[Any]) -> list[Any]:
            height = v.mul(values[0], h)
            return [height, v.add(values[1], v.greatest(v.mul(v.load(u, k), height), v.number(0.0)))]

        _, tail = v.loop(ir.Constant(I64, 4), self.stride, [power, v.number(0.0)], rises)
        # A cubic lies below the largest of its Bernstein coefficients.
        third = v.number(1.0 / 3.0)
        middle = v.fma(third, a[1], a[0])
        later = v.fma(third, a[2], v.fma(v.number(2.0 / 3.0), a[1], a[0]))
        end = v.add(v.add(a[0], a[1]), v.add(a[2], a[3]))
        top = v.greatest(v.greatest(a[0], middle), v.greatest(later, end))
        bound = v.add(v.add(top, tail), spoiled)
        v.store(bound, self.at["bound"])
        self._go_on(h, rest, final, bound)

    def _go_on(self, h: Any, rest: Any, final: list[Any], bound: Any) -> None:
        """Move the lanes on in which nothing can have happened; mark the others."""
        v, b = self.v, self.b
        margin = v.spread(b.load(b.gep(self.tolerance, [ir.Constant(I64, self.n)])))
        calm = b.and_(b.fcmp_ordered("<", bound, margin), b.fcmp_ordered("<", h, rest))
        calm = b.and_(calm, b.fcmp_ordered("==", v.load(self.at["watch"]), v.number(0.0)))
        v.store(b.select(calm, v.add(self.time, h), self.time), self.at["time"])
        for index, value in enumerate(final):
            v.store(b.select(calm, value, v.load(self.at["states"], index)), self.at["states"], index)
        v.store(v.add(v.load(self.at["steps"]), v.number(1.0)), self.at["steps"])
        word = b.bitcast(self.at["attention"], I64.as_pointer())
        b.store(v.word(b.not_(calm)), word)

    def _length(self) -> Any:
        """Give the length at which the last two terms of each state come down to its tolerance."""
        v, b = self.v, self.b
        logs = []
        for back in (0, 1):
            k = b.sub(self.order, ir.Constant(I64, back))
            size = v.number(0.0)
            for index in range(self.n):
                weight = v.spread(b.load(b.gep(self.tolerance, [ir.Constant(I64, index)])))
                term = v.mul(v.intrinsic("fabs", v.load(self._base_of_state(index), k)), weight)
                size = v.greatest(term, size)
            inverse = v.spread(b.fdiv(ir.Constant(F64, 1.0), b.sitofp(k, F64)))
            logs.append(v.mul(v.rough_log2(size), inverse))
        worst = v.greatest(logs[0], logs[1])
        return v.mul(v.number(SHORTENING), v.exp(v.mul(worst, v.number(-0.6931471805599453))))


_OF_NUMBERS = {"exp": "exp", "whole_exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "Abs": "fabs"}
