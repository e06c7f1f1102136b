r"""Where periodic firing ends as the input falls: its cycle followed down to where it is one no more.

It meets an unstable cycle and both vanish, or its spikes come to do no more than touch the threshold: near
the first, at an input I_c, the interval goes as

.. math:: T \simeq T_c - c\,(I - I_c)^{1/2}.

Or it meets a saddle, T = a - b ln(I - I_c), or the place where one vanishes with a rest; or its period
doubles, and what fires on is followed in turn. Runs alone cannot tell: none is for ever, however long, and
the place of a vanished pair is passed slowly.
"""

from __future__ import annotations

from typing import Literal

import attrs

from natrium.analysis.continuation.arclength import Point
from natrium.analysis.continuation.axis import axis_of
from natrium.analysis.continuation.continued import first_point, law_coefficient, start_doubled
from natrium.analysis.continuation.follow import Course, follow
from natrium.analysis.cycle.limit_cycle import LimitCycle, cycle_near
from natrium.analysis.cycle.return_map import RUN_RTOL, longest_of, return_map
from natrium.analysis.excitability.bracket import CYCLES, WIDER
from natrium.analysis.excitability.long_run import Firing, fire
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, NatriumError, SolverError
from natrium.model.arrays import Array
from natrium.model.scales import scales_of
from natrium.solvers.reliability import second_tolerance

Kind = Literal[
    "fold of cycles", "graze", "homoclinic", "saddle-node", "period doubling", "torus", "last cycle"
]

NEWTON = 8  # steps to the cycle of a run
POINTS = 150  # of a branch
DOUBLINGS = 4  # followed one after the other
DOWN = 2.0  # times the way to silence: how far down a cycle may go
CONFIRMED = 1e-13  # relative, of the input: a smaller error no run in doubles confirms
WIDEST, LEAST = 1e-5, 1e-10  # relative, of the range between a cycle that no step leads on from and none
BELOW = 1e-3  # relative, of the input: where it is asked whether anything else fires on
STOPS = ("fold of cycles", "graze", "period doubling", "torus")
ENDLESS: dict[str, Kind] = {"saddle homoclinic": "homoclinic", "saddle-node homoclinic": "saddle-node"}


@attrs.frozen(repr=False)
class CycleEnd(Result):
    """How and where periodic firing ends as the input falls.

    Attributes
    ----------
    kind : str
        ``fold of cycles``: a stable and an unstable cycle vanish together; ``graze``: spikes only touch the
        threshold; ``homoclinic``: the cycle meets a saddle, its interval grows without bound;
        ``saddle-node``: it meets the place where saddle and rest vanish, likewise; ``period doubling``,
        ``torus``: it loses its stability, and nothing near it fires on; ``last cycle``: none of these is
        seen, but below there is no cycle.
    I : float
        mV.
    error : float
        By how much a second solve changed it; or the range between the last cycle and none, confirmed by a
        second solve; mV.
    interval : float
        T_c, the interval there, ms: the rate ends at 1000/T_c Hz; infinity where an equilibrium is met.
    interval_error : float
        How far that can be trusted, ms; NaN of a last cycle.
    coefficient : float
        c of the law of the interval, ms mV^(-1/2); b where it meets a saddle, ms; of T = c (I - I_c)^(-1/2)
        at a saddle-node, ms mV^(1/2); NaN elsewhere.
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
        None where there is no stable cycle, where it gives way to firing that has none, or where the rest
        comes to the threshold, as that of a leaky membrane does.

    References
    ----------
    .. [1] Y. A. Kuznetsov, "Elements of Applied Bifurcation Theory", 3rd ed. (2004), sec. 4.3: the fold of a
       map's fixed point; sec. 6.2: homoclinic orbits. https://doi.org/10.1007/978-1-4757-3978-7
    """
    cycle = _of_run(neuron, firing)
    while cycle is not None:
        end, state = _followed(neuron, cycle, silent)
        if end is None:
            return None
        further = _below(neuron, end, state, silent)
        if further is None:
            least = CONFIRMED * scales_of(neuron).of_input(end.I)
            return attrs.evolve(end, error=max(end.error, least))
        cycle = _of_run(neuron, further) if further.I < end.I else None
    return None


def _of_run(neuron: AnyNeuron, firing: Firing) -> LimitCycle | None:
    """Give the stable cycle to which a run has come, or was coming; None where there is none."""
    mapping, period = return_map(neuron, firing.I), firing.period or 1
    try:
        cycle = cycle_near(mapping, firing.reset[list(mapping.free)], period, most=NEWTON)
    except SolverError:
        return None
    return cycle if cycle.stable and cycle.least_n_spikes == period else None


def _followed(neuron: AnyNeuron, cycle: LimitCycle, silent: float) -> tuple[CycleEnd | None, Array]:
    """Follow one cycle, and those of twice its period, to where no stable one goes on.

    Give the end, and a state on the last cycle that is not refractory.
    """
    axis, high = axis_of(neuron, cycle.input, "I"), cycle.input
    low = high - DOWN * (high - silent)
    longest = longest_of(neuron, None)
    end, state, n_spikes = None, cycle.map.released(cycle.states[0])[0], cycle.n_spikes
    try:
        start: Point | None = first_point(axis, cycle, high - low, longest)
    except SolverError:  # it is known by runs alone
        start = None
    for _ in range(DOUBLINGS):
        if start is None or (start.found.multipliers.size and abs(start.found.multipliers[0]) >= 1.0):
            break
        way = follow(_downwards(start), low, high, longest, POINTS, stop=STOPS)
        state = way.points[-1].found.runs[0].state(0.0)
        end = _end(neuron, way, n_spikes, state)
        if end is None or end.kind != "period doubling":
            break
        start, n_spikes = start_doubled(way.points[-1]), 2 * n_spikes
    return end, state


def _downwards(point: Point) -> Point:
    return point if point.tangent[-1] < 0.0 else attrs.evolve(point, tangent=-point.tangent)


def _end(neuron: AnyNeuron, way: Course, n_spikes: int, state: Array) -> CycleEnd | None:
    """Say what a way down has come to."""
    nan, last = float("nan"), way.points[-1]
    if way.end is not None:
        end = way.end
        if end.kind == "last cycle":
            return CycleEnd("last cycle", end.value, end.error, end.period / n_spikes, nan, nan, n_spikes)
        kind = ENDLESS.get(end.kind)
        return kind and CycleEnd(kind, end.value, end.error, float("inf"), 0.0, end.coefficient, n_spikes)
    if way.reason in ("graze", "stopped"):
        at = way.happened[-1]
        fold = at.kind == "fold of cycles"
        c = law_coefficient(at.place.point) if fold else nan
        period, doubt = (value / n_spikes for value in (last.found.period, at.place.period_error))
        return CycleEnd(at.kind, last.value, at.place.error, period, doubt, c / n_spikes, n_spikes)
    if way.reason != "lost":
        return None
    scale = scales_of(neuron).of_input(last.value)
    error = LEAST * scale
    while error <= WIDEST * scale and not _between(neuron, last.value, error, state):
        error *= WIDER
    if error > WIDEST * scale:
        return None
    return CycleEnd("last cycle", last.value, error, last.found.period / n_spikes, nan, nan, n_spikes)


def _between(neuron: AnyNeuron, I: float, error: float, state: Array) -> bool:
    """Tell whether a second solve finds firing that lasts this much above, and none this much below."""
    rtol = RUN_RTOL * second_tolerance(RUN_RTOL)
    above, below = (fire(neuron, I + off, state, enough=2 * CYCLES, rtol=rtol) for off in (error, -error))
    return above.outcome == "sustained" != below.outcome


def _below(neuron: AnyNeuron, end: CycleEnd, state: Array, silent: float) -> Firing | None:
    """Tell what fires on below the end of a cycle; None where nothing does."""
    apart = BELOW * scales_of(neuron).of_input(end.I)
    while end.I - apart > silent:
        try:
            firing = fire(neuron, end.I - apart, state, enough=CYCLES)
        except NatriumError:
            return None
        if firing.outcome != "sustained":
            return None
        if firing.period:
            return firing
        apart *= WIDER  # the place of a vanished pair is still being passed
    return None
