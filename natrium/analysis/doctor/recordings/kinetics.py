"""The kinetics of a gate, taken from an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from natrium.model import Expression, Gate

Rate = Callable[[Any], Any]
RateName = Literal["alpha", "beta", "inf", "tau"]


def rates_of(gate: Gate) -> dict[RateName, Rate]:
    """Give what moves a gate, as written, for arrays of V: alpha and beta, or inf and tau."""
    if gate.alpha is not None and gate.beta is not None:
        return {"alpha": gate.alpha.written(), "beta": gate.beta.written()}
    inf, tau = (rate.written() for rate in (gate.inf, gate.tau) if isinstance(rate, Expression))
    return {"inf": inf, "tau": tau}
