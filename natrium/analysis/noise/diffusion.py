r"""One state under white noise: mean and variance of its way from the reset to the threshold.

With :math:`dV = f(V) dt + \sqrt{2 D}\, dW`, :math:`\Phi' = f/D`, a wall far below, the threshold absorbing,

.. math:: g(V) = \frac{1}{D} \int_{low}^V e^{\Phi(s) - \Phi(V)} ds, \qquad
          D n' = f n - J, \quad n(V_{th}) = 0, \qquad
          E[T] = \int_{V_r}^{V_{th}} g\, dV, \qquad \mathrm{Var}[T] = 2 D \int n\, g^2\, dV

with J one from the reset on, zero below: g is minus the slope of the mean time left, n the time spent at V.
Both are carried from node to node by the exponential fit of Scharfetter and Gummel: all terms are positive,
no digits are lost however rare spikes are, or how regular. Steps are halved until what is left of an error in
their square is known.

References
----------
.. [1] D. L. Scharfetter, H. K. Gummel, "Large-signal analysis of a silicon Read diode oscillator", IEEE
   Trans. Electron Devices 16 (1969) 64-77. https://doi.org/10.1109/T-ED.1969.16566
.. [2] M. J. E. Richardson, "Firing-rate response of linear and nonlinear integrate-and-fire neurons to
   modulated current-based and conductance-based synaptic drive", Phys. Rev. E 76 (2007) 021919.
   https://doi.org/10.1103/PhysRevE.76.021919
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
from scipy.linalg.lapack import dtbtrs

from natrium.model import ModelError, SolverError
from natrium.model.arrays import Array

Drift = Callable[[Array], Array]
FIRST, MOST = 128, 2**19  # steps from reset to threshold
RELATIVE = 1e-10  # at which halving ends
ENOUGH = 1e-6  # what must be reached
WIDEST = 8  # times as many steps below the reset as above it
BARRIER = 40.0  # exp(-40) of the density is left out below
LOOKS = 4097
REACH, FARTHEST = 1.0, 1e6  # of the way from reset to threshold: how far below the wall is looked for


@attrs.frozen(eq=False)
class Passage:
    """The way from reset to threshold."""

    # mean and mean_error: ms; infinity where it takes longer than doubles can tell.
    mean: float
    mean_error: float
    # cv and cv_error: standard deviation over mean.
    cv: float
    cv_error: float
    V: Array  # shape (n_nodes,): mV
    time: Array  # shape (n_nodes,): mean time spent there, ms per mV


def passage(drift: Drift, diffusion: float, v_reset: float, v_thresh: float) -> Passage:
    """Give mean and variation of the first time at which the threshold is met.

    Parameters
    ----------
    drift : callable
        From V, shape (n,), mV, to f, mV/ms.
    diffusion : float
        D, mV^2/ms.
    v_reset, v_thresh : float
        mV.

    Raises
    ------
    ModelError
        When V runs away downwards: no spike may follow.
    SolverError
        When no grid is fine enough.
    """
    if not v_reset < v_thresh:
        raise ModelError(f"the reset must lie below the threshold, {v_thresh:.6g} mV, got {v_reset:.6g} mV")
    low = wall(drift, diffusion, v_reset, v_thresh)
    n, rows = FIRST, list[tuple[float, float]]()
    told = list[tuple[float, float]]()
    while True:
        mean, variance, V, time = _on_grid(drift, diffusion, low, v_reset, v_thresh, n)
        if not np.isfinite(mean) or not np.isfinite(variance):
            return Passage(float("inf"), float("nan"), 1.0, float("nan"), V, np.full(V.size, np.nan))
        rows.append((mean, np.sqrt(variance) / mean))
        if len(rows) > 1:
            (a, c), (b, d) = rows[-2:]
            told.append((b + (b - a) / 3.0, d + (d - c) / 3.0))
        if len(told) > 1:
            off = [abs(x - y) for x, y in zip(*told[-2:], strict=True)]
            if max(off[0] / told[-1][0], off[1] / max(told[-1][1], 1e-3)) < RELATIVE or 2 * n > MOST:
                break
        n *= 2
    if off[0] > ENOUGH * told[-1][0]:
        raise SolverError(
            f"the equation of the density must be resolved, got an error of {off[0] / told[-1][0]:.2g} on "
            f"{V.size} nodes: the drift is too steep; bring reset and threshold nearer"
        )
    rounding = 1e-14 * V.size**0.5
    (mean, cv), (of_mean, of_cv) = told[-1], (off[k] + rounding * told[-1][k] for k in (0, 1))
    return Passage(float(mean), float(of_mean), float(cv), float(of_cv), V, time)


def wall(drift: Drift, diffusion: float, v_reset: float, v_thresh: float) -> float:
    """Give a voltage so low that V is never found there.

    Raises
    ------
    ModelError
        When there is none: V runs away.
    """
    reach = REACH
    while reach < FARTHEST:
        V = v_reset - reach * (v_thresh - v_reset) * np.linspace(0.0, 1.0, LOOKS)
        f = np.asarray(drift(V), dtype=float)
        if not np.all(np.isfinite(f)):
            break
        # How much lower than at its top the density is; V comes from the reset, or from where it is highest.
        steps = 0.5 * (f[1:] + f[:-1]) * np.diff(V) / diffusion
        height = np.append(0.0, np.cumsum(steps))
        below = height - np.maximum.accumulate(height) < -BARRIER
        if below.any():
            return float(V[int(np.argmax(below))])
        reach *= 2.0
    raise ModelError(
        f"V must be driven back from far below the reset at {v_reset:.6g} mV, got a drift under which it may "
        "run away: there is no mean interval; raise the mean input"
    )


def _on_grid(
    drift: Drift, diffusion: float, low: float, v_reset: float, v_thresh: float, n: int
) -> tuple[float, float, Array, Array]:
    """Give mean and variance, and the time spent at each node, on one grid."""
    share = 0.5 * (v_reset - low) / (v_thresh - v_reset)  # steps below are longer, within bounds
    below = n // FIRST * int(np.clip(np.ceil(FIRST * share), 4, WIDEST * FIRST))
    V = np.concatenate([np.linspace(low, v_reset, below + 1)[:-1], np.linspace(v_reset, v_thresh, n + 1)])
    h = np.diff(V)
    f, middle = np.asarray(drift(V), dtype=float), np.asarray(drift(V[:-1] + 0.5 * h), dtype=float)
    rise = h * (f[:-1] + 4.0 * middle + f[1:]) / (6.0 * diffusion)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        kept, made = np.exp(-rise), h / diffusion * _fitted(rise)
        g = _carried(kept, made, 0.0)
        J = (V[:-1] >= v_reset - 1e-12 * abs(v_reset)).astype(float)
        time = _carried(kept[::-1], (J * made)[::-1], 0.0)[::-1]
        above = slice(below, None)
        mean = float(np.trapezoid(g[above], V[above]))
        variance = float(2.0 * diffusion * np.trapezoid(time * g**2, V))
    return mean, variance, V, np.asarray(time)


def _fitted(x: Array) -> Array:
    """Give (1 - exp(-x))/x."""
    small = np.abs(x) < 1e-8
    safe = np.where(small, 1.0, x)
    return np.asarray(np.where(small, 1.0 - 0.5 * x, -np.expm1(-safe) / safe))


def _carried(kept: Array, made: Array, start: float) -> Array:
    """Give y with y[k + 1] = kept[k] y[k] + made[k], shape (n + 1,)."""
    banded = np.ones((2, kept.size + 1))
    banded[1, :-1] = -kept
    if not np.all(np.isfinite(banded)):
        return np.full(kept.size + 1, np.inf)
    # Without exchanging rows: it is the recursion itself.
    return np.asarray(dtbtrs(banded, np.append(start, made), uplo="L", diag="U")[0]).ravel()
