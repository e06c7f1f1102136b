r"""All equilibria of a neuron at constant input, by the input as a function of V.

At an equilibrium every gate is at its steady state, so that the input that holds V there is explicit; of a
`Neuron`

.. math:: I_{eq}(V) = (V - v_{rest}) - \sum_k g_k \Big(\prod_j x_{kj,\infty}^{p_{kj}}(V)\Big) (E_k - V).

Solved for V this says that every equilibrium is a mean of v_rest + I and the E_k, weighted by 1 and the
conductances: none lies outside their range. Of a `HybridNeuron` nothing of the kind is known: equilibria are
looked for from -150 to 150 mV, or as far as its threshold, reset or start lie outside. Between two
neighbouring folds (dI/dV = 0), or places where a branch changes, the curve is monotone and holds one
equilibrium at most.

Where the input is not explicit, or other states do not follow from V, all that is coupled is isolated at
once, at one input.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import attrs
import numpy as np

from natrium.analysis.equilibria.bifurcations import (
    APART,
    Change,
    Corner,
    Fold,
    Hopf,
    corners,
    count_unstable,
    fold_at,
    hopf_points,
    sides_of,
)
from natrium.analysis.equilibria.coupled import rests
from natrium.analysis.equilibria.eigenvalues import sorted_eigenvalues
from natrium.analysis.equilibria.equilibrium import Equilibrium, Plateau, kind_of
from natrium.analysis.equilibria.implicit import ImplicitInput, held_input
from natrium.analysis.equilibria.steady_input import SteadyInput
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, Number, UnsupportedModel, lower
from natrium.model.arrays import Array
from natrium.model.protocol import per_neuron
from natrium.model.root import find_root
from natrium.model.scales import scales_of, state_scales

V_LOW, V_HIGH = -150.0, 150.0  # mV, or of V's scale: where rates are checked
SPAN = 300.0  # likewise: ranges grow by this much at a time, so that folds are found once for many inputs
TOUCHING = 64 * np.finfo(float).eps  # relative: an input this near a fold's is the fold's
FEATURE = 0.02  # the curve is sampled so that no gate's steady state moves further between two points
FINEST = 2.0**-20  # likewise
STEEPEST = 1e6  # of the input's scale per that of V: what rises more from one side of a break on jumps
POINTS = 601
FAR = 1e7  # times the input at any fold or Hopf point: none that a cell gets


@attrs.frozen(eq=False, repr=False)
class EquilibriumCurve(Result):
    """The input that holds V, for every V: all equilibria at all inputs.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    V, I : ndarray, shape (n_points,)
        mV; folds, Hopf points, both sides of corners and the threshold are among the points.
    gates : ndarray, shape (n_gates, n_points)
        Steady states.
    unstable : ndarray of int, shape (n_points,)
        Unstable directions at each.
    folds : tuple of Fold
    hopf : tuple of Hopf
    corners : tuple of Corner
        In order of V.
    crossings : tuple of float
        V of the equilibria that lie on the threshold, mV: the threshold itself where it stands.
    threshold_input : float or None
        Input that holds V at the first of them, mV; None without one.
    """

    neuron: AnyNeuron
    V: Array
    I: Array
    gates: Array
    unstable: Any
    folds: tuple[Fold, ...]
    hopf: tuple[Hopf, ...]
    corners: tuple[Corner, ...]
    crossings: tuple[float, ...]
    threshold_input: float | None

    @property
    def threshold(self) -> Array:
        """The threshold at each point, shape (n_points,), mV; where it moves, with the states at rest."""
        level = lower(self.neuron.system).frame.threshold(np.vstack([self.V, self.gates]))
        return np.broadcast_to(level, self.V.shape)

    @property
    def changes(self) -> list[tuple[float, float]]:
        """V and input (mV) of every place where equilibria vanish or change their stability, by V."""
        places: tuple[Change, ...] = (*self.folds, *self.hopf, *self.corners)
        return sorted((one.V, one.I) for one in places)

    @property
    def block(self) -> tuple[float, float] | None:
        """V and input (mV) from which on a depolarised rest is stable again; None where there is none.

        Above it a cell that fired rests: depolarisation block. A rest beyond the threshold of a cell that is
        reset there is never reached.
        """
        marks = self.changes
        if not marks or self.unstable[-1]:
            return None
        V, I = marks[-1]
        above, below = self.V > V, self.V < V
        if not (above.any() and np.all(self.unstable[above] == 0) and np.any(self.unstable[below] > 0)):
            return None
        reset = self.neuron.fires and not self.neuron.system.passes
        if reset and bool(np.all(self.V[above] > np.asarray(self.threshold)[above])):
            return None
        return (V, I) if self.I[above][-1] > I else None

    @property
    def threshold_far(self) -> bool:
        """Whether the input that holds V at the threshold is one that no cell gets.

        Where V runs away exponentially, a cut-off of the spike is held by an input of no meaning.
        """
        scale = scales_of(self.neuron).of_input(*(I for _, I in self.changes))
        return self.threshold_input is not None and abs(self.threshold_input) > FAR * scale


@lru_cache(maxsize=256)
def _folds(neuron: AnyNeuron, low: float, high: float) -> tuple[float, ...]:
    return held_input(neuron).folds(low, high)


@lru_cache(maxsize=256)
def _breaks(neuron: AnyNeuron, low: float, high: float) -> tuple[float, ...]:
    return held_input(neuron).breaks(low, high)


def _search_range(neuron: AnyNeuron, *inputs: float) -> tuple[float, float]:
    """Widen a range to a round one, so that what was found on it can be used again."""
    unit = scales_of(neuron).V
    ends = [V_LOW * unit, V_HIGH * unit, *neuron.landmarks]
    if not neuron.system.threshold_moves:
        ends.append(neuron.origin)
    for I in inputs:
        ends += neuron.equilibrium_bounds(I)
    span = SPAN * unit
    low, high = float(span * np.floor(min(ends) / span)), float(span * np.ceil(max(ends) / span))
    steady = _if_only(neuron)
    if steady is None:
        return low, high
    low, high = _between_poles(neuron, low, high)
    return low, steady.highest(high) if neuron.system.amounts else high


@lru_cache(maxsize=256)
def _between_poles(neuron: AnyNeuron, low: float, high: float) -> tuple[float, float]:
    """Narrow a range to what the cell can reach: where no input moves V, none turns its flow around."""
    steady = held_input(neuron)
    marks = [neuron.initial_state()[0], *neuron.landmarks]
    for at in steady.poles(low, high):
        beside = steady.beside(at)
        if at <= min(marks) + beside:
            low = at + beside
        elif at >= max(marks) - beside:
            return low, at - beside
    return low, high


def equilibrium_at(neuron: AnyNeuron, V: float, I: float | None = None, fold: bool = False) -> Equilibrium:
    """Give the equilibrium at one V, at the input that holds it there; at a fold one eigenvalue is zero."""
    steady = held_input(neuron)
    held, states = steady.along(np.array([V]))
    eigenvalues = sorted_eigenvalues(steady.jacobians(np.array([V]))[0])
    if fold:
        eigenvalues[np.argmin(np.abs(eigenvalues))] = 0.0
    return _equilibrium(neuron, float(held[0]) if I is None else I, states[:, 0], eigenvalues)


def _equilibrium(neuron: AnyNeuron, I: float, state: Array, eigenvalues: Any) -> Equilibrium:
    threshold = lower(neuron.system).frame.threshold(state)
    return Equilibrium(
        V=float(state[0]),
        I=I,
        state=state,
        names=neuron.system.labels,
        eigenvalues=eigenvalues,
        kind=kind_of(eigenvalues),
        below_threshold=bool(state[0] < threshold) if neuron.fires else None,
    )


def _if_only(neuron: AnyNeuron) -> SteadyInput | None:
    """Give I_eq where every equilibrium lies on its curve: other states have one steady state at each V."""
    try:
        steady = held_input(neuron)
    except UnsupportedModel:
        return None
    return steady if steady.only else None


def _coupled_equilibria(neuron: AnyNeuron, I: float) -> tuple[Equilibrium, ...]:
    found = []
    for rest in rests(neuron, I, *_search_range(neuron, I)):
        one = _equilibrium(neuron, I, rest.state, sorted_eigenvalues(rest.jacobian))
        found.append(attrs.evolve(one, box=rest.box, kind=one.kind if rest.proven else "undecided"))
    return tuple(found)


def equilibria(neuron: AnyNeuron, I: float = 0.0) -> tuple[Equilibrium, ...]:
    """Find all equilibria at a constant input.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With or without a threshold; equilibria above it are given as well.
    I : float
        Input, mV.

    Returns
    -------
    tuple of Equilibrium
        In order of V. At the very input of a fold the pair is one. None at which calcium is below zero.

    Raises
    ------
    ModelError
        When the input is no number, or a gate has no steady state.
    SolverError
        When the kinetics are too wild to be decided, a whole range of V rests, or states that need each
        other take too many boxes.

    References
    ----------
    .. [1] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), sec. 3.2, 4.2, 6.1.
       https://doi.org/10.7551/mitpress/2526.001.0001
    """
    Number("mV").check("I", I)
    I = float(I)
    steady = _if_only(neuron)
    if steady is None:
        return _coupled_equilibria(neuron, I)
    low, high = _search_range(neuron, I)
    folds = _folds(neuron, low, high)
    # Rounding of I_eq near a fold: that of its largest term.
    scales = scales_of(neuron)
    size = scales.input * (1.0 + max(abs(low), abs(high)) / scales.V) + abs(I)
    apart = APART * scales.V
    touched = [V for V in folds if abs(steady(V) - I) <= TOUCHING * size]
    found = list(touched)
    breaks = _breaks(neuron, low, high)
    found += [V for V in breaks if _passes(steady, I, V)]
    smooth = (V for V in folds if all(abs(V - at) > apart for at in breaks))
    edges = sorted({low, high, *smooth, *breaks})
    for a, b in pairwise(edges):
        # Beside a break the branch is that of this stretch.
        a, b = a + steady.beside(a) * (a in breaks), b - steady.beside(b) * (b in breaks)
        at_a, at_b = steady(a) - I, steady(b) - I
        if at_a == at_b == steady(0.5 * (a + b)) - I == 0.0:
            raise Plateau(I, a, b)
        if (a == low and at_a == steady(a + apart) - I == 0.0) or (
            b == high and at_b == steady(b - apart) - I == 0.0
        ):
            continue  # far out all currents fade below rounding, and nothing holds V
        if (at_a < 0.0) != (at_b < 0.0) and not {a, b} & set(touched):
            found.append(_crossing(steady, I, a, b))
        elif (at_a < 0.0) != (at_b < 0.0):
            # Beside a fold that is touched: a root of its own only where it is well away from it.
            root = _crossing(steady, I, a, b)
            if all(abs(root - V) > apart for V in touched):
                found.append(root)
    return tuple(equilibrium_at(neuron, V, I, fold=V in touched) for V in sorted(found))


def _passes(steady: SteadyInput, I: float, V: float) -> bool:
    """Tell whether I_eq is I at a break itself: where it jumps over I, nothing rests."""
    beside, scales = steady.beside(V), scales_of(steady.neuron)
    before, after = steady(V - beside) - I, steady(V + beside) - I
    steepest = STEEPEST * scales.input / scales.V
    return (before < 0.0) != (after < 0.0) and abs(after - before) <= beside * steepest


def _crossing(steady: SteadyInput, I: float, a: float, b: float) -> float:
    if steady(a) == I:
        return a
    if steady(b) == I:
        return b
    xtol = 1e-13 * state_scales(steady.neuron)[0]
    return find_root(lambda V: steady(V) - I, a, b, xtol=xtol, rtol=1e-15)


@per_neuron(maxsize=64)
def equilibrium_curve(neuron: AnyNeuron) -> EquilibriumCurve:
    """Follow the equilibria over all inputs.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron

    Returns
    -------
    EquilibriumCurve
        From -150 to 150 mV, or as far as a reversal, rest, threshold or reset lies outside; not beyond where
        calcium would be below zero. Folds are found by bounds that lose none, or where other states follow
        implicitly and not by equations that bounds can solve, on a fine grid; Hopf points on one that
        resolves every gate.

    Raises
    ------
    ModelError, SolverError
        As `equilibria`; `UnsupportedModel` where the input is not explicit, or another state has no steady
        state that can be followed along V (see `held_input`).

    References
    ----------
    .. [1] J. Rinzel, G. B. Ermentrout, "Analysis of neural excitability and oscillations", in C. Koch,
       I. Segev (eds.), "Methods in Neuronal Modeling", 2nd ed. (1998), ch. 7.
    """
    steady = held_input(neuron)
    low, high = _search_range(neuron, 0.0)
    if isinstance(steady, ImplicitInput):
        low, high = steady.reach(low, high)
    folds = tuple(fold_at(steady, V) for V in _folds(neuron, low, high))
    V = _resolve(steady, low, high, [fold.V for fold in folds])
    hopf = tuple(hopf_points(steady, V))
    turning = tuple(corners(steady, low, high, folds))
    places: tuple[Change, ...] = (*folds, *hopf, *turning)
    special = [one.V for one in places]
    special += [V for one in turning for V in sides_of(steady, one.V)]
    crossings = steady.crossings(low, high) if neuron.fires else ()
    crossings = tuple(V for V in crossings if low <= V <= high)
    special += crossings
    V = np.unique(np.concatenate([V, special]))
    I, states = steady.along(V)
    unstable = np.array([count_unstable(row) for row in np.linalg.eigvals(steady.jacobians(V))])
    for fold in folds:  # where the sign of the one that vanishes is rounding
        unstable[V == fold.V] = fold.unstable
    return EquilibriumCurve(
        neuron=neuron,
        V=V,
        I=I,
        gates=states[1:],
        unstable=unstable,
        folds=folds,
        hopf=hopf,
        corners=turning,
        crossings=crossings,
        threshold_input=steady(crossings[0]) if crossings else None,
    )


def _resolve(steady: SteadyInput, low: float, high: float, special: list[float]) -> Array:
    """Choose points between which no other state's steady state moves much, against 1 or its range."""
    V = np.unique(np.concatenate([np.linspace(low, high, POINTS), special]))
    scales = state_scales(steady.neuron)
    sizes = np.maximum(scales[1:], np.ptp(steady.along(V)[1][1:], axis=1))[:, np.newaxis]
    while True:
        states = steady.along(V)[1]
        moved = (np.abs(np.diff(states[1:], axis=1)) / sizes).max(axis=0, initial=0.0)
        coarse = (moved > FEATURE) & (np.diff(V) > FINEST * scales[0])
        if not np.any(coarse):
            return V
        V = np.sort(np.concatenate([V, 0.5 * (V[:-1] + V[1:])[coarse]]))
