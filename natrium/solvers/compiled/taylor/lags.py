"""Lags of gates that follow V, x - x_inf = -tau dx/dt: their series, from the highest order down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from llvmlite import ir

from natrium.solvers.compiled.taylor.lengths import Lengths
from natrium.solvers.compiled.taylor.nodes import Node
from natrium.solvers.compiled.taylor.vectors import F64, I64

AGREED = 1.0  # tolerances by which two lags may differ: of gates, a hundredth of that of V
ASIDE = 10.0  # tolerances that x may begin beside where it stands
IMPLIED = 0.5  # of a term: more of it is not taken to the other side


@attrs.frozen
class Way:
    """What a sweep leaves of one gate: conditions and numbers, a lane each.

    Attributes
    ----------
    agrees : llvmlite.ir.Value
        Whether x obeys its equation, for V as it is, to the tolerance.
    is_aside : llvmlite.ir.Value
        Whether it begins elsewhere than x stands.
    start, end, change : llvmlite.ir.Value
        x at both ends of the step, and by how much its lag changes, in the mean over the step.
    """

    agrees: Any
    is_aside: Any
    start: Any
    end: Any
    change: Any


class Lags(Lengths):
    """Lags of the gates of a program, of which some may follow."""

    def _next_way(self, gate: Node, h: Any) -> Way:
        """Write the next lag of a gate and, where it follows, x with it: on its way for V as it is.

        One pass goes in part by the x at hand. Where tau is of V and what that leaves may be too much, a
        second tells it.
        """
        b, v, follows, weight = self.b, self.v, self.follows[gate], self._weight(gate.index)
        zero, x, found = v.number(0.0), self._base(gate), self._pass(gate, follows, h)
        agrees = follows
        if gate.args[1].args:
            left = v.mul(v.mul(found[0], self._slack(gate, h)), weight)
            needs = b.and_(follows, b.fcmp_unordered(">=", left, v.number(AGREED)))
            places = [self._keep(value) for value in (zero, *found[1:])]
            self._where(needs, lambda: self._repass(gate, needs, h, places), rarely=True)
            found = [v.load(place) for place in places]
            agrees = b.fcmp_ordered("<", v.mul(found[0], weight), v.number(AGREED))
        _, change, end, at_start = found
        start = v.load(x)
        change, end = b.select(follows, change, zero), b.select(follows, end, start)
        away = v.intrinsic("fabs", v.sub(start, v.load(self.at["states"], gate.index)))
        is_aside = b.fcmp_ordered(">", v.mul(away, weight), v.fma(at_start, weight, v.number(ASIDE)))
        return Way(agrees, is_aside, start, end, change)

    def _repass(self, gate: Node, where: Any, h: Any, places: list[Any]) -> None:
        for place, value in zip(places, self._pass(gate, where, h), strict=True):
            self.v.store(self.b.select(where, value, self.v.load(place)), place)

    def _against(self, gate: Node) -> Any:
        """Give the share of its own term that an order takes to the other side, by its number: -tau_1."""
        b, v = self.b, self.v
        first = v.load(self._base(gate.args[1]), 1)
        most = v.mul(v.intrinsic("fabs", first), self._as_number(self._last()))
        fits = b.fcmp_ordered("<", most, v.number(IMPLIED))
        return b.select(fits, v.sub(v.number(0.0), first), v.number(0.0))

    def _slack(self, gate: Node, h: Any) -> Any:
        """Bound how much of a change of x is left after a pass: what it takes of the x at hand."""
        b, v, tau, n = self.b, self.v, self._base(gate.args[1]), self._as_number(self._last())

        def body(j: Any, values: list[Any]) -> list[Any]:
            power = v.mul(values[0], h)
            return [power, v.fma(v.intrinsic("fabs", v.load(tau, j)), power, values[1])]

        _, others = self._repeat(2, self._above(self._last(), 1), [v.number(1.0), v.number(0.0)], body)
        first = v.mul(v.intrinsic("fabs", v.load(tau, 1)), n)
        is_implied = b.fcmp_ordered("<", first, v.number(IMPLIED))
        return v.fma(others, n, b.select(is_implied, v.mul(first, first), first))

    def _pass(self, gate: Node, where: Any, h: Any) -> list[Any]:
        """Write the next lag by the x at hand, from the highest order down, and x by it.

        (x - x_inf)_k = -sum tau_j (k - j + 1) x_(k-j+1), of the new x the first term and, as nearly as it
        can be told, the second; of the x at hand the others.

        Gives by how much x changes, summed up to the step's end; the lag in the mean over it, and at its
        start; and between these x at its end.
        """
        b, v, tau, last, zero = self.b, self.v, gate.args[1], self._last(), self.v.number(0.0)
        inf, x = self._base(gate.args[0]), self._base(gate)
        lag, following, drift = (self._base((kind, gate)) for kind in ("lag", "next", "drift"))

        def slope(n: Any, _: list[Any]) -> list[Any]:
            v.store(v.mul(self._as_number(n), v.load(x, n)), drift, n)
            return []

        def body(i: Any, values: list[Any]) -> list[Any]:
            above, off, change, at_end, _ = values
            k = b.sub(last, i)
            end = self._above(k, 1)

            def add(n: Any, sums: list[Any]) -> list[Any]:
                return [v.fma(v.load(self._base(tau), b.sub(end, n)), v.load(drift, n), sums[0])]

            target, here, scale = v.load(inf, k), v.load(x, k), v.mul(self._as_number(end), opposite)
            rest = target
            if tau.args:
                (total,) = self._repeat(1, end, [zero], add)
                share = v.fma(self._as_number(k), against, v.number(1.0))
                rest = v.fma(share, v.sub(v.sub(target, total), here), here)
                scale = v.mul(scale, share)
            way = v.fma(scale, above, rest)  # alone waits for the order above
            new, old = v.sub(way, target), v.load(following, k)
            v.store(b.select(where, new, old), following, k)
            v.store(b.select(where, way, here), x, k)
            by = v.intrinsic("fabs", v.sub(new, v.load(lag, k)))
            mean = v.mul(by, self._one_over(end))
            moved = v.intrinsic("fabs", v.sub(way, here))
            return [way, v.fma(off, h, moved), v.fma(change, h, mean), v.fma(at_end, h, way), by]

        opposite, against = v.sub(zero, self.first[tau]), zero
        if tau.args:
            self._repeat(1, self._above(last, 1), [], slope)
            against = self._against(gate)
        return self._repeat(0, self._above(last, 1), [zero] * 5, body)[1:]

    def _shift(self, h: Any) -> None:
        """Guess the lags of the next step: those at hand, as series about the step's end."""
        for gate in self.program.gates:
            self._shift_one(gate, h)

    def _shift_one(self, gate: Node, h: Any) -> None:
        v, last = self.v, self._last()
        following, lag = self._base(("next", gate)), self._base(("lag", gate))

        def copy(k: Any, _: list[Any]) -> list[Any]:
            v.store(v.load(following, k), lag, k)
            return []

        def begin(i: Any, _: list[Any]) -> list[Any]:
            def add(j: Any, above: list[Any]) -> list[Any]:
                k = self.b.sub(last, j)
                total = v.fma(above[0], h, v.load(lag, k))
                v.store(total, lag, k)
                return [total]

            self._repeat(0, self.b.sub(self._above(last, 1), i), [v.number(0.0)], add)
            return []

        self._repeat(0, self._above(last, 1), [], copy)
        self._repeat(0, last, [], begin)

    def _forget(self, where: Any) -> None:
        """Begin with no lags."""
        b, v = self.b, self.v
        lags = [self._base(("lag", gate)) for gate in self.program.gates]

        def body(k: Any, _: list[Any]) -> list[Any]:
            for lag in lags:
                v.store(b.select(where, v.number(0.0), v.load(lag, k)), lag, k)
            return []

        self._repeat(0, self._above(self._last(), 1), [], body)

    # -- how it is written

    def _keep(self, value: Any) -> Any:
        """Give a place in memory that holds a value."""
        with self.b.goto_entry_block():
            place = self.b.alloca(self.v.type)
        self.v.store(value, place)
        return place

    def _tell(self, condition: Any, place: Any) -> None:
        """Put a condition where it is read after a branch."""
        self.v.store(self.b.select(condition, self.v.number(1.0), self.v.number(0.0)), place)

    def _holds(self, place: Any) -> Any:
        return self.b.fcmp_ordered(">", self.v.load(place), self.v.number(0.0))

    def _where(self, condition: Any, write: Callable[[], Any], *, rarely: bool = False) -> None:
        """Write what is done only if a condition holds in any lane."""
        b = self.b
        inside, after = b.append_basic_block("where"), b.append_basic_block("after")
        branch = b.cbranch(self.v.any(condition), inside, after)
        if rarely:  # out of the way of the others
            branch.set_weights([1, 1000])
        b.position_at_end(inside)
        write()
        b.branch(after)
        b.position_at_end(after)

    def _any_of(self, conditions: Any) -> Any:
        first, *others = conditions
        for other in others:
            first = self.b.or_(first, other)
        return first

    def _last(self) -> Any:
        """Give the last order that follows: the one before the series' last."""
        return self.b.sub(self.order, ir.Constant(I64, 1))

    def _above(self, k: Any, n: int) -> Any:
        return self.b.add(k, ir.Constant(I64, n))

    def _as_number(self, k: Any) -> Any:
        return self.v.spread(self.b.sitofp(k, F64))

    def _one_over(self, k: Any) -> Any:
        return self.v.spread(self.b.fdiv(ir.Constant(F64, 1.0), self.b.sitofp(k, F64)))

    def _repeat(
        self, begin: int, end: Any, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """Write a loop, also where the order is known: what is rare must not drive the series out of reach.

        A step's instructions should stay where the processor keeps the last of them: 32 KiB.
        """
        return self.v.loop(ir.Constant(I64, begin), end, carried, body)
