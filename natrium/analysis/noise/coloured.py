r"""One state under an Ornstein-Uhlenbeck input, as a jump process on a grid of voltages and noise values.

.. math:: dV/dt = u(V, z), \qquad dz = -\frac{z}{\tau} dt + \sigma \sqrt{2/\tau}\, dW.

V goes from cell to cell at the rate \|u\|/h, z from value to value at rates that keep its normal law: the
density obeys the Fokker-Planck equation up to terms of first order in h. Firing is then a chain from spike to
spike: z at a spike goes on through the refractory period, and decides with what law the next interval begins.
Rate and variation follow from sparse linear equations, and are extrapolated over grids that are halved.

References
----------
.. [1] N. Fourcaud, N. Brunel, "Dynamics of the firing probability of noisy integrate-and-fire neurons",
   Neural Comput. 14 (2002) 2057-2110. https://doi.org/10.1162/089976602320264015
.. [2] H. J. Kushner, P. Dupuis, "Numerical Methods for Stochastic Control Problems in Continuous Time",
   2nd ed. (2001), ch. 5. https://doi.org/10.1007/978-1-4613-0007-6
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import scipy.sparse as sparse
from scipy.linalg import expm, null_space
from scipy.sparse.linalg import splu

from natrium.analysis.noise.diffusion import Passage
from natrium.model import SolverError
from natrium.model.arrays import Array

Velocity = Callable[[Array, Array], Array]
WIDE = 5.0  # standard deviations of the noise on either side: 6e-7 of its law is left out
VALUES = 65  # of the noise
CELLS = 60  # from reset to threshold on the first grid
HALVINGS = 4
CROWDED = (0.0, 0.5)
GOOD = 2e-3  # relative error of the interval, and error of CV, at which one kind of grid is enough
REACH, FARTHEST = 64, 8  # looks below the reset; of the way from reset to threshold: how far


@attrs.frozen
class Chain:
    """Firing as a chain of intervals."""

    # mean and mean_error: of the interval, ms.
    mean: float
    mean_error: float
    cv: float
    cv_error: float
    V: Array  # shape (n_cells,): mV
    time: Array  # shape (n_cells,): mean time spent there between spikes, ms per mV


@attrs.frozen(eq=False)
class _Ends:
    """What intervals are made of: see `chain_of`."""

    velocity: Velocity
    sigma: float
    tau: float
    v_reset: float
    v_thresh: float
    tau_ref: float


def chain_of(
    velocity: Velocity,
    sigma: float,
    tau: float,
    white: Passage,
    v_reset: float,
    v_thresh: float,
    tau_ref: float,
) -> Chain:
    """Give mean and variation of the intervals.

    Parameters
    ----------
    velocity : callable
        From V and z, both of shape (n,), mV, to dV/dt, mV/ms.
    sigma, tau : float
        Of the noise, mV and ms.
    white : Passage
        Under white noise of the same strength: where V is found at all, and where cells are to be small.
    v_reset, v_thresh : float
        mV.
    tau_ref : float
        Refractory period, ms, in which V is held.

    Raises
    ------
    SolverError
        When no spike is to be expected.
    """
    ends = _Ends(velocity, sigma, tau, v_reset, v_thresh, tau_ref)
    tried = []
    for crowded in CROWDED:
        tried.append(_chain(ends, white, crowded))
        if max(tried[-1].mean_error / tried[-1].mean, tried[-1].cv_error) < GOOD:
            break
    return min(tried, key=lambda one: one.mean_error / one.mean + one.cv_error)


def _chain(ends: _Ends, white: Passage, crowded: float) -> Chain:
    """Give the intervals by cells that crowd so much where V is slow."""
    low = max(white.V[0], _floor(ends))
    edges = [_edges(white, low, ends, CELLS * 2**k, crowded) for k in range(HALVINGS)]
    found = [_on_grid(ends, one, VALUES) for one in edges]
    # The noise's own grid errs in the square of its step: known from one of half as many values.
    coarse = _on_grid(ends, edges[1], (VALUES + 1) // 2)
    numbers = []
    for row, other in zip(np.array([one[:2] for one in found]).T, coarse[:2], strict=True):
        value, error = extrapolated(row)
        shift = (row[1] - other) / 3.0
        numbers.append((float(value + shift), float(error + 0.5 * abs(shift))))
    (mean, of_mean), (variance, of_variance) = numbers
    cv = float(np.sqrt(max(variance, 0.0))) / mean
    of_cv = of_variance / (2.0 * mean**2 * max(cv, np.sqrt(of_variance) / mean)) + cv * of_mean / mean
    return Chain(mean, of_mean, cv, float(of_cv), *found[-1][2:])


def extrapolated(row: Array) -> tuple[float, float]:
    """Give what numbers on ever finer grids come to (Aitken), and how far that can be trusted.

    Their differences shrink by a factor of nearly two, which the singularity of the density at the threshold
    makes a little smaller.
    """
    off = np.diff(row)
    with np.errstate(all="ignore"):
        ratios = off[1:] / off[:-1]
        limits = row[2:] + off[1:] * ratios / (1.0 - ratios)
    if not np.all((ratios > 0.2) & (ratios < 0.8)):
        return float(row[-1]), 2.0 * float(np.abs(off[-2:]).max())
    return float(limits[-1]), 2.0 * abs(float(limits[-1] - limits[-2])) + 1e-12 * abs(float(row[-1]))


def _floor(ends: _Ends) -> float:
    """Give how low V can be driven at all, mV; perhaps minus infinity."""
    V = ends.v_reset - (ends.v_thresh - ends.v_reset) * np.linspace(0.0, FARTHEST, REACH * FARTHEST + 1)
    back = ends.velocity(V, np.full(V.size, -WIDE * ends.sigma)) > 0.0
    if not back[-1]:
        return float("-inf")
    held = np.flatnonzero(~back)
    return float(V[held[-1] + 1] if held.size else V[1])


def _edges(white: Passage, low: float, ends: _Ends, cells: int, crowded: float) -> tuple[Array, int]:
    """Give the edges of cells, and how many lie below the reset.

    They share out evenly voltage and, by the part `crowded`, the time that V spends there under white noise.
    """
    V = white.V
    spent = np.append(0.0, np.cumsum(0.5 * (white.time[1:] + white.time[:-1]) * np.diff(V)))
    spent = spent / spent[-1] if np.isfinite(spent[-1]) else 0.0 * V
    share = (1.0 - crowded) * (V - V[0]) / (V[-1] - V[0]) + crowded * spent
    bottom, reset = (float(np.interp(one, V, share)) for one in (low, ends.v_reset))
    below = (cells // CELLS) * int(
        np.clip(np.ceil(CELLS * (reset - bottom) / (share[-1] - reset)), 2, 4 * CELLS)
    )
    marks = np.append(np.linspace(bottom, reset, below + 1)[:-1], np.linspace(reset, share[-1], cells + 1))
    edges = np.interp(marks, share, V)
    edges[below] = ends.v_reset
    return edges, below


def _on_grid(ends: _Ends, grid: tuple[Array, int], values: int) -> tuple[float, float, Array, Array]:
    """Give mean and variance of the interval on one grid, with the time spent in each cell."""
    edges, below = grid
    h, V = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
    tau_ref = ends.tau_ref
    z = _noise_values(ends, values)
    switching = _noise_rates(z, ends.sigma, ends.tau)
    grid_V, grid_z = np.meshgrid(edges, z, indexing="ij")
    u = np.asarray(ends.velocity(grid_V.ravel(), grid_z.ravel()), dtype=float).reshape(grid_V.shape)
    up, down = np.maximum(u[1:], 0.0) / h[:, None], np.maximum(-u[:-1], 0.0) / h[:, None]
    down[0] = 0.0
    n, nz = V.size, z.size
    leaving = (up + down).ravel()
    rates = (
        sparse.kron(sparse.eye(n), sparse.csr_matrix(switching))
        - sparse.diags(leaving)
        + sparse.diags(up.ravel()[:-nz], nz)
        + sparse.diags(down.ravel()[nz:], -nz)
    )
    solver: Any = splu(sparse.csc_matrix(-rates), permc_spec="NATURAL")  # it is a band
    first = solver.solve(np.ones(n * nz))
    second = 2.0 * solver.solve(first)
    spiking = np.zeros((n * nz, nz))
    spiking[-nz:] = np.diag(up[-1])
    start = slice(below * nz, (below + 1) * nz)
    across = solver.solve(spiking)[start]
    forward = expm(switching * tau_ref) @ across  # z at a spike -> z at the next
    law = null_space((forward - np.diag(forward.sum(axis=1))).T, rcond=1e-9)
    if law.shape[1] != 1 or not np.all(np.isfinite(first)):
        raise SolverError("the chain of intervals must have one law, got none: spikes are too rare")
    at_spike = law[:, 0] / law[:, 0].sum()
    begin = at_spike @ expm(switching * tau_ref)
    mean, square = float(begin @ first[start]), float(begin @ second[start])
    weights = np.zeros(n * nz)
    weights[start] = begin
    time = solver.solve(weights, trans="T").reshape(n, nz).sum(axis=1) / h
    return mean + tau_ref, square - mean**2, V, np.asarray(time)


def _noise_values(ends: _Ends, values: int) -> Array:
    """Give the noise values: the one at which V stands still at the threshold lies midway between two.

    There the density is singular; so placed it is the same on finer grids.
    """
    sigma = ends.sigma
    step = 2.0 * WIDE * sigma / (values - 1)
    still, moved = ends.velocity(np.full(2, ends.v_thresh), np.array([0.0, sigma]))
    turn = -still * sigma / (moved - still)
    first = np.ceil((-WIDE * sigma - turn) / step - 0.5)
    return np.asarray(turn + (first + 0.5 + np.arange(values - 1)) * step)


def _noise_rates(z: Array, sigma: float, tau: float) -> Array:
    """Give the rates between values of the noise, shape (n, n): its law on them is the normal one."""
    step = z[1] - z[0]
    pace = sigma**2 / (tau * step**2)
    drop = np.exp((z[:-1] ** 2 - z[1:] ** 2) / (4.0 * sigma**2))
    found = np.diag(pace * drop, 1) + np.diag(pace / drop, -1)
    return np.asarray(found - np.diag(found.sum(axis=1)))
