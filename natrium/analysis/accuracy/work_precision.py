"""What accuracy costs: error against right-hand-side calls and wall time, for every solver there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import attrs

from natrium.analysis.accuracy.measure import Accuracy, measure
from natrium.analysis.accuracy.truth import Reference
from natrium.analysis.result import Result
from natrium.model import SolverError, UnsupportedModel
from natrium.model.scales import scales_of
from natrium.solvers import ClosedForm, Compiled, EventDriven, FixedStep, Solver, Trajectory
from natrium.solvers.flags import RunFlag

_TRUE_RULES: dict[str, Any] = {"refractory": "exact", "label": "end", "read": "split", "edges": "half-open"}

FAMILIES: dict[str, FixedStep] = {
    "script": FixedStep(dt=0.1),
    "RK4, on the grid": FixedStep(dt=0.1, scheme="rk4", spike_time="grid", **_TRUE_RULES),
    "Euler, linear": FixedStep(dt=0.1, scheme="euler", spike_time="linear", **_TRUE_RULES),
    "exponential Euler, linear": FixedStep(
        dt=0.1, scheme="exponential-euler", spike_time="linear", **_TRUE_RULES
    ),
    "Heun, linear": FixedStep(dt=0.1, scheme="heun", spike_time="linear", **_TRUE_RULES),
    "RK4, cubic": FixedStep(dt=0.1, scheme="rk4", spike_time="cubic", **_TRUE_RULES),
}
"""Fixed-step methods that are compared, by name: the script's, then each scheme with the rule it deserves."""

RTOLS = (1e-4, 1e-6, 1e-8, 1e-10)
WORK_STEPS = (0.199, 0.1, 0.0497, 0.0251, 0.0127)  # ms, or of the scale of time
# Steps that a study spends on one run: minutes would go into the finest alone.
MOST_STEPS = 200_000
# A run is timed again until this much time has gone into it, three times at most; the best counts.
ENOUGH, MOST_REPEATS = 0.05, 3


@attrs.frozen(eq=False, repr=False)
class WorkRow(Result):
    """One solver at one setting.

    Attributes
    ----------
    method, setting : str
    solver : Solver
    rhs_evaluations : int
    seconds : float
        Wall time, the best of up to three runs, s.
    accuracy : Accuracy
    """

    method: str
    setting: str
    solver: Solver
    rhs_evaluations: int
    seconds: float
    accuracy: Accuracy

    def row(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "method": self.method,
            "setting": self.setting,
            "rhs_evaluations": self.rhs_evaluations,
            "seconds": self.seconds,
            "spike_error_ms": self.accuracy.spike_error,
            "missed": self.accuracy.missed,
            "extra": self.accuracy.extra,
            "voltage_error_mV": self.accuracy.voltage_error,
        }


def affordable(steps: Sequence[float], duration: float, unit: float = 1.0) -> tuple[float, ...]:
    """Give steps in a unit (ms), but those too short for a study of a run of `duration` ms."""
    return tuple(dt * unit for dt in steps if duration / (dt * unit) <= MOST_STEPS)


def list_solvers(duration: float, unit: float = 1.0) -> dict[str, list[tuple[str, Solver]]]:
    """List every solver there is, with its settings.

    Parameters
    ----------
    duration : float
        Of the run, ms: steps that would take minutes are left out.
    unit : float
        What steps are multiplied by: the scale of time.

    Returns
    -------
    dict
        Name of each method to pairs of a setting's name and a solver.
    """
    methods: tuple[Literal["auto", "RK45", "Radau"], ...] = ("auto", "RK45", "Radau")
    listed: dict[str, list[tuple[str, Solver]]] = {
        f"event-driven, {method}": [
            (f"rtol {rtol:g}", EventDriven(method=method, rtol=rtol)) for rtol in RTOLS
        ]
        for method in methods
    }
    for name, family in FAMILIES.items():
        steps = affordable(WORK_STEPS, duration, unit)
        listed[name] = [(f"dt {dt:g} ms", attrs.evolve(family, dt=dt)) for dt in steps]
    listed["compiled"] = [(f"rtol {rtol:g}", Compiled(rtol=rtol)) for rtol in RTOLS]
    listed["closed form"] = [("exact", ClosedForm())]
    return listed


def work_precision(
    truth: Reference,
    most_calls: float = float("inf"),
    failed: Callable[[str, str, SolverError], None] | None = None,
) -> Iterator[WorkRow]:
    """Run every solver at several settings; give a row for each as it is done.

    A solver that cannot do the model is left out.

    Parameters
    ----------
    truth : Reference
    most_calls : float
        Right-hand-side calls of one method's settings together: finer ones that would need more are left out.
    failed : callable, optional
        Told a method, a setting and the error with which it ends, as where a state blows up.

    Yields
    ------
    WorkRow

    Raises
    ------
    SolverError
        When a run cannot be carried through and nothing is to be told of it.
    """
    trajectory = truth.trajectory
    unit = scales_of(trajectory.neuron).time
    for method, settings in list_solvers(trajectory.t_end - trajectory.t_start, unit).items():
        if not settings:
            continue
        try:
            # What is lowered or compiled once costs no run.
            if _solve(settings[0][1], trajectory).flags & RunFlag.FALLBACK:
                continue
        except UnsupportedModel:
            continue
        except SolverError:
            pass  # of this setting, below
        spent = last = 0
        for setting, solver in settings:
            if spent + last > most_calls:
                break
            try:
                run, seconds = _time(solver, trajectory)
            except SolverError as error:
                if failed is None:
                    raise
                failed(method, setting, error)
                continue
            last = run.rhs_evaluations
            spent += last
            yield WorkRow(method, setting, solver, run.rhs_evaluations, seconds, measure(run, truth))


def _solve(solver: Solver, truth: Trajectory) -> Trajectory:
    return solver.solve(truth.neuron, truth.stimulus, t_start=truth.t_start, t_end=truth.t_end)


def _time(solver: Solver, truth: Trajectory) -> tuple[Trajectory, float]:
    best, spent = float("inf"), 0.0
    for _ in range(MOST_REPEATS):
        begun = time.perf_counter()
        run = _solve(solver, truth)
        took = time.perf_counter() - begun
        best, spent = min(best, took), spent + took
        if spent > ENOUGH:
            break
    return run, best
