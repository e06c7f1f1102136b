"""One run, drawn."""

from __future__ import annotations

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from natrium.figures.style import COLORS, styled
from natrium.solvers import Trajectory

SAMPLES = 2000  # over a run: finer than any screen


def plot_trajectory(trajectory: Trajectory, ax: Axes | None = None) -> Axes:
    """Draw V, its spikes and the threshold.

    Parameters
    ----------
    trajectory : Trajectory
    ax : matplotlib.axes.Axes, optional
        Drawn into; a new figure by default.
    """
    with styled():
        if ax is None:
            ax = plt.subplots(figsize=(7.0, 3.2), layout="constrained")[1]
        t, y = trajectory.sample((trajectory.t_end - trajectory.t_start) / SAMPLES)
        ax.plot(t, y[0], color=COLORS["hold"], label="V")
        threshold = trajectory.neuron.v_thresh
        if trajectory.neuron.fires:
            ax.axhline(threshold, color=COLORS["threshold"], linestyle="--", linewidth=0.9, label="threshold")
        if trajectory.n_spikes:
            heights = [threshold] * trajectory.n_spikes
            ax.plot(trajectory.spike_times, heights, "|", color="black", markersize=12, label="spike")
        ax.set(xlabel="Time (ms)", ylabel="Membrane potential (mV)")
        ax.set_xlim(trajectory.t_start, trajectory.t_end)
        ax.legend(loc="upper left", bbox_to_anchor=(0.0, 1.12), ncols=3)
    return ax
