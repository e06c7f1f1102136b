"""A solver of natrium's that does what a script does."""

from __future__ import annotations

from typing import Any

import attrs

from natrium.model import AnyNeuron
from natrium.solvers import FixedStep


@attrs.frozen(eq=False, kw_only=True)
class Twin:
    """A natrium solver and neuron that do what a script does.

    Attributes
    ----------
    script : FixedStep
    neuron : Neuron or HybridNeuron
        With what the script really has in place of what it claims.
    difference : float
        Largest difference of V, sample by sample, mV.
    """

    script: FixedStep
    neuron: AnyNeuron
    difference: float

    def data(self) -> dict[str, Any]:
        """Give it as plain data."""
        names = ("dt", "scheme", "spike_time", "refractory", "label", "read", "edges", "gates")
        found: dict[str, Any] = {name: getattr(self.script, name) for name in names}
        return found | {"largest_difference_mV": self.difference}
