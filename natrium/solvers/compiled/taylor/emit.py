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
from natrium.solvers.compiled.taylor.nodes import Program
from natrium.solvers.compiled.taylor.sweeps import Sweeps
from natrium.solvers.compiled.taylor.vectors import F64, I64
from natrium.solvers.machine import FUNCTION

# What the step is given, as a table of addresses; the last is a whole number and no address. Rows of lanes:
# the states (changed), parameters, the input's series from order 1 on (order 0 is written: base + rate s),
# its base and rate, the time s in the stretch (changed), the stretch's end, the longest step, the step from
# which on to watch every one, the count of steps (changed). Written: the series of the states, scratch, the
# step's length, the states at its end, the bound of u, and in one word a bit for each lane that did not just
# go on. Given besides: the sign of u where it may be watched from above, the count of sweeps that were no
# steps (changed), the inverse tolerance of each state, and the margin that u must keep to go on.
ARGUMENTS = (
    "states", "parameters", "input", "base", "rate", "time", "end", "longest", "watch", "steps",
    "series", "scratch", "length", "final", "bound", "sign", "sweeps", "attention", "tolerance", "order",
)  # fmt: skip
MAX_ACCUMULATORS = 20  # in one loop: vector registers, less the operands
GROUP = 6  # convolutions of two orders at once: twice as many accumulators
IN_LINE = 6000  # products of a step, above which it is written as a loop: compiling takes its time


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


class _Step(Sweeps):
    """Writes one function."""

    is_open: Any  # which lanes take another sweep before their step

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

        if self.program.gates:
            allowed, self.is_open = self.sweep(lambda: self._series(near))
        else:
            self._series(near)
            allowed = self._length()
        rest = v.sub(v.load(self.at["end"]), self.time)
        h = self._within_sight(v.least(allowed, v.least(v.load(self.at["longest"]), rest)))
        if self.program.gates:
            self.look_ahead(allowed, h, self.is_open)
        self._finish(h, rest)
        b.ret_void()

    def _series(self, near: Any) -> None:
        """Write all series, from those of order 0 on."""
        v = self.v
        for node in self.program.nodes:
            self.first[node] = self._start(node)
        if near is not None:
            self._hand_over(near)
        v.store(self.current, self.at["input"])
        for index in range(self.n):
            v.store(v.load(self.at["states"], index), self._base_of_state(index))
        for gate in self.program.gates:
            v.store(self.first[gate], self._base(gate))
        for row, value in self.first.items():
            if row in self.layout.slots:
                v.store(value, self._base(row))
        for index, rate in enumerate(self.program.rates):
            v.store(self.first[rate], self._base_of_state(index), 1)
        self._orders()

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
            if row in self.value:
                v.store(self.value[row], self._base(row), k)
        for gate in self.program.gates:
            v.store(self.value[gate], self._base(gate), k)
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

    def _finish(self, h: Any, rest: Any) -> None:
        """Write the step's length, the states at its end, and the bound of u."""
        v, b = self.v, self.b
        v.store(h, self.at["length"])

        def horner(j: Any, values: list[Any]) -> list[Any]:
            k = b.sub(self.order, j)
            return [v.fma(value, h, v.load(self._base_of_state(i), k)) for i, value in enumerate(values)]

        zeros = [v.number(0.0)] * self.n
        final = v.loop(ir.Constant(I64, 0), self.stride, zeros, horner)
        spoiled = v.number(0.0)
        for index, value in enumerate(final):
            spoiled = v.fma(value, v.number(0.0), spoiled)  # zero, or NaN
            if self.program.gates:  # an open lane stays where it is
                value = final[index] = b.select(self.is_open, v.load(self.at["states"], index), value)
            v.store(value, self.at["final"], index)
        sign = v.load(self.at["sign"]) if self.program.turns else None
        bound = v.add(self._bound(self._base_of_state(0), sign, h), spoiled)
        v.store(bound, self.at["bound"])
        self._go_on(h, rest, final, bound)

    def _go_on(self, h: Any, rest: Any, final: list[Any], bound: Any) -> None:
        """Move the lanes on in which nothing can have happened; mark the others."""
        v, b = self.v, self.b
        margin = self._weight(self.n)
        calm = b.and_(b.fcmp_ordered("<", bound, margin), b.fcmp_ordered("<", h, rest))
        for surface, side in zip(self.program.surfaces, self.program.sides, strict=True):
            against = v.sub(v.number(0.0), self.constant(side))
            beyond = self._bound(self._base(surface), against, h)
            calm = b.and_(calm, b.fcmp_ordered("<", beyond, v.number(0.0)))
        if self.program.runs_off:
            calm = b.and_(calm, b.fcmp_ordered(">=", h, v.number(LEAST_STEP)))
        zero, one = v.number(0.0), v.number(1.0)
        if self.program.gates:  # an open lane takes no step, but a sweep more
            h, one, more = (b.select(self.is_open, *pair) for pair in ((zero, h), (zero, one), (one, zero)))
            v.store(v.add(v.load(self.at["sweeps"]), more), self.at["sweeps"])
        steps = v.add(v.load(self.at["steps"]), one)
        v.store(steps, self.at["steps"])
        calm = b.and_(calm, b.fcmp_ordered("<", steps, v.load(self.at["watch"])))
        if self.program.gates:
            calm = b.or_(calm, self.is_open)
        v.store(b.select(calm, v.add(self.time, h), self.time), self.at["time"])
        for index, value in enumerate(final):
            v.store(b.select(calm, value, v.load(self.at["states"], index)), self.at["states"], index)
        word = b.bitcast(self.at["attention"], I64.as_pointer())
        b.store(v.word(b.not_(calm)), word)
