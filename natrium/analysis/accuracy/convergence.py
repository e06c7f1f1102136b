"""How far a run is from the truth, how sure the truth is, and how fast the distance shrinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import attrs
import numpy as np
import numpy.typing as npt

from natrium.analysis.accuracy.measure import Accuracy, measure
from natrium.analysis.accuracy.order import Order, observed_order
from natrium.analysis.accuracy.truth import Reference
from natrium.analysis.result import Result
from natrium.model import ModelError, Number, SolverError
from natrium.model.arrays import Array
from natrium.model.scales import scales_of
from natrium.solvers import FixedStep, Trajectory

# ms, or of the scale of time; ratios of no small whole numbers: halving can show the same grid-locked error
# every time.
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


Method = FixedStep | Callable[[float], Trajectory | npt.ArrayLike]


@attrs.frozen(eq=False, slots=False, repr=False)
class Convergence(Result):
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
    left_out : tuple of float
        Steps that were not taken, as they would have needed too many calls, ms.
    failed : tuple of (float, str)
        Steps at which the scheme does not get through, ms, each with the reason.
    """

    name: str
    steps: Array
    accuracies: tuple[Accuracy, ...]
    truth: Reference
    left_out: tuple[float, ...] = ()
    failed: tuple[tuple[float, str], ...] = ()

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
    steps: Sequence[float] | None = None,
    *,
    name: str | None = None,
    progress: Callable[[float], None] | None = None,
    most_calls: float = np.inf,
) -> Convergence:
    """Run a fixed-step method with many steps and measure each run against the truth.

    Parameters
    ----------
    method : FixedStep or callable
        A solver whose `dt` is replaced, or a function from a step (ms) to a `Trajectory` or to spike times
        (ms): your own script.
    truth : Reference
    steps : sequence of float, optional
        ms; better not nested. By default fourteen, from 0.199 to 0.0101 (of the neuron's scale of time).
    name : str, optional
        By default the solver's rules, or the function's name.
    progress : callable, optional
        Told each step before it is run.
    most_calls : float
        Right-hand-side calls of all runs together: steps that would need more are left out.

    Raises
    ------
    ModelError
        When a step is not a positive number.

    Notes
    -----
    A step at which a `FixedStep` ends in a `SolverError`, as of a state that blows up, is among `failed`; the
    others go on.
    """
    if steps is None:
        steps = [dt * scales_of(truth.trajectory.neuron).time for dt in STEPS]
    for dt in steps:
        Number("ms", 0.0, open_low=True).check("dt", dt)
    if not isinstance(method, FixedStep) and not callable(method):
        raise ModelError(f"method must be a FixedStep or a function of dt, got {type(method).__name__}")
    rows: list[Accuracy] = []
    taken: list[float] = []
    failed: list[tuple[float, str]] = []
    spent = last = 0.0
    for dt in steps:
        if spent + (last * taken[-1] / dt if taken else 0.0) > most_calls:
            break
        if progress:
            progress(dt)
        try:
            found = _run(method, truth.trajectory, dt)
        except SolverError as error:
            if callable(method):  # a function of the user's
                raise
            failed.append((dt, reason(error)))
            continue
        last = float(found.rhs_evaluations) if isinstance(found, Trajectory) else 0.0
        spent += last
        taken.append(dt)
        rows.append(measure(found, truth))
    if name is None:
        rules = f"{method.scheme}, {method.spike_time}" if isinstance(method, FixedStep) else ""
        name = rules or getattr(method, "__name__", type(method).__name__)
    left_out = tuple(steps[len(taken) + len(failed) :])
    return Convergence(name, np.array(taken, dtype=float), tuple(rows), truth, left_out, tuple(failed))


def reason(error: SolverError) -> str:
    """Give why a run did not get through, without what to do."""
    return str(error).split(": ", maxsplit=1)[0].split("; ", maxsplit=1)[0]


def _run(method: Method, truth: Trajectory, dt: float) -> Trajectory | npt.ArrayLike:
    if not isinstance(method, FixedStep):
        return method(dt)
    solver = attrs.evolve(method, dt=dt)
    return solver.solve(truth.neuron, truth.stimulus, t_start=truth.t_start, t_end=truth.t_end)
