"""Where equilibria meet (folds), begin to oscillate (Hopf points) or change at a corner of the flow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from natrium.analysis.equilibria.eigenvalues import NEUTRAL, NOISE, real_parts, sorted_eigenvalues
from natrium.analysis.equilibria.steady_input import SteadyInput
from natrium.analysis.result import Result
from natrium.model.arrays import Array
from natrium.model.branches import choose
from natrium.model.root import find_root
from natrium.model.scales import state_scales

# mV, or of V's scale: of differences of the Jacobian, at this and twice it: their error is of order 4.
STEP = 1e-3
APART = 1e-5  # likewise: places nearer than this to a fold are not told from it
JUMP = 1e4  # times what curvature makes of dI/dV from one side to the other: there is a corner
SIDES = np.array([-1.0, 1.0])
GOLDEN, CLOSE = 0.5 * (5.0**0.5 - 1.0), 1e-9  # likewise: to which a dip is followed


@attrs.frozen(repr=False)
class Fold(Result):
    """Two equilibria meet and vanish: dI/dV = 0 (a saddle-node).

    Attributes
    ----------
    V, I : float
        mV.
    curvature : float
        d2I/dV2, per mV; infinite at a corner of I_eq, where a rate changes its branch. Negative: the pair
        is there below I and gone above it.
    speed : float
        Of the slow direction, per ms: along it dV/dt = speed (I - I_eq(V)) nearby.
    unstable : int
        Unstable directions beside the one that vanishes; 0 where a stable equilibrium meets a saddle.
    """

    V: float
    I: float
    curvature: float
    speed: float
    unstable: int

    @property
    def passage(self) -> float:
        """Time to pass the place of the vanished pair, times the root of the excess of I: ms mV^(1/2).

        Zero at a corner of I_eq: no direction is slow there.
        """
        pace = abs(self.speed) * np.sqrt(0.5 * abs(self.curvature))
        return float(np.pi / pace) if pace > 0.0 else 0.0

    def excess(self, I: float) -> float:
        """Give how far an input is on the side where the pair is gone, mV; negative on the other."""
        return I - self.I if self.curvature < 0.0 else self.I - I


@attrs.frozen(repr=False)
class Hopf(Result):
    """A pair of complex eigenvalues crosses the imaginary axis.

    Attributes
    ----------
    V, I : float
        mV.
    frequency : float
        Of the oscillation born there, Hz.
    unstable_above : bool
        Whether the pair is unstable at higher V.
    lyapunov : float
        First Lyapunov coefficient (of the eigenvector whose V is 1 mV), per mV^2: negative where a
        stable oscillation grows from nothing (supercritical), positive where the jump is hard.
    unstable : int
        Unstable directions beside the pair.
    """

    V: float
    I: float
    frequency: float
    unstable_above: bool
    lyapunov: float
    unstable: int


@attrs.frozen(repr=False)
class Corner(Result):
    """Stability changes at once, where an equation changes its branch: no eigenvalue crosses the axis.

    Attributes
    ----------
    V, I : float
        mV.
    unstable_below, unstable_above : int
        Unstable directions at V a little lower and a little higher.
    """

    V: float
    I: float
    unstable_below: int
    unstable_above: int


Change = Fold | Hopf | Corner


def fold_at(steady: SteadyInput, V: float) -> Fold:
    """Describe the fold at V."""
    jacobian = steady.jacobians(np.array([V]))[0]
    # Null vectors: right one with V's part 1, left one with their product 1. Along the right one,
    # dz/dt = p b (I - I_eq), with b the derivative of the flow by the input.
    values, right = np.linalg.eig(jacobian)
    nearest = int(np.argmin(np.abs(values)))
    left = np.linalg.eig(jacobian.T)[1][:, int(np.argmin(np.abs(np.linalg.eigvals(jacobian.T))))]
    q = np.real(right[:, nearest] / right[0, nearest])
    speed = float(np.real((left @ steady.push(V)) / (left @ q)))
    others = np.delete(values, nearest)
    return Fold(V, steady(V), _curvature(steady, V), speed, int(np.sum(others.real > 0.0)))


def _curvature(steady: SteadyInput, V: float) -> float:
    """Give d2I/dV2 at a fold; infinite where dI/dV jumps by more than curvature makes it."""
    if not any(flow.has(choose) for flow in steady.neuron.system.rhs):
        return steady(V, 2)
    sides = sides_of(steady, V)
    (below, above), bent = ([steady(v, order) for v in sides] for order in (1, 2))
    jump, smooth = above - below, max(map(abs, bent)) * float(np.ptp(sides))
    return math.copysign(math.inf, jump) if abs(jump) > JUMP * smooth else steady(V, 2)


def corners(steady: SteadyInput, low: float, high: float, folds: Sequence[Fold]) -> list[Corner]:
    """Find the places between two V where stability jumps; those that are folds are known as such."""
    found = []
    for V in steady.turns(low, high):
        sides = sides_of(steady, V)
        below, above = (count_unstable(np.linalg.eigvals(m)) for m in steady.jacobians(sides))
        if below != above and all(abs(V - fold.V) > APART * state_scales(steady.neuron)[0] for fold in folds):
            found.append(Corner(V, steady(V), below, above))
    return found


def sides_of(steady: SteadyInput, V: float) -> Array:
    """Give V a little lower and a little higher than a corner, where the branch is decided, mV."""
    return np.asarray(V + steady.beside(V) * SIDES)


def count_unstable(eigenvalues: Any) -> int:
    """Give how many directions are unstable, beyond rounding."""
    return int(np.sum(real_parts(eigenvalues) > NOISE * np.abs(eigenvalues).max()))


def _pair_sums(matrices: Array) -> Array:
    """Give the product of the sums of all pairs of eigenvalues, scaled: zero at a Hopf point."""
    values = np.linalg.eigvals(matrices)
    first, second = np.triu_indices(values.shape[-1], 1)
    sums = values[..., first] + values[..., second]
    sizes = np.abs(values[..., first]) + np.abs(values[..., second])
    return np.asarray(np.prod(sums / np.where(sizes > 0.0, sizes, 1.0), axis=-1).real)


def _lowest(function: Callable[[Array], Array], low: Array, high: Array, scale: float) -> Array:
    """Give where a function is least within each of many ranges, by golden sections of all at once.

    It is asked for two places in each at a time, those of all ranges one after the other.
    """
    a, b = low + 0.0, high + 0.0
    if not a.size:
        return a
    for _ in range(int(np.ceil(np.log(CLOSE * scale / (b - a).max()) / np.log(GOLDEN)))):
        c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
        at_c, at_d = np.split(function(np.append(c, d)), 2)
        left = at_c < at_d
        a, b = np.where(left, a, c), np.where(left, d, b)
    return np.asarray(0.5 * (a + b))


def sign_changes_near(function: Callable[[Array], Array], V: Array, scale: float) -> list[float]:
    """Give where a function changes sign between neighbouring V, shape (n_points,), or twice beside a dip.

    `scale` is that of V.
    """
    values = function(V)
    brackets = [(V[k], V[k + 1]) for k in np.flatnonzero(values[:-1] * values[1:] < 0.0)]
    sizes = np.abs(values)
    dips = 1 + np.flatnonzero((sizes[1:-1] < sizes[:-2]) & (sizes[1:-1] < sizes[2:]))
    dips = dips[(values[dips - 1] * values[dips] > 0.0) & (values[dips + 1] * values[dips] > 0.0)]
    sides = np.sign(values[dips])
    lowest = _lowest(lambda v: np.tile(sides, 2) * function(v), V[dips - 1], V[dips + 1], scale)
    across = function(lowest) * sides < 0.0 if lowest.size else np.zeros(0, dtype=bool)
    for k, v in zip(dips[across], lowest[across], strict=True):
        brackets += [(V[k - 1], v), (v, V[k + 1])]

    def one(v: float) -> float:
        return float(function(np.array([v]))[0])

    # A sign that is rounding alone may differ between one point and many.
    return [
        find_root(one, *pair, xtol=1e-13 * scale, rtol=1e-15)
        for pair in brackets
        if one(pair[0]) * one(pair[1]) < 0.0
    ]


def hopf_points(steady: SteadyInput, V: Array) -> list[Hopf]:
    """Find the Hopf points by sign changes between neighbouring V, shape (n_points,)."""
    if len(steady.system.states) < 2:
        return []

    unit = state_scales(steady.neuron)[0]
    places = sign_changes_near(lambda v: _pair_sums(steady.jacobians(v)), V, unit)
    points = [_hopf_at(steady, place) for place in places]
    return sorted((point for point in points if point), key=lambda point: point.V)


def _hopf_at(steady: SteadyInput, V: float) -> Hopf | None:
    """Tell a Hopf point from a neutral saddle, whose two real eigenvalues cancel."""
    values = sorted_eigenvalues(steady.jacobians(np.array([V]))[0])
    complex_ = np.abs(values.imag) > 0.0
    if not np.any(complex_):
        return None
    pair = values[complex_][int(np.argmin(np.abs(values[complex_].real)))]
    if abs(pair.real) > NEUTRAL * abs(pair) + NOISE * np.abs(values).max():
        return None
    others = np.delete(values, np.argsort(np.abs(values.real) + 1e300 * ~complex_)[:2])
    step = 0.1 * STEP * state_scales(steady.neuron)[0]

    def growth(v: float) -> float:
        near = np.linalg.eigvals(steady.jacobians(np.array([v]))[0])
        return float(near[int(np.argmin(np.abs(near - pair)))].real)

    return Hopf(
        V=V,
        I=steady(V),
        frequency=float(1000.0 * abs(pair.imag) / (2.0 * np.pi)),
        unstable_above=growth(V + step) > growth(V - step),
        lyapunov=_lyapunov(steady, V),
        unstable=int(np.sum(others.real > 0.0)),
    )


def _lyapunov(steady: SteadyInput, V: float) -> float:
    """Give the first Lyapunov coefficient at a Hopf point."""
    I, states = steady.along(np.array([V]))
    x = states[:, 0]
    unit = state_scales(steady.neuron)[0]
    return lyapunov(lambda shift: steady.jacobian(x + shift, float(I[0])), x.size, unit)


def lyapunov(jacobian: Callable[[Array], Array], n: int, scale: float) -> float:
    """Give the first Lyapunov coefficient at a Hopf point, of the Jacobian a shift from there.

    `scale` is that of V. Second and third derivatives are differences of the exact Jacobian, of the fourth
    order.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), eq. 5.34.
       https://doi.org/10.1007/978-1-4757-3978-7
    """

    def sharpened(difference: Callable[[float], Array]) -> Array:
        """Let what is left of the second order cancel between two steps."""
        return np.asarray((4.0 * difference(STEP) - difference(2.0 * STEP)) / 3.0)

    def along(w: Array) -> Array:
        return sharpened(lambda h: (jacobian(h * w) - jacobian(-h * w)) / (2.0 * h))

    def mixed(a: Array, b: Array) -> Array:
        def difference(h: float) -> Array:
            four = (
                jacobian(h * (a + b)) - jacobian(h * (a - b)) - jacobian(h * (b - a)) + jacobian(-h * (a + b))
            )
            return np.asarray(four / (4.0 * h**2))

        return sharpened(difference)

    def second(u: Any, v: Any) -> Any:
        return along(np.real(u)) @ v + 1j * along(np.imag(u)) @ v

    def third(u: Any, v: Any, w: Any) -> Any:
        total = np.zeros(n, dtype=complex)
        for f, a in ((1.0, np.real(u)), (1.0j, np.imag(u))):
            for g, b in ((1.0, np.real(v)), (1.0j, np.imag(v))):
                total += f * g * (mixed(a, b) @ w)
        return total

    A = jacobian(np.zeros(n))
    values, right = np.linalg.eig(A)
    k = int(np.argmin(np.where(values.imag > 0.0, np.abs(values.real), np.inf)))
    omega, q = float(values[k].imag), right[:, k] / right[0, k] * scale  # shifts are of V's scale
    turned, left = np.linalg.eig(A.T)
    p = left[:, int(np.argmin(np.abs(turned - values[k])))]
    p = p / (p @ q)
    still = np.linalg.solve(A, second(q, q.conj()))
    double = np.linalg.solve(2.0j * omega * np.eye(n) - A, second(q, q))
    total = third(q, q, q.conj()) - 2.0 * second(q, still) + second(q.conj(), double)
    return float(np.real(p @ total) / (2.0 * omega * scale**2))
