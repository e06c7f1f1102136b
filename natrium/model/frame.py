"""What solvers measure V from: the threshold, also where it moves with other states."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.model.arrays import Array


@attrs.frozen(eq=False)
class Frame:
    """The coordinates of an event-driven solve: u = V - level - weights . y."""

    level: float  # mV
    # Shape (n_states,): share of each state in the threshold, mV per unit of the state; V's own is 0.
    weights: Array
    moves: bool = attrs.field(init=False)  # whether the threshold moves with other states

    @moves.default
    def _moves(self) -> bool:
        return bool(self.weights.any())

    def threshold(self, y: Array) -> Any:
        """Give the threshold at states, shape (n_states,) or (n_states, n_times), mV."""
        return self.level + self.weights[1:] @ y[1:] if self.moves else self.level

    def inward(self, y: Array) -> Array:
        """Take V in mV to u, all other states as they are."""
        u = np.array(y, dtype=float)
        u[0] -= self.threshold(u)
        return u

    def outward(self, u: Array) -> Array:
        """Take u to V in mV, all other states as they are."""
        y = np.array(u, dtype=float)
        y[0] += self.threshold(y)
        return y
