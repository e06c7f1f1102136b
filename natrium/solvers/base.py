"""What all solvers share: the contract, the check of a run, its trajectory and its manifest."""

from __future__ import annotations

import hashlib
import json
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import attrs
import numpy as np

from natrium.model import (
    AnyNeuron,
    Model,
    ModelError,
    Simulation,
    SolverError,
    Stimulus,
    StimulusError,
    Sum,
    UnsupportedModel,
    as_stimulus,
    check_neuron,
    to_dict,
)
from natrium.model.arrays import Array
from natrium.model.rates import Range
from natrium.model.simulation import check_span
from natrium.model.versions import version_of
from natrium.solvers.history import Event, History, Segment
from natrium.solvers.trajectory import Trajectory


@runtime_checkable
class Solver(Protocol):
    """What makes a trajectory of a model: any object with this method; `BaseSolver` helps to write one."""

    def solve(
        self,
        neuron: AnyNeuron,
        stimulus: Stimulus | Sequence[Stimulus] | None = None,
        *,
        t_start: float = 0.0,
        t_end: float,
    ) -> Trajectory:
        """Run a neuron from `t_start` to `t_end` (ms)."""
        ...


@attrs.frozen(eq=False)
class Run:
    """One checked run: what a solver is given."""

    neuron: Any
    stimulus: Sum
    # t_start and t_end: span, ms.
    t_start: float
    t_end: float

    @classmethod
    def check(
        cls,
        neuron: AnyNeuron,
        stimulus: Stimulus | Sequence[Stimulus] | None,
        t_start: float,
        t_end: float,
    ) -> Self:
        """Check what every solver is given.

        Raises
        ------
        ModelError, StimulusError
            When the neuron is none, the stimulus is none, or the span is not finite and forward.
        """
        check_neuron(neuron)
        run = cls(neuron, as_stimulus(stimulus), *check_span(t_start, t_end))
        system = neuron.system
        for kick in run.stimulus.kicks():
            if system.place_of(kick.target) is None:
                names = ", ".join((*system.labels, *(name for name, _ in system.inlets)))
                raise StimulusError(
                    f"spikes must come to a state of the neuron, {names}, got {kick.target!r}"
                )
        return run

    def kicks(self) -> dict[float, list[tuple[int, float]]]:
        """Give the jumps of states within the run: by time (ms), the place of each and how far it jumps."""
        found: dict[float, list[tuple[int, float]]] = {}
        for kick in self.stimulus.kicks():
            if self.t_start <= kick.time < self.t_end:
                place = self.neuron.system.place_of(kick.target)
                assert place is not None  # as checked
                found.setdefault(kick.time, []).append((place, kick.amount))
        return found

    @property
    def duration(self) -> float:
        """Length of the span, ms."""
        return self.t_end - self.t_start

    def trajectory(
        self,
        made_by: BaseSolver,
        segments: Sequence[Segment],
        events: Sequence[Event],
        **more: Any,
    ) -> Trajectory:
        """Give the trajectory of the run: what a solver found, with the run's own facts and its manifest."""
        return self.tell(made_by, History.of(segments, events), **more)

    def tell(
        self, made_by: BaseSolver, history: History, *, method: str, solver: str | None = None, **more: Any
    ) -> Trajectory:
        """Give the trajectory of a run whose course may be told later."""
        return Trajectory(
            neuron=self.neuron,
            stimulus=self.stimulus,
            names=self.neuron.system.labels,
            t_start=self.t_start,
            t_end=self.t_end,
            history=history,
            solver=made_by.name if solver is None else solver,
            method=method,
            made_by=made_by,
            manifest=Manifest(made_by, self.neuron, self.stimulus),
            **more,
        )


class BaseSolver(ABC):
    """Base of the solvers.

    To add a solver you need to:

    1. Write a frozen attrs class that derives from this one, in a file of its own. Its settings are its
       fields, each with its rule; they enter the manifest of every run.
    2. Set `name`: what `simulate`, model files and the command line call it; and `any_equations`: whether it
       solves a `HybridNeuron` too, or sums of channels only.
    3. Implement ``_solve(run)``: from a checked `Run` to a `Trajectory`, by ``run.trajectory(self, segments,
       events, method=...)``. Times are counted from ``run.t_start``; a spike at t <= t_end counts; the last
       segment ends at t_end, after a reset that falls there. What cannot be carried through ends in a
       `SolverError`; what is not for this solver in `UnsupportedModel`, whose message names one that does it.
    4. Implement ``of(simulation)``: the solver that a model file's [simulation] asks for.
    5. Give, where it is known, the error of each spike time: ``spike_time_errors(trajectory)``.
    6. List it in `natrium.solvers.simulate.SOLVERS`, and its name in `natrium.model.simulation.SOLVERS`. The
       tests that run over all solvers then run over it too.

    A solver that carries many runs at once has a method ``solve_runs`` besides; see `natrium.solvers.runs`.
    """

    name: ClassVar[str]
    any_equations: ClassVar[bool] = False
    takes_kicks: ClassVar[bool] = False  # whether states may jump at given times
    heeds_rates: ClassVar[bool] = True  # whether a run must stay where the rates keep their rules
    needs: ClassVar[tuple[str, ...]] = ()  # packages, besides the usual ones, on which results depend

    __slots__ = ()

    def solve(
        self,
        neuron: AnyNeuron,
        stimulus: Stimulus | Sequence[Stimulus] | None = None,
        *,
        t_start: float = 0.0,
        t_end: float,
    ) -> Trajectory:
        """Run a neuron.

        Parameters
        ----------
        neuron : Neuron or HybridNeuron
        stimulus : Stimulus or sequence of Stimulus, optional
            No input by default.
        t_start, t_end : float
            Span, ms.

        Raises
        ------
        ModelError, StimulusError
            When what is given breaks a rule.
        UnsupportedModel
            When it is not for this solver; the message names one that it is for.
        SolverError
            When the run cannot be carried through: `TooManySpikes`, `StepLimit`, or `NotDefined`, where a
            value is not finite (the time is named).
        """
        run = Run.check(neuron, stimulus, t_start, t_end)
        if not (neuron.of_channels or self.any_equations):
            raise UnsupportedModel(
                f"this solver knows neurons of channels only, got a {type(neuron).__name__}: use EventDriven "
                "(--solver event)"
            )
        if not self.takes_kicks and run.kicks():
            raise UnsupportedModel(
                f"a {type(self).__name__} knows inputs alone, got spikes that move a state: use EventDriven "
                "(--solver event)"
            )
        return _within_rates(self._solve(run)) if self.heeds_rates else self._solve(run)

    @abstractmethod
    def _solve(self, run: Run) -> Trajectory:
        """Carry one checked run through."""

    @classmethod
    @abstractmethod
    def of(cls, simulation: Simulation) -> Self:
        """Make the solver that a model file's [simulation] asks for."""

    def spike_time_errors(self, trajectory: Trajectory) -> Array:
        """Estimate the error of every spike time of a run, shape (n_spikes,), ms; NaN where none is known."""
        return np.full(trajectory.n_spikes, np.nan)


def _within_rates(trajectory: Trajectory) -> Trajectory:
    """Refuse a run that gets where a rate breaks its rules; name the rates that do so elsewhere."""
    said = []
    for label, held in _rate_ranges(trajectory.neuron):
        for segment in trajectory.segments:
            V = segment.values[0]
            worst = float(V.min() if V.min() < held.low else V.max())
            if not held.low <= worst <= held.high:
                raise SolverError(
                    f"{label}: {held.below if worst < held.low else held.above}; the run gets to "
                    f"V = {worst:.6g} mV in the stretch from {segment.begin:.9g} to {segment.end:.9g} ms; "
                    "where little is wrong, bound it with min or max: min(1, ...)"
                )
        if held.below or held.above:
            said.append(f"{label}: {held.below or held.above}; this run stays clear of that")
        if held.slight:
            said.append(f"{label}: {held.slight}; so little is taken as it is written")
    return attrs.evolve(trajectory, warnings=(*trajectory.warnings, *said)) if said else trajectory


@lru_cache(maxsize=32)
def _rate_ranges(neuron: AnyNeuron) -> tuple[tuple[str, Range], ...]:
    return neuron.rate_ranges


@cache
def _versions(needs: tuple[str, ...]) -> dict[str, str]:
    packages = ("natrium", "numpy", "scipy", "sympy", *needs)
    return {"python": platform.python_version()} | {name: version_of(name) for name in packages}


class Manifest(Mapping[str, Any]):
    """What made a run, put together when first asked for: to hash a long record takes longer than to run it.

    Parameters
    ----------
    solver : Any
    neuron : Neuron or HybridNeuron
    stimulus : Sum
    """

    def __init__(self, solver: Any, neuron: AnyNeuron, stimulus: Sum) -> None:
        self._of = solver, neuron, stimulus

    @cached_property
    def _facts(self) -> dict[str, Any]:
        return manifest(*self._of)

    def __getitem__(self, key: str) -> Any:
        """Give one fact."""
        return self._facts[key]

    def __iter__(self) -> Iterator[str]:
        """Give the names of all facts."""
        return iter(self._facts)

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self._facts)

    def __repr__(self) -> str:
        """Show the facts."""
        return repr(self._facts)

    def __reduce__(self) -> Any:
        """Copy and pickle as the facts themselves."""
        return dict, (self._facts,)


def manifest(solver: Any, neuron: AnyNeuron, stimulus: Sum) -> dict[str, Any]:
    """Say what made a run: versions, settings and a hash of the model."""
    fields = attrs.asdict(solver) if attrs.has(type(solver)) else getattr(solver, "__dict__", {})
    settings = {
        key: value for key, value in fields.items() if isinstance(value, (str, int, float, bool, dict))
    }
    return {
        "versions": dict(_versions(getattr(solver, "needs", ()))),
        "solver": type(solver).__name__,
        "settings": settings,
        "model_sha256": hash_model(neuron, stimulus),
    }


@lru_cache(maxsize=32)
def hash_model(neuron: AnyNeuron, stimulus: Stimulus) -> str:
    """Give the SHA-256 of a model's numbers and expressions, or say why there is none."""
    try:
        content = json.dumps(to_dict(Model(neuron=neuron, stimulus=stimulus)), sort_keys=True)
    except ModelError:
        if neuron.of_channels:
            return "none: the stimulus is a Python function"
        content = repr((neuron, stimulus))
    return hashlib.sha256(content.encode()).hexdigest()
