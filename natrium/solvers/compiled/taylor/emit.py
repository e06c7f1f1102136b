"""From a program on series to LLVM: one Taylor step of a group of lanes.

The step takes the states, parameters and the input's series of every lane and gives the series of the
states, the step's length, the states at its end and a bound of u over it. All lanes do the same
instructions: what a lane gives depends on its own numbers alone, whatever the others hold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from llvmlite import ir

from natrium.solvers.compiled.lane_tables import LEAST_STEP
from natrium.solvers.compiled.taylor.layout import NEAR, Layout
from natrium.solvers.compiled.taylor.recurrences import Recurrences
from natrium.solvers.compiled.taylor.series import Node, Program
from natrium.solvers.compiled.taylor.vectors import F64, I64, ROUGH_EXP_TERMS
from natrium.solvers.machine import FUNCTION

# What the step is given, as a table of addresses; the last is a whole number and no address. Rows of lanes:
# the states (changed), parameters, the input's series from order 1 on (order 0 is written: base + rate s),
# its base and rate, the time s in the stretch (changed), the stretch's end, the longest step, the step from
# which on to watch every one, the count of steps (changed). Written: the series of the states, scratch, the
# step's length, the states at its end, the bound of u, and in one word a bit for each lane that did not just
# go on. Given besides: the sign of u where it may be watched from above, the inverse tolerance of each state,
# and the margin that u must keep to go on.
ARGUMENTS = (
    "states", "parameters", "input", "base", "rate", "time", "end", "longest", "watch", "steps",
    "series", "scratch", "length", "final", "bound", "sign", "attention", "tolerance", "order",
)  # fmt: skip
MAX_ACCUMULATORS = 20  # in one loop: vector registers, less the operands
GROUP = 6  # convolutions of two orders at once: twice as many accumulators
IN_LINE = 6000  # products of a step, above which it is written as a loop: compiling takes its time
SIGHT = 3.0  # e-foldings: more, and a rate may rise from nothing within a step
SHORTENING = 0.9  # of the step that the last terms allow


@lru_cache(maxsize=256)
def written_for(program: Program, order: int) -> int:
    """Say for which order a step is written: `order` in line, or 0, a loop for all, where that is long."""
    products = len(Layout(program, near=True).sums) * order**2 / 2
    return order if products <= IN_LINE else 0


def n_slots(program: Program) -> int:
    """Say how many series of scratch a step needs."""
    return len(Layout(program, near=True).slots)


def module_of(program: Program, width: int, fused: bool, order: int) -> Any:
    """Write the step of a program.

    Parameters
    ----------
    program : Program
    width : int
        Lanes.
    fused : bool
        Whether to multiply and add in one rounding.
    order : int
        Of the series; 0 where it is to be given at each step.

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
        _Step(module, near, program, width, fused, near=True, order=order).write(None)
    plain = ir.Function(module, table, name=FUNCTION)
    _Step(module, plain, program, width, fused, near=False, order=order).write(near)
    return module


class _Step(Recurrences):
    """Writes one function."""

    def write(self, near: Any) -> None:
        """Write the whole step; hand over to `near` where a lane is near a removable singularity."""
        b, v = self.b, self.v
        table = self.function.args[0]
        given = {
            name: b.load(b.gep(table, [ir.Constant(I64, index)])) for index, name in enumerate(ARGUMENTS)
        }
        self.order = given.pop("order")
        if self.fixed_order:
            self.order = ir.Constant(I64, self.fixed_order)
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

    # -- order k

    def _orders(self) -> None:
        """Write all orders: the first apart, then in line where that is short, else as a loop."""
        v = self.v
        self.states = [self.first[rate] for rate in self.program.rates]
        self._order(ir.Constant(I64, 1), dict.fromkeys(self.layout.sums, v.number(0.0)))
        one = dict(self.value)
        second = {(a, b): v.mul(one[a], one[b]) for a, b in self.layout.sums}
        if self.fixed_order:
            self._in_line(self.fixed_order, one, second)
        else:
            self._in_a_loop(one, second)

    def _in_a_loop(self, one: dict[Any, Any], second: dict[Any, Any]) -> None:
        """Write the orders from 2 on as a loop.

        A convolution at order k + 1 is summed up while the coefficients of order k, which wait for one
        another, are on their way: all but its outermost terms needs none of them.
        """
        v, b, pairs = self.v, self.b, list(self.layout.sums)
        last = b.sub(self.order, ir.Constant(I64, 1))

        def body(k: Any, carried: list[Any]) -> list[Any]:
            self.states = carried[len(pairs) :]
            self._order(k, dict(zip(pairs, carried, strict=False)))
            following = b.add(k, ir.Constant(I64, 1))
            is_last = b.icmp_signed("==", k, last)
            inner = self._interior(b.select(is_last, ir.Constant(I64, 0), k), following)
            return [*self._with_ends(inner, one, following).values(), *self.states]

        carried = v.loop(ir.Constant(I64, 2), self.order, [*second.values(), *self.states], body)
        self.states = carried[len(pairs) :]

    def _in_line(self, order: int, one: dict[Any, Any], second: dict[Any, Any]) -> None:
        """Write the orders from 2 on one after another, without a branch; to the same bits as the loop.

        Two orders are summed at once, so that each coefficient is loaded once for both.
        """
        self._order(ir.Constant(I64, 2), second)
        for k in range(3, order, 2):
            now, later = self._two_orders(k)
            self._order(ir.Constant(I64, k), self._with_ends(now, one, k))
            if k + 1 < order:
                self._order(ir.Constant(I64, k + 1), self._with_ends(later, one, k + 1))

    def _two_orders(self, k: int) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Sum a_j b_(k-j) and a_j b_(k+1-j) for every pair, but for the outermost terms."""
        v, sums = self.v, (dict.fromkeys(self.layout.sums, self.v.number(0.0)) for _ in range(2))
        now, later = sums
        for group in self._groups():
            forward = {a: self._base(a) for a, _ in group}
            backward = {b: self._base(b) for _, b in group}
            before = {b: v.load(base, k - 1) for b, base in backward.items()}
            for j in range(2, k):
                here = {a: v.load(base, j) for a, base in forward.items()}
                back = {b: v.load(base, k - j) for b, base in backward.items()}
                for a, b in group:
                    if (a != b and j < k - 1) or 2 * j < k:
                        now[a, b] = v.fma(here[a], back[b], now[a, b])
                    if a != b or 2 * j < k + 1:
                        later[a, b] = v.fma(here[a], before[b], later[a, b])
                before = back
        return now, later

    def _groups(self) -> list[list[Any]]:
        """Put convolutions together that read the same rows, as many as there are registers for."""
        left = list(self.layout.sums)
        groups = []
        while left:
            group = [left.pop(0)]
            while left and len(group) < GROUP:
                forward, backward = {a for a, _ in group}, {b for _, b in group}
                best = max(left, key=lambda pair: (pair[0] in forward) + (pair[1] in backward))
                left.remove(best)
                group.append(best)
            groups.append(group)
        return groups

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

    def _with_ends(self, sums: dict[Any, Any], one: dict[Any, Any], k: Any) -> dict[Any, Any]:
        """Complete the sums of order k: the outermost terms, and of squares, summed by half, the rest."""
        v, found = self.v, {}
        for (a, b), total in sums.items():
            total = v.fma(one[a], self.value[b], total)
            if a == b:
                found[a, b] = self._square(a, v.add(total, total), k)
            else:
                found[a, b] = v.fma(self.value[a], one[b], total)
        return found

    def _square(self, row: Any, total: Any, k: Any) -> Any:
        """Add the middle term of a square, which even orders have."""
        v, b = self.v, self.b
        if isinstance(k, int):
            middle = v.load(self._base(row), k // 2)
            return total if k % 2 else v.fma(middle, middle, total)
        middle = v.load(self._base(row), b.lshr(k, ir.Constant(I64, 1)))
        is_odd = b.trunc(k, ir.IntType(1))
        return v.fma(b.select(is_odd, v.number(0.0), middle), middle, total)

    def _interior(self, end: Any, following: Any) -> dict[Any, Any]:
        """Sum a_j b_(k+1-j) over 1 < j < k for every pair, in as few loops as there are registers for.

        `end` is k, or 0 where nothing is wanted.
        """
        b = self.b
        squares = [pair for pair in self.layout.sums if pair[0] == pair[1]]
        others = [pair for pair in self.layout.sums if pair[0] != pair[1]]
        half = b.lshr(b.add(following, ir.Constant(I64, 1)), ir.Constant(I64, 1))
        found: dict[Any, Any] = {}
        half = b.select(b.icmp_signed("<", half, end), half, end)
        for pairs, stop in ((squares, half), (others, end)):
            for start in range(0, len(pairs), MAX_ACCUMULATORS):
                group = pairs[start : start + MAX_ACCUMULATORS]
                found.update(zip(group, self._sum(group, stop, following), strict=True))
        return {pair: found[pair] for pair in self.layout.sums}

    def _sum(self, group: list[Any], end: Any, k: Any) -> list[Any]:
        """Write the loop that sums a_j b_(k-j) over 1 < j < end for some pairs."""
        v = self.v

        def body(j: Any, sums: list[Any]) -> list[Any]:
            back = self.b.sub(k, j)
            forward = {a: v.load(self._base(a), j) for a in dict.fromkeys(a for a, _ in group)}
            backward = {b: v.load(self._base(b), back) for b in dict.fromkeys(b for _, b in group)}
            return [v.fma(forward[a], backward[b], total) for (a, b), total in zip(group, sums, strict=True)]

        return v.loop(ir.Constant(I64, 2), end, [v.number(0.0)] * len(group), body)

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
        h = self._within_sight(h)
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
        sign = v.load(self.at["sign"]) if self.program.turns else None
        bound = v.add(self._bound(self._base_of_state(0), sign, h), spoiled)
        v.store(bound, self.at["bound"])
        self._go_on(h, rest, final, bound)

    def _bound(self, base: Any, sign: Any, h: Any) -> Any:
        """Bound a series over the step from above, multiplied by a sign where one is given."""
        v = self.v

        def part(k: Any) -> Any:
            found = v.load(base, k)
            return found if sign is None else v.mul(found, sign)

        a, power = [part(0)], v.number(1.0)
        for k in range(1, 4):
            power = v.mul(power, h)
            a.append(v.mul(part(k), power))

        def rises(k: Any, values: list[Any]) -> list[Any]:
            height = v.mul(values[0], h)
            return [height, v.add(values[1], v.greatest(v.mul(part(k), height), v.number(0.0)))]

        _, tail = v.loop(ir.Constant(I64, 4), self.stride, [power, v.number(0.0)], rises)
        # A cubic lies below the largest of its Bernstein coefficients.
        third = v.number(1.0 / 3.0)
        middle = v.fma(third, a[1], a[0])
        later = v.fma(third, a[2], v.fma(v.number(2.0 / 3.0), a[1], a[0]))
        end = v.add(v.add(a[0], a[1]), v.add(a[2], a[3]))
        top = v.greatest(v.greatest(a[0], middle), v.greatest(later, end))
        return v.add(top, tail)

    def _within_sight(self, h: Any) -> Any:
        """Shorten the step so that no exponential passes more than `SIGHT` e-foldings in it.

        Where 1/(1 + exp(-w)) is next to nothing its series shows nothing of where it is not. The sum of
        |w_k| h^k bounds how far w goes, and grows faster than h.
        """
        v, b = self.v, self.b
        one = ir.Constant(I64, 1)
        for row, weights in self.layout.growths().items():
            base, is_slope = self._base(row), not isinstance(row, Node)

            def passes(k: Any, values: list[Any], base: Any = base, is_slope: bool = is_slope) -> list[Any]:
                height = v.mul(values[0], h)  # noqa: B023 - written at once, in this turn
                size = v.intrinsic("fabs", v.load(base, k))
                if is_slope:
                    size = v.mul(size, v.spread(b.fdiv(ir.Constant(F64, 1.0), b.sitofp(k, F64))))
                return [height, v.fma(size, height, values[1])]

            end = self.order if is_slope else self.stride
            _, total = v.loop(one, end, [v.number(1.0), v.number(0.0)], passes)
            steepest = v.number(0.0)
            for weight in weights:
                steepest = v.greatest(v.intrinsic("fabs", self.constant(weight)), steepest)
            folds = v.mul(v.mul(steepest, total), v.number(1.0 / SIGHT))
            h = v.least(v.div(h, folds), h)
        return h

    def _go_on(self, h: Any, rest: Any, final: list[Any], bound: Any) -> None:
        """Move the lanes on in which nothing can have happened; mark the others."""
        v, b = self.v, self.b
        margin = v.spread(b.load(b.gep(self.tolerance, [ir.Constant(I64, self.n)])))
        calm = b.and_(b.fcmp_ordered("<", bound, margin), b.fcmp_ordered("<", h, rest))
        for surface, side in zip(self.program.surfaces, self.program.sides, strict=True):
            against = v.sub(v.number(0.0), self.constant(side))
            beyond = self._bound(self._base(surface), against, h)
            calm = b.and_(calm, b.fcmp_ordered("<", beyond, v.number(0.0)))
        if self.program.runs_off:
            calm = b.and_(calm, b.fcmp_ordered(">=", h, v.number(LEAST_STEP)))
        steps = v.add(v.load(self.at["steps"]), v.number(1.0))
        v.store(steps, self.at["steps"])
        calm = b.and_(calm, b.fcmp_ordered("<", steps, v.load(self.at["watch"])))
        v.store(b.select(calm, v.add(self.time, h), self.time), self.at["time"])
        for index, value in enumerate(final):
            v.store(b.select(calm, value, v.load(self.at["states"], index)), self.at["states"], index)
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
        grown = v.exp(v.mul(worst, v.number(-0.6931471805599453)), ROUGH_EXP_TERMS)
        return v.mul(v.number(SHORTENING), grown)
