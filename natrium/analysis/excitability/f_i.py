r"""Rate against input: steady rate, latency, adaptation, and the law by which firing sets in.

Above the input I_c at which the rest is lost, the interval grows without bound as

.. math:: T \simeq a + b\,(I - I_c)^{-1/2} \quad\text{(square root)}, \qquad
          T \simeq a - b\,\ln(I - I_c) \quad\text{(logarithmic)}, \qquad
          T \simeq a + b\,(I - I_c)^{-1} \quad\text{(inverse: of an integrator without a leak)},

or it tends to a limit: along a line (jump), or, where a stable cycle meets an unstable one, as

.. math:: T \simeq a - b\,(I - I_c)^{1/2} \quad\text{(fold of cycles)}.

b follows from the model: pi/(speed sqrt(curvature/2)) at a fold, the slowest time constant of what spikes
move where the rest reaches the threshold, that by which a saddle is left where the cycle ends there, the way
of V from its reset over its pace where it is alone and nothing holds it; of a fold of cycles both are the
cycle's own. No law is named that does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

import attrs
import numpy as np
import numpy.typing as npt
import scipy

from natrium.analysis.equilibria.curve import equilibrium_at
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.excitability.leading import slowest_return
from natrium.analysis.excitability.least_input import Rheobase
from natrium.analysis.excitability.long_run import fire
from natrium.analysis.excitability.mirror import mirrored, turned
from natrium.analysis.excitability.rheobase import rheobase
from natrium.analysis.excitability.steady import steady
from natrium.analysis.result import Result, rows_of
from natrium.model import AnyNeuron, ModelError, Number
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.model.leak import InputUnit, Leak, leak_of, told_in
from natrium.model.protocol import check_neuron, per_neuron
from natrium.model.scales import scales_of

Law = Literal["square root", "logarithmic", "inverse", "jump", "fold of cycles", "undecided"]

SETTLED = 1e-9  # relative, of intervals that count as steady
FINE = 1e-11  # rtol of the runs
# Excess of input over the rheobase at which the onset is fitted, relative to it (at least to the input's
# scale). The law holds only near; nearer still, runs grow long.
NEAR = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)
FEWEST = 3  # intervals to which a law is fitted
DESCENT = 12  # steps of input on the way down to where firing ends
INSIDE = 4.0  # errors of the input at which firing ends: where a cycle is surely there
FITS = 0.01  # of the mean interval: what a law may leave
GROWS = 1.2  # the longest interval over the shortest, where it is said to grow without bound
# The coefficient is the end's.
OWN = {("fold of cycles",) * 2, ("homoclinic", "logarithmic"), ("saddle-node", "square root")}
TERMS: dict[Law, Callable[[Array], Array]] = {  # what b stands before, of the excess of input
    "square root": lambda excess: 1.0 / np.sqrt(excess),
    "logarithmic": lambda excess: -np.log(excess),
    "inverse": lambda excess: 1.0 / excess,
    "jump": lambda excess: excess,
    "fold of cycles": lambda excess: -np.sqrt(excess),
}
AGREES = 0.25  # relative: of a fitted coefficient with the model's own


@attrs.frozen(eq=False, repr=False)
class FI(Result):
    """Rate against constant input, the cell starting from its own initial state.

    Attributes
    ----------
    inputs : ndarray, shape (n_inputs,)
        mV.
    rates : ndarray, shape (n_inputs,)
        Steady rate, Hz; 0 where it does not fire on.
    rate_errors : ndarray, shape (n_inputs,)
        How far they can be trusted, Hz: that of the cycle where firing settles to one, else what is left of a
        trend and the scatter of a long run.
    latencies : ndarray, shape (n_inputs,)
        Time of the first spike, ms; NaN without one.
    adaptation : ndarray, shape (n_inputs,)
        Steady interval over the first one; NaN where it does not fire on.
    outcomes : tuple of str
        ``"sustained"``, ``"rest"`` or ``"silent"``.
    periods : tuple of int
        How many intervals repeat; 0 where none settled.
    """

    inputs: Array
    rates: Array
    rate_errors: Array
    latencies: Array
    adaptation: Array
    outcomes: tuple[str, ...]
    periods: tuple[int, ...]
    unit: str = "mV"
    leak: Leak | None = None

    @property
    def told_in(self) -> InputUnit:
        """What inputs are told in."""
        return told_in(self.unit, self.leak)

    def table(self) -> list[dict[str, float | int | str]]:
        """Give one row per input."""
        return rows_of(
            {
                "input_mV": self.inputs,
                **self.told_in.beside("input", self.inputs),
                "rate_Hz": self.rates,
                "rate_error_Hz": self.rate_errors,
                "latency_ms": self.latencies,
                "adaptation": self.adaptation,
                "outcome": self.outcomes,
                "period": self.periods,
            }
        )


def f_i_curve(neuron: AnyNeuron, inputs: npt.ArrayLike) -> FI:
    """Measure the steady rate at constant inputs.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold.
    inputs : array_like, shape (n_inputs,)
        mV.

    Raises
    ------
    ModelError
        When there is no threshold or an input is no number.
    SolverError
        When a run cannot be carried through.
    """
    check_neuron(neuron)
    if not neuron.fires:
        raise ModelError("a rate needs a threshold, got v_thresh = None: give v_thresh")
    levels = np.atleast_1d(as_numbers("inputs", inputs))
    for I in levels.tolist():
        Number("mV").check("inputs", I)
    start = np.array(neuron.initial_state())
    runs = [fire(neuron, I, start, settle=SETTLED, rtol=FINE) for I in levels.tolist()]
    ends = [steady(neuron, run) for run in runs]
    pairs = zip(runs, ends, strict=True)
    return FI(
        inputs=levels,
        rates=np.array([end.rate for end in ends]),
        rate_errors=np.array([end.rate_error for end in ends]),
        latencies=np.array([run.spike_times[0] if run.spike_times.size else np.nan for run in runs]),
        adaptation=np.array(
            [end.interval / float(run.intervals[0]) if end.rate else np.nan for run, end in pairs]
        ),
        outcomes=tuple(run.outcome for run in runs),
        periods=tuple(run.period for run in runs),
        unit=neuron.input_unit,
        leak=leak_of(neuron),
    )


@attrs.frozen(eq=False, repr=False)
class Onset(Result):
    """How the interval grows as the input comes down to where firing sets in.

    Attributes
    ----------
    law : {"square root", "logarithmic", "inverse", "jump", "fold of cycles", "undecided"}
        The one that fits best; undecided where none leaves less than a hundredth of the mean interval, or
        firing goes on at fewer than three of the inputs.
    at : float
        Input at which firing sets in, mV.
    offset, coefficient : float
        a (ms) and b of the law: ms mV^(1/2), ms, ms mV, of a jump ms/mV, of a fold of cycles ms mV^(-1/2).
        NaN where undecided.
    predicted : float or None
        b as the model's own equations give it; None where they say nothing.
    errors : dict
        Root mean square of what each law leaves, relative to the mean interval; empty where none was fitted.
    inputs, intervals : ndarray, shape (n_inputs,)
        What was fitted, mV and ms.
    last : float
        The interval nearest to where firing sets in, ms; infinity where it grows without bound.
    last_error : float
        How far that may be from the interval there, ms.
    """

    law: Law
    at: float
    offset: float
    coefficient: float
    predicted: float | None
    errors: dict[Law, float]
    inputs: Array
    intervals: Array
    last: float
    last_error: float
    unit: str = "mV"
    leak: Leak | None = None

    @property
    def told_in(self) -> InputUnit:
        """What inputs are told in."""
        return told_in(self.unit, self.leak)

    def constants(self, coefficient: float) -> tuple[float, float]:
        """Give a, and b of a coefficient, where the excess of input is counted in what inputs are told in."""
        per_mV = self.told_in.per_mV
        if self.law == "logarithmic":
            return self.offset + coefficient * float(np.log(per_mV)), coefficient
        power = {"square root": 0.5, "inverse": 1.0, "jump": -1.0, "fold of cycles": -0.5}.get(self.law, 0.0)
        return self.offset, coefficient * per_mV**power

    @property
    def rate(self) -> float:
        """The rate at which firing sets in, Hz: 0 where it grows from nothing, NaN where undecided."""
        return 1000.0 / self.last

    @property
    def rate_error(self) -> float:
        """How far `rate` can be trusted, Hz."""
        return self.rate * self.last_error / self.last if self.rate else 0.0

    @property
    def error(self) -> float:
        """What the best law leaves, relative to the mean interval; NaN where none could be fitted."""
        if self.law == "undecided":
            return min(self.errors.values(), default=float("nan"))
        return self.errors[self.law]

    def data(self) -> dict[str, Any]:
        """Give the law as plain data."""
        return {
            "law": self.law,
            "error": self.error,
            "rate_Hz": self.rate,
            "rate_error_Hz": self.rate_error,
            "at_mV": self.at,
            **self.told_in.beside("at", self.at),
            "coefficient": self.coefficient,
            "predicted": self.predicted,
        }


@per_neuron(maxsize=64)
def onset(neuron: AnyNeuron) -> Onset:
    """Fit the law by which firing sets in.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
        With a threshold and a rheobase.

    Raises
    ------
    ModelError
        When there is no threshold or no rheobase.
    SolverError
        When a run cannot be carried through.

    References
    ----------
    .. [1] E. M. Izhikevich, "Dynamical Systems in Neuroscience" (2007), sec. 6.1, 7.1.
       https://doi.org/10.7551/mitpress/2526.001.0001
    """
    found = rheobase(neuron)
    if found.lowered:
        return cast(Onset, turned(onset(mirrored(neuron)), "at", "inputs"))
    if not np.isfinite(found.value):
        raise ModelError("an onset needs a rheobase, got none: see rheobase(neuron).notes")
    at = found.bistable_from
    excess = np.array(NEAR) * _reach(neuron, found)
    state = _on_cycle(neuron, found, at + float(excess[-1]))
    intervals = np.empty(excess.size)
    for k in range(excess.size - 1, -1, -1):  # from far to near, each from the last one's cycle
        run = fire(neuron, at + float(excess[k]), state, settle=1e-6)
        intervals[k], state = steady(neuron, run).interval, run.state
    kept = np.isfinite(intervals)
    last = float(intervals[kept][0]) if kept.any() else float("inf")
    if found.bistable and np.isfinite(found.bistable_error):  # its cycle goes on as it is, however near
        edge = at + INSIDE * found.bistable_error
        nearest = steady(neuron, fire(neuron, edge, state, settle=1e-6)).interval
        last = nearest if np.isfinite(nearest) else last
    return _fit(neuron, found, at, excess[kept], intervals[kept], last)


def _reach(neuron: AnyNeuron, found: Rheobase) -> float:
    """Give what the excess of input is relative to, mV: an endless interval is told where both are stable."""
    at, ending = found.bistable_from, found.ending
    endless = ending is not None and np.isinf(ending.interval)
    scale = scales_of(neuron).of_input(at)
    return min(found.value - at, scale) if endless else scale


def _on_cycle(neuron: AnyNeuron, found: Rheobase, I: float) -> Array:
    """Reach the cycle at an input: where the cell is bistable, by coming down from above the rheobase."""
    high = found.value + scales_of(neuron).of_input(found.value) * NEAR[-1]
    start = np.array(neuron.initial_state())
    state = fire(neuron, high, start).state
    if found.bistable:
        for level in np.linspace(high, I, DESCENT)[1:].tolist():
            state = fire(neuron, level, state, enough=60).state
    return state


def _fit(
    neuron: AnyNeuron, found: Rheobase, at: float, excess: Array, intervals: Array, last: float
) -> Onset:
    none = float("nan")
    if intervals.size < FEWEST:
        unit, leak = neuron.input_unit, leak_of(neuron)
        return Onset("undecided", at, none, none, None, {}, at + excess, intervals, none, none, unit, leak)
    laws: list[Law] = ["square root", "logarithmic", "jump"]
    laws += ["inverse"] if found.cause == "integrator" else []
    end = found.ending if found.ending is not None and found.ending.kind == "fold of cycles" else None
    laws += ["fold of cycles"] if end is not None else []
    terms = {law: TERMS[law](excess) for law in laws}
    fits: dict[Law, tuple[Array, float]] = {}
    for law, term in terms.items():
        design = np.column_stack([np.ones(excess.size), term])
        if law == "fold of cycles":  # a and b are the cycle's own; how far they carry is not known
            design = np.column_stack([design, excess])
        solution = np.linalg.lstsq(design, intervals, rcond=None)[0]
        left = intervals - design @ solution
        fits[law] = (
            np.asarray(solution, dtype=np.float64),
            float(np.sqrt(np.mean(left**2)) / intervals.mean()),
        )
    errors = {law: error for law, (_, error) in fits.items()}
    grows = intervals.max() > GROWS * intervals.min()
    allowed = [law for law in terms if _is_allowed(neuron, found, law, float(fits[law][0][1]), bool(grows))]
    best: Law = min(allowed, key=lambda law: errors[law], default="undecided")
    if best == "undecided" or errors[best] > FITS:
        best, (offset, coefficient) = "undecided", (none, none)
    elif end is not None:
        offset, coefficient = end.interval, end.coefficient
    else:
        offset, coefficient = map(float, fits[best][0])
    last_error = abs(last - offset) + errors.get(best, 0.0) * float(intervals.mean())
    if best in ("square root", "logarithmic", "inverse"):
        last, last_error = float("inf"), 0.0
    elif best == "fold of cycles" and end is not None:
        last, last_error = end.interval, end.interval_error
    elif best == "undecided":
        last = last_error = none
    return Onset(
        law=best,
        at=at,
        offset=offset,
        coefficient=coefficient,
        predicted=_predict(neuron, found, best),
        errors=errors,
        inputs=at + excess,
        intervals=intervals,
        last=last,
        last_error=last_error,
        unit=neuron.input_unit,
        leak=leak_of(neuron),
    )


def _is_allowed(neuron: AnyNeuron, found: Rheobase, law: Law, coefficient: float, grows: bool) -> bool:
    """Tell whether a law can be the one: where the cycle's own end is known, no other can."""
    kind = found.ending.kind if found.ending is not None else None
    if found.cause == "integrator":
        return law == "inverse"
    if kind == "fold of cycles":
        return law == kind and coefficient > 0.0
    if law == "jump":
        return kind not in ("homoclinic", "saddle-node")
    # Where its last interval is known nothing grows without bound.
    if kind in ("graze", "last cycle", "period doubling", "torus"):
        return False
    predicted = _predict(neuron, found, law)
    if predicted is not None:
        return abs(coefficient - predicted) <= AGREES * predicted
    return coefficient > 0.0 and grows


def _predict(neuron: AnyNeuron, found: Rheobase, law: Law) -> float | None:
    if found.ending is not None and (found.ending.kind, law) in OWN:
        return found.ending.coefficient
    if law == "square root" and found.fold is not None:
        return found.fold.passage
    if law == "inverse" and len(neuron.system.states) == 1 and neuron.system.reset_voltage is not None:
        return float(
            scipy.integrate.quad(held_input(neuron).inertia, neuron.system.reset_voltage, neuron.v_thresh)[0]
        )
    if law == "logarithmic" and found.cause == "threshold" and not found.bistable:
        # The state comes near the rest along its slowest direction, and leaves through the threshold.
        return slowest_return(neuron, equilibrium_at(neuron, found.V))
    return None
