"""How far a run is from the truth, how sure the truth is, and how fast the distance shrinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import attrs
import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from natrium.analysis.accuracy.script import match_spikes
from natrium.model import Model, ModelError, Number
from natrium.solvers import EventDriven, FixedStep, Trajectory, run
from natrium.solvers.bernstein import Array

__all__ = [
    "STEPS",
    "Accuracy",
    "Convergence",
    "Order",
    "Reference",
    "convergence",
    "measure",
    "observed_order",
    "reference",
]

TRUTH_RTOL = 1e-12
# Ratios of no small whole numbers: halving can show the same grid-locked error every time.
STEPS = (
    0.199,
    0.157,
    0.127,
    0.1,
    0.079,
    0.063,
    0.0497,
    0.0397,
    0.0313,
    0.0251,
    0.0199,
    0.0157,
    0.0127,
    0.0101,
)
# Errors this near to the reference's own say nothing about order.
ABOVE_FLOOR = 10.0
FEWEST = 4  # steps that a fit needs

VOLTAGES, GUARD = 64, 1.0  # fixed times at which V is compared; ms from a spike

Method = FixedStep | Callable[[float], Trajectory | npt.ArrayLike]


@attrs.frozen(eq=False)
class Reference:
    """The truth, with its own error bar.

    Attributes
    ----------
    trajectory : Trajectory
    spike_time_errors : ndarray, shape (n_spikes,)
        Estimated error of each spike time, ms; infinite for a spike that a second solve does not find.
    """

    trajectory: Trajectory
    spike_time_errors: Array

    @property
    def spike_times(self) -> Array:
        """True spike times, shape (n_spikes,), ms."""
        return self.trajectory.spike_times

    @property
    def error(self) -> float:
        """The largest error of a spike time, ms (0 without spikes)."""
        return float(self.spike_time_errors.max(initial=0.0))

    @property
    def undecided(self) -> tuple[str, ...]:
        """Why the number of spikes is in doubt: peaks of V within the solver's own error of threshold."""
        said = list(self.trajectory.warnings)
        if np.any(np.isinf(self.spike_time_errors)):
            said.append("a second solve, at another tolerance, gives another number of spikes")
        return tuple(said)


def reference(model: Model, rtol: float = TRUTH_RTOL) -> Reference:
    """Solve a model truly and say how sure each spike time is.

    Parameters
    ----------
    model : Model
        With `t_end` in its simulation.
    rtol : float
        Relative tolerance; the errors come from a second solve at another one.

    Returns
    -------
    Reference

    Raises
    ------
    ModelError
        When the model has no `t_end`.
    SolverError
        When the run cannot be carried through.
    """
    trajectory = run(model, EventDriven(rtol=rtol))
    return Reference(trajectory, trajectory.spike_time_errors)


@attrs.frozen(eq=False)
class Accuracy:
    """How far one run is from the truth.

    Attributes
    ----------
    differences : ndarray, shape (n_matched,)
        Spike time less true time of each spike that has a partner, ms.
    missed, extra : int
        True spikes without a partner in the run, and the reverse.
    voltage_error : float
        Largest |V - true V| at fixed times away from spikes, mV; NaN where no voltages are known.
    """

    differences: Array
    missed: int
    extra: int
    voltage_error: float

    @property
    def spike_error(self) -> float:
        """Largest error of a spike time, ms; NaN without spikes, or with other spikes than the truth's."""
        if self.missed or self.extra or not self.differences.size:
            return float("nan")
        return float(np.abs(self.differences).max())


def measure(found: Trajectory | npt.ArrayLike, truth: Reference, window: float | None = None) -> Accuracy:
    """Measure a run, or a train of spike times, against the truth.

    Parameters
    ----------
    found : Trajectory or array_like, shape (n_spikes,)
        A run, or its spike times, ms.
    truth : Reference
    window : float, optional
        Spikes further apart than this (ms) are no partners; by default half the shortest true interval.

    Returns
    -------
    Accuracy
    """
    times = found.spike_times if isinstance(found, Trajectory) else np.asarray(found, dtype=float)
    true_times = truth.spike_times
    if window is None:
        window = float(0.5 * np.diff(true_times).min()) if true_times.size > 1 else np.inf
    Number("ms", 0.0, np.inf).check("window", min(window, 1e300))
    pairs = match_spikes(times, true_times, window)
    return Accuracy(
        differences=np.array([pair.difference for pair in pairs if pair.difference is not None]),
        missed=sum(pair.label is None for pair in pairs),
        extra=sum(pair.truth is None for pair in pairs),
        voltage_error=_voltage_error(found, truth) if isinstance(found, Trajectory) else float("nan"),
    )


def _voltage_error(found: Trajectory, truth: Reference) -> float:
    """Compare V away from spikes: a fixed-step run at its samples next to the fixed times."""
    trajectory = truth.trajectory
    times = np.linspace(trajectory.t_start, trajectory.t_end, VOLTAGES + 2)[1:-1]
    sampled = isinstance(found.made_by, FixedStep)
    if sampled:
        times = found.t[np.clip(np.searchsorted(found.t, times), 0, found.t.size - 1)]
    times = times[(times >= trajectory.t_start) & (times <= trajectory.t_end)]
    held = found.neuron.tau_ref + GUARD
    for spikes in (truth.spike_times, found.spike_times):
        for spike in spikes.tolist():
            times = times[(times < spike - GUARD) | (times > spike + held)]
    if not times.size:
        return float("nan")
    return float(np.abs(found.state(times)[0] - trajectory.state(times)[0]).max())


@attrs.frozen
class Order:
    """An observed order of convergence: error = constant * dt**value.

    Attributes
    ----------
    value, uncertainty : float
        The order, and its standard error (jackknife over the steps).
    constant : float
        The error at dt = 1 ms.
    """

    value: float
    uncertainty: float
    constant: float


def observed_order(steps: npt.ArrayLike, errors: npt.ArrayLike, floor: float = 0.0) -> Order | None:
    """Fit an order to the upper envelope of errors.

    The error of a spike on the grid depends on where the truth falls between two grid points, so that
    single steps are better than their order by luck. The line fitted is the lowest (in the mean over the
    steps, both axes logarithmic) that no error lies above.

    Parameters
    ----------
    steps, errors : array_like, shape (n_steps,)
        Steps in ms, not nested; errors in any unit. NaNs are left out.
    floor : float
        Error of the reference: what is not well above it is left out.

    Returns
    -------
    Order or None
        None with fewer than four errors to go by.
    """
    dt, error = np.asarray(steps, dtype=float), np.asarray(errors, dtype=float)
    kept = np.isfinite(error) & (error > max(ABOVE_FLOOR * floor, 0.0))
    if kept.sum() < FEWEST:
        return None
    x, y = np.log(dt[kept]), np.log(error[kept])
    slope, height = _envelope(x, y)
    others = np.array([_envelope(np.delete(x, k), np.delete(y, k))[0] for k in range(x.size)])
    spread = np.sqrt((x.size - 1) * np.mean((others - others.mean()) ** 2))
    return Order(slope, float(spread), float(np.exp(height)))


def _envelope(x: Array, y: Array) -> tuple[float, float]:
    """Give slope and height at 0 of the lowest line over all points: a small linear programme."""
    line = np.column_stack([x, np.ones(x.size)])
    slope, height = linprog(line.sum(axis=0), A_ub=-line, b_ub=-y, bounds=(None, None)).x  # type: ignore[misc]  # there always is one
    return float(slope), float(height)


@attrs.frozen(eq=False, slots=False)
class Convergence:
    """How the distance of one method to the truth shrinks with its step.

    Attributes
    ----------
    name : str
        The method.
    steps : ndarray, shape (n_steps,)
        ms.
    accuracies : tuple of Accuracy
        One per step.
    truth : Reference
    """

    name: str
    steps: Array
    accuracies: tuple[Accuracy, ...]
    truth: Reference

    @property
    def spike_errors(self) -> Array:
        """Largest error of a spike time for each step, shape (n_steps,), ms; NaN where spikes differ."""
        return np.array([row.spike_error for row in self.accuracies])

    @property
    def voltage_errors(self) -> Array:
        """Largest error of V away from spikes for each step, shape (n_steps,), mV."""
        return np.array([row.voltage_error for row in self.accuracies])

    @cached_property
    def order(self) -> Order | None:
        """Observed order of the spike times."""
        return observed_order(self.steps, self.spike_errors, self.truth.error)

    @cached_property
    def voltage_order(self) -> Order | None:
        """Observed order of V away from spikes."""
        return observed_order(self.steps, self.voltage_errors, self.truth.trajectory.made_by.rtol)

    def table(self) -> list[dict[str, float | int | str]]:
        """Give one row per step."""
        return [
            {
                "method": self.name,
                "dt_ms": float(dt),
                "spike_error_ms": row.spike_error,
                "missed": row.missed,
                "extra": row.extra,
                "voltage_error_mV": row.voltage_error,
            }
            for dt, row in zip(self.steps, self.accuracies, strict=True)
        ]


def convergence(
    method: Method,
    truth: Reference,
    steps: Sequence[float] = STEPS,
    *,
    name: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Convergence:
    """Run a fixed-step method with many steps and measure each run against the truth.

    Parameters
    ----------
    method : FixedStep or callable
        A solver whose `dt` is replaced, or a function from a step (ms) to a `Trajectory` or to spike times
        (ms): your own script.
    truth : Reference
    steps : sequence of float
        ms; better not nested.
    name : str, optional
        By default the solver's rules, or the function's name.
    progress : callable, optional
        Told each step before it is run.

    Returns
    -------
    Convergence

    Raises
    ------
    ModelError
        When a step is not a positive number.
    """
    for dt in steps:
        Number("ms", 0.0, open_low=True).check("dt", dt)
    if not isinstance(method, FixedStep) and not callable(method):
        raise ModelError(f"method must be a FixedStep or a function of dt, got {type(method).__name__}")
    rows = []
    for dt in steps:
        if progress:
            progress(dt)
        rows.append(measure(_run(method, truth.trajectory, dt), truth))
    if name is None:
        rules = f"{method.scheme}, {method.spike_time}" if isinstance(method, FixedStep) else ""
        name = rules or getattr(method, "__name__", type(method).__name__)
    return Convergence(name, np.array(steps, dtype=float), tuple(rows), truth)


def _run(method: Method, truth: Trajectory, dt: float) -> Trajectory | npt.ArrayLike:
    if not isinstance(method, FixedStep):
        return method(dt)
    solver = attrs.evolve(method, dt=dt)
    return solver.solve(truth.neuron, truth.stimulus, t_start=truth.t_start, t_end=truth.t_end)
