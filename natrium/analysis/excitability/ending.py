r"""Where periodic firing ends as the input falls: where its cycle ends, followed down by Newton's method.

It meets an unstable cycle and both vanish, or its spikes come to do no more than touch the threshold: near
such an input I_c the largest multiplier, or the slope of V at the spike, and the interval go as

.. math:: 1 - \mu \simeq a\,(I - I_c)^{1/2}, \qquad \dot V \simeq a\,(I - I_c)^{1/2}, \qquad
          T \simeq T_c - c\,(I - I_c)^{1/2},

so that (1 - mu)^2, or the slope's square, falls to zero along a line: its root is I_c. Or it meets a saddle,
T = a - b ln(I - I_c), or changes too fast for any law to be seen: then I_c lies between the last input that
has the cycle and the first that has none. Runs alone cannot tell: none is for ever, however long, and the
place of a vanished pair is passed slowly.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np

from natrium.analysis.cycle.limit_cycle import LimitCycle, cycle_near
from natrium.analysis.cycle.return_map import RUN_RTOL, return_map
from natrium.analysis.equilibria.curve import equilibria
from natrium.analysis.excitability.bracket import CYCLES, WIDER
from natrium.analysis.excitability.long_run import Firing, fire
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, SolverError
from natrium.model.arrays import Array
from natrium.solvers.reliability import SAFETY, second_tolerance

Kind = Literal["fold of cycles", "graze", "homoclinic", "last cycle"]

CLOSE = 1e-9  # relative, of the input: this near its end the cycle is followed
LEAST = 1e-10  # likewise, the least step
STEPS = 80  # cycles looked for on the way
NEWTON = 8  # steps to each from the one before: at the fold itself each step halves what is left
PART = 0.9  # of the way to where the end is expected
# What the second solve leaves open: a looser one differs from the first by more than the first's own error.
LEFT = SAFETY if second_tolerance(RUN_RTOL) < 1.0 else 1.0
LINE = 0.05  # of the distance to it: where the end is expected moves by no more where the law is a line
MOST = 5  # cycles by which the interval is taken to the end
WIDEST = 1e-5  # likewise, of the range between a cycle and none
FEW, REPEATS = 30, 1e-6  # spikes of a run that leads to a cycle; relative, of intervals that repeat
MOST_LOST = 6  # runs that fire on though no cycle is found, those that repeat counted twice
BELOW = 1e-3  # relative, of the input: where it is asked whether anything else fires on
SADDLE = 0.05  # relative: by how much the interval's growth may differ from that past a saddle


@attrs.frozen(repr=False)
class CycleEnd(Result):
    """How and where periodic firing ends as the input falls.

    Attributes
    ----------
    kind : {"fold of cycles", "graze", "homoclinic", "last cycle"}
        ``fold of cycles``: a stable and an unstable cycle vanish together; ``graze``: spikes only touch the
        threshold; ``homoclinic``: the cycle meets a saddle, its interval grows without bound; ``last
        cycle``: none of these is seen, but below there is no cycle.
    I : float
        mV.
    error : float
        By how much the last step, and a second solve, changed it; or the range between the last cycle and
        none, confirmed by a second solve; mV.
    interval : float
        T_c, the interval there, ms: the rate ends at 1000/T_c Hz; infinity where it meets a saddle.
    interval_error : float
        How far that can be trusted, by how much one more cycle, and one more power, changed it, ms; NaN of a
        last cycle.
    coefficient : float
        c of the law of the interval, ms mV^(-1/2); b where it meets a saddle, ms; NaN of a last cycle.
    n_spikes : int
        In a cycle; `interval` is the mean of so many.
    """

    kind: Kind
    I: float
    error: float
    interval: float
    interval_error: float
    coefficient: float
    n_spikes: int


@attrs.frozen
class _Point:
    """One cycle on the way."""

    cycle: LimitCycle

    @property
    def input(self) -> float:
        """Of the cycle, mV."""
        return self.cycle.input

    @property
    def interval(self) -> float:
        """The mean of its intervals, ms."""
        return self.cycle.period / self.cycle.n_spikes

    @property
    def start(self) -> Any:
        """Its state at the end of a refractory period, shape (n_states,)."""
        return self.cycle.map.released(self.cycle.states[0])[0]


def _gap(cycle: LimitCycle) -> float:
    """Give (1 - mu)^2; NaN where the largest multiplier is no positive number."""
    largest = complex(cycle.multipliers[0]) if cycle.multipliers.size else -1.0
    return (1.0 - largest.real) ** 2 if largest.imag == 0.0 and largest.real > 0.0 else float("nan")


def _slope(cycle: LimitCycle) -> float:
    """Give the square of the least slope of V at a spike."""
    return float(min(back.spike.slope for back in cycle.returns) ** 2)


LAWS: dict[Kind, Any] = {"fold of cycles": _gap, "graze": _slope}
"""What falls to zero along a line."""


def scale(I: float) -> float:
    """Give what relative widths of an input are of, mV."""
    return max(1.0, abs(I))


def cycle_end(neuron: AnyNeuron, firing: Firing, silent: float) -> CycleEnd | None:
    """Follow the cycle of sustained firing down to where it ends.

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
        None where there is no stable cycle, or where it gives way to firing that has none.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), sec. 4.3: the fold of a
       map's fixed point; sec. 6.2: homoclinic orbits. https://doi.org/10.1007/978-1-4757-3978-7
    """
    point = _of_run(neuron, firing)
    while point is not None:
        found = _followed(neuron, point, silent)
        if found is None:
            return None
        end, point = found
        further = _below(neuron, end, point, silent)
        if further is None:
            return end
        point = _of_run(neuron, further)
    return None


def _followed(neuron: AnyNeuron, first: _Point, silent: float) -> tuple[CycleEnd, _Point] | None:
    """Follow one cycle to its end; give that, and the last one found."""
    points, step = [first], 0.5 * (first.input - silent)
    expected, again, lost = float("nan"), False, 0
    for _ in range(STEPS):
        last, before = points[-1], expected
        expected, kind = max(
            ((_root([point.cycle for point in points], law), law) for law in LAWS), key=lambda pair: pair[0]
        )
        ahead, moved = last.input - expected, abs(expected - before)
        if 0.0 < ahead <= CLOSE * scale(last.input) and moved <= LINE * (points[-2].input - expected):
            return _end(points, kind, moved), last
        if step <= LEAST * scale(last.input) or lost > MOST_LOST:
            end = _last(neuron, points, last.input - silent)
            return None if end is None else (end, last)
        I = last.input - min(step, PART * ahead if ahead > 0.0 else step)
        found = _point(neuron, I, last, _ahead(points, I))
        if isinstance(found, _Point):
            points = [*(points if found.cycle.n_spikes == last.cycle.n_spikes else []), found]
            silent = silent if silent < I else I - step  # the cycle has moved: it was not found from afar
            step, again = 2.0 * step if again else step, True
        else:
            lost += (1 + bool(found.period)) * (found.outcome == "sustained")
            silent = silent if found.outcome == "sustained" else I
            step, again = 0.5 * (last.input - I), False
    return None


def _again(cycle: LimitCycle) -> LimitCycle:
    """Give a cycle by one more step of Newton's method: near a fold it is worth a digit or two."""
    return cycle_near(cycle.map, cycle.states[0], cycle.n_spikes, least=1)


def _of_run(neuron: AnyNeuron, firing: Firing) -> _Point | None:
    """Give the stable cycle to which a run has come, or was coming; None where there is none."""
    mapping, period = return_map(neuron, firing.I), firing.period or 1
    try:
        cycle = cycle_near(mapping, firing.reset[list(mapping.free)], period, most=NEWTON)
    except SolverError:
        return None
    return _Point(cycle) if cycle.stable and cycle.least_n_spikes == period else None


def _ahead(points: list[_Point], I: float) -> Array:
    """Give the free states that a cycle should have at an input, on the line through the last two."""
    b = points[-1].cycle
    if len(points) < 2:
        return np.asarray(b.states[0])
    a = points[-2].cycle
    return np.asarray(b.states[0] + (b.states[0] - a.states[0]) * (b.input - I) / (a.input - b.input))


def _point(neuron: AnyNeuron, I: float, near: _Point, *starts: Array) -> _Point | Firing:
    """Give the stable cycle at an input, near to another's or led to by a run; else what the run did."""
    mapping, n_spikes = return_map(neuron, I), near.cycle.n_spikes
    for free in (*starts, near.cycle.states[0]):
        try:
            cycle = cycle_near(mapping, free, n_spikes, most=NEWTON)
        except SolverError:
            continue
        if cycle.stable and cycle.least_n_spikes == n_spikes:
            return _Point(cycle)
    firing = fire(neuron, I, near.start, settle=REPEATS, enough=FEW, rtol=RUN_RTOL)
    found = _of_run(neuron, firing) if firing.period else None
    return found or firing


def _below(neuron: AnyNeuron, end: CycleEnd, last: _Point, silent: float) -> Firing | None:
    """Tell what fires on below the end of a cycle; None where nothing does."""
    apart = BELOW * scale(end.I)
    while end.I - apart > silent:
        firing = fire(neuron, end.I - apart, last.start, enough=CYCLES)
        if firing.outcome != "sustained":
            return None
        if firing.period:
            return firing
        apart *= WIDER  # the place of a vanished pair is still being passed
    return None


def _root(cycles: list[LimitCycle], kind: Kind) -> float:
    """Give the input at which what falls is zero, on the line through the last two cycles."""
    if len(cycles) < 2:
        return -float("inf")
    a, b = cycles[-2:]
    far, near = LAWS[kind](a), LAWS[kind](b)
    return float(b.input - near * (a.input - b.input) / (far - near)) if far > near else -float("inf")


def _end(points: list[_Point], kind: Kind, moved: float) -> CycleEnd:
    """Take the interval to the end, along a polynomial in the root of the distance to it."""
    pair = [_again(point.cycle) for point in points[-2:]]
    I = _root(pair, kind)
    error = moved + LEFT * abs(I - _root([cycle.second or cycle for cycle in pair], kind))
    roots = np.sqrt(np.array([point.input - I for point in points]))
    intervals = np.array([point.interval for point in points])
    fits = [_extrapolated(roots[:k], intervals[:k], error) for k in range(3, len(points) + 1)]
    # What carries from afar is held against the last cycle of all.
    near = [fit for fit in fits if abs(fit[0] - intervals[-1]) <= 2.0 * abs(fit[2]) * roots[-1]]
    alone = (float(intervals[-1]), SAFETY * float(abs(np.diff(intervals[-2:])[0])), float("nan"))
    interval, doubt, coefficient = min(near, key=lambda fit: fit[1], default=alone)
    return CycleEnd(kind, I, error, interval, doubt, coefficient, points[-1].cycle.n_spikes)


def _extrapolated(roots: Array, intervals: Array, error: float) -> tuple[float, float, float]:
    """Give T_c, how far it can be trusted, and c, from cycles as they come nearer to the end."""
    roots, intervals = roots[-MOST:], intervals[-MOST:]
    *_, slope, interval = np.polyfit(roots, intervals, len(roots) - 1).tolist()
    fewer = float(np.polyfit(roots[1:], intervals[1:], len(roots) - 2)[-1])
    misplaced = abs(slope) * error / (2.0 * float(roots[-1]))
    return interval, SAFETY * (abs(interval - fewer) + misplaced), -slope


def _last(neuron: AnyNeuron, points: list[_Point], width: float) -> CycleEnd | None:
    """Say where the cycle is seen last, the range between it and none confirmed by a second solve."""
    last = points[-1]
    error, n_spikes, nan = width, last.cycle.n_spikes, float("nan")
    while error <= WIDEST * scale(last.input) and not _confirmed(neuron, last, error):
        error *= WIDER
    if error > WIDEST * scale(last.input):
        return None
    growth = _growth(neuron, points, error)
    if growth is None:
        return CycleEnd("last cycle", last.input, error, last.interval, nan, nan, n_spikes)
    return CycleEnd("homoclinic", last.input, error, float("inf"), 0.0, growth, n_spikes)


def _confirmed(neuron: AnyNeuron, last: _Point, error: float) -> bool:
    """Tell whether a second solve finds the cycle this much above, and none this much below."""
    above = _point(neuron, last.input + error, last)
    if not isinstance(above, _Point):
        return False
    try:
        again = above.cycle.second
    except SolverError:
        return False
    rtol = RUN_RTOL * second_tolerance(RUN_RTOL)
    below = fire(neuron, last.input - error, last.start, enough=2 * CYCLES, rtol=rtol)
    return (again is None or again.stable) and below.outcome != "sustained"


def _growth(neuron: AnyNeuron, points: list[_Point], error: float) -> float | None:
    """Give b of T = a - b ln(I - I_c), where it is the time constant by which a saddle is left; else None."""
    I = points[-1].input
    clear = [point for point in points if 1e3 * error < point.input - I]
    if len(clear) < 2:
        return None
    far, near = clear[-2:]
    b = (near.interval - far.interval) * near.cycle.n_spikes / np.log((far.input - I) / (near.input - I))
    left = [e.eigenvalues[0].real for e in equilibria(neuron, I) if e.unstable == 1]
    return float(b) if any(abs(b * rate - 1.0) < SADDLE for rate in left) else None
