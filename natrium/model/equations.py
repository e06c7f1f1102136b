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


def conductance(g: Any, gates: Sequence[tuple[Any, int]]) -> Any:
    """Give g (prod_j x_j^p_j) of pairs (x, p)."""
    product = g
    for x, power in gates:
        product = product * (x**power if power > 1 else x)
    return product


def channel_current(V: Any, g: Any, E: Any, gates: Sequence[tuple[Any, int]]) -> Any:
    """Give g (prod_j x_j^p_j) (E - V) of pairs (x, p), mV."""
    return conductance(g, gates) * (E - V)


def constant_field(V: Any, thermal: Any, z: int, inside: Any, outside: Any, exprel: Any) -> Any:
    """Give what drives ions in a constant field instead of E - V, mV; `thermal` is RT/F.

    RT/zF w/(exp(w) - 1) (1 - exp(w) inside/outside) with w = zFV/RT, without 0/0 at w = 0.
    """
    w = z * V / thermal
    return thermal / z * (1 / exprel(w) - inside / outside / exprel(-w))


def nernst(thermal: Any, z: int, inside: Any, outside: Any, log: Any) -> Any:
    """Give the potential at which as many ions go in as out, mV; `thermal` is RT/F."""
    return thermal / z * log(outside / inside)


def pool(Ca: Any, rest: Any, tau: Any, factor: Any, inward: Any) -> Any:
    """Give the time derivative of the calcium concentration, per ms."""
    return factor * inward - (Ca - rest) / tau


def decay(s: Any, tau: Any) -> Any:
    """Give the time derivative of what decays to nothing, per ms."""
    return -s / tau


def alpha_rise(fall: Any, rise: Any, log: Any, exp: Any, exprel: Any) -> Any:
    """Give k of s' = -s/fall + k x, x' = -x/rise, by which s peaks at the x that a spike leaves; per ms.

    The peak lies at log(fall/rise)/(1/rise - 1/fall); equal times are no exception.
    """
    return exp(1 / exprel(log(fall / rise))) / rise


def open_and_close(x: Any, alpha: Any, beta: Any) -> Any:
    """Give dx/dt of a gate by its opening and closing rate, per ms."""
    return alpha * (1 - x) - beta * x


def approach(x: Any, inf: Any, tau: Any) -> Any:
    """Give dx/dt of a gate by its steady state and time constant, per ms."""
    return (inf - x) / tau
