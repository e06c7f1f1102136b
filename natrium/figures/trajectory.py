"""One run, drawn; and many."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from natrium.figures.style import COLORS, AnyFigure, state_axes, state_legend, state_looks, styled
from natrium.model import ModelError, lower
from natrium.model.leak import input_unit
from natrium.solvers import Ensemble, Trajectory

SAMPLES = 2000  # over a run: finer than any screen
HEIGHTS = {"V": 3.0, "gates": 1.8, "input": 1.1}
MOST_ROWS = 400  # trains of a raster: more are thinned


def plot_trajectory(
    trajectory: Trajectory,
    ax: Axes | None = None,
    *,
    gates: bool = False,
    input: bool = False,
    fig: AnyFigure | None = None,
) -> Axes | dict[str, Axes]:
    """Draw V, its spikes and the threshold; gates and input beneath it where they are asked for.

    Parameters
    ----------
    trajectory : Trajectory
    ax : matplotlib.axes.Axes, optional
        V is drawn into it; a new figure by default. With gates or input, a new figure it is.
    gates, input : bool
        Whether to show the other states, and the input.
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where the panels are made; a new figure by default.

    Returns
    -------
    Axes, or dict of str to Axes
        Of V alone, or of the panels by name: ``"V"``, ``"gates"``, ``"input"``.

    Raises
    ------
    ModelError
        When an axis is given for several panels.
    """
    shown = ["V", *(["gates"] if gates and len(trajectory.names) > 1 else []), *(["input"] if input else [])]
    if ax is not None and (gates or input):
        raise ModelError("one axis takes V alone, got gates or input as well: leave ax out")
    with styled():
        if ax is not None:
            axes = {"V": ax}
        else:
            ratios = [HEIGHTS[name] for name in shown]
            if fig is None:
                fig = plt.figure(figsize=(7.0, 0.2 + sum(ratios)), layout="constrained")
            rows = fig.subplots(len(shown), 1, sharex=True, squeeze=False, height_ratios=ratios)
            axes = dict(zip(shown, rows[:, 0], strict=True))
        t, y = trajectory.sample((trajectory.t_end - trajectory.t_start) / SAMPLES)
        _voltage(axes["V"], trajectory, t, y)
        if "gates" in axes:
            names, fractions = trajectory.names[1:], all(trajectory.neuron.system.fractions[1:])
            panels = state_axes(axes["gates"], names, y[1:], fractions=fractions)
            for (name, look), values in zip(state_looks(names).items(), y[1:], strict=True):
                panels[name].plot(t, values, label=name, **look)
            state_legend(axes["gates"], panels)
        if "input" in axes:
            fine = np.linspace(trajectory.t_start, trajectory.t_end, SAMPLES, endpoint=False)
            unit = input_unit(trajectory.neuron)
            levels = [unit.of(trajectory.stimulus(float(time))) for time in fine]
            axes["input"].step(fine, levels, where="post", color=COLORS["input"])
            axes["input"].set_ylabel(f"Input ({unit.name or 'I'})")
            axes["input"].margins(y=0.15)
        list(axes.values())[-1].set_xlabel("Time (ms)")
        axes["V"].set_xlim(trajectory.t_start, trajectory.t_end)
    return axes if gates or input else axes["V"]


def _voltage(ax: Axes, trajectory: Trajectory, t: Any, y: Any) -> None:
    ax.plot(t, y[0], color=COLORS["hold"], label="V")
    frame = lower(trajectory.neuron.system).frame
    if trajectory.neuron.fires:
        levels = np.broadcast_to(frame.threshold(y), t.shape)
        ax.plot(t, levels, color=COLORS["threshold"], linestyle="--", linewidth=0.9, label="threshold")
    if trajectory.n_spikes:
        heights = [float(frame.threshold(event.before)) for event in trajectory.events]
        ax.plot(trajectory.spike_times, heights, "|", color=COLORS["spike"], markersize=12, label="spike")
    ax.set_ylabel("Membrane potential (mV)")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1)


def plot_ensemble(
    ensemble: Ensemble, ax: Axes | None = None, *, fig: AnyFigure | None = None
) -> Axes | dict[str, Axes]:
    """Draw the spikes of all runs, run by run, and beside them their rates.

    Parameters
    ----------
    ensemble : Ensemble
    ax : matplotlib.axes.Axes, optional
        The spikes alone are drawn into it; a new figure of both by default.
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where both are drawn; a new figure by default.

    Returns
    -------
    Axes, or dict of str to Axes
        ``"raster"`` and ``"rates"``, or the axis given.
    """
    with styled():
        if ax is None:
            if fig is None:
                fig = plt.figure(figsize=(8.0, 3.6), layout="constrained")
            left, right = fig.subplots(1, 2, sharey=True, width_ratios=[3.0, 1.0])
            axes = {"raster": left, "rates": right}
        else:
            axes = {"raster": ax}
        runs = np.unique(np.linspace(0, len(ensemble) - 1, min(MOST_ROWS, len(ensemble))).round().astype(int))
        trains = [ensemble.train(run) for run in runs.tolist()]
        axes["raster"].eventplot(
            trains, lineoffsets=runs, linelengths=0.8 * len(ensemble) / len(runs), colors=COLORS["spike"]
        )
        axes["raster"].set(xlabel="Time (ms)", ylabel="Run", xlim=(ensemble.t_start, ensemble.t_end))
        axes["raster"].set_ylim(-0.6, len(ensemble) - 0.4)
        axes["raster"].yaxis.set_major_locator(MaxNLocator(integer=True))
        if "rates" in axes:
            axes["rates"].plot(ensemble.rates[runs], runs, ".", color=COLORS["hold"])
            axes["rates"].set_xlabel("Rate (Hz)")
            axes["rates"].set_xlim(0.0, 1.08 * max(float(np.nanmax(ensemble.rates)), 1e-9))
    return axes if ax is None else ax
