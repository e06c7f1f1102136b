"""Where firing begins as the input grows: bracketed by runs, the bracket confirmed by a second solve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from natrium.analysis.equilibria.bifurcations import Fold, Hopf
from natrium.analysis.equilibria.eigenvalues import NOISE
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.excitability.long_run import RTOL, Firing, fire
from natrium.model import AnyNeuron
from natrium.model.arrays import Array
from natrium.model.scales import scales_of
from natrium.solvers.reliability import second_tolerance

CYCLES = 60  # spikes that count as sustained where only that is asked
WIDER, WIDEST = 4.0, 1e-2  # a bracket that a second solve does not confirm; relative, the widest tried
ULPS = 8  # neighbours of V that tell what rounding leaves of its input, in units of the last place
STEP = 1e-4  # mV, or of V's scale: of a difference of growth rates


def bracketed(
    neuron: AnyNeuron, low: float, high: float, state: Array, *, fires: bool | None, width: float
) -> tuple[float, float, Array]:
    """Halve the range of inputs in which sustained firing begins, and say how far that is to be trusted.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    low, high : float
        A silent input, and one at which it fires on, mV.
    state : ndarray, shape (n_states,)
        Where runs start: what the cell does at `high` where `fires`, else at `low`.
    fires : bool or None
        Whether it is firing, or silence, that is followed from input to input; None where neither is: every
        run starts from `state`.
    width : float
        Relative, of the range that is left.

    Returns
    -------
    high : float
        mV.
    error : float
        mV.
    state : ndarray, shape (n_states,)
        Of what was followed, at the end of the range that is left.
    """
    least = min(1.0, scales_of(neuron).input)
    while high - low > width * max(least, abs(high)):
        middle = 0.5 * (low + high)
        firing = fire(neuron, middle, state, enough=CYCLES)
        sustained = firing.outcome == "sustained"
        low, high = (low, middle) if sustained else (middle, high)
        state = firing.state if sustained == fires else state

    def again(I: float) -> bool:
        found: Firing = fire(neuron, I, state, enough=2 * CYCLES, rtol=RTOL * second_tolerance(RTOL))
        return found.outcome == "sustained"

    error = high - low
    while again(high - error) or not again(high + error):
        error *= WIDER
        if error > WIDEST * max(least, abs(high)):
            return high, float("inf"), state
    return high, error, state


def rounded(neuron: AnyNeuron, V: float, point: Fold | Hopf | None) -> float:
    """Say what rounding leaves of the input that holds V, mV: a fold, a Hopf point (`point`), a number."""
    steady: Callable[..., float] = held_input(neuron)
    near = [steady(V + k * float(np.spacing(V))) for k in range(-ULPS, ULPS + 1)]
    error = max(near) - min(near) + float(np.spacing(abs(near[ULPS])))
    if not isinstance(point, Hopf):
        return error
    # V is where the pair's growth vanishes, known to the rounding of the eigenvalues.
    step = STEP * scales_of(neuron).V
    pairs = [np.linalg.eigvals(m) for m in held_input(neuron).jacobians(V + step * np.arange(-1.0, 2.0))]
    pair = 2e-3j * np.pi * point.frequency
    below, _, above = (float(values[np.argmin(np.abs(values - pair))].real) for values in pairs)
    moved = NOISE * float(np.abs(pairs[1]).max()) * 2.0 * step / abs(above - below)
    return error + abs(steady(V, 1)) * moved
