"""The model's equations, each typed once, for whatever computes with them.

The operands are SymPy's (the system that is solved), doubles (the script's own arithmetic: sums and products
are taken from left to right) or pieces of LaTeX (what is printed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def membrane(V: Any, v_rest: Any, I: Any, currents: Iterable[Any]) -> Any:
    """Give tau_m dV/dt: leak, input and the channels' currents, mV."""
    total = -(V - v_rest) + I
    for current in currents:
        total = total + current
    return total


def channel_current(V: Any, g: Any, E: Any, gates: Sequence[tuple[Any, int]]) -> Any:
    """Give g (prod_j x_j^p_j) (E - V) of pairs (x, p), mV."""
    product = g
    for x, power in gates:
        product = product * (x**power if power > 1 else x)
    return product * (E - V)


def open_and_close(x: Any, alpha: Any, beta: Any) -> Any:
    """Give dx/dt of a gate by its opening and closing rate, per ms."""
    return alpha * (1 - x) - beta * x


def approach(x: Any, inf: Any, tau: Any) -> Any:
    """Give dx/dt of a gate by its steady state and time constant, per ms."""
    return (inf - x) / tau
