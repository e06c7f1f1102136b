"""The steady interval of firing at a constant input, and how far it can be trusted.

Where firing settles to a cycle, the cycle itself is found, with its own error; where it does not, the mean of
the last half of a long run, with what is left of a trend and the scatter.
"""

from __future__ import annotations

import attrs
import numpy as np

from natrium.analysis.cycle.limit_cycle import LimitCycle, limit_cycle
from natrium.analysis.cycle.return_map import free_of, longest_of
from natrium.analysis.excitability.long_run import Firing, fire, repeating
from natrium.analysis.result import Result
from natrium.model import AnyNeuron, SolverError
from natrium.model.arrays import Array

# A cycle is that of a run where its mean interval is nearer than this, relative, or than this many times what
# is still to come.
SAME, FACTOR = 1e-3, 3.0
ARRIVED = 1e-5  # likewise, of a run that repeats: it has come to the cycle, as to none that it leaves
PART = 4  # intervals in a quarter of a run, at least, that a trend is taken from
TREND = 3.0  # standard errors
SETTLES = 1e-10  # relative: changes of an interval below this are the solver's
NEARLY = 1e-3  # relative: intervals that repeat so far are on their way to a cycle
ROOM = 10.0  # times the longest interval seen, that one may take
SLOWEST = 0.99  # the largest multiplier of a pattern that repeats


@attrs.frozen(repr=False)
class Steady(Result):
    """The mean interval in the long run."""

    interval: float  # ms; infinity where it does not fire on
    cycle: LimitCycle | None = None  # whose mean it is, found by Newton's method; else it is that of a run
    doubt: float = 0.0  # how far that of a run can be trusted, ms

    @property
    def error(self) -> float:
        """How far the interval can be trusted, ms; of a stable cycle by a second solve."""
        if self.cycle is None or not self.cycle.stable:
            return self.doubt
        return self.cycle.period_error / self.cycle.n_spikes

    @property
    def rate(self) -> float:
        """Hz."""
        return 1000.0 / self.interval

    @property
    def rate_error(self) -> float:
        """How far `rate` can be trusted, Hz."""
        return self.rate * self.error / self.interval if np.isfinite(self.interval) else 0.0


def steady(neuron: AnyNeuron, firing: Firing) -> Steady:
    """Give the mean interval of a long run that is for ever."""
    if firing.outcome != "sustained":
        return Steady(float("inf"))
    cycle = _cycle(neuron, firing)
    left = _left(firing.intervals, firing.period) if firing.period else float("inf")
    doubt = min(left, _unsettled(firing.intervals))
    if cycle is not None:
        interval, last = cycle.period / cycle.n_spikes, float(firing.intervals[-cycle.n_spikes :].mean())
        apart = abs(interval - last)
        arrived = firing.period > 0 and apart <= ARRIVED * interval
        if arrived or (cycle.stable and apart <= SAME * interval + _to_come(firing.intervals, cycle)):
            return Steady(interval, cycle, doubt)
    return Steady(firing.interval, doubt=doubt)


def own_cycle(neuron: AnyNeuron, I: float) -> LimitCycle:
    """Find the cycle that firing from the neuron's own start settles to, whatever spikes it has.

    Raises
    ------
    SolverError
        When it does not fire, or does not settle to a cycle.
    """
    firing = fire(neuron, I, np.array(neuron.initial_state()))
    period = firing.period or repeating(firing.intervals, NEARLY)
    if firing.outcome != "sustained":
        try:
            return limit_cycle(neuron, I)  # as far as its spikes lead to one; else it says what is missing
        except SolverError as error:
            if not firing.spike_times.size:
                raise
            raise SolverError(
                f"firing must go on, got {firing.spike_times.size} spikes from its own start, the last at "
                f"{firing.spike_times[-1]:.6g} ms, and no cycle near them: take another input"
            ) from error
    try:
        return _near(neuron, firing, period or 1)
    except SolverError as error:
        if period:
            raise
        raise SolverError(
            f"firing must repeat after some number of spikes, got {firing.spike_times.size} from its own "
            "start that do not, nor is there a cycle of one near: give `period`, or another input"
        ) from error


def _cycle(neuron: AnyNeuron, firing: Firing) -> LimitCycle | None:
    """Give the cycle near to where a run ended; None where Newton's method finds none."""
    try:
        return _near(neuron, firing, firing.period or 1)
    except SolverError:
        return None


def _near(neuron: AnyNeuron, firing: Firing, period: int) -> LimitCycle:
    """Find the cycle of so many spikes from where a run ended."""
    longest = max(longest_of(neuron, None), ROOM * float(firing.intervals.max()))
    return limit_cycle(neuron, firing.I, period, start=firing.reset[list(free_of(neuron))], longest=longest)


def _left(intervals: Array, period: int) -> float:
    """Give what is still to come of the mean of a pattern that repeats, as a geometric series."""
    one, two, last = intervals[-3 * period :].reshape(3, period).mean(axis=1).tolist()
    step, before = abs(last - two), abs(two - one)
    ratio = min(step / before, SLOWEST) if before else SLOWEST
    return float(TREND * max(step, SETTLES * last) / (1.0 - ratio))


def _unsettled(intervals: Array) -> float:
    """Give what is not settled of the mean of the last half: its scatter, and where a trend leads to."""
    if intervals.size < 4 * PART:
        return float("inf")
    size = intervals.size // 4
    parts = intervals[-4 * size :].reshape(4, size)
    _, one, two, last = parts.mean(axis=1).tolist()
    scatter = float(parts[3].std(ddof=1) / np.sqrt(size)) + float(np.spacing(last))
    step, before = abs(last - two), abs(two - one)
    if step <= TREND * scatter:
        return float(scatter + step)
    return float(scatter + step * before / (before - step)) if step < before else float("inf")


def _to_come(intervals: Array, cycle: LimitCycle) -> float:
    """Give how far the last interval may be from the cycle's mean, by the last change and the multiplier."""
    back = cycle.n_spikes
    if intervals.size <= back or not cycle.stable:
        return 0.0
    change = float(abs(intervals[-1] - intervals[-1 - back]))
    return FACTOR * change / (1.0 - cycle.largest_multiplier)
