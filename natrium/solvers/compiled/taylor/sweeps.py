r"""Gates that follow V, in steps that these do not hold: their series from above, not from where they are.

A gate with tau dx/dt = x_inf(V) - x is, once a layer of some tau is over, on the solution that has none,

.. math:: x = x_\infty - \tau \frac{dx}{dt} = x_\infty - \tau \frac{dx_\infty}{dt} + \dots

Its coefficients follow from those of higher order, in which ever less is left; those of V follow from
lower ones. So the lag x - x_inf is found by sweeps: with the lag of the one before (none at first) a sweep
gives all series, and from these the next lag, nearer by tau times the rate at which the gate moves V. Where
two agree to the tolerance, and x begins where it stands, the step is taken; else the gate goes its own way,
a layer's or an upstroke's, in steps of some tau.

References
----------
.. [1] J. K. Kevorkian, J. D. Cole, "Multiple Scale and Singular Perturbation Methods" (1996), ch. 2: the
   inner layer and the outer expansion. https://doi.org/10.1007/978-1-4612-3968-0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from natrium.solvers.compiled.taylor.lengths import Lengths
from natrium.solvers.compiled.taylor.nodes import FOLLOWS, GOES_ON, READY, Node
from natrium.solvers.compiled.taylor.vectors import F64, I64, ROUGH_EXP_TERMS

MOST_SWEEPS = 12
WAITS = -8.0  # a mode: so many steps of its own until a gate may follow
AGREED = 1.0  # tolerances by which two lags may differ: of gates, a hundredth of that of V
ASIDE = 10.0  # tolerances that x may begin beside where it stands
HELD = 3.0  # time constants: shorter steps are not held by a gate
WORTH = 6.0  # time constants that a sweep must be worth: a step of the gate's own lasts some six


class Sweeps(Lengths):
    """Coefficients of a program in which some gates may follow."""

    def sweep(self, write_series: Callable[[], None]) -> Any:
        """Write sweeps, all series each, until no lane needs another; give the lengths that these allow."""
        b, v, gates = self.b, self.v, self.program.gates
        self.modes = {gate: self._keep(v.load(*self._place_of_mode(gate))) for gate in gates}
        self.count, self.needed = b.alloca(I64), self._keep(v.number(1.0))
        b.store(ir.Constant(I64, 0), self.count)
        is_known = b.not_(self._any_of(map(self._begins, gates)))
        for gate in gates:
            self._copy(("guess", gate), ("lag", gate), is_known, v.number(0.0))
        sweep, look, after = (b.append_basic_block(name) for name in ("sweep", "look", "swept"))
        b.branch(sweep)
        b.position_at_end(sweep)
        self.follows = {gate: self._follows(gate) for gate in gates}
        write_series()
        for gate in gates:  # its law at the last order knows what it follows to rounding only
            own = v.load(self._base(gate), self.order)
            v.store(b.select(self.follows[gate], v.number(0.0), own), self._base(gate), self.order)
        h = self._length()
        b.cbranch(v.any(self._any_of(self.follows.values())), look, after)
        b.position_at_end(look)
        b.cbranch(v.any(self._look(h)), sweep, after)
        b.position_at_end(after)
        return h

    def look_ahead(self, allowed: Any, h: Any) -> None:
        """Write what each gate does next, and what its lag may be then.

        Parameters
        ----------
        allowed, h : llvmlite.ir.Value
            The lengths that the series allow, and those of the steps.
        """
        b, v = self.b, self.v
        for gate in self.program.gates:
            v.store(self._next_mode(gate, allowed, h), *self._place_of_mode(gate))
        shift, after = (b.append_basic_block(name) for name in ("shift", "shifted"))
        b.cbranch(v.any(self._any_of(self.follows.values())), shift, after)
        b.position_at_end(shift)
        for gate in self.program.gates:
            self._shift(gate, h)
        b.branch(after)
        b.position_at_end(after)

    # -- modes

    def _place_of_mode(self, gate: Node) -> tuple[Any, int]:
        return self.at["parameters"], self.program.parameters.index(gate.weights[0])

    def _follows(self, gate: Node) -> Any:
        """Tell in which lanes a gate follows: by its mode, and where it moves at all."""
        follows = self.b.fcmp_ordered(">=", self.v.load(self.modes[gate]), self.v.number(FOLLOWS))
        for moves in gate.weights[1:]:
            moving = self.b.fcmp_ordered(">", self.constant(moves), self.v.number(0.0))
            follows = self.b.and_(follows, moving)
        return follows

    def _begins(self, gate: Node) -> Any:
        """Tell where a gate begins to follow: there no guess holds, it comes of a step that a layer held."""
        is_new = self.b.fcmp_ordered("<", self.v.load(self.modes[gate]), self.v.number(GOES_ON))
        return self.b.and_(self._follows(gate), is_new)

    def _next_mode(self, gate: Node, allowed: Any, h: Any) -> Any:
        """Give what a gate does in the next step.

        Of its layer, c exp(-t/tau), the last term tells what is left at the step's end, c = |x_N| N! tau^N.
        Whether sweeps are worth their while shows in steps that no other gate holds.
        """
        b, v = self.b, self.v
        tau, mode = self.first[gate.args[1]], v.load(self.modes[gate])
        least = v.mul(v.mul(v.number(WORTH), tau), v.load(self.needed))
        is_worth = b.fcmp_ordered(">=", allowed, least)
        for other in self.program.gates:
            is_worth = b.or_(is_worth, b.not_(self.follows[other]))
        following = b.select(is_worth, v.number(GOES_ON), v.number(WAITS))

        def term(k: Any, values: list[Any]) -> list[Any]:
            return [v.mul(values[0], v.mul(tau, self._as_number(k)))]

        size = v.intrinsic("fabs", v.load(self._base(gate), self.order))
        (layer,) = self._repeat(1, self._above(self._last(), 2), [size], term)
        decay = v.exp(v.sub(v.number(0.0), v.div(h, tau)), ROUGH_EXP_TERMS)
        left = v.mul(v.mul(layer, self._weight(gate.index)), decay)
        is_over = b.fcmp_ordered("<", left, v.number(1.0))
        is_over = b.and_(is_over, b.fcmp_ordered(">", allowed, v.mul(v.number(HELD), tau)))
        waits = b.fcmp_ordered("<", mode, v.number(READY))
        free = b.select(is_over, v.number(FOLLOWS), v.number(READY))
        free = b.select(waits, v.add(mode, v.number(1.0)), free)
        return b.select(self.follows[gate], following, free)

    # -- lags

    def _look(self, h: Any) -> Any:
        """Find the next lags; tell which lanes are open, for which another sweep is needed."""
        b, v, gates = self.b, self.v, self.program.gates
        found = {gate: self._next_lag(gate, h) for gate in gates}
        is_open = self._any_of(wants for wants, _ in found.values())
        count = b.add(b.load(self.count), ir.Constant(I64, 1))
        b.store(count, self.count)
        too_many = v.spread_bit(b.icmp_signed(">=", count, ir.Constant(I64, MOST_SWEEPS)))
        for gate, (_, is_aside) in found.items():
            leaves = b.and_(self.follows[gate], b.or_(is_aside, b.and_(is_open, too_many)))
            v.store(b.select(leaves, v.number(WAITS), v.load(self.modes[gate])), self.modes[gate])
            self._copy(("next", gate), ("lag", gate), is_open)
        one = b.select(is_open, v.number(1.0), v.number(0.0))
        v.store(v.add(v.load(self.needed), one), self.needed)
        return is_open

    def _next_lag(self, gate: Node, h: Any) -> tuple[Any, Any]:
        """Write the next lag of a gate; tell where another sweep is needed, and where x stands aside.

        From the highest order down: (x - x_inf)_k = -sum tau_j (k - j + 1) x_(k-j+1), of the new x the first
        term, of the one at hand the others.
        """
        b, v = self.b, self.v
        inf, tau = gate.args
        x, lag, following, drift = (self._base(row) for row in (gate, *((kind, gate) for kind in KINDS)))
        last = self._last()

        def slope(n: Any, _: list[Any]) -> list[Any]:
            v.store(v.mul(self._as_number(n), v.load(x, n)), drift, n)
            return []

        def body(i: Any, carried: list[Any]) -> list[Any]:
            above, total, _ = carried
            k = self._below(last, i)
            end = self._above(k, 1)

            def add(n: Any, sums: list[Any]) -> list[Any]:
                return [v.fma(v.load(self._base(tau), self._below(end, n)), v.load(drift, n), sums[0])]

            sums = [v.number(0.0)]
            if tau.args:
                sums = self._repeat(1, end, sums, add)
            new = v.fma(v.mul(self._as_number(end), above), self.first[tau], sums[0])
            new = v.sub(v.number(0.0), new)
            v.store(new, following, k)
            change = v.intrinsic("fabs", v.sub(new, v.load(lag, k)))
            return [v.add(v.load(self._base(inf), k), new), v.fma(total, h, change), change]

        if tau.args:
            self._repeat(1, self._above(last, 1), [], slope)
        zero, weight, follows = v.number(0.0), self._weight(gate.index), self.follows[gate]
        start, total, change = self._repeat(0, self._above(last, 1), [zero, zero, zero], body)
        agree = b.fcmp_ordered("<", v.mul(total, weight), v.number(AGREED))
        away = v.intrinsic("fabs", v.sub(start, v.load(self.at["states"], gate.index)))
        is_aside = b.fcmp_ordered(">", v.mul(away, weight), v.fma(change, weight, v.number(ASIDE)))
        return b.and_(follows, b.or_(b.not_(agree), is_aside)), b.and_(follows, is_aside)

    def _shift(self, gate: Node, h: Any) -> None:
        """Guess the lag of the next step: the one at hand, as a series about the step's end."""
        v, last = self.v, self._last()
        self._copy(("next", gate), ("guess", gate), self.follows[gate], v.number(0.0))
        guess = self._base(("guess", gate))

        def begin(i: Any, _: list[Any]) -> list[Any]:
            def add(j: Any, above: list[Any]) -> list[Any]:
                k = self._below(last, j)
                total = v.fma(above[0], h, v.load(guess, k))
                v.store(total, guess, k)
                return [total]

            self._repeat(0, self._below(self._above(last, 1), i), [v.number(0.0)], add)
            return []

        self._repeat(0, last, [], begin)

    def _copy(self, of: Any, to: Any, where: Any, other: Any = None) -> None:
        """Copy a row where it is to be; elsewhere write a number, or leave what was there."""
        b, v, source, target = self.b, self.v, self._base(of), self._base(to)

        def body(k: Any, _: list[Any]) -> list[Any]:
            elsewhere = v.load(target, k) if other is None else other
            v.store(b.select(where, v.load(source, k), elsewhere), target, k)
            return []

        self._repeat(0, self._above(self._last(), 1), [], body)

    # -- how it is written

    def _keep(self, value: Any) -> Any:
        """Give a place in memory that holds a value."""
        place = self.b.alloca(self.v.type)
        self.v.store(value, place)
        return place

    def _any_of(self, conditions: Any) -> Any:
        first, *others = conditions
        for other in others:
            first = self.b.or_(first, other)
        return first

    def _last(self) -> Any:
        """Give the last order that follows: the one before the series' last."""
        return self.fixed_order - 1 if self.fixed_order else self.b.sub(self.order, ir.Constant(I64, 1))

    def _above(self, k: Any, n: int) -> Any:
        return k + n if isinstance(k, int) else self.b.add(k, ir.Constant(I64, n))

    def _below(self, k: Any, n: Any) -> Any:
        return k - n if isinstance(k, int) else self.b.sub(k, n)

    def _as_number(self, k: Any) -> Any:
        return self.v.number(float(k)) if isinstance(k, int) else self.v.spread(self.b.sitofp(k, F64))

    def _repeat(
        self, begin: int, end: Any, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """Write a loop, in line where the order is known."""
        if not isinstance(end, int):
            return self.v.loop(ir.Constant(I64, begin), end, carried, body)
        for index in range(begin, end):
            carried = body(index, carried)
        return carried


KINDS = ("lag", "next", "drift")
