"""Whole ensembles at once: one model under many parameters, in threads, processes or on a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from natrium.model import AnyNeuron, ModelError, Stimulus
from natrium.model.arrays import Array
from natrium.solvers.base import Solver, manifest
from natrium.solvers.ensembles.ensemble import Ensemble, assemble
from natrium.solvers.ensembles.grid import Columns, outer, runs_of
from natrium.solvers.ensembles.schedule import Schedule
from natrium.solvers.progress import progress as show_bar
from natrium.solvers.runs import Chunk, Runs
from natrium.solvers.simulate import choose_solver


def simulate_many(
    neuron: AnyNeuron,
    stimulus: Stimulus | Sequence[Stimulus] | None = None,
    *,
    t_end: float,
    t_start: float = 0.0,
    parameters: Mapping[str, npt.ArrayLike] | None = None,
    grid: Mapping[str, npt.ArrayLike] | None = None,
    stimuli: Sequence[Stimulus | Sequence[Stimulus] | None] | None = None,
    sample_times: npt.ArrayLike | None = None,
    solver: str | Solver = "compiled",
    workers: int | None = None,
    executor: Executor | None = None,
    chunk: int | None = None,
    progress: bool = False,
    **options: Any,
) -> Ensemble:
    """Run a neuron many times.

    Parameters
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Stimulus or sequence of Stimulus, optional
        Of all runs; several add up.
    t_end, t_start : float
        Span, ms.
    parameters : mapping of str to array_like, shape (n_runs,)
        Values of parameters, one per run, by their names (see `natrium.parameters`): ``"g_Na"``,
        ``"I_0"``, ``"seed_0"``, ...; a single number holds for all runs. ``"I"`` is the amplitude of the one
        stimulus that has one, or of a constant input where there is no stimulus.
    grid : mapping of str to array_like
        Instead: axes, of which every combination is run, the last axis varying fastest.
    stimuli : sequence, optional
        Instead of `stimulus`: one per run.
    sample_times : array_like, shape (n_times,), optional
        Increasing times at which states are wanted, ms.
    solver : {"compiled", "event", "script", "closed-form"} or Solver
        As in `simulate`.
    workers : int, optional
        Threads of the compiled solver, as many as there are cores by default; with an executor, how many
        workers it has.
    executor : concurrent.futures.Executor, optional
        Who carries the runs: a pool of processes, or a Dask cluster's ``Client(...).get_executor()``.
        Results are the same to the last bit.
    chunk : int, optional
        Runs that are carried together; by default as many as last some seconds.
    progress : bool
        Show a progress bar, in a terminal or a notebook.
    **options
        Of the solver named, such as ``rtol``.

    Returns
    -------
    Ensemble
        In the order of the parameters. A run that fails is flagged, and so are runs left over after Ctrl-C.

    Raises
    ------
    ModelError, StimulusError
        When what is given breaks a rule; the first such run is named.
    UnsupportedModel
        When the solver does not solve such models.

    Examples
    --------
    >>> import natrium
    >>> neuron = natrium.Neuron(tau_m=10.0, tau_ref=2.0, v_rest=-70.0, v_thresh=-55.0)
    >>> found = natrium.simulate_many(
    ...     neuron, t_end=50.0, grid={"tau_ref": [1.0, 2.0], "I": [10.0, 20.0, 30.0]}, solver="closed-form"
    ... )
    >>> found.on_axes(found.counts).tolist()
    [[0, 3, 6], [0, 3, 5]]
    >>> found.train(4).round(6).tolist()
    [13.862944, 29.725887, 45.588831]
    """
    if parameters is not None and grid is not None:
        raise ModelError("give parameters (one value per run) or a grid (axes), got both")
    if stimuli is not None and grid is not None:
        raise ModelError("stimuli are one per run, got them beside a grid: give arrays of parameters")
    solver = choose_solver(solver, options)
    axes: Columns = {}
    columns: Mapping[str, npt.ArrayLike] = parameters or {}
    if grid is not None:
        axes, columns = outer(grid)
    runs = runs_of(neuron, stimulus, columns, stimuli=stimuli, t_start=t_start, t_end=t_end)
    times = check_sample_times(sample_times, runs)
    schedule = Schedule(solver, runs, times, executor=executor, workers=workers, chunk=chunk)
    done: list[tuple[int, Chunk]] = []
    with suppress(KeyboardInterrupt):  # between two chunks; the rest counts as not run
        for start, found in show_progress(schedule, runs.n_runs, progress):
            done.append((start, found))
    shown = dict(zip(columns, runs.varied.values(), strict=True))
    return assemble(
        runs,
        done,
        axes=axes or {"run": np.arange(runs.n_runs)},
        parameters=shown,
        sample_times=times,
        manifest=manifest(solver, neuron, runs.stimulus),
    )


def check_sample_times(times: npt.ArrayLike | None, runs: Runs) -> Array | None:
    """Take the times at which states are wanted.

    Raises
    ------
    ModelError
        When they are no row of increasing numbers within the span.
    """
    if times is None:
        return None
    found = np.array(times, dtype=float)
    if found.ndim != 1 or not found.size or not np.all(np.isfinite(found)) or np.any(np.diff(found) <= 0.0):
        raise ModelError("sample_times must be a row of finite numbers that increase")
    if found[0] < runs.t_start or found[-1] > runs.t_end:
        raise ModelError(
            f"sample_times must lie within the run, [{runs.t_start!r}, {runs.t_end!r}] ms, got "
            f"{found[0].item()!r} to {found[-1].item()!r} ms"
        )
    return found


def show_progress(
    schedule: Iterable[tuple[int, Chunk]], n_runs: int, wanted: bool, done: int = 0
) -> Iterator[tuple[int, Chunk]]:
    """Give chunks as they come, under a progress bar where that is wanted and seen, `done` runs behind it."""
    if not wanted:
        yield from schedule
        return
    with show_bar("runs", n_runs) as tell:
        tell(done, None)
        for start, chunk in schedule:
            done += chunk.counts.size
            tell(done, None)
            yield start, chunk
