"""Figures of the notebook's scripts: the script's own plot, the comparison, the ladder of steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from natrium.analysis import Budget, Comparison, LadderRow
from natrium.figures.style import COLORS, SERIES, new_figure, styled

FINE = 0.05  # ms between samples of a true course
GATE_LINES = ("-", "--", "-.", ":")


def plot_script(comparison: Comparison, title: str) -> Figure:
    """Draw what the script itself plots: its samples of V against its labels.

    Parameters
    ----------
    comparison : Comparison
    title : str
        The script's own title.
    """
    with styled():
        figure = new_figure(6.4, 3.6)
        ax = figure.subplots()
        script = comparison.script
        ax.plot(script.t, script.V, color=COLORS["script"])
        ax.set(title=title, xlabel="Time (ms)", ylabel="Membrane Potential (mV)")
        ax.margins(x=0.01)
    return figure


def plot_comparison(comparison: Comparison, title: str) -> Figure:
    """Draw script and truth: V, spike times under both rules, gates, input.

    Parameters
    ----------
    comparison : Comparison
    title : str
    """
    has_gates = len(comparison.script.names) > 1
    has_spikes = any(run.n_spikes for run in (comparison.script, *comparison.truths.values()))
    heights = {"V": 3.2, "spikes": 1.0, "gates": 2.0, "input": 0.9}
    shown = [
        name
        for name in heights
        if not (name == "gates" and not has_gates) and not (name == "spikes" and not has_spikes)
    ]
    with styled():
        figure = new_figure(7.2, 0.9 + sum(heights[name] for name in shown) * 0.95)
        rows = figure.subplots(len(shown), 1, sharex=True, height_ratios=[heights[name] for name in shown])
        axes: dict[str, Axes] = dict(zip(shown, np.atleast_1d(rows), strict=True))
        figure.suptitle(title, fontsize=9.5)
        _voltage(axes["V"], comparison)
        if has_spikes:
            _raster(axes["spikes"], comparison)
        if has_gates:
            _gates(axes["gates"], comparison)
        _input(axes["input"], comparison)
        axes["input"].set_xlabel("Time (ms)")
        axes["input"].set_xlim(comparison.truth.t_start, comparison.truth.t_end)
        figure.align_ylabels()
    return figure


def _voltage(ax: Axes, comparison: Comparison) -> None:
    neuron, script = comparison.model.neuron, comparison.script
    t, y = comparison.truth.sample(FINE)
    ax.plot(t, y[0], color=COLORS["hold"], label=f"truth ({neuron.refractory})")
    ax.plot(
        script.t, script.V, color=COLORS["script"], linewidth=1.1, label=f"script, dt = {comparison.dt:g} ms"
    )
    if neuron.fires:
        ax.axhline(neuron.v_thresh, color=COLORS["threshold"], linestyle="--", linewidth=0.9)
        ax.annotate(
            "threshold",
            (0.005, neuron.v_thresh),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize=8,
            color=COLORS["threshold"],
        )
    ax.set_ylabel("V (mV)")
    ax.margins(y=0.08)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.1)


def _raster(ax: Axes, comparison: Comparison) -> None:
    own = comparison.model.neuron.refractory
    other = {"hold": "clamp", "clamp": "hold"}[own]
    rows = [
        ("script", comparison.script.spike_times, COLORS["script"]),
        (f"truth ({own})", comparison.truths[own].spike_times, COLORS["hold"]),
        (f"truth ({other})", comparison.truths[other].spike_times, COLORS["clamp"]),
    ]
    for height, (_, times, color) in enumerate(rows):
        ax.eventplot([times], lineoffsets=[-height], linelengths=0.75, linewidths=1.8, colors=[color])
    ax.set_yticks([0, -1, -2], [label for label, _, _ in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-2.6, 0.6)
    ax.set_ylabel("spikes")


def _gates(ax: Axes, comparison: Comparison) -> None:
    t, y = comparison.truth.sample(FINE)
    script = comparison.script
    colors: dict[str, str] = {}
    channels: dict[str, str] = {}
    for index, name in enumerate(script.names[1:], start=1):
        channel, gate = name.split(".")
        color = colors.setdefault(gate, SERIES[len(colors) % len(SERIES)])
        line = channels.setdefault(channel, GATE_LINES[len(channels) % len(GATE_LINES)])
        ax.plot(t, y[index], color=color, linestyle=line, label=name)
        ax.plot(script.t, script.y[index], color=color, linestyle=line, linewidth=0.7, alpha=0.55)
    ax.set(ylabel="gates", ylim=(-0.03, 1.03))
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 0.98),
        ncols=4,
        borderaxespad=0.1,
        title="truth; thin: script",
        title_fontsize=8,
        alignment="left",
    )


def _input(ax: Axes, comparison: Comparison) -> None:
    truth = comparison.truth
    t = np.arange(truth.t_start, truth.t_end, FINE)
    values = [comparison.model.stimulus(float(time)) for time in t]
    ax.step(t, values, where="post", color=COLORS["input"], linewidth=1.2)
    ax.fill_between(t, values, step="post", color=COLORS["input"], alpha=0.12, linewidth=0)
    ax.set_ylabel("I (mV)")
    ax.margins(y=0.15)


def plot_ladder(comparison: Comparison, ladder: Sequence[LadderRow], title: str) -> Figure:
    """Draw how each spike's difference to the truth shrinks with the step.

    Parameters
    ----------
    comparison : Comparison
    ladder : sequence of LadderRow
    title : str
    """
    with styled():
        figure = new_figure(6.0, 4.0)
        ax = figure.subplots()
        steps = np.array([row.dt for row in ladder])
        for number in range(comparison.truth.n_spikes):
            sizes = [
                abs(row.differences[number]) if number < len(row.differences) else np.nan for row in ladder
            ]
            color = SERIES[number % len(SERIES)]
            ax.loglog(
                steps, sizes, "os^Dv"[number % 5], color=color, markersize=5, label=f"spike {number + 1}"
            )
        line = np.array([steps.min() * 0.8, steps.max() * 1.25])
        largest = max(row.largest / row.dt for row in ladder)
        ax.loglog(line, largest * line, color=COLORS["threshold"], linewidth=1.0, label=r"$\propto$ dt")
        ax.set(title=title, xlabel="Step dt (ms)", ylabel="|script's label − true time| (ms)")
        ax.set_xticks([0.003, 0.01, 0.03, 0.1], ["0.003", "0.01", "0.03", "0.1"])
        ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
        ax.legend(loc="upper left")
    return figure


def plot_budget(budget: Budget, title: str) -> Figure:
    """Draw each spike's error as stacked bars, cause by cause, with the total marked.

    Parameters
    ----------
    budget : Budget
    title : str
    """
    with styled():
        figure = new_figure(6.4, 3.9)
        ax = figure.subplots()
        spikes = np.arange(1, budget.total.size + 1)
        above, below = np.zeros(spikes.size), np.zeros(spikes.size)
        for index, (cause, part) in enumerate(zip(budget.causes, budget.parts, strict=True)):
            base = np.where(part >= 0.0, above, below)
            ax.bar(
                spikes,
                part,
                bottom=base,
                width=0.55,
                color=SERIES[index % len(SERIES)],
                edgecolor="white",
                linewidth=0.6,
                hatch="//" if index >= len(SERIES) else "",
                label=cause,
            )
            above, below = above + np.maximum(part, 0.0), below + np.minimum(part, 0.0)
        ax.plot(spikes, budget.total, "D", color="black", markersize=5, label="total", zorder=3)
        beside = budget.total + budget.other_rule
        if np.any(budget.other_rule):
            (hollow,) = ax.plot(spikes, beside, "D", color="black", markersize=5, fillstyle="none", zorder=3)
            hollow.set_label(f"total against {budget.other}")
        ax.axhline(0.0, color="black", linewidth=0.8)
        ax.set(title=title, xlabel="Spike", ylabel="script's label − true time (ms)")
        ax.set_xticks(spikes)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
