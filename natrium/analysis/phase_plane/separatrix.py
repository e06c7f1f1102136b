"""What divides a plane: equilibria, manifolds of saddles, grazing trajectories, where a spike is certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt
import scipy

from natrium.analysis.equilibria.eigenvalues import real_parts
from natrium.analysis.phase_plane.nullclines import roots_in_unit
from natrium.analysis.phase_plane.reduction import Plane
from natrium.model.arrays import Array
from natrium.model.scales import scales_of

SCALE = np.array([100.0, 1.0])  # mV, 1: what counts as far in V and in x
START = 1e-5  # scaled: how far from a saddle its manifolds start, along the eigenvector
NEAR = 1e-3  # scaled: this near a stable equilibrium a manifold has arrived
# Scaled, per ms or the scale of time: none goes faster along a curve, lest it be at infinity before it is
# outside.
FASTEST = 100.0
BESIDE = 0.5  # scaled: curves from a saddle below or above what is shown are followed this far beyond it
SPACING = 0.004  # scaled: neighbours on a curve
RTOL, ATOL = 1e-9, 1e-11
MASK_TOL = 1e-5  # of each step, for the mask of certain spikes
GAMMA = 1.0 / (2.0 + np.sqrt(2.0))  # of the Rosenbrock pair: L-stable
AT_REST = 1e-7  # likewise: slower than this is rest
MOST_STEPS = 20_000
MOST_CALLS, USUAL = (
    50_000,
    1_000,
)  # of the flow along a curve; the steps of it that are kept where that is too few


@attrs.frozen(eq=False)
class PlanarEquilibrium:
    """An equilibrium of a plane.

    Attributes
    ----------
    V, x : float
        mV, no unit.
    eigenvalues : ndarray of complex, shape (2,)
        Of the planar Jacobian, per ms; the larger real part first.
    eigenvectors : ndarray of complex, shape (2, 2)
        Columns, in the same order; (mV, 1).
    kind : str
        ``"stable node"``, ``"stable focus"``, ``"unstable node"``, ``"unstable focus"``, ``"saddle"``,
        ``"centre"`` or ``"saddle-node"`` (neutral within rounding).
    below_threshold : bool or None
        Whether the cell can be there; None without a threshold.
    """

    V: float
    x: float
    eigenvalues: Any
    eigenvectors: Any
    kind: str
    below_threshold: bool | None

    @property
    def stable(self) -> bool:
        """Whether it attracts."""
        return self.kind.startswith("stable")


@attrs.frozen(eq=False)
class Manifold:
    """One half of a saddle's stable or unstable manifold.

    Attributes
    ----------
    saddle : PlanarEquilibrium
    stable : bool
        True: what runs into the saddle, the separatrix; False: what leaves it.
    points : ndarray, shape (2, n_points)
        V in mV and x, from the saddle outwards.
    """

    saddle: PlanarEquilibrium
    stable: bool
    points: Array


def planar_equilibria(
    plane: Plane, I: float, V_range: tuple[float, float] | None = None
) -> tuple[PlanarEquilibrium, ...]:
    """Find all equilibria of a plane, in order of V.

    On the x-nullcline dV/dt is a function of V alone. Of channels all its roots lie between v_rest + I and
    the reversal potentials, whose weighted mean each of them is; else they are looked for in a range of V and
    as far again on either side.

    References
    ----------
    .. [1] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), ch. 4.
       https://doi.org/10.7551/mitpress/2526.001.0001
    """
    ends = plane.neuron.equilibrium_bounds(I)
    low, high = (min(ends) - 1.0, max(ends) + 1.0) if ends else (-150.0, 150.0)
    if not ends and V_range is not None:
        width = V_range[1] - V_range[0]
        low, high = V_range[0] - width, V_range[1] + width
    along = plane.dV.subs(plane.symbols[1], plane.x_steady)
    found = plane.roots(along, I, low, high)
    return tuple(_equilibrium(plane, V, I) for V in found)


def _equilibrium(plane: Plane, V: float, I: float) -> PlanarEquilibrium:
    x = float(plane.x_null(V, I))
    values, vectors = np.linalg.eig(plane.jacobian(V, x, I))
    order = np.lexsort((-values.imag, -values.real))
    values, vectors = values[order].astype(complex), vectors[:, order].astype(complex)
    neuron = plane.neuron
    below = plane.v_thresh > V if neuron.fires else None
    return PlanarEquilibrium(V, x, values, vectors, _kind(values), below)


def _kind(values: Any) -> str:
    real = real_parts(values)
    if values[0].imag != 0.0:
        return "centre" if real[0] == 0.0 else f"{'unstable' if real[0] > 0.0 else 'stable'} focus"
    if np.any(real == 0.0):
        return "saddle-node"
    if real[0] > 0.0 > real[1]:
        return "saddle"
    return f"{'unstable' if real[0] > 0.0 else 'stable'} node"


def manifolds(
    plane: Plane,
    I: float,
    equilibria: Sequence[PlanarEquilibrium],
    V_range: tuple[float, float],
    horizon: float = 500.0,
) -> tuple[Manifold, ...]:
    """Follow the manifolds of every saddle until they leave the plane or arrive at a stable equilibrium.

    Parameters
    ----------
    plane : Plane
    I : float
        Input, mV.
    equilibria : sequence of PlanarEquilibrium
        All of them.
    V_range : (float, float)
        mV; x runs from 0 to 1.
    horizon : float
        Longest time along a manifold, ms.

    Returns
    -------
    tuple of Manifold
        Four per saddle within the range: the stable ones first.
    """
    found = []
    for saddle in equilibria:
        if saddle.kind != "saddle" or not V_range[0] < saddle.V < V_range[1]:
            continue
        centre = np.array([saddle.V, saddle.x])
        for stable in (True, False):
            direction: Literal[-1, 1] = -1 if stable else 1
            vector = saddle.eigenvectors[:, 1 if stable else 0].real / SCALE
            vector = START * vector / np.linalg.norm(vector) * SCALE
            for way in (-1.0, 1.0):
                points = _follow(plane, I, centre + way * vector, direction, equilibria, V_range, horizon)
                points = np.concatenate([centre[:, np.newaxis], points], axis=1)
                found.append(Manifold(saddle, stable, points))
    return tuple(found)


class _NoFurtherError(Exception):
    """A curve takes too many steps."""


def _follow(
    plane: Plane,
    I: float,
    start: Array,
    direction: Literal[-1, 1],
    equilibria: Sequence[PlanarEquilibrium],
    V_range: tuple[float, float],
    horizon: float,
) -> Array:
    """Integrate forward or backward until the box is left or rest is reached; shape (2, n_points).

    It ends as well where the flow jumps and leads back from both sides, as it may backward in time.
    """
    low, high = V_range
    bottom = 0.0 if start[1] > 0.0 else start[1] - BESIDE
    top = 1.0 if start[1] < 1.0 else start[1] + BESIDE
    ends, calls, fastest = [0.0], 0, FASTEST / scales_of(plane.neuron).time
    rest = [np.array([point.V, point.x]) for point in equilibria if point.stable and direction > 0]

    def flow(t: float, y: Array) -> Array:
        nonlocal calls
        calls += 1
        if calls > MOST_CALLS:
            raise _NoFurtherError
        speed = direction * plane.rhs(y[0], y[1], I)
        return speed / max(1.0, float(np.linalg.norm(speed / SCALE)) / fastest)

    def leaves(t: float, y: Array) -> float:
        ends.append(t)
        return float(min(y[0] - low, high - y[0], SCALE[0] * (y[1] - bottom), SCALE[0] * (top - y[1])))

    def arrives(t: float, y: Array) -> float:
        return min((float(np.linalg.norm((y - point) / SCALE)) for point in rest), default=1.0) - NEAR

    leaves.terminal, arrives.terminal = True, True  # type: ignore[attr-defined]  # how SciPy is told
    options: Any = {
        "rtol": RTOL,
        "atol": ATOL * SCALE,
        "events": (leaves, arrives),
        "dense_output": True,
    }
    try:
        run: Any = scipy.integrate.solve_ivp(flow, (0.0, horizon), start, "LSODA", **options)
    except _NoFurtherError:
        stuck, calls = ends[min(USUAL, len(ends) - 1)], 0
        if stuck == 0.0:
            return start[:, np.newaxis]
        run = scipy.integrate.solve_ivp(flow, (0.0, stuck), start, "LSODA", **options)
    return _space(run.sol, run.t)


def _space(state: Any, knots: Array) -> Array:
    """Sample a solution so that neighbours are close in the plane."""
    times = knots
    while True:
        y = state(times)
        wide = np.linalg.norm(np.diff(y, axis=1) / SCALE[:, np.newaxis], axis=0) > SPACING
        wide &= np.diff(times) > 1e-9
        if not np.any(wide):
            return np.asarray(y)
        times = np.sort(np.concatenate([times, 0.5 * (times[:-1] + times[1:])[wide]]))


def grazes(plane: Plane, I: float, V_range: tuple[float, float], horizon: float = 500.0) -> tuple[Array, ...]:
    """Follow backward each trajectory that touches the threshold from below without crossing it.

    With the stable manifolds of saddles below the threshold these bound the states that lead to a spike.

    Returns
    -------
    tuple of ndarray, shape (2, n_points)
        V in mV and x, from the touch backward in time; none without a threshold.
    """
    v_thresh = plane.v_thresh
    if not plane.neuron.fires or not V_range[0] < v_thresh <= V_range[1]:
        return ()
    touching = roots_in_unit(plane.coefficients(v_thresh, I))[0]
    found = []
    for x in touching[~np.isnan(touching)].tolist():
        # There dV/dt = 0, so that d2V/dt2 is the slope of dV/dt in x times dx/dt.
        bend = float(plane.jacobian(v_thresh, x, I)[0, 1] * plane.rhs(v_thresh, x, I)[1])
        if bend < 0.0:
            moved = np.array([v_thresh, x])
            box = (V_range[0], v_thresh + 1e-9)
            found.append(_follow(plane, I, moved, -1, (), box, horizon))
    return tuple(found)


def spike_certain(
    plane: Plane, I: float, V: Array, x: Array, horizon: float = 500.0
) -> npt.NDArray[np.bool_]:
    """Tell from which states of the plane the next spike comes by itself.

    Parameters
    ----------
    plane : Plane
        With a threshold.
    I : float
        Input, mV.
    V, x : ndarray, shape (n,)
        States below the threshold.
    horizon : float
        Time within which it must come, ms.

    Returns
    -------
    ndarray of bool, shape (n,)
        False also where nothing is decided within the horizon.

    References
    ----------
    .. [1] L. F. Shampine, M. W. Reichelt, "The MATLAB ODE suite", SIAM J. Sci. Comput. 18 (1997) 1-22: the
       pair (2, 3), here with a step for each state. https://doi.org/10.1137/S1064827594276424
    """
    v_thresh, slowest = plane.v_thresh, AT_REST / scales_of(plane.neuron).time
    state = np.stack([np.asarray(V, dtype=float), np.asarray(x, dtype=float)])
    slope = plane.rhs(state[0], state[1], I)
    fired = np.asarray((state[0] > v_thresh) | ((state[0] == v_thresh) & (slope[0] > 0.0)))
    alive = np.flatnonzero(~fired)
    state, slope = state[:, alive], slope[:, alive]
    t, step = np.zeros(alive.size), np.full(alive.size, 1e-3)
    for _ in range(MOST_STEPS):
        if not alive.size:
            break
        new, new_slope, error = _step(plane, I, state, slope, step)
        good = error <= 1.0
        state, slope = np.where(good, new, state), np.where(good, new_slope, slope)
        t = t + np.where(good, step, 0.0)
        with np.errstate(divide="ignore"):
            step = step * np.clip(0.9 * error ** (-1.0 / 3.0), 0.2, 5.0)
        over = good & (state[0] >= v_thresh) & (t > 0.0)
        fired[alive[over]] = True
        speed = np.abs(slope / SCALE[:, np.newaxis]).max(axis=0)
        keep = ~over & (t < horizon) & (speed > slowest)
        alive, t, step, state, slope = alive[keep], t[keep], step[keep], state[:, keep], slope[:, keep]
    return fired


def _step(plane: Plane, I: float, y: Array, f0: Array, h: Array) -> tuple[Array, Array, Array]:
    """Take one step of Shampine and Reichelt's Rosenbrock pair for all states, each with its own step."""
    a, b, c, d = (h * GAMMA * entry for entry in plane.jacobian(y[0], y[1], I).reshape(4, -1))
    a, d = 1.0 - a, 1.0 - d
    inverse = 1.0 / (a * d - b * c)

    def solve(right: Array) -> Array:
        return np.asarray(np.stack([d * right[0] + b * right[1], c * right[0] + a * right[1]]) * inverse)

    k1 = solve(f0)
    middle = y + 0.5 * h * k1
    f1 = plane.rhs(middle[0], middle[1], I)
    k2 = solve(f1 - k1) + k1
    new = y + h * k2
    f2 = plane.rhs(new[0], new[1], I)
    k3 = solve(f2 - (6.0 + np.sqrt(2.0)) * (k2 - f1) - 2.0 * (k1 - f0))
    size = np.abs(h / 6.0 * (k1 - 2.0 * k2 + k3) / SCALE[:, np.newaxis]).max(axis=0) / MASK_TOL
    return new, f2, np.where(np.isfinite(size), size, 1e3)
