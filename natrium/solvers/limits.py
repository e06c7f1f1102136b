"""Budgets that end a run-away run with a named error."""

from __future__ import annotations

import attrs

from natrium.model.checks import Count
from natrium.model.errors import StepLimit, TooManySpikes

# A projection is trusted once this many spikes, or right-hand-side calls, stand behind it.
SPIKES_BEHIND = 50
CALLS_BEHIND = 200_000
# Runs are uneven: early on, only a projection this far over the budget ends one; later a nearer one does.
OVERSHOOT, OVERSHOOT_LATER = 10.0, 1.5
LATER = 0.05  # of the budget


# The least relative tolerance that SciPy's methods honour is 100 machine epsilons.
LEAST_RTOL = 2.3e-14


@attrs.frozen(kw_only=True)
class Limits:
    """How much a run may cost.

    Parameters
    ----------
    max_spikes : int
        Spikes in one run.
    max_rhs_evaluations : int
        Calls of the right-hand side in one run; steps, for a fixed-step scheme.
    """

    max_spikes: int = attrs.field(default=1_000_000, validator=Count())
    max_rhs_evaluations: int = attrs.field(default=100_000_000, validator=Count(high=10**12))


class Spending:
    """What is left of the limits as a run goes on; projected, so that a hopeless run ends early."""

    def __init__(self, limits: Limits, duration: float) -> None:
        self.limits = limits
        self.duration = duration
        self.spikes = 0
        self.recent: list[float] = []  # elapsed time at the last spikes
        self.share = (0, 0.0, False)  # spikes and elapsed time at the last look; whether it was too fast
        self.calls = 0
        self.mark = (0, 0.0)  # calls and elapsed time at the last look

    def spike(self, elapsed: float) -> None:
        """Count a spike at `elapsed` ms after the start.

        Raises
        ------
        TooManySpikes
            When the budget is spent, or the present rate would spend it many times over.
        """
        self.spikes += 1
        self.recent.append(elapsed)
        if self.spikes > self.limits.max_spikes:
            raise TooManySpikes(
                f"a run may fire at most {self.limits.max_spikes} spikes, got more after {elapsed:.6g} ms; "
                "shorten it or raise max_spikes"
            )
        if len(self.recent) <= SPIKES_BEHIND:
            return
        span = elapsed - self.recent.pop(0)
        left = self.limits.max_spikes - self.spikes
        if span * left * OVERSHOOT < SPIKES_BEHIND * (self.duration - elapsed):
            raise TooManySpikes(
                f"a run may fire at most {self.limits.max_spikes} spikes; {SPIKES_BEHIND} spikes came "
                f"within {span:.3g} ms at {elapsed:.6g} ms, far too fast to end within the budget; "
                "check the input and tau_ref"
            )
        self._check_share(elapsed)

    def _check_share(self, elapsed: float) -> None:
        """End an even train that cannot fit: two shares of the budget in a row; one is a burst."""
        spikes, begin, was_fast = self.share
        behind, allowed = self.spikes - spikes, self.limits.max_spikes
        if behind < max(SPIKES_BEHIND, LATER * allowed):
            return
        is_fast = (elapsed - begin) * (allowed - self.spikes) * OVERSHOOT_LATER < behind * (
            self.duration - elapsed
        )
        if was_fast and is_fast:
            raise TooManySpikes(
                f"a run may fire at most {allowed} spikes; {self.spikes} came by {elapsed:.6g} ms of "
                f"{self.duration:.6g} ms, too fast to end within the budget; shorten it or raise max_spikes"
            )
        self.share = (self.spikes, elapsed, is_fast)

    def spend(self, calls: int, elapsed: float) -> None:
        """Count right-hand-side calls made up to `elapsed` ms after the start.

        Raises
        ------
        StepLimit
            When the budget is spent, or the present pace would spend it many times over.
        """
        self.calls += calls
        allowed = self.limits.max_rhs_evaluations
        if self.calls > allowed:
            raise StepLimit(
                f"a run may take at most {allowed} right-hand-side calls, got more after {elapsed:.6g} ms "
                f"of {self.duration:.6g} ms; shorten it, loosen rtol or raise max_rhs_evaluations"
            )
        behind = self.calls - self.mark[0]
        if behind < CALLS_BEHIND:
            return
        progress = elapsed - self.mark[1]
        self.mark = (self.calls, elapsed)
        overshoot = OVERSHOOT_LATER if self.calls > LATER * allowed else OVERSHOOT
        if progress * (allowed - self.calls) * overshoot < behind * (self.duration - elapsed):
            raise StepLimit(
                f"a run may take at most {allowed} right-hand-side calls; {behind} calls brought it only "
                f"{progress:.3g} ms on, to {elapsed:.6g} ms of {self.duration:.6g} ms; "
                "check for extreme rates or a fast input, or raise max_rhs_evaluations"
            )
