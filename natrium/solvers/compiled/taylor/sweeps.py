r"""Gates that follow V, in steps that these do not hold: their series from above, not from where they are.

A gate with tau dx/dt = x_inf(V) - x is, once a layer of some tau is over, on the solution that has none,

.. math:: x = x_\infty - \tau \frac{dx}{dt} = x_\infty - \tau \frac{dx_\infty}{dt} + \dots

Its coefficients follow from those of higher order, in which ever less is left; those of V follow from
lower ones. So the lag x - x_inf is found by sweeps: with the lag of the one before (none at first) a sweep
gives all series, and from these the next lag, nearer by tau times the rate at which the gate moves V, and x
on its way for this V. What that leaves of V is made up for to first order. Where it is some tolerances, and x
begins where it stands, the step is taken; else another sweep follows, or the gate goes its own way, a
layer's or an upstroke's, in steps of some tau.

A call of the step is one sweep: a lane that needs another stays where it is, and holds no other.

References
----------
.. [1] J. K. Kevorkian, J. D. Cole, "Multiple Scale and Singular Perturbation Methods" (1996), ch. 2: the
   inner layer and the outer expansion. https://doi.org/10.1007/978-1-4612-3968-0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from natrium.solvers.compiled.taylor.lags import Lags, Way
from natrium.solvers.compiled.taylor.nodes import FOLLOWS, GOES_ON, READY, Node
from natrium.solvers.compiled.taylor.vectors import ROUGH_EXP_TERMS

MOST_SWEEPS = 12
WAITS = -8.0  # a mode: so many steps of its own until a gate may follow
MOVED = 3.0  # tolerances by which a lag's last change may move the other states in a step
NUDGE = 2.0**13  # tolerances: a gate's move that tells by how much rates change with it
LEAST_POWER, MOST_POWER = 0.5, 5.0  # of a layer's decay, as which terms of high order go
HELD = 3.0  # time constants: shorter steps are not held by a gate
WORTH = 6.0  # time constants that a sweep must be worth: a step of the gate's own lasts some six


class Sweeps(Lags):
    """Coefficients of a program in which some gates may follow."""

    def sweep(self, write_series: Callable[[], None]) -> tuple[Any, Any]:
        """Write one sweep; give the lengths that its series allow, and tell which lanes are open.

        These need another sweep: they stay where they are, and go on from their lags at the next call.
        """
        b, v, gates = self.b, self.v, self.program.gates
        self.modes = {gate: self._mode(gate) for gate in gates}
        self.follows = {gate: self._follows(gate) for gate in gates}
        self.open = self._keep(v.number(0.0))
        self.leaves = {gate: self._keep(v.number(0.0)) for gate in gates}
        begins = self._any_of(map(self._begins, gates))
        self._where(begins, lambda: self._forget(begins), rarely=True)
        write_series()
        for gate in gates:  # its law at the last order knows what it follows to rounding only
            own = v.load(self._base(gate), self.order)
            v.store(b.select(self.follows[gate], v.number(0.0), own), self._base(gate), self.order)
        h = self._length(self._any_of(map(self._is_in_layer, gates)))
        self._where(self._any_of(self.follows.values()), lambda: self._look(h))
        return h, self._holds(self.open)

    def look_ahead(self, allowed: Any, h: Any, is_open: Any) -> None:
        """Write what each gate does next, and what its lag may be then.

        Parameters
        ----------
        allowed, h : llvmlite.ir.Value
            The lengths that the series allow, and those of the steps.
        is_open : llvmlite.ir.Value
            Which lanes stay where they are.
        """
        b, v, gates = self.b, self.v, self.program.gates
        for gate in gates:
            mode = b.select(is_open, self._mode_meanwhile(gate), self._next_mode(gate, allowed, h))
            v.store(mode, *self._place_of_mode(gate))
        by = b.select(is_open, v.number(0.0), h)
        self._where(self._any_of(self.follows.values()), lambda: self._shift(by))

    # -- modes

    def _place_of_mode(self, gate: Node) -> tuple[Any, int]:
        return self.at["parameters"], self.program.parameters.index(gate.weights[0])

    def _mode(self, gate: Node) -> Any:
        """Give what a gate does: where V or it was moved since the last step, it has its layer first."""
        b, v, mode = self.b, self.v, self.v.load(*self._place_of_mode(gate))
        for index in (0, gate.index):
            here, left = (v.load(self.at[name], index) for name in ("states", "final"))
            jumps = b.and_(b.fcmp_unordered("!=", here, left), b.fcmp_ordered(">=", mode, v.number(FOLLOWS)))
            mode = b.select(jumps, v.number(READY), mode)
        return mode

    def _follows(self, gate: Node) -> Any:
        """Tell in which lanes a gate follows: by its mode, and where it moves at all."""
        follows = self.b.fcmp_ordered(">=", self.modes[gate], self.v.number(FOLLOWS))
        for moves in gate.weights[1:]:
            moving = self.b.fcmp_ordered(">", self.constant(moves), self.v.number(0.0))
            follows = self.b.and_(follows, moving)
        return follows

    def _begins(self, gate: Node) -> Any:
        """Tell where a gate begins to follow: there no lag is known, it comes of a step that a layer held."""
        is_new = self.b.fcmp_ordered("<", self.modes[gate], self.v.number(GOES_ON))
        return self.b.and_(self._follows(gate), is_new)

    def _is_in_layer(self, gate: Node) -> Any:
        """Tell where a gate decays as a layer does, or a power of it: x_k is some times -x_(k-1)/(k tau)."""
        b, v, tau, x = self.b, self.v, self.first[gate.args[1]], self._base(gate)
        before, order = v.load(x, self._last()), self._as_number(self._above(self._last(), 1))
        ratio = v.mul(v.mul(v.mul(order, tau), v.load(x, self.order)), before)
        square = v.mul(before, before)
        least, most = v.mul(v.number(-LEAST_POWER), square), v.mul(v.number(-MOST_POWER), square)
        return b.and_(b.fcmp_ordered("<", ratio, least), b.fcmp_ordered(">", ratio, most))

    def _sweeps(self, gate: Node) -> Any:
        """Give how many sweeps a gate has taken in the step at hand, where it follows."""
        return self.v.greatest(self.modes[gate], self.v.number(GOES_ON))

    def _mode_meanwhile(self, gate: Node) -> Any:
        """Give a gate's mode while its lane is open: one sweep more, unless it leaves."""
        b, v, mode = self.b, self.v, self.modes[gate]
        more = b.select(self.follows[gate], v.add(self._sweeps(gate), v.number(1.0)), mode)
        return b.select(self._holds(self.leaves[gate]), v.number(WAITS), more)

    def _next_mode(self, gate: Node, allowed: Any, h: Any) -> Any:
        """Give what a gate does in the next step.

        Of its layer, c exp(-t/tau), the last term tells what is left at the step's end, c = |x_N| N! tau^N.
        Whether sweeps are worth their while shows in steps that no other gate holds.
        """
        b, v = self.b, self.v
        tau, mode = self.first[gate.args[1]], self.modes[gate]
        least = v.mul(v.mul(v.number(WORTH), tau), self._sweeps(gate))
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

    def _look(self, h: Any) -> None:
        """Find the next lags, and x with them; tell which lanes are open, and where gates leave their way."""
        b, v, gates = self.b, self.v, self.program.gates
        ways = {gate: self._next_way(gate, h) for gate in gates}
        moved = self._move_others(ways, h)
        is_open = b.fcmp_unordered(">=", moved, v.number(MOVED))
        for gate, way in ways.items():
            wants = b.or_(b.not_(way.agrees), way.is_aside)
            is_open = b.or_(is_open, b.and_(self.follows[gate], wants))
        self._tell(is_open, self.open)
        for gate, way in ways.items():
            too_many = b.fcmp_ordered(">=", self._sweeps(gate), v.number(float(MOST_SWEEPS)))
            leaves = b.or_(way.is_aside, b.and_(is_open, too_many))
            self._tell(b.and_(self.follows[gate], leaves), self.leaves[gate])

    def _move_others(self, ways: dict[Node, Way], h: Any) -> Any:
        """Move other states as gates now go by the next lags, not the last; tell how far, in tolerances.

        By how much a rate changes with x is found at order 0, with x where it begins and where it ends; in
        between it goes on a line. What is left is of second order: another sweep must do more.
        """
        v, zero = self.v, self.v.number(0.0)
        inverse = v.div(v.number(1.0), h)
        places = [
            {gate: way.start for gate, way in ways.items()},
            {gate: way.end for gate, way in ways.items()},
        ]
        before = [self._of_gates(at) for at in places]
        own, moved = {gate.index for gate in ways}, zero
        for gate, way in ways.items():
            weight = self._weight(gate.index)
            nudge, per_nudge = v.div(v.number(NUDGE), weight), v.mul(v.number(1.0 / NUDGE), weight)
            after = [self._of_gates({**at, gate: v.add(at[gate], nudge)}) for at in places]
            for index, rate in enumerate(self.program.rates):
                if index not in own and rate in after[0]:
                    slopes = [
                        v.mul(v.sub(y[rate], x[rate]), per_nudge) for x, y in zip(before, after, strict=True)
                    ]
                    self._move(index, gate, slopes[0], v.mul(v.sub(slopes[1], slopes[0]), inverse))
                    sizes = v.add(*(v.intrinsic("fabs", slope) for slope in slopes))
                    share = v.mul(v.mul(v.number(0.5), sizes), self._weight(index))
                    moved = v.fma(share, way.change, moved)
        return v.mul(moved, h)

    def _move(self, index: int, gate: Node, slope: Any, bend: Any) -> None:
        """Move a state by what the lag of a gate changes: its rate by slope + bend t times as much."""
        b, v, state, follows = self.b, self.v, self._base_of_state(index), self.follows[gate]
        lag, following = self._base(("lag", gate)), self._base(("next", gate))

        def body(k: Any, values: list[Any]) -> list[Any]:
            end = self._above(k, 1)
            change = v.sub(v.load(following, k), v.load(lag, k))
            by = v.mul(v.fma(bend, values[0], v.mul(slope, change)), self._one_over(end))
            old = v.load(state, end)
            v.store(b.select(follows, v.add(old, by), old), state, end)
            return [change]

        self._repeat(0, self._above(self._last(), 1), [v.number(0.0)], body)

    def _of_gates(self, places: dict[Node, Any]) -> dict[Node, Any]:
        """Give all that is of gates at order 0 where these are at given places."""
        kept, found = (self.first, self.constants), dict(places)
        self.first, self.constants = self.first | places, dict(self.constants)
        for node in self.program.nodes:
            if node not in found and any(arg in found for arg in node.args):
                found[node] = self.first[node] = self._start(node)
        self.first, self.constants = kept
        return found
