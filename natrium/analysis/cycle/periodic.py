"""What cycles with and without resets say alike."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from natrium.analysis.result import Result


class Periodic(Result):
    """Base of the cycles: period, multipliers, stability."""

    __slots__ = ()

    @abstractmethod
    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike of the cycle."""

    def data(self: Any) -> dict[str, Any]:
        """Give the cycle as plain data."""
        states = self.table()
        return {
            "I_mV": self.input,
            "period_ms": self.period,
            "spikes_per_cycle": len(states),
            "multipliers": self.multipliers,
            "stable": self.stable,
            "states": states,
        }

    def _shown(self: Any) -> dict[str, Any]:
        """Give what its repr shows, by name."""
        return {
            "input": self.input,
            "period": self.period,
            "n_spikes": len(self.table()),
            "multipliers": self.multipliers,
            "stable": self.stable,
        }

    def sentences(self: Any) -> list[str]:
        """Give period and stability in words."""
        spikes = len(self.table())
        return [
            f"At I = {self.input:g} mV it fires every {self.period:.9f} ms"
            + (f", {spikes} spikes a cycle" if spikes > 1 else "")
            + f"; largest multiplier {self.largest_multiplier:.6f}: "
            + ("stable." if self.stable else "unstable.")
        ]
