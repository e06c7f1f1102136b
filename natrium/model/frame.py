"""What solvers measure V from: the threshold, also where it moves with other states."""

from __future__ import annotations

import attrs
import numpy as np

from natrium.model.arrays import Array


@attrs.frozen(eq=False)
class Frame:
    """The coordinates of an event-driven solve: u = V - level - weights . y.

    Attributes
    ----------
    level : float
        mV.
    weights : ndarray, shape (n_states,)
        Share of each state in the threshold, mV per unit of the state; V's own is 0.
    """

    level: float
    weights: Array

    @property
    def moves(self) -> bool:
        """Whether the threshold moves with other states."""
        return bool(self.weights.any())

    def threshold(self, y: Array) -> Array:
        """Give the threshold at states, shape (n_states,) or (n_states, n_times), mV."""
        level = np.full(y.shape[1:], self.level)
        for weight, state in zip(self.weights[1:], y[1:], strict=True):
            if weight:
                level = level + weight * state
        return level

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
