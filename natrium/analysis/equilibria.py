r"""All equilibria of a neuron at constant input, by the input as a function of V.

At an equilibrium every gate is at its steady state, so that the input that holds V there is explicit,

.. math:: I_{eq}(V) = (V - v_{rest}) - \sum_k g_k \Big(\prod_j x_{kj,\infty}^{p_{kj}}(V)\Big) (E_k - V).

Solved for V it says that every equilibrium is a mean of v_rest + I and the E_k, weighted by 1 and the
conductances: none lies outside their range. Between two neighbouring folds (dI/dV = 0) the curve is
monotone and holds one equilibrium at most.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import attrs
import numpy as np
from scipy.optimize import brentq, minimize_scalar

from natrium.analysis.intervals import Array, Enclosure, sign_changes
from natrium.model import ModelError, Neuron, Number
from natrium.model.kernel import lower_expressions

__all__ = ["Equilibrium", "EquilibriumCurve", "Fold", "Hopf", "equilibria", "equilibrium_curve"]

V_LOW, V_HIGH = -150.0, 150.0  # mV: where rates are checked
SPAN = 300.0  # mV: ranges grow by this much at a time, so that folds are found once for many inputs
TOUCHING = 64 * np.finfo(float).eps  # relative: an input this near a fold's is the fold's
NEUTRAL = 1e-7  # relative: a real part this small is zero
FEATURE = 0.02  # the curve is sampled so that no gate's steady state moves further between two points
FINEST = 2.0**-20  # mV
POINTS = 601


@attrs.frozen(eq=False)
class Equilibrium:
    """One equilibrium at constant input.

    Attributes
    ----------
    V, I : float
        Membrane potential and input, mV.
    state : ndarray, shape (n_states,)
        V in mV, then every gate at its steady state.
    names : tuple of str
        Of the states: ``"V"``, ``"Na.m"``, ...
    eigenvalues : ndarray of complex, shape (n_states,)
        Of the Jacobian of the full system, per ms; the largest real part first.
    kind : str
        ``"stable node"``, ``"stable focus"``, ``"saddle"`` (an odd number of unstable directions: dI/dV < 0),
        ``"unstable node"``, ``"unstable focus"`` (an even number), ``"saddle-node"`` (at a fold),
        ``"Hopf point"``. Node or focus is told by the leading eigenvalue.
    below_threshold : bool or None
        Whether V lies below the threshold, so that the cell can rest there; None without a threshold.
    """

    V: float
    I: float
    state: Array
    names: tuple[str, ...]
    eigenvalues: Any
    kind: str
    below_threshold: bool | None

    @property
    def unstable(self) -> int:
        """How many directions are unstable."""
        return int(np.sum(_real_parts(self.eigenvalues) > 0.0))

    @property
    def stable(self) -> bool:
        """Whether every direction is attracting."""
        return bool(np.all(_real_parts(self.eigenvalues) < 0.0))

    @property
    def gates(self) -> dict[str, float]:
        """Steady state of every gate, by name."""
        return dict(zip(self.names[1:], map(float, self.state[1:]), strict=True))


@attrs.frozen
class Fold:
    """Two equilibria meet and vanish: dI/dV = 0 (a saddle-node).

    Attributes
    ----------
    V, I : float
        mV.
    curvature : float
        d2I/dV2, per mV. Negative: the pair is there below I and gone above it.
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
        """Time to pass the place of the vanished pair, times the root of the excess of I: ms mV^(1/2)."""
        return float(np.pi / (abs(self.speed) * np.sqrt(0.5 * abs(self.curvature))))


@attrs.frozen
class Hopf:
    """A pair of complex eigenvalues crosses the imaginary axis.

    Attributes
    ----------
    V, I : float
        mV.
    frequency : float
        Of the oscillation born there, Hz.
    unstable_above : bool
        Whether the pair is unstable at higher V.
    unstable : int
        Unstable directions beside the pair.
    """

    V: float
    I: float
    frequency: float
    unstable_above: bool
    unstable: int


@attrs.frozen(eq=False)
class EquilibriumCurve:
    """The input that holds V, for every V: all equilibria at all inputs.

    Attributes
    ----------
    neuron : Neuron
    V, I : ndarray, shape (n_points,)
        mV; folds, Hopf points and the threshold are among the points.
    gates : ndarray, shape (n_gates, n_points)
        Steady states.
    unstable : ndarray of int, shape (n_points,)
        Unstable directions at each.
    folds : tuple of Fold
    hopf : tuple of Hopf
        In order of V.
    threshold_input : float or None
        Input that holds V at the threshold, mV; None without a threshold.
    """

    neuron: Neuron
    V: Array
    I: Array
    gates: Array
    unstable: Any
    folds: tuple[Fold, ...]
    hopf: tuple[Hopf, ...]
    threshold_input: float | None


class SteadyInput:
    """I_eq(V), its derivatives and the Jacobian of one neuron, lowered from its symbolic system."""

    def __init__(self, neuron: Neuron) -> None:
        system = neuron.system
        self.neuron, self.system, self.values = neuron, system, system.values
        V, first, second, gates = _symbolic(system)
        self.expressions = (V, first, second)
        arguments = (system.states[0], *system.parameters)
        self._scalar = lower_expressions(self.expressions, arguments)
        self._grid = lower_expressions((*self.expressions, *gates), arguments, "grid")
        rows = tuple(tuple(row) for row in system.jacobian.tolist())
        self._jacobian = lower_expressions(rows, (*system.states, system.input, *system.parameters), "grid")

    def __call__(self, V: float, order: int = 0) -> float:
        """Evaluate I_eq, or a derivative of it, at one V."""
        return float(self._scalar(V, *self.values)[order])

    def along(self, V: Array) -> tuple[Array, Array]:
        """Give I_eq, shape (n,), and the states, shape (n_states, n), at many V."""
        V = np.asarray(V, dtype=float)
        with np.errstate(all="ignore"):
            rows = self._grid(V, *self.values)
        rows = np.array([np.broadcast_to(row, V.shape) for row in rows])
        broken = ~np.all(np.isfinite(rows), axis=0)
        if np.any(broken):
            raise ModelError(
                "every gate must have a steady state, got none at "
                f"V = {V[int(np.argmax(broken))]:.6g} mV: give a rate that does not vanish there"
            )
        return rows[0], np.vstack([V, rows[3:]])

    def jacobians(self, V: Array) -> Array:
        """Give the Jacobian at the equilibria at many V, shape (n, n_states, n_states), per ms."""
        I, states = self.along(V)
        with np.errstate(all="ignore"):
            rows = self._jacobian(*states, I, *self.values)
        full = [[np.broadcast_to(entry, I.shape) for entry in row] for row in rows]
        return np.moveaxis(np.array(full, dtype=float), 2, 0)

    def folds(self, low: float, high: float) -> tuple[float, ...]:
        """Find every V between at which dI/dV changes sign, mV."""
        symbols = dict(zip(self.system.parameters, self.values, strict=True))
        enclosure = Enclosure(self.expressions[1:], self.system.states[0], symbols)
        self.along(np.linspace(low, high, POINTS))  # refuses what has no steady state
        return sign_changes(enclosure, lambda V: self(V, 1), low, high)


@lru_cache(maxsize=64)
def _symbolic(system: Any) -> tuple[Any, Any, Any, tuple[Any, ...]]:
    """Give I_eq, its two derivatives and the gates' steady states as SymPy."""
    V = system.states[0]
    steady = {gate.state: gate.inf for gate in system.gates}
    flow = system.rhs[0].subs(steady, simultaneous=True)
    # The right-hand side is a + b I with b a number: dV/dt = 0 gives I = -a/b.
    expr = (-flow.subs(system.input, 0) / flow.diff(system.input)).expand(deep=False)
    return expr, expr.diff(V), expr.diff(V, 2), tuple(steady.values())


@lru_cache(maxsize=64)
def steady_input(neuron: Neuron) -> SteadyInput:
    """Give the lowered I_eq of a neuron, made once."""
    return SteadyInput(neuron)


@lru_cache(maxsize=256)
def _folds(neuron: Neuron, low: float, high: float) -> tuple[float, ...]:
    return steady_input(neuron).folds(low, high)


def equilibrium_range(neuron: Neuron, I: float) -> tuple[float, float]:
    """Give the range of V that holds every equilibrium: V is a mean of v_rest + I and the E_k."""
    ends = [neuron.v_rest + I, *(channel.E for channel in neuron.channels)]
    return min(ends), max(ends)


def _search_range(neuron: Neuron, *inputs: float) -> tuple[float, float]:
    """Widen a range to a round one, so that what was found on it can be used again."""
    ends = [V_LOW, V_HIGH, neuron.v_rest, neuron.origin, neuron.v_reset]
    for I in inputs:
        ends += equilibrium_range(neuron, I)
    return float(SPAN * np.floor(min(ends) / SPAN)), float(SPAN * np.ceil(max(ends) / SPAN))


def _real_parts(eigenvalues: Any) -> Array:
    """Give real parts, zero where they are so within rounding."""
    real = np.real(eigenvalues)
    return np.asarray(np.where(np.abs(real) <= NEUTRAL * np.abs(eigenvalues).max(), 0.0, real))


def _sorted_eigenvalues(matrix: Array) -> Any:
    values = np.linalg.eigvals(matrix).astype(complex)
    return values[np.lexsort((-values.imag, -values.real))]


def _kind(eigenvalues: Any) -> str:
    real = _real_parts(eigenvalues)
    neutral = real == 0.0
    if np.any(neutral):
        return "Hopf point" if np.any(eigenvalues[neutral].imag != 0.0) else "saddle-node"
    unstable = int(np.sum(real > 0.0))
    if unstable % 2:
        return "saddle"
    shape = "focus" if eigenvalues[0].imag != 0.0 else "node"
    return f"{'unstable' if unstable else 'stable'} {shape}"


def equilibrium_at(neuron: Neuron, V: float, I: float | None = None) -> Equilibrium:
    """Give the equilibrium at one V, at the input that holds it there."""
    steady = steady_input(neuron)
    held, states = steady.along(np.array([V]))
    eigenvalues = _sorted_eigenvalues(steady.jacobians(np.array([V]))[0])
    return Equilibrium(
        V=float(V),
        I=float(held[0]) if I is None else I,
        state=states[:, 0],
        names=steady.system.labels,
        eigenvalues=eigenvalues,
        kind=_kind(eigenvalues),
        below_threshold=V < neuron.v_thresh if neuron.fires else None,
    )


def equilibria(neuron: Neuron, I: float = 0.0) -> tuple[Equilibrium, ...]:
    """Find all equilibria at a constant input.

    Parameters
    ----------
    neuron : Neuron
        With or without a threshold; equilibria above it are given as well.
    I : float
        Input, mV.

    Returns
    -------
    tuple of Equilibrium
        In order of V. At the very input of a fold the pair is one.

    Raises
    ------
    ModelError
        When the input is no number, or a gate has no steady state.
    SolverError
        When the kinetics are too wild to be decided.

    References
    ----------
    .. [1] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), sec. 3.2, 4.2, 6.1.
       https://doi.org/10.7551/mitpress/2526.001.0001
    """
    Number("mV").check("I", I)
    I = float(I)
    steady = steady_input(neuron)
    low, high = _search_range(neuron, I)
    folds = _folds(neuron, low, high)
    # Rounding of I_eq near a fold: that of its largest term.
    size = 1.0 + abs(I) + max(abs(low), abs(high))
    touched = [V for V in folds if abs(steady(V) - I) <= TOUCHING * size]
    found = list(touched)
    for a, b in zip((low, *folds), (*folds, high), strict=True):
        at_a, at_b = steady(a) - I, steady(b) - I
        if (at_a < 0.0) != (at_b < 0.0) and not {a, b} & set(touched):
            found.append(_crossing(steady, I, a, b))
        elif (at_a < 0.0) != (at_b < 0.0):
            # Beside a fold that is touched: a root of its own only where it is well away from it.
            root = _crossing(steady, I, a, b)
            if all(abs(root - V) > 1e-5 for V in touched):
                found.append(root)
    return tuple(equilibrium_at(neuron, V, I) for V in sorted(found))


def _crossing(steady: SteadyInput, I: float, a: float, b: float) -> float:
    if steady(a) == I:
        return a
    return b if steady(b) == I else float(brentq(lambda V: steady(V) - I, a, b, xtol=1e-13, rtol=1e-15))


@lru_cache(maxsize=64)
def equilibrium_curve(neuron: Neuron) -> EquilibriumCurve:
    """Follow the equilibria over all inputs.

    Parameters
    ----------
    neuron : Neuron

    Returns
    -------
    EquilibriumCurve
        From -150 to 150 mV, or as far as a reversal, rest, threshold or reset lies outside. Folds are found by
        bounds that lose none; Hopf points on a grid that resolves every gate.

    Raises
    ------
    ModelError, SolverError
        As `equilibria`.

    References
    ----------
    .. [1] J. Rinzel, G. B. Ermentrout, "Analysis of neural excitability and oscillations", in C. Koch,
       I. Segev (eds.), "Methods in Neuronal Modeling", 2nd ed. (1998), ch. 7.
    """
    steady = steady_input(neuron)
    low, high = _search_range(neuron, 0.0)
    folds = tuple(_fold(steady, V) for V in _folds(neuron, low, high))
    V = _resolved(steady, low, high, [fold.V for fold in folds])
    hopf = tuple(_hopf_points(steady, V))
    special = [point.V for point in (*folds, *hopf)]
    if neuron.fires:
        special.append(neuron.v_thresh)
    V = np.unique(np.concatenate([V, special]))
    I, states = steady.along(V)
    eigenvalues = np.linalg.eigvals(steady.jacobians(V))
    unstable = np.array([int(np.sum(_real_parts(row) > 0.0)) for row in eigenvalues])
    return EquilibriumCurve(
        neuron=neuron,
        V=V,
        I=I,
        gates=states[1:],
        unstable=unstable,
        folds=folds,
        hopf=hopf,
        threshold_input=steady(neuron.v_thresh) if neuron.fires else None,
    )


def _resolved(steady: SteadyInput, low: float, high: float, special: list[float]) -> Array:
    """Choose points between which no gate's steady state moves much."""
    V = np.unique(np.concatenate([np.linspace(low, high, POINTS), special]))
    while True:
        states = steady.along(V)[1]
        moved = np.abs(np.diff(states[1:], axis=1)).max(axis=0, initial=0.0)
        coarse = (moved > FEATURE) & (np.diff(V) > FINEST)
        if not np.any(coarse):
            return V
        V = np.sort(np.concatenate([V, 0.5 * (V[:-1] + V[1:])[coarse]]))


def _fold(steady: SteadyInput, V: float) -> Fold:
    jacobian = steady.jacobians(np.array([V]))[0]
    # Null vectors: right one with V's part 1, left one with their product 1. Along the right one,
    # dz/dt = p_V (dV/dt), and dV/dt = (I - I_eq)/tau_m when the gates are steady.
    values, right = np.linalg.eig(jacobian)
    nearest = int(np.argmin(np.abs(values)))
    left = np.linalg.eig(jacobian.T)[1][:, int(np.argmin(np.abs(np.linalg.eigvals(jacobian.T))))]
    q = np.real(right[:, nearest] / right[0, nearest])
    speed = float(np.real(left[0] / (left @ q)) / steady.neuron.tau_m)
    others = np.delete(values, nearest)
    return Fold(V, steady(V), steady(V, 2), speed, int(np.sum(others.real > 0.0)))


def _pair_sums(matrices: Array) -> Array:
    """Give the product of the sums of all pairs of eigenvalues, scaled: zero at a Hopf point."""
    values = np.linalg.eigvals(matrices)
    first, second = np.triu_indices(values.shape[-1], 1)
    sums = values[..., first] + values[..., second]
    sizes = np.abs(values[..., first]) + np.abs(values[..., second])
    return np.asarray(np.prod(sums / np.where(sizes > 0.0, sizes, 1.0), axis=-1).real)


def _hopf_points(steady: SteadyInput, V: Array) -> list[Hopf]:
    if len(steady.system.states) < 2:
        return []

    def test(v: float) -> float:
        return float(_pair_sums(steady.jacobians(np.array([v])))[0])

    values = _pair_sums(steady.jacobians(V))
    brackets = [(V[k], V[k + 1]) for k in np.flatnonzero(values[:-1] * values[1:] < 0.0)]
    sizes = np.abs(values)
    for k in 1 + np.flatnonzero((sizes[1:-1] < sizes[:-2]) & (sizes[1:-1] < sizes[2:])):
        if np.all(values[k - 1 : k + 2] * values[k] > 0.0):  # may cross twice between the points
            least = minimize_scalar(
                lambda v, s=np.sign(values[k]): s * test(v), bounds=(V[k - 1], V[k + 1]), method="bounded"
            )
            if least.fun < 0.0:
                brackets += [(V[k - 1], least.x), (least.x, V[k + 1])]
    points = [_hopf_at(steady, float(brentq(test, a, b, xtol=1e-13, rtol=1e-15))) for a, b in brackets]
    return sorted((point for point in points if point), key=lambda point: point.V)


def _hopf_at(steady: SteadyInput, V: float) -> Hopf | None:
    """Tell a Hopf point from a neutral saddle, whose two real eigenvalues cancel."""
    values = _sorted_eigenvalues(steady.jacobians(np.array([V]))[0])
    complex_ = np.abs(values.imag) > 0.0
    if not np.any(complex_):
        return None
    pair = values[complex_][int(np.argmin(np.abs(values[complex_].real)))]
    if abs(pair.real) > NEUTRAL * np.abs(values).max():
        return None
    others = np.delete(values, np.argsort(np.abs(values.real) + 1e300 * ~complex_)[:2])
    step = 1e-4

    def growth(v: float) -> float:
        near = np.linalg.eigvals(steady.jacobians(np.array([v]))[0])
        return float(near[int(np.argmin(np.abs(near - pair)))].real)

    return Hopf(
        V=V,
        I=steady(V),
        frequency=float(1000.0 * abs(pair.imag) / (2.0 * np.pi)),
        unstable_above=growth(V + step) > growth(V - step),
        unstable=int(np.sum(others.real > 0.0)),
    )
