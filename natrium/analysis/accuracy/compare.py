"""The whole comparison of one model: its script, the truth, every fixed-step method and every solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from natrium.analysis.accuracy.budget import Budget, error_budget
from natrium.analysis.accuracy.convergence import STEPS, Convergence, convergence, reason
from natrium.analysis.accuracy.findings import findings, summary
from natrium.analysis.accuracy.script import Comparison, compare_script
from natrium.analysis.accuracy.truth import Reference
from natrium.analysis.accuracy.work_precision import (
    FAMILIES,
    WorkRow,
    affordable,
    list_solvers,
    work_precision,
)
from natrium.analysis.result import Result
from natrium.model import Model, SolverError
from natrium.model.scales import scales_of

SHARP = 1e-6  # ms, or of the scale of time: the accuracy whose price is told
MOST_CALLS = 200_000  # of the right-hand side that a study spends on one method's steps, or settings


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Study(Result):
    """How far each method is from a model's truth, and what accuracy costs.

    Attributes
    ----------
    comparison : Comparison
        The model as a script with its own step, against the truth.
    truth : Reference
        The truth with its error bars.
    budget : Budget or None
        The script's distance cause by cause.
    convergences : tuple of Convergence
        One per fixed-step method.
    work : tuple of WorkRow
        Every solver at several settings.
    failed : mapping of str to mapping of str to str
        By method, the settings that do not get through, as where a coarse step lets the state blow up, and
        the reason of each.
    interrupted : bool
        Whether it was ended before all was done; what is here is whole.
    """

    comparison: Comparison
    truth: Reference
    budget: Budget | None = None
    convergences: tuple[Convergence, ...] = ()
    work: tuple[WorkRow, ...] = ()
    failed: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)
    interrupted: bool = False

    @property
    def model(self) -> Model:
        """The model compared."""
        return self.comparison.model

    @property
    def unit(self) -> float:
        """What lengths of time that are meant in ms are multiplied by."""
        return scales_of(self.model.neuron).time

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """Settings that would have taken more than `MOST_CALLS` calls of a method, by its name."""
        steps = {item.name: tuple(f"dt {dt:g} ms" for dt in item.left_out) for item in self.convergences}
        duration = self.truth.trajectory.t_end - self.truth.trajectory.t_start
        done = {(row.method, row.setting) for row in self.work}
        for method, settings in list_solvers(duration, self.unit).items():
            if not self.interrupted and any(name == method for name, _ in done):
                ended = self.failed.get(method, {})
                left = (setting for setting, _ in settings if (method, setting) not in done)
                missing = tuple(setting for setting in left if setting not in ended)
                steps[method] = tuple(dict.fromkeys([*steps.get(method, ()), *missing]))
        return {name: settings for name, settings in steps.items() if settings}

    def without(self, method: str, setting: str, error: SolverError | str) -> Study:
        """Add a setting that does not get through."""
        why = error if isinstance(error, str) else reason(error)
        return attrs.evolve(
            self, failed={**self.failed, method: {**self.failed.get(method, {}), setting: why}}
        )

    def _left_out(self) -> list[str]:
        if not self.left_out:
            return []
        listed = "; ".join(f"{name}: {settings[0]} and finer" for name, settings in self.left_out.items())
        return [f"Left out, as one method gets {MOST_CALLS} right-hand-side calls: {listed}."]

    def _failed(self) -> list[str]:
        if not self.failed:
            return []
        listed = []
        for name, settings in self.failed.items():
            first, *others = settings
            more = f" and at {', '.join(others)}" if others else ""
            listed.append(f"{name}, {first} ({settings[first]}){more}")
        return [f"Not carried through, and left out: {'; '.join(listed)}."]

    def table(self) -> list[dict[str, Any]]:
        """Give one row per spike of the script and its model."""
        return self.comparison.table()

    def sentences(self) -> list[str]:
        """Give what was found, in plain words."""
        return [
            *findings(self.comparison, budget=self.budget),
            *_doubt(self.truth),
            *self._left_out(),
            *self._failed(),
            *_orders(self.convergences),
            *_price(self.work, SHARP * self.unit),
        ]

    def summary(self) -> list[str]:
        """Give what was found and what to change, in at most five sentences."""
        return summary(self.comparison, self.budget)

    def data(self) -> dict[str, Any]:
        """Give everything as plain data."""
        return {
            "dt_ms": self.comparison.dt,
            "facts": self.comparison.facts(),
            "script_spikes_ms": self.comparison.script.spike_times.tolist(),
            "true_spikes_ms": self.truth.spike_times.tolist(),
            "true_spike_errors_ms": self.truth.spike_time_errors.tolist(),
            "undecided": list(self.truth.undecided),
            "spikes": self.comparison.table(),
            "budget": self.budget.table() if self.budget else [],
            "convergence": [
                {
                    "method": item.name,
                    "order": attrs.asdict(item.order) if item.order else None,
                    "voltage_order": attrs.asdict(item.voltage_order) if item.voltage_order else None,
                    "rows": item.table(),
                }
                for item in self.convergences
            ],
            "work_precision": [row.row() for row in self.work],
            "left_out": {"most_calls": MOST_CALLS, "settings": self.left_out},
            "failed": dict(self.failed),
            "summary": self.summary(),
            "findings": self.sentences(),
            "interrupted": self.interrupted,
        }


def compare(model: Model, progress: Callable[[str], None] | None = None) -> Study:
    """Compare a model's script with the truth, and all methods with each other.

    Parameters
    ----------
    model : Model
        With `dt` and `t_end` in its simulation.
    progress : callable, optional
        Told what is being done, once before each part.

    Returns
    -------
    Study
        After Ctrl-C once the truth is there: what was done so far, marked as interrupted.

    Raises
    ------
    ModelError
        When the model has no `dt` or no `t_end`.
    SolverError
        When the script or its model cannot be carried through; settings of others that cannot are `failed`.
    """
    tell = progress or (lambda message: None)
    tell("replaying the script and solving its model")
    comparison = compare_script(model)
    truth = comparison.reference
    done = Study(comparison=comparison, truth=truth)

    def lost(method: str, setting: str, error: SolverError) -> None:
        nonlocal done
        done = done.without(method, setting, error)

    steps = affordable(STEPS, comparison.truth.t_end - comparison.truth.t_start, done.unit)
    try:
        tell("the error, cause by cause")
        try:
            done = attrs.evolve(done, budget=error_budget(comparison))
        except SolverError as error:  # of one of the schemes between the script's and the truth
            lost("error budget", f"dt {comparison.dt:g} ms", error)
        for name, family in FAMILIES.items():
            tell(f"{name}: many steps")
            made = convergence(family, truth, steps, name=name, most_calls=MOST_CALLS)
            done = attrs.evolve(done, convergences=(*done.convergences, made))
            for dt, why in made.failed:
                done = done.without(name, f"dt {dt:g} ms", why)
        tell("every solver at several settings")
        for row in work_precision(truth, MOST_CALLS, lost):
            done = attrs.evolve(done, work=(*done.work, row))
            tell(f"{row.method}: {row.setting}")
    except KeyboardInterrupt:
        return attrs.evolve(done, interrupted=True)
    return done


def _doubt(truth: Reference) -> list[str]:
    return [f"Undecided: {reason}." for reason in truth.undecided]


def _orders(convergences: tuple[Convergence, ...]) -> list[str]:
    said = [
        f"{item.name}: order {item.order.value:.2f} ± {item.order.uncertainty:.2f}"
        for item in convergences
        if item.order
    ]
    return [f"Observed orders of the spike times: {'; '.join(said)}."] if said else []


def _price(work: tuple[WorkRow, ...], wanted: float) -> list[str]:
    """Say which methods reach an accuracy, and for how many calls."""
    sharp = [row for row in work if row.accuracy.spike_error <= wanted and row.rhs_evaluations]
    if not sharp:
        return []
    cheapest = min(sharp, key=lambda row: row.seconds)
    fixed = [row for row in sharp if row.setting.startswith("dt")]
    other = min(fixed, key=lambda row: row.seconds, default=None)
    said = (
        f"Every spike to {wanted:g} ms: {cheapest.method} ({cheapest.setting}) does it in {_cost(cheapest)}"
    )
    if other is None:
        return [f"{said}; none of the fixed steps tried does it."]
    if other is cheapest:
        return [f"{said}."]
    return [f"{said}, the best fixed step ({other.method}, {other.setting}) in {_cost(other)}."]


def _cost(row: WorkRow) -> str:
    return f"{row.seconds * 1e3:.3g} ms and {row.rhs_evaluations} right-hand-side calls"
