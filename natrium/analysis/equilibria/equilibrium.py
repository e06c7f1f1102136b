"""One equilibrium, and what it is called by its eigenvalues."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.analysis.equilibria.eigenvalues import real_parts
from natrium.analysis.result import Result
from natrium.model import SolverError
from natrium.model.arrays import Array


class Plateau(SolverError):
    """At an input every V of a range is an equilibrium: the steady current does not change with V."""

    def __init__(self, I: float, low: float, high: float) -> None:
        self.I, self.low, self.high = I, low, high
        super().__init__(
            f"equilibria must lie apart, got a plateau: at I = {I:g} every V from {low:.6f} to {high:z.6f} "
            "mV is one; take another input"
        )

    def __reduce__(self) -> Any:
        """Copy and pickle by what it was made of."""
        return Plateau, (self.I, self.low, self.high)


@attrs.frozen(eq=False, repr=False)
class Equilibrium(Result):
    """One equilibrium at constant input.

    Attributes
    ----------
    V, I : float
        Membrane potential and input, mV.
    state : ndarray, shape (n_states,)
        V in mV, then every other state at its steady state.
    names : tuple of str
        Of the states: ``"V"``, ``"Na.m"``, ...
    eigenvalues : ndarray of complex, shape (n_states,)
        Of the Jacobian of the full system, per ms; the largest real part first.
    kind : str
        ``"stable node"``, ``"stable focus"``, ``"saddle"`` (an odd number of unstable directions: dI/dV < 0),
        ``"unstable node"``, ``"unstable focus"`` (an even number), ``"saddle-node"`` (at a fold),
        ``"Hopf point"``. Node or focus is told by the leading eigenvalue. ``"undecided"``: whether there are
        none, one or more in `box` cannot be told, as at a fold's very input or where an equation jumps.
    below_threshold : bool or None
        Whether V lies below the threshold, so that the cell can rest there; None without a threshold.
    box : ndarray, shape (n_states, 2), or None
        Where it is proven to be the only one, lower and upper ends; None where the curve of all proves it.
    """

    V: float
    I: float
    state: Array
    names: tuple[str, ...]
    eigenvalues: Any
    kind: str
    below_threshold: bool | None
    box: Array | None = None

    @property
    def unstable(self) -> int:
        """How many directions are unstable."""
        return int(np.sum(real_parts(self.eigenvalues) > 0.0))

    @property
    def stable(self) -> bool:
        """Whether every direction is attracting."""
        return bool(np.all(real_parts(self.eigenvalues) < 0.0))

    @property
    def gates(self) -> dict[str, float]:
        """Steady state of every gate (of a `HybridNeuron`: every other state), by name."""
        return dict(zip(self.names[1:], map(float, self.state[1:]), strict=True))


def kind_of(eigenvalues: Any) -> str:
    """Name an equilibrium of the full system."""
    real = real_parts(eigenvalues)
    neutral = real == 0.0
    if np.any(neutral):
        return "Hopf point" if np.any(eigenvalues[neutral].imag != 0.0) else "saddle-node"
    unstable = int(np.sum(real > 0.0))
    if unstable % 2:
        return "saddle"
    shape = "focus" if eigenvalues[0].imag != 0.0 else "node"
    return f"{'unstable' if unstable else 'stable'} {shape}"
