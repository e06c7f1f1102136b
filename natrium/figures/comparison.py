"""Figures of the notebook's scripts: the script's own plot, the comparison, the ladder of steps."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from natrium.analysis import Budget, Comparison, Diagnosis, LadderRow, SpikePair
from natrium.figures.style import (
    COLORS,
    SERIES,
    AnyFigure,
    canvas,
    one_panel,
    root_of,
    state_axes,
    state_labels,
    state_looks,
    styled,
)
from natrium.model import lower
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.model.scales import scales_of
from natrium.solvers import Trajectory

CAUSES = (*SERIES, "#999999", "#332288", "#882255", "#44AA99")  # a colour for each cause of a budget
LONG = 60  # characters of a title, which must stay within the page
FINE = 0.05  # ms, or of the scale of time, between samples of a true course
MOST = 20_000  # of these, on a page that shows a tenth as many: a fast state may make that scale small
MOST_BARS = 16  # spikes of a budget whose bars stand apart
MOST_MARKS = 5  # spikes that a ladder shows; of more the first, the middle and the last


def plot_script(comparison: Comparison, title: str, ax: Axes | None = None) -> Figure:
    """Draw what the script itself plots: its samples of V against its labels.

    Parameters
    ----------
    comparison : Comparison
    title : str
        The script's own title.
    ax : matplotlib.axes.Axes, optional
        Drawn into; a new figure by default.
    """
    with styled():
        figure, ax = one_panel(ax, 6.4, 3.6)
        script = comparison.script
        ax.plot(script.t, script.V, color=COLORS["script"])
        ax.set(xlabel="Time (ms)", ylabel="Membrane Potential (mV)")
        ax.set_title(title, fontsize=9.5 if len(title) > LONG else 10.5)
        ax.margins(x=0.01)
    return figure


def plot_comparison(comparison: Comparison, title: str, fig: AnyFigure | None = None) -> Figure:
    """Draw script and truth: V, spike times under both rules, gates, input.

    Parameters
    ----------
    comparison : Comparison
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    script = comparison.script
    shown = _Shown(f"script, dt = {comparison.dt:g} ms", script.t, script.V, script.spike_times, script)
    return _plot(comparison, shown, comparison.pairs(), title, fig)


def plot_recording(found: Diagnosis, title: str, fig: AnyFigure | None = None) -> Figure:
    """Draw a recording that was diagnosed beside the true course of the claim.

    Parameters
    ----------
    found : Diagnosis
        With its samples.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    assert found.samples is not None  # as asked for
    shown = _Shown("recording", *found.samples, found.spike_times, None, found.reproduced_until)
    return _plot(found.comparison, shown, found.pairs(), title, fig)


@attrs.frozen(eq=False)
class _Shown:
    """What is drawn beside the truth: samples, spikes, states where they are known, until when explained."""

    name: str
    t: Array
    V: Array
    spikes: Array
    run: Trajectory | None
    until: float | None = None


def _plot(
    comparison: Comparison, shown: _Shown, pairs: Sequence[SpikePair], title: str, fig: AnyFigure | None
) -> Figure:
    has_gates = len(comparison.truth.names) > 1
    has_spikes = bool(shown.spikes.size) or any(run.n_spikes for run in comparison.truths.values())
    pairs = [pair for pair in pairs if pair.difference is not None]
    heights = {"V": 3.2, "spikes": 1.0, "lag": 1.1, "gates": 2.0, "input": 0.9}
    there = {"spikes": has_spikes, "lag": bool(pairs), "gates": has_gates}
    panels = [name for name in heights if there.get(name, True)]
    with styled():
        figure = canvas(fig, 7.2, 0.9 + sum(heights[name] for name in panels) * 0.95)
        rows = figure.subplots(len(panels), 1, sharex=True, height_ratios=[heights[name] for name in panels])
        axes: dict[str, Axes] = dict(zip(panels, np.atleast_1d(rows), strict=True))
        figure.suptitle(title, fontsize=9.5)
        _voltage(axes["V"], comparison, shown)
        if has_spikes:
            _raster(axes["spikes"], comparison, shown)
        if pairs:
            _lags(axes["lag"], pairs)
        if has_gates:
            _gates(axes["gates"], comparison, shown.run)
        _input(axes["input"], comparison)
        axes["input"].set_xlabel("Time (ms)")
        axes["input"].set_xlim(comparison.truth.t_start, comparison.truth.t_end)
        figure.align_ylabels()
    return root_of(figure)


def _apart(run: Trajectory) -> float:
    """Give how far samples of a run lie apart, ms."""
    return max(FINE * scales_of(run.neuron).time, (run.t_end - run.t_start) / MOST)


def _voltage(ax: Axes, comparison: Comparison, shown: _Shown) -> None:
    neuron = comparison.model.neuron
    t, y = comparison.truth.sample(_apart(comparison.truth))
    frame = lower(neuron.system).frame
    ax.plot(t, y[0], color=COLORS["hold"], label=f"truth ({comparison.own})")
    ax.plot(shown.t, shown.V, color=COLORS["script"], linewidth=1.1, label=shown.name)
    if shown.until is not None:
        ax.axvline(shown.until, color=COLORS["threshold"], linestyle=":", label="not explained from here on")
    if neuron.fires:
        levels = np.broadcast_to(frame.threshold(y), t.shape)
        ax.plot(t, levels, color=COLORS["threshold"], linestyle="--", linewidth=0.9)
        ax.annotate(
            "threshold",
            (0.005, levels[0]),
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
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1)


def _raster(ax: Axes, comparison: Comparison, shown: _Shown) -> None:
    own, other = comparison.own, comparison.other
    rows = [
        (shown.name.split(",")[0], shown.spikes, COLORS["script"]),
        (f"truth ({own})", comparison.truths[own].spike_times, COLORS["hold"]),
    ]
    if other:
        rows.append((f"truth ({other})", comparison.truths[other].spike_times, COLORS["clamp"]))
    for height, (_, times, color) in enumerate(rows):
        ax.eventplot([times], lineoffsets=[-height], linelengths=0.75, linewidths=1.8, colors=[color])
    ax.set_yticks([-height for height in range(len(rows))], [label for label, _, _ in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(0.4 - len(rows), 0.6)
    ax.set_ylabel("spikes")


def _lags(ax: Axes, pairs: Sequence[SpikePair]) -> None:
    """Draw what the figure is about, and what no page is wide enough to show in the course of V."""
    times = np.array([pair.truth for pair in pairs], dtype=float)
    lags = np.array([pair.difference for pair in pairs], dtype=float)
    ax.axhline(0.0, color=COLORS["hold"], linewidth=0.9)
    ax.vlines(times, 0.0, lags, color=COLORS["script"], linewidth=1.4)
    ax.plot(times, lags, "o", color=COLORS["script"], markersize=4)
    ax.set_ylabel("label −\ntruth (ms)")
    ax.margins(y=0.25)


def _gates(ax: Axes, comparison: Comparison, script: Trajectory | None) -> None:
    t, y = comparison.truth.sample(_apart(comparison.truth))
    names = comparison.truth.names[1:]
    axes = state_axes(ax, names, y[1:], fractions=all(comparison.truth.neuron.system.fractions[1:]))
    handles, labels = [], state_labels(ax, axes)
    for index, (name, look) in enumerate(state_looks(names).items(), start=1):
        handles += axes[name].plot(t, y[index], label=labels[name], **look)
        if script is not None:
            axes[name].plot(script.t, script.y[index], linewidth=0.7, alpha=0.55, **look)
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.98),
        ncols=4,
        borderaxespad=0.1,
        title="truth" if script is None else "truth; thin: script",
        title_fontsize=8,
        alignment="left",
    )


def _input(ax: Axes, comparison: Comparison) -> None:
    truth = comparison.truth
    t = np.arange(truth.t_start, truth.t_end, _apart(truth))
    unit = input_unit(comparison.model.neuron)
    values = [unit.of(comparison.model.stimulus(float(time))) for time in t]
    ax.step(t, values, where="post", color=COLORS["input"], linewidth=1.2)
    ax.fill_between(t, values, step="post", color=COLORS["input"], alpha=0.12, linewidth=0)
    ax.set_ylabel(f"I ({unit})" if unit.name else "I")
    ax.margins(y=0.15)


def plot_ladder(
    comparison: Comparison, ladder: Sequence[LadderRow], title: str, ax: Axes | None = None
) -> Figure:
    """Draw how each spike's difference to the truth shrinks with the step.

    Parameters
    ----------
    comparison : Comparison
    ladder : sequence of LadderRow
    title : str
    ax : matplotlib.axes.Axes, optional
        Drawn into; a new figure by default.
    """
    with styled():
        figure, ax = one_panel(ax, 6.0, 4.0)
        steps = np.array([row.dt for row in ladder])
        count = comparison.truth.n_spikes
        for number in range(count) if count <= MOST_MARKS else (0, count // 2, count - 1):
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


def plot_budget(budget: Budget, title: str, ax: Axes | None = None) -> Figure:
    """Draw each spike's error as stacked bars, cause by cause, with the total marked.

    Parameters
    ----------
    budget : Budget
    title : str
    ax : matplotlib.axes.Axes, optional
        Drawn into; a new figure by default.
    """
    with styled():
        figure, ax = one_panel(ax, 6.4, 3.9)
        spikes, many = budget.numbers, budget.numbers.size > MOST_BARS
        above, below = np.zeros(spikes.size), np.zeros(spikes.size)
        for index, (cause, part) in enumerate(zip(budget.causes, budget.parts, strict=True)):
            if not np.any(part):
                continue
            base = np.where(part >= 0.0, above, below)
            ax.bar(
                spikes,
                part,
                bottom=base,
                width=1.0 if many else 0.55,
                color=CAUSES[index % len(CAUSES)],
                edgecolor="none" if many else "white",
                linewidth=0.6,
                label=cause,
            )
            above, below = above + np.maximum(part, 0.0), below + np.minimum(part, 0.0)
        size = 3.0 if many else 5.0
        ax.plot(spikes, budget.total, "D", color="black", markersize=size, label="total", zorder=3)
        beside = budget.total + budget.other_rule
        if np.any(budget.other_rule):
            (hollow,) = ax.plot(
                spikes, beside, "D", color="black", markersize=size, fillstyle="none", zorder=3
            )
            hollow.set_label(f"total against {budget.other}")
        ax.axhline(0.0, color="black", linewidth=0.8)
        ax.set(title=title, xlabel="Spike", ylabel="script's label − true time (ms)")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
