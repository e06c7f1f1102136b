"""When a script's steps are, and which end of them its labels stand for."""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np

from natrium.analysis.doctor.reading.maps.maps import Maps
from natrium.analysis.doctor.reading.text.blocks import grown_at
from natrium.analysis.doctor.reading.text.labels import drawn_early
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Record
from natrium.model.arrays import Array

NEAR = 1e-6  # of a step


@attrs.frozen(eq=False)
class Clock:
    """When a script's steps are.

    Attributes
    ----------
    starts : ndarray, shape (n_steps,)
        When each step begins, in the script's time.
    reads : ndarray, shape (n_steps,)
        The time at which each reads its input.
    label : str
        ``"start"``: what is drawn after a step has the time of its start beside it; ``"end"``: of its end;
        empty where nothing tells.
    kept : str
        The same of the times that are kept of spikes.
    spikes : ndarray or None
        These times.
    line : int
        Where they are kept; 0 where none are.
    """

    starts: Array
    reads: Array
    label: str
    kept: str = ""
    spikes: Array | None = None
    line: int = 0

    @property
    def of_spikes(self) -> Literal["start", "end"]:
        """Which end of its step a spike is labelled by."""
        return "start" if (self.kept or self.label) == "start" else "end"


def counts_steps(maps: Maps) -> bool:
    """Tell whether the script's clock counts steps, not time; a solver is given the time itself."""
    times = maps.record.times
    if not maps.record.time or times.size < 2 or maps.record.solver:
        return False
    length = float(np.median(np.diff(times)))
    return abs(length - 1.0) < NEAR and abs(maps.step - 1.0) > NEAR


def clock_of(maps: Maps) -> Clock:
    """Find when the steps are, and by which end of its step a spike is kept."""
    clock, fired = _clock_of(maps), maps.spikes
    if maps.record.solver or not fired.size:
        return clock
    for name, kept in maps.record.lists.items():
        own = np.asarray(kept, dtype=float).ravel()
        for end, late in (("start", 0.0), ("end", maps.step)):
            if own.size == fired.size and np.allclose(
                own, clock.starts[fired] + late, rtol=0, atol=NEAR * maps.step
            ):
                line = grown_at(maps.record.source, name)
                return attrs.evolve(clock, kept=end, spikes=own, line=line)
    return clock


def _clock_of(maps: Maps) -> Clock:
    n, step, record = maps.record.order.size, maps.step, maps.record
    if record.solver:
        times = output_times(record)
        return Clock(times[:-1], times[:-1], "end")
    grid: Array = step * np.arange(n, dtype=np.float64)
    if not record.time or counts_steps(maps) or record.times.size != n:
        return Clock(grid, grid, _label(maps, grid))
    times = record.times
    first = float(times[0])
    if abs(first - step) < NEAR * step:  # the first step reads the time at which it ends
        starts = times - step
        return Clock(starts, starts if _read_at_start(record) else times, "end")
    return Clock(times, times, _label(maps, times))


def _read_at_start(record: Record) -> bool:
    """Tell whether steps that read the time of their end read the input of their start, by its own list."""
    listed = [one for name, one in record.lists.items() if plain(name) == plain(record.input.split("#")[0])]
    inputs = np.asarray(record.inputs, dtype=float)
    for one in (np.asarray(values, dtype=float).ravel() for values in listed):
        at_start, at_end = one[: inputs.size], one[1 : inputs.size + 1]
        if np.array_equal(at_start, inputs) and not np.array_equal(at_end, inputs):
            return True
    return False


def output_times(record: Record) -> Array:
    """Give the times at which SciPy's solver was asked for, in the script's time."""
    low, high = float(np.min(record.times)), float(np.max(record.times))
    slack = 1e-9 * (high - low)
    named = sorted(record.lists, key=lambda one: not plain(one).lower().startswith("t"))
    for name in named:
        times = np.asarray(record.lists[name], dtype=float)
        rising = times.ndim == 1 and times.size > 2 and bool(np.all(np.diff(times) > 0))
        # Of a run that events end, spikes are kept too, be it another run's.
        own = bool(record.restarts) and (times.size <= len(record.restarts) + 1 or times[0] > low + slack)
        if rising and not own and low - slack <= times[0] and abs(times[-1] - high) <= 0.2 * (high - low):
            return times
    return np.asarray(np.linspace(low, high, 1001), dtype=np.float64)


def _label(maps: Maps, starts: Array) -> str:
    """Tell by the script's own lists which time stands beside what a step makes."""
    V = maps.record.samples[:, maps.record.states.index(maps.V)]
    n = starts.size
    lists = [np.asarray(one, dtype=float).ravel() for one in maps.record.lists.values()]
    for drawn in lists:
        if drawn.size == n and n > 2 and np.array_equal(drawn, V[1:]) and not np.array_equal(drawn, V[:-1]):
            for labels in lists:
                if labels.size == n and np.allclose(labels, starts, rtol=0, atol=NEAR * maps.step):
                    return "start"
                if labels.size == n and np.allclose(
                    labels, starts + maps.step, rtol=0, atol=NEAR * maps.step
                ):
                    return "end"
        if drawn.size in (n, n + 1) and n > 2 and np.array_equal(drawn, V[: drawn.size]):
            return "end"
    early = drawn_early(maps.record.source, maps.main.updates[maps.V].line)
    on_grid = n > 1 and abs(float(starts[1] - starts[0]) - maps.step) < NEAR * maps.step
    return {True: "start", False: "end", None: ""}[early] if on_grid else ""
