"""The kinetics of a gate, taken from an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from natrium.model import Expression, Gate

Rate = Callable[[Any], Any]


def kinetics_of(gate: Gate) -> tuple[Rate, Rate]:
    """Give alpha and beta of a gate, as written, for arrays of V."""
    if gate.alpha is not None and gate.beta is not None:
        return gate.alpha.written(), gate.beta.written()
    inf, tau = (rate.written() for rate in (gate.inf, gate.tau) if isinstance(rate, Expression))
    return (lambda V: inf(V) / tau(V)), (lambda V: (1.0 - inf(V)) / tau(V))
