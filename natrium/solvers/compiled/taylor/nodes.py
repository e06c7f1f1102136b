"""What a program on Taylor series is made of: nodes, one for each series."""

from __future__ import annotations

from typing import Any, Literal

import attrs

# The mode of a state that may follow: it goes on to; it begins to; it will, as soon as its layer is over.
# Less: it waits so many steps.
GOES_ON, FOLLOWS, READY = 1.0, 0.0, -1.0

Kind = Literal[
    "state", "gate", "input", "sum", "product", "quotient", "exp", "bernoulli", "log", "power", "tanh", "sin",
    "cos", "erf", "side", "branch",
]  # fmt: skip


@attrs.frozen
class Node:
    """One series.

    Attributes
    ----------
    kind : str
        The rule for its coefficients.
    args : tuple of Node
        The series that it is made of.
    weights : tuple of sympy.Expr
        Of a sum: the constant, then one factor per argument; of a power: its exponent; of a side: what is
        not negative where the first argument holds; of a gate: see `Follower`. Functions of the
        parameters alone.
    index : int
        Of a state: which; of a gate, a state that may follow its steady state, the first argument, within the
        time that is the second.
    """

    kind: Kind
    args: tuple[Node, ...] = ()
    weights: tuple[Any, ...] = ()
    index: int = 0
    _hash: int = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Keep the hash: programs are graphs in which each node is asked for many times."""
        object.__setattr__(self, "_hash", hash((self.kind, self.args, self.weights, self.index)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def is_state(self) -> bool:
        """Whether it is the series of a state."""
        return self.kind in ("state", "gate")


@attrs.frozen
class Program:
    """What gives the Taylor coefficients of a system's solution.

    Attributes
    ----------
    nodes : tuple of Node
        Every series needed, each after those that it is made of.
    rates : tuple of Node
        The derivative of each state.
    parameters : tuple of sympy.Symbol
        What weights are functions of.
    surfaces : tuple of Node
        What is zero where a branch changes its side.
    sides : tuple of sympy.Symbol
        The parameters that are +1 or -1 as the surfaces are positive or negative.
    turns : bool
        Whether a step watches for the first state's zero from above, too, by the lane's sign.
    runs_off : bool
        Whether the first state may get to its zero in no time: steps shorter than `LEAST_STEP` are told.
    gates : tuple of Node
        The states that may follow.
    """

    nodes: tuple[Node, ...]
    rates: tuple[Node, ...]
    parameters: tuple[Any, ...]
    surfaces: tuple[Node, ...] = ()
    sides: tuple[Any, ...] = ()
    turns: bool = False
    runs_off: bool = False
    gates: tuple[Node, ...] = ()


@attrs.frozen
class Follower:
    """A state x with dx/dt = (inf - x)/tau that may be fast.

    Attributes
    ----------
    state : sympy.Symbol
    inf, tau : sympy.Expr
        Of other states, none of them fast.
    follows : tuple of sympy.Symbol
        Parameters: not negative where x is on its way along inf, no layer left, in the run at hand; then, of
        one that may stand still, what is positive where it does not.
    """

    state: Any
    inf: Any
    tau: Any
    follows: tuple[Any, ...]
