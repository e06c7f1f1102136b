"""Where a neuron stands still as a parameter moves: near a guess, where a condition is met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import scipy

from natrium.analysis.continuation.axis import Axis
from natrium.analysis.continuation.legs import Place, guard_of, place
from natrium.analysis.equilibria.eigenvalues import sorted_eigenvalues
from natrium.analysis.equilibria.flow import jacobian_at
from natrium.model import ModelError
from natrium.model.arrays import Array

EXACT, ZERO = 1e-13, 1e-8  # of a solution, and of what is left of its equations
DIGITS = 64.0  # units in the last place by which such a solution is off

Condition = Callable[[Place, Array], float]


@attrs.frozen(eq=False)
class Standing:
    """An equilibrium at a value of the parameter."""

    value: float
    error: float  # what rounding leaves of it
    state: Array  # shape (n_states,)
    eigenvalues: Any  # shape (n_states,): per ms, the largest real part first

    @property
    def unstable(self) -> int:
        """How many directions are unstable."""
        return int(np.sum(self.eigenvalues.real > 0.0))


def jacobian_of(here: Place, y: Array) -> Array:
    """Give the Jacobian of the flow at a state, per ms."""
    return np.asarray(jacobian_at(here.neuron.system, y, here.input))


def standing_near(axis: Axis, value: float, y: Array, sizes: Array, rtol: float) -> Standing | None:
    """Find the equilibrium near a state; None where there is none."""
    here = place(axis, value, rtol)

    def miss(u: Array) -> Array:
        return here.flow(y + u * sizes) / sizes

    def slopes(u: Array) -> Array:
        return np.asarray(jacobian_of(here, y + u * sizes) * sizes / sizes[:, None])

    found: Any = scipy.optimize.root(miss, np.zeros(y.size), jac=slopes)
    state = y + found.x * sizes
    if not found.success and not np.abs(found.fun).max() < ZERO:
        return None
    return Standing(value, 0.0, state, sorted_eigenvalues(jacobian_of(here, state)))


def standing_where(
    axis: Axis, value: float, y: Array, sizes: Array, span: float, rtol: float, condition: Condition
) -> Standing | None:
    """Find the equilibrium near a state, and the parameter, at which a condition is zero.

    Parameters
    ----------
    axis : Axis
    value : float
        Where the parameter is looked for.
    y : ndarray, shape (n_states,)
    sizes : ndarray, shape (n_states,)
        Units of the states.
    span : float
        Unit of the parameter.
    rtol : float
        Of places.
    condition : callable
        Of place and state.
    """

    def miss(u: Array) -> Array:
        try:
            here = place(axis, value + float(u[-1]) * span, rtol)
        except ModelError:  # the neuron cannot have it
            return np.full(u.size, 1e3)
        state = y + u[:-1] * sizes
        return np.append(here.flow(state) / sizes, condition(here, state))

    with np.errstate(all="ignore"):
        found: Any = scipy.optimize.root(miss, np.zeros(y.size + 1), options={"xtol": EXACT})
    if not np.all(np.isfinite(found.fun)) or np.abs(found.fun).max() > ZERO:
        return None
    at, state = value + float(found.x[-1]) * span, y + found.x[:-1] * sizes
    here = place(axis, at, rtol)
    error = DIGITS * (float(np.spacing(abs(at))) + EXACT * span)
    return Standing(at, error, state, sorted_eigenvalues(jacobian_of(here, state)))


def folding(here: Place, y: Array) -> Condition:
    """Make what is zero at a fold of equilibria near a state: the g of a Jacobian bordered to be regular.

    References
    ----------
    .. [1] W. J. F. Govaerts, "Numerical Methods for Bifurcations of Dynamical Equilibria" (2000), sec. 4.1.
       https://doi.org/10.1137/1.9780898719543
    """
    sizes, left, right = bordering(jacobian_of(here, y))

    def folded(there: Place, state: Array) -> float:
        whole, unit = bordered(jacobian_of(there, state) / sizes, left, right)
        return float(np.linalg.solve(whole, unit)[-1])

    return folded


def bordering(jacobian: Array, whole: Array | None = None) -> tuple[Array, Array, Array]:
    """Give sizes of a Jacobian's rows, and what borders it: its left and right null vectors, or nearly so.

    Sizes are those of the same rows of a whole that it is a part of, where its own may vanish.
    """
    of = jacobian if whole is None else whole[: len(jacobian)]
    sizes = np.maximum(np.abs(of).max(axis=1, keepdims=True), 1e-300)
    u, _, v = np.linalg.svd(jacobian / sizes)
    return sizes, u[:, -1], v[-1]


def bordered(matrix: Array, left: Array, right: Array) -> tuple[Array, Array]:
    """Give a matrix with borders, regular where it is singular; and the right side of which g is told."""
    n = right.size
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n], whole[n, :n] = matrix, left, right
    return whole, np.append(np.zeros(n), 1.0)


def touching(here: Place, y: Array) -> float:
    """Give how far V lies above the threshold, mV."""
    return guard_of(here.neuron, y)


def turning(frequency: float) -> Condition:
    """Give the growth of the pair of eigenvalues nearest to +-i omega, rad/ms: zero at a Hopf point."""

    def growth(here: Place, y: Array) -> float:
        values = np.linalg.eigvals(jacobian_of(here, y))
        return float(values[int(np.argmin(np.abs(values - 1j * frequency)))].real / frequency)

    return growth
