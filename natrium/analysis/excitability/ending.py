r"""Where periodic firing ends as the input falls: its cycle meets an unstable one, and both vanish.

Near such a fold of cycles, at I_c, the cycle's largest multiplier and its interval go as

.. math:: 1 - \mu \simeq a\,(I - I_c)^{1/2}, \qquad T \simeq T_c - c\,(I - I_c)^{1/2},

so that (1 - mu)^2 falls to zero along a line: its root is I_c. Below it no run of spikes, however long, is
for ever: the place of the vanished pair is passed slowly.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from natrium.analysis.cycle.limit_cycle import cycle_near, limit_cycle
from natrium.analysis.cycle.return_map import return_map
from natrium.analysis.excitability.long_run import Firing
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, SolverError
from natrium.solvers.reliability import SAFETY

CLOSE = 1e-9  # relative, of the input: this near its end the cycle is followed
STEPS = 80  # cycles found on the way
NEWTON = 12  # steps to each from the one before: at the fold itself each step halves what is left
PART = 0.9  # of the way to where the end is expected
APART, MOST = 1e-6, 5  # relative, of the input: cycles by which the interval is taken to the end; how many


@attrs.frozen(repr=False)
class CycleEnd(Result):
    """The fold of cycles at which firing ends.

    Attributes
    ----------
    I : float
        mV.
    error : float
        By how much the last step changed it, mV.
    interval : float
        T_c, the longest interval, ms: the rate ends at 1000/T_c Hz.
    interval_error : float
        How far that can be trusted, by how much one more cycle, and one more power, changed it, ms.
    coefficient : float
        c of the law of the interval, ms mV^(-1/2).
    n_spikes : int
        In a cycle; `interval` is the mean of so many.
    """

    I: float
    error: float
    interval: float
    interval_error: float
    coefficient: float
    n_spikes: int


@attrs.frozen
class _Point:
    """One cycle on the way: its input, 1 - mu, its mean interval and where it begins."""

    I: float
    gap: float
    interval: float
    start: Any


def cycle_end(neuron: AnyNeuron, firing: Firing, silent: float) -> CycleEnd | None:
    """Follow the cycle of sustained firing down to the fold of cycles where it ends.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    firing : Firing
        Sustained.
    silent : float
        A lower input at which it does not fire on, mV.

    Returns
    -------
    CycleEnd or None
        None where there is no stable cycle, or where it ends otherwise.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), sec. 4.3: the fold of a
       map's fixed point. https://doi.org/10.1007/978-1-4757-3978-7
    """
    period = firing.period or 1
    begun = neuron.started(firing.state.tolist())
    first = _point(begun, firing.I, period, None)
    if first is None:
        return None
    points, low, expected = [first], silent, float("nan")
    for _ in range(STEPS):
        last, before = points[-1], expected
        expected = _root(points)
        ahead = low < expected < last.I
        if ahead and last.I - expected <= CLOSE * max(1.0, abs(last.I)):
            return _end(points, expected, abs(expected - before), period)
        if last.I - low <= CLOSE * max(1.0, abs(last.I)):
            return None
        I = last.I - PART * (last.I - expected) if ahead else 0.5 * (last.I + low)
        found = _point(begun, I, period, last.start)
        if found is None:
            low = I
        else:
            points.append(found)
    return None


def _point(neuron: AnyNeuron, I: float, period: int, start: Any) -> _Point | None:
    """Give the stable cycle at an input; None where there is none, or it is about to double its period."""
    try:
        if start is None:
            cycle = limit_cycle(neuron, I, period)
        else:
            cycle = cycle_near(return_map(neuron, I), start, period, most=NEWTON)
    except SolverError:
        return None
    if not cycle.multipliers.size:
        return None
    largest = complex(cycle.multipliers[0])
    if largest.imag != 0.0 or not 0.0 < largest.real < 1.0:
        return None
    return _Point(I, 1.0 - largest.real, cycle.period / period, cycle.states[0])


def _root(points: list[_Point]) -> float:
    """Give the input at which (1 - mu)^2 is zero, on the line through the last two cycles."""
    if len(points) < 2:
        return float("nan")
    a, b = points[-2:]
    fall = a.gap**2 - b.gap**2
    return b.I - b.gap**2 * (a.I - b.I) / fall if fall > 0.0 else float("nan")


def _end(points: list[_Point], I: float, error: float, period: int) -> CycleEnd:
    """Take the interval to the end, along a polynomial in the root of the distance to it."""
    far = [point for point in points if APART * max(1.0, abs(I)) <= point.I - I][-MOST:]
    used = far if len(far) == MOST else points[-MOST:]
    roots, intervals = np.sqrt([point.I - I for point in used]), [point.interval for point in used]
    *_, slope, interval = np.polyfit(roots, intervals, len(used) - 1).tolist()
    fewer = float(np.polyfit(roots[1:], intervals[1:], len(used) - 2)[-1])
    return CycleEnd(I, error, interval, SAFETY * abs(interval - fewer), -slope, period)
