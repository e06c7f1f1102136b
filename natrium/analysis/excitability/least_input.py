"""What is known of the least constant input at which a resting cell goes on firing."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs

from natrium.analysis.equilibria.bifurcations import Fold, Hopf
from natrium.analysis.excitability.ending import CycleEnd
from natrium.analysis.excitability.long_run import Firing
from natrium.analysis.excitability.mirror import turned
from natrium.analysis.result import Result
from natrium.model.leak import InputUnit

Cause = Literal["fold", "threshold", "hopf", "corner", "oscillation", "integrator", "none"]


@attrs.frozen(eq=False, repr=False)
class Check(Result):
    """One run that the rheobase was confirmed by.

    Attributes
    ----------
    I : float
        Input, mV.
    start : str
        From where: ``"rest"``, ``"oscillation"`` (below the threshold), ``"initial state"``, ``"cycle"``.
    outcome : {"sustained", "rest", "silent"}
    n_spikes : int
    first_spike : float
        ms; NaN without one.
    interval : float
        Steady interval, ms; infinity without one.
    """

    I: float
    start: str
    outcome: Literal["sustained", "rest", "silent"]
    n_spikes: int
    first_spike: float
    interval: float

    @classmethod
    def of(cls, firing: Firing, start: str) -> Check:
        """Keep what matters of a run."""
        spikes = firing.spike_times
        first = float(spikes[0]) if spikes.size else float("nan")
        return cls(firing.I, start, firing.outcome, int(spikes.size), first, firing.interval)


@attrs.frozen(eq=False, repr=False)
class Rheobase(Result):
    """The least constant input at which a cell that rested goes on firing as the input grows slowly.

    Where the input lowers V (`lowered`), the greatest one, as the input falls.

    Attributes
    ----------
    value : float
        mV; negative for a cell that fires without input, infinity where none was found.
    error : float
        How far it can be trusted, mV: rounding at folds, Hopf points and the threshold; where it is bisected
        by runs, the bracket that a second solve confirms, at another tolerance and with twice the patience.
    cause : {"fold", "threshold", "hopf", "corner", "oscillation", "integrator", "none"}
        ``fold``: the rest meets a saddle and both vanish; ``threshold``: the rest reaches the threshold;
        ``hopf``: it loses its stability to an oscillation that fires at once; ``corner``: it does where an
        equation changes its branch; ``oscillation``: one that reaches the threshold only at a higher input
        (found by bisection of runs); ``integrator``: there V stays wherever it is, and with more it rises.
    V : float
        Where the rest is lost, mV (NaN for ``integrator`` and ``none``).
    pacemaker : bool
        Whether the cell goes on firing without input, and has no rest that it could stay at.
    bistable_from : float
        The least input at which firing once begun goes on; below `value` where both rest and firing are
        stable. Where its cycle ends, or, where `ending` is None, bisected by runs.
    bistable_error : float
        How far that can be trusted, mV, as `error`.
    step_from, step_error : float
        The least input that makes a cell that rests without any go on firing when it is switched on at once,
        and how far that can be trusted, mV. NaN where that is not below `value`.
    ending : CycleEnd or None
        How firing ends there; None where the cell is not bistable, or no cycle can be followed to its end.
    fold : Fold or None
    hopf : Hopf or None
        Where the cause is one.
    checks : tuple of Check
        The runs just above and just below.
    notes : tuple of str
        Delicate cases, named.
    told_in : InputUnit
        What inputs are told in.
    lowered : bool
        Whether the input lowers V, so that less of it makes the cell fire.
    """

    value: float
    error: float
    cause: Cause
    V: float
    pacemaker: bool
    bistable_from: float
    bistable_error: float
    ending: CycleEnd | None
    fold: Fold | None
    hopf: Hopf | None
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    told_in: InputUnit = attrs.field(factory=InputUnit)
    lowered: bool = False
    step_from: float = math.nan
    step_error: float = math.nan

    @property
    def bistable(self) -> bool:
        """Whether just below the rheobase rest and firing are both stable."""
        return self.bistable_from != self.value

    @property
    def mirrored(self) -> Rheobase:
        """The same of the neuron with the sign of its input turned."""
        fold = None if self.fold is None else turned(self.fold, "I", "curvature")
        found: Rheobase = turned(self, "value", "bistable_from", "step_from")
        return attrs.evolve(
            found,
            fold=fold,
            hopf=None if self.hopf is None else turned(self.hopf, "I"),
            ending=None if self.ending is None else turned(self.ending, "I"),
            checks=tuple(turned(check, "I") for check in self.checks),
            lowered=not self.lowered,
        )

    def data(self) -> dict[str, Any]:
        """Give value and cause as plain data."""
        return {
            "value_mV": self.value,
            "error_mV": self.error,
            **self.told_in.beside("value", self.value),
            "cause": self.cause,
            "V_mV": self.V,
            "bistable_from_mV": self.bistable_from,
            "bistable_error_mV": self.bistable_error,
            **self.told_in.beside("bistable_from", self.bistable_from),
            "step_from_mV": None if math.isnan(self.step_from) else self.step_from,
            "ending": self.ending.data() if self.ending else None,
            "confirmed": self.confirmed,
            "lowered": self.lowered,
            "notes": self.notes,
        }

    @property
    def confirmed(self) -> bool:
        """Whether a cell that was silent fires on just above and not just below."""
        known = ("rest", "oscillation", *(["initial state"] if self.cause == "integrator" else []))
        rested = [check for check in self.checks if check.start in known]
        above = [(self.value > check.I) if self.lowered else (self.value < check.I) for check in rested]
        fired = [check.outcome == "sustained" for check in rested]
        return len(rested) > 1 and fired == above
