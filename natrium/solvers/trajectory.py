"""What a run gives: states in time, spikes with both sides of each jump, and how it was done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from natrium.model import AnyNeuron, Number, Sum
from natrium.model.arrays import Array
from natrium.model.checks import as_numbers
from natrium.model.plots import figure_of, find_plot
from natrium.solvers.exchange.blocks import run_block, write_nwb
from natrium.solvers.exchange.labelled import run_dataset, run_frame
from natrium.solvers.exchange.objects import run_objects
from natrium.solvers.flags import RunFlag
from natrium.solvers.history import Event, History, Segment
from natrium.solvers.saving import write_run

if TYPE_CHECKING:
    import xarray


@attrs.frozen(eq=False, kw_only=True, slots=False, repr=False)
class Trajectory:
    """The course of one run.

    Attributes
    ----------
    neuron : Neuron or HybridNeuron
    stimulus : Sum
        Model and input that were run.
    names : tuple of str
        ``"V"``, then the gates as ``"Na.m"``.
    t_start, t_end : float
        Span, ms.
    history : History
        Where `segments` and `events` come from.
    solver, method : str
        What made it, by name.
    made_by : BaseSolver
        The solver itself, with its settings.
    rhs_evaluations : int
        Calls of the right-hand side.
    flags : RunFlag
        Whether a graze is undecided, whether another solver carried it.
    warnings : tuple of str
        What could not be decided, or was done otherwise than asked.
    statistics : mapping
        More about the run: steps per method and the like.
    extras : mapping
        Arrays that one solver alone gives, such as the script's refractory counter.
    manifest : mapping
        Versions, settings and a hash of the model.
    """

    neuron: AnyNeuron
    stimulus: Sum
    names: tuple[str, ...]
    t_start: float
    t_end: float
    history: History = attrs.field(repr=False)
    solver: str
    method: str
    made_by: Any = attrs.field(repr=False)
    rhs_evaluations: int
    warnings: tuple[str, ...] = ()
    flags: RunFlag = attrs.field(default=RunFlag(0))
    statistics: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    extras: Mapping[str, Array] = attrs.field(factory=dict, repr=False)
    manifest: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The pieces between jumps, in order."""
        return self.history.segments

    @property
    def events(self) -> tuple[Event, ...]:
        """The spikes, with the states before and after each."""
        return self.history.events

    @cached_property
    def t(self) -> Array:
        """The solver's own times, shape (n_times,), ms; a time repeats at a jump."""
        return np.concatenate([segment.begin + segment.knots for segment in self.segments])

    @cached_property
    def y(self) -> Array:
        """States at `t`, shape (n_states, n_times): V in mV, gates without unit."""
        return np.concatenate([segment.values for segment in self.segments], axis=1)

    @property
    def V(self) -> Array:
        """Membrane potential at `t`, shape (n_times,), mV."""
        return np.asarray(self.y[0])

    def __getitem__(self, name: str) -> Array:
        """Give one state at `t` by its name, ``"V"`` or ``"Na.m"``, shape (n_times,)."""
        if name not in self.names:
            raise KeyError(f"state must be one of {', '.join(self.names)}, got {name!r}")
        return np.asarray(self.y[self.names.index(name)])

    @property
    def spike_times(self) -> Array:
        """Times of the spikes, shape (n_spikes,), ms."""
        return self.history.spike_times.copy()

    @cached_property
    def spike_time_errors(self) -> Array:
        """Estimated error of each spike time, shape (n_spikes,), ms, as its solver tells it (made once)."""
        return np.asarray(self.made_by.spike_time_errors(self))

    @property
    def n_spikes(self) -> int:
        """How many spikes there are."""
        return int(self.history.spike_times.size)

    @property
    def final_state(self) -> dict[str, float]:
        """The state at the end, by name."""
        return dict(zip(self.names, map(float, self.segments[-1].values[:, -1]), strict=True))

    def state(self, t: Any, side: Literal["left", "right"] = "right") -> Array:
        """Give the state at any time of the run.

        Parameters
        ----------
        t : float or array_like, shape (n_times,)
            ms, within [t_start, t_end].
        side : {"right", "left"}
            At a jump: the state after it, or before it.

        Returns
        -------
        ndarray, shape (n_states,) or (n_states, n_times)

        Raises
        ------
        ValueError
            When a time lies outside the run.
        """
        times = np.atleast_1d(as_numbers("t", t))
        low, high = (float(times.min()), float(times.max())) if times.size else (self.t_start, self.t_end)
        if not self.t_start <= low <= high <= self.t_end:
            raise ValueError(
                f"t must lie within the run, [{self.t_start!r}, {self.t_end!r}] ms, "
                f"got {low!r} to {high!r} ms"
            )
        segments, begins = self.segments, self._begins
        first, last = np.maximum(begins.searchsorted([low, high], side) - 1, 0).tolist()
        if first == last:
            states = np.ascontiguousarray(segments[first].at(times))
        else:
            states = np.empty((len(self.names), times.size))
            index = np.maximum(begins.searchsorted(times, side) - 1, 0)
            for number in np.unique(index).tolist():
                here = index == number
                states[:, here] = segments[number].at(times[here])
        return states[:, 0] if np.ndim(t) == 0 else states

    @cached_property
    def _begins(self) -> Array:
        return np.array([segment.begin for segment in self.segments])

    def sample(self, step: float) -> tuple[Array, Array]:
        """Sample the run finely, both sides of every jump included: for plotting.

        Parameters
        ----------
        step : float
            Largest distance of two samples, ms.

        Returns
        -------
        t : ndarray, shape (n_times,)
            ms; a time repeats at a jump.
        y : ndarray, shape (n_states, n_times)
        """
        Number("ms", 0.0, open_low=True).check("step", step)
        times, states = [], []
        for segment in self.segments:
            count = max(2, int(np.ceil((segment.end - segment.begin) / step)) + 1)
            local = np.linspace(0.0, segment.knots[-1], count)
            times.append(segment.begin + local)
            states.append(segment.state(local))
        return np.concatenate(times), np.concatenate(states, axis=1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the run into one NetCDF file, dense output included; `natrium.load_run` reads it.

        Parameters
        ----------
        path : path
            Of the file, such as ``"run.nc"``; it is there whole or not at all.

        Raises
        ------
        ModelError
            When the file cannot be written, the model cannot be written as a model file (own equations, an
            input that is a Python function), or the solver is not natrium's own.
        """
        write_run(self, path)

    def to_pandas(self, step: float | None = None) -> Any:
        """Give states and input as a table; needs the extra ``natrium[data]``.

        Parameters
        ----------
        step : float, optional
            Between two rows, ms; by default the solver's own times, of which a jump has two.

        Returns
        -------
        pandas.DataFrame
            A row per time (the index, ms), a column per state, the input as ``"I"``; units, spike times
            and what made the run in ``.attrs``.

        Raises
        ------
        ModelError
            When pandas is not installed, or the step is not positive.
        """
        return run_frame(self, step)

    def to_xarray(self, step: float | None = None) -> xarray.Dataset:
        """Give states, input and spikes as a labelled data set; needs the extra ``natrium[data]``.

        Parameters
        ----------
        step : float, optional
            As of `to_pandas`.

        Returns
        -------
        xarray.Dataset
            States and input along ``t``, spikes with their errors and both sides of each jump along
            ``spike``, with units; what made the run in ``.attrs``.

        Raises
        ------
        ModelError
            As of `to_pandas`.
        """
        return run_dataset(self, step)

    def to_neo(self, step: float | None = None) -> Any:
        """Give the run as a block of Neo; needs the extra ``natrium[neo]``.

        Parameters
        ----------
        step : float, optional
            As of `to_pandas`; with it signals are regular ones.

        Returns
        -------
        neo.Block
            One segment: a signal per state and of the input, the spike train with the error of each
            spike; the model file, versions and settings as annotations. ``neo.NixIO`` writes it.

        Raises
        ------
        ModelError
            As of `to_pandas`.
        """
        return run_block(self, step)

    def to_nwb(
        self,
        path: str | os.PathLike[str],
        step: float | None = None,
        *,
        session_start_time: datetime | None = None,
    ) -> None:
        """Write the run into an NWB file, by Neo; needs the extra ``natrium[nwb]``.

        States are acquired, the input is a stimulus, spikes are a unit; times are in seconds there.

        Parameters
        ----------
        path : path
            Of the file; it is there whole or not at all.
        step : float, optional
            As of `to_neo`.
        session_start_time : datetime, optional
            With a time zone; by default now.

        Raises
        ------
        ModelError
            As of `to_pandas`, or when the file cannot be written.
        """
        write_nwb(run_block(self, step), path, session_start_time)

    def to_pynapple(self, step: float | None = None) -> dict[str, Any]:
        """Give the run as pynapple's objects, in seconds to nanoseconds; needs ``natrium[pynapple]``.

        Parameters
        ----------
        step : float, optional
            As of `to_pandas`.

        Returns
        -------
        dict of str to object
            ``"spikes"`` (TsGroup), ``"states"``, ``"input"`` (TsdFrame, with units), ``"provenance"``.

        Raises
        ------
        ModelError
            As of `to_pandas`.
        """
        return run_objects(self, step)

    def plot(self, ax: Any = None, *, gates: bool = False, input: bool = False) -> Any:
        """Plot V, spikes and threshold; gates and input beneath it where they are asked for.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Drawn into; a new figure by default.
        gates, input : bool
            Whether to show the other states, and the input.

        Returns
        -------
        Axes, or dict of str to Axes
            Of V alone, or of the panels by name.

        Raises
        ------
        NatriumError
            When the package is not installed whole: its figures are looked up among what is installed.
        """
        return find_plot("trajectory")(self, ax=ax, gates=gates, input=input)

    def __repr__(self) -> str:
        """Say what was run and when it fired, in a few lines."""
        spikes = ", ".join(f"{time:.9g}" for time in self.spike_times[:8])
        more = ", ..." if self.n_spikes > 8 else ""
        lines = [
            f"Trajectory: {self.n_spikes} spike{'s' * (self.n_spikes != 1)} from {self.t_start:g} to "
            f"{self.t_end:g} ms, by {self.solver} ({self.method})",
            f"spike_times: {spikes or 'none'}{more}{' ms' if spikes else ''}",
            f"names: {', '.join(self.names[:8])}{', ...' if len(self.names) > 8 else ''}",
            *(f"warning: {warning}" for warning in self.warnings[:3]),
        ]
        return "\n    ".join(lines)

    def _repr_html_(self) -> str:
        """Show a run in a notebook."""
        spikes = ", ".join(f"{time:.6f}" for time in self.spike_times[:10])
        more = ", …" if self.n_spikes > 10 else ""
        rows = {
            "span": f"{self.t_start:g} to {self.t_end:g} ms",
            "solver": f"{self.solver} ({self.method}), {self.rhs_evaluations} right-hand-side calls",
            f"{self.n_spikes} spike{'s' * (self.n_spikes != 1)}": f"{spikes}{more} ms" if spikes else "–",
            "warnings": "; ".join(self.warnings) or "none",
        }
        cells = "".join(f"<tr><th style='text-align:left'>{k}</th><td>{v}</td></tr>" for k, v in rows.items())
        return f"{figure_of(self)}<table><caption>natrium trajectory</caption>{cells}</table>"
