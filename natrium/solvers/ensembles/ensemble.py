"""What many runs give: ragged spike trains, statistics per run, views along the axes of a grid."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from natrium.model import SolverError
from natrium.model.arrays import Array
from natrium.model.plots import figure_of, find_plot
from natrium.solvers.exchange.blocks import ensemble_block, write_nwb
from natrium.solvers.exchange.labelled import dataset, ensemble_frame
from natrium.solvers.exchange.objects import ensemble_objects
from natrium.solvers.flags import SHORT, RunFlag
from natrium.solvers.runs import Chunk, Runs

if TYPE_CHECKING:
    import xarray

Flags = npt.NDArray[np.bool_]

SHOWN = 5  # failures told in a message


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Ensemble:
    """The results of many runs, in the order of their parameters.

    Attributes
    ----------
    axes : mapping of str to ndarray
        The grid's axes by name, in order; ``{"run": 0, 1, ...}`` where parameters were given as arrays.
    parameters : mapping of str to ndarray, shape (n_runs,)
        The varied parameters of each run.
    units : mapping of str to str
        Units of the parameters that have one.
    names : tuple of str
        The states: ``"V"``, then the gates as ``"Na.m"``.
    t_start, t_end : float
        Span, ms.
    spike_times : ndarray, shape (n_spikes,)
        All spikes, run after run, ms.
    offsets : ndarray of int64, shape (n_runs + 1,)
        Where each run's spikes begin and end in `spike_times`.
    final_states : ndarray, shape (n_runs, n_states)
        V in mV, gates without unit; NaN of a run that failed.
    sample_times : ndarray, shape (n_times,), or None
        ms.
    samples : ndarray, shape (n_runs, n_states, n_times), or None
        States at those times; at a jump, after it.
    flags : ndarray of uint8, shape (n_runs,)
        Bits 1: grazing threshold, 2: carried by the fallback, 4: failed, 8: not run (interrupted).
    steps : ndarray of int64, shape (n_runs,)
        Steps taken.
    messages : mapping of int to str
        Failures, with their parameters, and warnings, by the run's index.
    manifest : mapping
        Versions, settings and a hash of the model.
    """

    axes: Mapping[str, npt.NDArray[Any]]
    parameters: Mapping[str, npt.NDArray[Any]]
    units: Mapping[str, str] = attrs.field(factory=dict)
    names: tuple[str, ...]
    t_start: float
    t_end: float
    spike_times: Array
    offsets: npt.NDArray[np.int64]
    final_states: Array
    sample_times: Array | None = None
    samples: Array | None = None
    flags: npt.NDArray[np.uint8]
    steps: npt.NDArray[np.int64]
    messages: Mapping[int, str] = attrs.field(factory=dict)
    manifest: Mapping[str, Any] = attrs.field(factory=dict)

    # --- the runs --------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Give the number of runs."""
        return int(self.flags.size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(axis.size for axis in self.axes.values())

    def train(self, index: int) -> Array:
        """Give the spike times of one run, ms; negative indices count from the end.

        Raises
        ------
        IndexError
            When there is no such run.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"a run's index must be below {len(self)}, got {index}")
        index %= len(self)
        return np.asarray(self.spike_times[self.offsets[index] : self.offsets[index + 1]])

    def __iter__(self) -> Iterator[Array]:
        """Give the spike train of each run, ms."""
        return (self.train(index) for index in range(len(self)))

    def on_axes(self, values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Give values of all runs, shape (n_runs, ...), along the axes: those of `shape`, then the rest."""
        values = np.asarray(values)
        return values.reshape(self.shape + values.shape[1:])

    def final(self, name: str) -> Array:
        """Give one state at the end of each run, shape (n_runs,).

        Raises
        ------
        KeyError
            When there is no such state.
        """
        if name not in self.names:
            raise KeyError(f"state must be one of {', '.join(self.names)}, got {name!r}")
        return np.asarray(self.final_states[:, self.names.index(name)])

    # --- how they went ---------------------------------------------------------------------------

    @property
    def failed(self) -> Flags:
        """Which runs could not be carried through, shape (n_runs,)."""
        return (self.flags & RunFlag.FAILED) > 0

    @property
    def grazing(self) -> Flags:
        """Which runs come so near the threshold that a spike is undecided, shape (n_runs,)."""
        return (self.flags & RunFlag.GRAZE) > 0

    @property
    def fell_back(self) -> Flags:
        """Which runs another solver than the one asked for carried, shape (n_runs,)."""
        return (self.flags & RunFlag.FALLBACK) > 0

    @property
    def finished(self) -> Flags:
        """Which runs have a result, shape (n_runs,)."""
        return np.asarray((self.flags & (RunFlag.FAILED | RunFlag.NOT_RUN)) == 0)

    @property
    def complete(self) -> bool:
        """Whether every run was tried: False after Ctrl-C."""
        return not bool(np.any(self.flags & RunFlag.NOT_RUN))

    def raise_for_failures(self) -> None:
        """Raise a `SolverError` that names the runs that failed, if any did."""
        which = np.flatnonzero(self.failed)
        if which.size:
            told = [
                f"run {index}: {self.messages.get(index, 'no reason')}" for index in which[:SHOWN].tolist()
            ]
            more = f"; {which.size - SHOWN} more" if which.size > SHOWN else ""
            raise SolverError(f"{which.size} of {len(self)} runs failed: {'; '.join(told)}{more}")

    # --- statistics ------------------------------------------------------------------------------

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Spikes of each run, shape (n_runs,)."""
        return np.diff(self.offsets)

    @cached_property
    def rates(self) -> Array:
        """Spikes per time, shape (n_runs,), Hz; NaN of a run without a result."""
        rates = self.counts * (1000.0 / (self.t_end - self.t_start))
        return np.where(self.finished, rates, np.nan)

    @cached_property
    def first_spikes(self) -> Array:
        """Time of the first spike of each run, shape (n_runs,), ms; NaN without one."""
        found = np.full(len(self), np.nan)
        some = self.counts > 0
        found[some] = self.spike_times[self.offsets[:-1][some]]
        return found

    def intervals(self, index: int) -> Array:
        """Give the intervals between the spikes of one run, ms."""
        return np.diff(self.train(index))

    @cached_property
    def _all_intervals(self) -> tuple[Array, npt.NDArray[np.int64]]:
        """All intervals, and which run each is of."""
        owner = np.repeat(np.arange(len(self)), self.counts)
        within = owner[1:] == owner[:-1]
        return np.diff(self.spike_times)[within], owner[1:][within]

    def _mean(self, values: Array, owner: npt.NDArray[np.int64]) -> Array:
        sums = np.bincount(owner, weights=values, minlength=len(self))
        numbers = np.bincount(owner, minlength=len(self))
        with np.errstate(invalid="ignore"):  # 0/0 where there are none
            return np.asarray(sums / numbers)

    @cached_property
    def mean_intervals(self) -> Array:
        """Mean interval between spikes of each run, shape (n_runs,), ms; NaN with fewer than two."""
        return self._mean(*self._all_intervals)

    @cached_property
    def cvs(self) -> Array:
        """Standard deviation of a run's intervals over their mean, shape (n_runs,); NaN below two."""
        intervals, owner = self._all_intervals
        variances = self._mean((intervals - self.mean_intervals[owner]) ** 2, owner)
        return np.where(self.counts > 2, np.sqrt(variances) / self.mean_intervals, np.nan)

    # --- elsewhere -------------------------------------------------------------------------------

    def to_xarray(self) -> xarray.Dataset:
        """Give all of it as a labelled data set; needs the extra ``natrium[data]``.

        Returns
        -------
        xarray.Dataset
            Results along the axes, with units; spikes along ``spike``, as a contiguous ragged array over
            ``run`` (CF conventions): ``spike_count`` says how many belong to each run.

        Raises
        ------
        ModelError
            When xarray is not installed.
        """
        return dataset(self)

    def to_pandas(self) -> Any:
        """Give a table of the runs; needs the extra ``natrium[data]``.

        Returns
        -------
        pandas.DataFrame
            A row per run: its parameters, count, rate (Hz), first spike and mean interval (ms), state at
            the end, how it went; units and versions in ``.attrs``.

        Raises
        ------
        ModelError
            When pandas is not installed.
        """
        return ensemble_frame(self)

    def to_neo(self) -> Any:
        """Give the runs as a block of Neo; needs the extra ``natrium[neo]``.

        Returns
        -------
        neo.Block
            A segment per run, its parameters as annotations: the spike train, and signals where states
            were sampled. ``neo.NixIO`` writes it.

        Raises
        ------
        ModelError
            When Neo is not installed.
        """
        return ensemble_block(self)

    def to_nwb(self, path: str | os.PathLike[str], *, session_start_time: datetime | None = None) -> None:
        """Write the runs into an NWB file, by Neo; needs the extra ``natrium[nwb]``.

        Parameters
        ----------
        path : path
            Of the file; it is there whole or not at all.
        session_start_time : datetime, optional
            With a time zone; by default now.

        Raises
        ------
        ModelError
            When Neo or pynwb is not installed, or the file cannot be written.
        """
        write_nwb(ensemble_block(self), path, session_start_time)

    def to_pynapple(self) -> dict[str, Any]:
        """Give the runs as pynapple's objects, by name; needs the extra ``natrium[pynapple]``.

        Returns
        -------
        dict of str to object
            ``"spikes"``: TsGroup, a train per run, parameters as metadata; ``"samples"``: TsdTensor, shape
            (n_times, n_runs, n_states), where states were sampled; ``"provenance"``: what made them. Times
            are in seconds, rounded to nanoseconds.

        Raises
        ------
        ModelError
            When pynapple is not installed.
        """
        return ensemble_objects(self)

    def _rows(self) -> dict[str, str]:
        told = {
            "runs": f"{len(self)} ({' × '.join(f'{name}: {axis.size}' for name, axis in self.axes.items())})",
            "span": f"{self.t_start:g} to {self.t_end:g} ms",
            "spikes": f"{self.spike_times.size}",
        }
        for bit, kind in SHORT.items():
            if number := int(np.count_nonzero(self.flags & bit)):
                told[kind] = str(number)
        return told

    def plot(self, ax: Any = None) -> Any:
        """Plot the spikes of all runs, run by run, and their rates beside them.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            The spikes alone are drawn into it; a new figure of both by default.

        Returns
        -------
        Axes, or dict of str to Axes
            The axis given, or ``"raster"`` and ``"rates"``.
        """
        return find_plot("ensemble")(self, ax=ax)

    def __repr__(self) -> str:
        """Show the size, and how the runs went."""
        return f"Ensemble({', '.join(f'{key}: {value}' for key, value in self._rows().items())})"

    def _repr_html_(self) -> str:
        """Show an ensemble in a notebook."""
        cells = "".join(
            f"<tr><th style='text-align:left'>{escape(key)}</th><td>{escape(value)}</td></tr>"
            for key, value in self._rows().items()
        )
        return f"{figure_of(self)}<table><caption>natrium ensemble</caption>{cells}</table>"


def assemble(
    runs: Runs,
    chunks: Iterable[tuple[int, Chunk]],
    *,
    axes: Mapping[str, npt.NDArray[Any]],
    parameters: Mapping[str, npt.NDArray[Any]],
    sample_times: Array | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Ensemble:
    """Put chunks together, in whatever order they come; runs that none of them holds are not run.

    Parameters
    ----------
    runs : Runs
    chunks : iterable of (int, Chunk)
        Index of the first run of each, and its results.
    axes, parameters : mapping of str to ndarray
    sample_times : ndarray, shape (n_times,), optional
        ms.
    manifest : mapping, optional
    """
    n, n_states = runs.n_runs, len(runs.labels)
    counts, steps = np.zeros(n, np.int64), np.zeros(n, np.int64)
    flags = np.full(n, RunFlag.NOT_RUN, np.uint8)
    final_states = np.full((n, n_states), np.nan)
    samples = None if sample_times is None else np.full((n, n_states, sample_times.size), np.nan)
    trains: dict[int, Array] = {}
    messages: dict[int, str] = {}
    for start, chunk in chunks:
        here = slice(start, start + chunk.counts.size)
        counts[here], steps[here], flags[here] = chunk.counts, chunk.steps, chunk.flags
        final_states[here] = chunk.final_states
        if samples is not None:
            samples[here] = chunk.samples
        trains[start] = chunk.spike_times
        messages |= {start + index: message for index, message in chunk.messages.items()}
    return Ensemble(
        axes=axes,
        parameters=parameters,
        units=_units(runs),
        names=runs.labels,
        t_start=runs.t_start,
        t_end=runs.t_end,
        spike_times=np.concatenate([trains[start] for start in sorted(trains)] or [np.empty(0)]),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        final_states=final_states,
        sample_times=sample_times,
        samples=samples,
        flags=flags,
        steps=steps,
        messages=dict(sorted(messages.items())),
        manifest=manifest or {},
    )


def _units(runs: Runs) -> dict[str, str]:
    """Give the units of all parameters, under their short name the input's as well."""
    found = {name: one.unit for name, one in runs.parameters.items() if one.unit}
    return found | ({"I": runs.neuron.input_unit} if runs.neuron.input_unit else {})
