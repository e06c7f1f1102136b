"""The figure of a script that was read: its samples beside the true course of the model it means."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from natrium.analysis import Reading
from natrium.figures.style import COLORS, AnyFigure, canvas, root_of, styled

FINE = 0.05  # ms between samples of a true course
MOST = 20_000  # samples of it


def plot_reading(reading: Reading, title: str, fig: AnyFigure | None = None) -> Figure:
    """Draw a script's voltage and the truth, the spikes of both, and the input that its steps read."""
    units, maps = reading.meant.units, reading.maps
    with styled():
        figure = canvas(fig, 7.2, 4.6)
        top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[3.2, 0.9, 0.9])
        figure.suptitle(title, fontsize=9.5)
        V = reading.record.samples[:, reading.record.states.index(maps.V)] * units.mV
        starts = reading.meant.clock.starts * units.ms
        times = np.append(starts, starts[-1] + maps.step * units.ms)
        if reading.record.solver:
            times, V = reading.record.times * units.ms, V[: reading.record.times.size]
        top.plot(times, V, color=COLORS["script"], label="script", drawstyle="default")
        if reading.truth is not None:
            run = reading.truth.trajectory
            t, y = run.sample(max(FINE, (run.t_end - run.t_start) / MOST))
            top.plot(t, y[0], color=COLORS["hold"], label="truth", linewidth=1.0)
            middle.eventplot([run.spike_times], lineoffsets=[0.0], colors=[COLORS["hold"]], linelengths=0.8)
        middle.eventplot([reading.spike_times], lineoffsets=[1.0], colors=[COLORS["script"]], linelengths=0.8)
        middle.set_yticks([0.0, 1.0], ["truth", "script"])
        middle.set_ylim(-0.6, 1.6)
        bottom.plot(starts, reading.meant.inputs, color=COLORS["input"], drawstyle="steps-post")
        top.set_ylabel("V (mV)")
        top.legend(loc="best")
        bottom.set_ylabel("input\n(script's unit)")
        bottom.set_xlabel("Time (ms)")
        figure.align_ylabels()
    return root_of(figure)
