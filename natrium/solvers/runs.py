"""Many runs of one model, and what a solver gives for them: the contract between ensembles and solvers.

A solver that carries many runs at once has a method ``solve_runs(runs, sample_times)`` which gives a
`Chunk`; one that has none is called run by run, by `solve_one_by_one`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model import (
    AnyNeuron,
    ModelError,
    NatriumError,
    Parameter,
    Sum,
    UnsupportedModel,
    as_stimulus,
    change_stimulus,
    resolve,
)
from natrium.model.arrays import Array
from natrium.model.parameter import check_known
from natrium.solvers.base import Run, Solver
from natrium.solvers.flags import RunFlag


def _columns(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _as_stimuli(value: Any) -> Any:
    return None if value is None else tuple(as_stimulus(item) for item in value)


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Runs:
    """One model many times, some of its parameters varied.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Sum
        What all runs have in common.
    stimuli : tuple of Sum, optional
        Instead: one per run.
    varied : mapping of str to ndarray, shape (n_runs,)
        Values of parameters by their names (see `natrium.parameters`); `v_reset` and `v_init` stay where
        `v_rest` moves.
    t_start, t_end : float
        Span, ms.

    Raises
    ------
    ModelError, StimulusError
        When there is no such parameter, or a value breaks a rule: the first such run is named.
    """

    neuron: AnyNeuron
    stimulus: Sum = attrs.field(default=None, converter=as_stimulus)
    stimuli: tuple[Sum, ...] | None = attrs.field(default=None, converter=_as_stimuli)
    varied: Mapping[str, npt.NDArray[Any]] = attrs.field(factory=dict, converter=_columns)
    t_start: float = 0.0
    t_end: float

    def __attrs_post_init__(self) -> None:
        """Check names, lengths and values, all of it before anything runs."""
        Run.check(self.neuron, self.stimulus, self.t_start, self.t_end)
        if self.varied:
            check_known(self.parameters, self.varied, "a parameter")
        lengths = {name: np.shape(column) for name, column in self.varied.items()}
        if self.stimuli is not None:
            lengths["stimuli"] = (len(self.stimuli),)
        if (
            any(len(shape) != 1 or not shape[0] for shape in lengths.values())
            or len(set(lengths.values())) > 1
        ):
            told = ", ".join(f"{name}: {shape}" for name, shape in lengths.items())
            raise ModelError(f"values must be as many for each parameter, one per run, got shapes {told}")
        for name, column in self.varied.items():
            if column.dtype.kind not in "iuf":
                raise ModelError(f"values of {name} must be numbers, got an array of {column.dtype}")
        for index in self._suspects():
            try:
                self.neuron_at(index)
                self.stimulus_at(index)
            except NatriumError as error:
                where = f"run {index} of {self.n_runs} ({self.describe(index)})"
                raise type(error)(f"{where}: {error}") from None

    @property
    def n_runs(self) -> int:
        """How many runs there are."""
        if self.stimuli is not None:
            return len(self.stimuli)
        return len(next(iter(self.varied.values()))) if self.varied else 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the states."""
        return self.neuron.system.labels

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter of the model by its name, with its facts."""
        return resolve(self.neuron, self.stimulus)

    def _names(self) -> tuple[list[str], list[str]]:
        """Give the varied names: the neuron's, and the input's."""
        ours = [name for name in self.varied if self.parameters[name].part is None]
        return ours, [name for name in self.varied if name not in ours]

    @property
    def neuron_varies(self) -> bool:
        """Whether a parameter of the neuron varies, and not of the input alone."""
        return bool(self.varied and self._names()[0])

    def neuron_at(self, index: int) -> AnyNeuron:
        """Give the neuron of one run."""
        values = self._values(self._names()[0], index)
        changed: AnyNeuron = self.neuron.changed(values) if values else self.neuron
        return changed

    def stimulus_at(self, index: int) -> Sum:
        """Give the input of one run."""
        if self.stimuli is not None:
            return self.stimuli[index]
        values = self._values(self._names()[1], index)
        return change_stimulus(self.stimulus, values) if values else self.stimulus

    def _values(self, names: Sequence[str], index: int) -> dict[str, float]:
        return {name: self.varied[name][index].item() for name in names}

    def describe(self, index: int) -> str:
        """Name one run's parameters with their values."""
        values = self._values(tuple(self.varied), index)
        return ", ".join(f"{name} = {value!r}" for name, value in values.items()) or "as given"

    def part(self, which: slice | npt.ArrayLike) -> Runs:
        """Give some of the runs, by their indices or a slice."""
        if not isinstance(which, slice):
            which = np.asarray(which)
        stimuli = None
        if self.stimuli is not None:
            chosen = np.arange(self.n_runs)[which].tolist()
            stimuli = tuple(self.stimuli[index] for index in chosen)
        return attrs.evolve(
            self, varied={name: column[which] for name, column in self.varied.items()}, stimuli=stimuli
        )

    @property
    def structural(self) -> tuple[str, ...]:
        """The varied names whose values make other equations."""
        return tuple(name for name in self.varied if self.parameters[name].structural)

    def by_equations(self) -> Iterator[tuple[npt.NDArray[np.int64], Runs]]:
        """Give the runs group by group, each of one set of equations, with their indices."""
        names = self.structural
        rows = np.stack([self.varied[name] for name in names], axis=1)
        kinds, group = np.unique(rows, axis=0, return_inverse=True)
        for number, row in enumerate(kinds.tolist()):
            which = np.flatnonzero(group.ravel() == number)
            part = self.part(which)
            neuron = self.neuron.changed(dict(zip(names, row, strict=True)))
            # What is left to vary may be nothing: the runs are then told apart by the input alone.
            left = {name: column for name, column in part.varied.items() if name not in names}
            stimuli = part.stimuli or (None if left else (self.stimulus,) * which.size)
            yield which, attrs.evolve(part, neuron=neuron, varied=left, stimuli=stimuli)

    def _suspects(self) -> list[int]:
        """Give the runs that break a rule if any does.

        Each field's rule is an interval (finite numbers, for whole numbers the whole ones): the least and the
        largest value tell. Rules between two fields are looked at in all runs at once.
        """
        found: dict[int, None] = {}
        for name, column in self.varied.items():
            found |= {int(np.argmin(column)): None, int(np.argmax(column)): None}
            if column.dtype.kind == "f" and self.parameters[name].whole:
                found[int(np.argmax(column != np.floor(column)))] = None
        for broken in self._contradictions() if self.varied else ():
            if np.any(broken):
                found[int(np.argmax(broken))] = None
        return list(found)

    def _contradictions(self) -> Iterator[Any]:
        """Tell, for each rule between two fields, which runs break it."""
        values: dict[str, Any] = {name: one.value for name, one in self.parameters.items()} | dict(
            self.varied
        )
        for name in self.neuron.below_threshold if self.neuron.fires else ():
            yield values[name] >= values["v_thresh"]
        for index, part in enumerate(self.stimulus.parts):
            names = {one.field: name for name, one in self.parameters.items() if one.part == index}
            for less, more in part.in_order:
                if less in names and more in names:
                    yield values[names[less]] > values[names[more]]


@attrs.frozen(kw_only=True, eq=False)
class Chunk:
    """What a solver gives for some runs.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_runs,)
        Spikes of each run.
    spike_times : ndarray, shape (n_spikes,)
        All spikes, run after run, in order, ms.
    final_states : ndarray, shape (n_runs, n_states)
        NaN where there is none.
    samples : ndarray, shape (n_runs, n_states, n_times), or None
        States at the times asked for.
    flags : ndarray of uint8, shape (n_runs,)
        Bits of `RunFlag`.
    steps : ndarray of int64, shape (n_runs,)
        Steps taken.
    messages : dict of int to str
        Why a run failed, or fell back to another solver, or what it warns of, by its index.
    """

    counts: npt.NDArray[np.int64]
    spike_times: Array
    final_states: Array
    samples: Array | None
    flags: npt.NDArray[np.uint8]
    steps: npt.NDArray[np.int64]
    messages: dict[int, str] = attrs.field(factory=dict)


@runtime_checkable
class ManyRuns(Protocol):
    """A solver that carries many runs at once."""

    def solve_runs(self, runs: Runs, sample_times: Array | None) -> Chunk:
        """Carry all runs through; a run that cannot be is flagged, not the end of the others."""
        ...


def leave_unsolved(runs: Runs, sample_times: Array | None, flag: RunFlag, message: str = "") -> Chunk:
    """Give the chunk of runs without a result: NaN, no spikes, one flag, one message with the parameters."""
    n, n_states = runs.n_runs, len(runs.labels)
    return Chunk(
        counts=np.zeros(n, np.int64),
        spike_times=np.empty(0),
        final_states=np.full((n, n_states), np.nan),
        samples=None if sample_times is None else np.full((n, n_states, sample_times.size), np.nan),
        flags=np.full(n, flag, np.uint8),
        steps=np.zeros(n, np.int64),
        messages={k: f"{runs.describe(k)}: {message}" for k in range(n)} if message else {},
    )


def solve_one_by_one(solver: Solver, runs: Runs, sample_times: Array | None = None) -> Chunk:
    """Carry runs through one after another with any solver.

    Parameters
    ----------
    solver : Solver
    runs : Runs
    sample_times : ndarray, shape (n_times,), optional
        Times at which states are wanted, ms.

    Returns
    -------
    Chunk
        A run that cannot be carried through is flagged `FAILED`, its message names its parameters.

    Raises
    ------
    UnsupportedModel
        When the solver does not solve such models.
    """
    chunk = leave_unsolved(runs, sample_times, RunFlag(0))
    trains = []
    for k in range(runs.n_runs):
        try:
            made = solver.solve(
                runs.neuron_at(k), runs.stimulus_at(k), t_start=runs.t_start, t_end=runs.t_end
            )
        except UnsupportedModel:
            raise
        except NatriumError as error:
            chunk.flags[k] = RunFlag.FAILED
            chunk.messages[k] = f"{runs.describe(k)}: {error}"
            continue
        trains.append(made.spike_times)
        chunk.counts[k] = made.n_spikes
        chunk.final_states[k] = made.segments[-1].values[:, -1]
        chunk.steps[k] = sum(made.statistics.get("steps", {}).values())
        if chunk.samples is not None and sample_times is not None:
            chunk.samples[k] = made.state(sample_times)
        if made.warnings:
            chunk.messages[k] = "; ".join(made.warnings)
        chunk.flags[k] = made.flags
    return attrs.evolve(chunk, spike_times=np.concatenate(trains) if trains else np.empty(0))


def take(chunk: Chunk, which: npt.NDArray[np.int64]) -> Chunk:
    """Give what a chunk has of some runs, by their increasing indices."""
    kept = np.zeros(chunk.counts.size, dtype=bool)
    kept[which] = True
    return Chunk(
        counts=chunk.counts[which],
        spike_times=chunk.spike_times[np.repeat(kept, chunk.counts)],
        final_states=chunk.final_states[which],
        samples=None if chunk.samples is None else chunk.samples[which],
        flags=chunk.flags[which],
        steps=chunk.steps[which],
        messages={k: chunk.messages[run] for k, run in enumerate(which.tolist()) if run in chunk.messages},
    )


def merge(n_runs: int, parts: Sequence[tuple[npt.NDArray[np.int64], Chunk]]) -> Chunk:
    """Put chunks of some of the runs each together: pairs of the runs' indices and their chunk."""
    first = parts[0][1]
    samples = None if first.samples is None else np.empty((n_runs, *first.samples.shape[1:]))
    whole = Chunk(
        counts=np.zeros(n_runs, np.int64),
        spike_times=np.concatenate([chunk.spike_times for _, chunk in parts]),
        final_states=np.empty((n_runs, first.final_states.shape[1])),
        samples=samples,
        flags=np.zeros(n_runs, np.uint8),
        steps=np.zeros(n_runs, np.int64),
    )
    for which, chunk in parts:
        for name in ("counts", "final_states", "flags", "steps"):
            getattr(whole, name)[which] = getattr(chunk, name)
        if samples is not None:
            samples[which] = chunk.samples
        indices = which.tolist()
        whole.messages.update({indices[k]: message for k, message in chunk.messages.items()})
    owners = np.concatenate([np.repeat(which, chunk.counts) for which, chunk in parts])
    return attrs.evolve(whole, spike_times=whole.spike_times[np.argsort(owners, kind="stable")])
