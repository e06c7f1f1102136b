"""What cycles with and without resets say alike."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from natrium.analysis.result import Result, show_settled
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.solvers.reliability import ROUNDING, SAFETY


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
            **input_unit(self.neuron).beside("I", self.input),
            "period_ms": self.period,
            "period_error_ms": self.period_error,
            "spikes_per_cycle": len(states),
            "multipliers": self.multipliers,
            "multiplier_errors": self.multiplier_errors,
            "largest_multiplier": self.largest_multiplier,
            "stable": self.stable,
            "states": states,
        }

    def _shown(self: Any) -> dict[str, Any]:
        """Give what its repr shows, by name."""
        return {
            "input": self.input,
            "period": self.period,
            "period_error": self.period_error,
            "n_spikes": len(self.table()),
            "multipliers": self.multipliers,
            "stable": self.stable,
        }

    def sentences(self: Any) -> list[str]:
        """Give period and stability in words."""
        spikes, worst = len(self.table()), float(np.max(self.multiplier_errors, initial=0.0))
        at = input_unit(self.neuron).show(self.input)
        every = show_settled(self.period, self.period_error)
        own = getattr(self, "least_n_spikes", spikes)
        return [
            f"At I = {at} "
            + (f"its {spikes} spikes repeat" if spikes > 1 else "it fires")
            + f" every {every} ms"
            + (f" (after {own} already)" if own < spikes else "")
            + f"; largest multiplier {show_settled(self.largest_multiplier, worst, 6)}: "
            + ("stable." if self.stable else "unstable.")
        ]


def errors_of_multipliers(found: npt.NDArray[np.complex128], again: npt.NDArray[np.complex128]) -> Array:
    """Estimate the error of each multiplier from those of a second solve, the nearest ones compared."""
    apart = np.abs(found[:, None] - again[None, :])
    rows, columns = scipy.optimize.linear_sum_assignment(apart)
    return np.asarray(SAFETY * apart[rows, columns] + ROUNDING * np.spacing(np.abs(found)))
