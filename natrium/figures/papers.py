"""Figures and rows of the published results."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from natrium.analysis.papers.adex_reset import AT_RESETS, AdexResets
from natrium.analysis.papers.butera_mccarthy import GateErrors, SpikeErrors
from natrium.analysis.papers.integrate_and_fire import Orders
from natrium.analysis.papers.moore_ramon import Thresholds
from natrium.analysis.papers.papers import Papers
from natrium.analysis.papers.threshold_equation import InactivationThresholds
from natrium.analysis.papers.threshold_ramp import AT_SLOPES, RampThresholds
from natrium.figures.style import COLORS, SERIES, AnyFigure, canvas, one_panel, root_of, styled

PAPER_CAPTIONS = {
    "thresholds": (
        "Moore & Ramon 1974: the threshold of the squid axon's membrane against the step, by both Euler "
        "schemes; the cubic through the points meets zero step at the true threshold."
    ),
    "orders": (
        "Integrate-and-fire schemes: largest error of the first two spikes against the step, with lines of "
        "the fitted order. With spikes on the grid all are first order, on a line through the step's ends "
        "second at best, on a cubic fourth."
    ),
    "gates": (
        "Butera & McCarthy 2004. Left: gates along the true course of a firing squid axon; above 1 "
        "exponential Euler is worse than Euler. Triangles: what the leading errors predict; dotted: twice "
        "the least time constant of m, where Euler turns unstable. Right: first spike of the second script's "
        "model with either method for the gates."
    ),
    "inactivation": (
        "Platkiewicz & Brette 2010: threshold of the second script's sodium subsystem against h on a "
        "logarithmic axis. The fold, which ends the rest of a slowly rising input, follows the threshold "
        "equation with the Boltzmann slope of m as long as h is as large as in a cell below its threshold "
        "(shaded); the saddle, which a sudden input has to pass, lies higher and is steeper."
    ),
    "ramps": (
        "Platkiewicz & Brette 2011: V where a ramp meets the threshold that it moves, against its slope. "
        "Runs of the script's model lie on the formula; with the smooth steady threshold it is higher."
    ),
    "resets": (
        "Touboul & Brette 2008: adaptation just before each reset of the adaptive exponential neuron under "
        "800 pA, against its reset voltage, after 20 spikes that are left out: too few beside the doubling "
        "at −48.2 mV. Period doubling, chaos, period 3. Circles: the numbers compared."
    ),
}
"""A caption for each figure."""

MARKS = "os^Dv"
# Schemes that agree lie on each other: the one drawn first shows around the other.
SIZES = (7.5, 3.5, 7.5, 4.5, 3.5)
FILLS = ("none", "full", "none", "none", "full")
SCHEME_COLORS = dict(
    zip(("sequential-euler", "euler", "exponential-euler", "heun", "rk4"), SERIES, strict=False)
)
SCHEME_NAMES = {
    "sequential-euler": "sequential Euler",
    "euler": "Euler",
    "exponential-euler": "exponential Euler",
    "heun": "Heun",
    "rk4": "Runge-Kutta 4",
}
LEGEND_ROOM = 1e-4  # ms, left of all steps
PANEL_TITLES = {"grid": "on the grid", "linear": "on a line", "cubic": "on a cubic"}
CHANNEL_NAMES = {"hh_sodium": "squid sodium", "hh_potassium": "squid potassium"}
MODEL_NAMES = {"lif": "LIF", "lif_na": "second script"}


def plot_papers(results: Papers) -> dict[str, Figure]:
    """Draw all figures of the published results, by the names in `PAPER_CAPTIONS`."""
    return {
        "thresholds": plot_thresholds(results.thresholds),
        "orders": plot_orders(results.orders),
        "gates": plot_gates(results.gates, results.spikes),
        "inactivation": plot_inactivation(results.inactivation),
        "ramps": plot_ramps(results.ramps),
        "resets": plot_resets(results.resets),
    }


def plot_thresholds(found: Thresholds, ax: Axes | None = None) -> Figure:
    """Draw threshold against step, with the cubics that lead to zero step."""
    with styled():
        figure, ax = one_panel(ax, 6.0, 4.0)
        fine = np.linspace(0.0, found.steps.max(), 101)
        ax.axhline(found.truth, color=COLORS["threshold"], linestyle="--", linewidth=0.9)
        for index, (scheme, values) in enumerate(found.by_scheme.items()):
            ax.plot(fine, np.polyval(found.polynomial(scheme), fine), color=SERIES[index])
            label = f"{scheme} and cubic"
            ax.plot(found.steps, values, MARKS[index], color=SERIES[index], markersize=5.5, label=label)
        ax.plot(0.0, found.truth, "*", color="black", markersize=11, label="event-driven", clip_on=False)
        ax.annotate(
            f"{found.truth:.5f} mV",
            (0.0, found.truth),
            xytext=(8, 5),
            textcoords="offset points",
            fontsize=8.5,
        )
        ax.set(
            title="Threshold of the squid axon's membrane",
            xlabel="Step dt (ms)",
            ylabel="Threshold (mV from rest)",
        )
        ax.set_xlim(-0.0005, found.steps.max() * 1.05)
        ax.margins(y=0.1)
        ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
        ax.legend(loc="lower left")
    return figure


def plot_orders(found: Orders, fig: AnyFigure | None = None) -> Figure:
    """Draw error against step for every scheme, a panel for each model and spike rule."""
    models = list(dict.fromkeys(row.model for row in found.rows))
    rules = list(dict.fromkeys(row.spike_time for row in found.rows))
    with styled():
        figure = canvas(fig, 2.5 * len(rules) + 0.6, 2.4 * len(models) + 0.8)
        panels = figure.subplots(len(models), len(rules), sharex=True, sharey=True, squeeze=False)
        for i, model in enumerate(models):
            for j, rule in enumerate(rules):
                ax = panels[i, j]
                chosen = [row for row in found.rows if (row.model, row.spike_time) == (model, rule)]
                for row in chosen:
                    index = list(SCHEME_COLORS).index(row.scheme)
                    color = SCHEME_COLORS[row.scheme]
                    ax.loglog(row.steps, row.errors, **_mark(index), color=color, label=f"{row.observed:.2f}")
                    ax.loglog(row.steps, row.line, color=color, linewidth=1.0)
                ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
                ax.set_title(f"{MODEL_NAMES[model]}, {PANEL_TITLES[rule]}", fontsize=9)
                ax.legend(
                    loc="lower left", title="order", title_fontsize=8, fontsize=7.5, handletextpad=0.2,
                    borderaxespad=0.2, labelspacing=0.25,
                )  # fmt: skip
        longest = max(row.steps.max() for row in found.rows)
        panels[0, 0].set_xlim(LEGEND_ROOM, 1.5 * longest)  # of all: they share it
        figure.supxlabel("Step dt (ms)", fontsize=9.5)
        figure.supylabel("Largest spike-time error (ms)", fontsize=9.5)
        _scheme_legend(figure)
    return root_of(figure)


def _mark(index: int) -> dict[str, Any]:
    """Give a scheme's marker."""
    return {
        "marker": MARKS[index],
        "markersize": SIZES[index],
        "fillstyle": FILLS[index],
        "linestyle": "none",
    }


def _scheme_legend(figure: AnyFigure) -> None:
    handles = [
        Line2D(
            [],
            [],
            **_mark(index) | {"linestyle": "-"},
            color=color,
            linewidth=1.0,
            label=SCHEME_NAMES[scheme],
        )
        for index, (scheme, color) in enumerate(SCHEME_COLORS.items())
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)


def plot_gates(gates: GateErrors, spikes: SpikeErrors, fig: AnyFigure | None = None) -> Figure:
    """Draw exponential Euler's error over Euler's for each gate, and both errors of a first spike."""
    with styled():
        figure = canvas(fig, 8.4, 4.6)
        left, right = figure.subplots(1, 2)
        for index, name in enumerate(gates.names):
            color = SERIES[index]
            channel, gate = name.split(".")
            label = f"{CHANNEL_NAMES.get(channel, channel.replace('_', ' '))}: {gate}"
            left.loglog(gates.steps, gates.ratios[index], color=color, label=label)
            left.plot(gates.steps[0] * 0.8, gates.predicted[index], "<", color=color, markersize=5)
            if name.endswith("m"):
                left.axvline(2.0 * gates.fastest[index], color=color, linestyle=":", linewidth=1.0)
        grey = COLORS["threshold"]
        left.plot([], [], "<", color=grey, markersize=5, label="short steps, by theory")
        left.plot([], [], ":", color=grey, linewidth=1.0, label="twice the least tau of m")
        left.axhline(1.0, color=grey, linewidth=0.9)
        left.set_ylim(0.2, 3.0)
        left.set_yticks([0.2, 0.5, 1.0, 2.0], ["0.2", "0.5", "1", "2"])
        left.set(
            title="Gates along a true course",
            xlabel="Step dt (ms)",
            ylabel="error: exponential Euler / Euler",
        )
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
        for index, method in enumerate(("Euler", "exponential Euler")):
            right.loglog(
                spikes.steps,
                np.abs(spikes.errors[index]),
                MARKS[index] + "-",
                color=SERIES[index],
                markersize=4.5,
                label=f"gates by {method}",
            )
        right.set(
            title="First spike of the second script's model",
            xlabel="Step dt (ms)",
            ylabel="|spike time − true time| (ms)",
        )
        right.legend(loc="upper left")
        for ax in (left, right):
            ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
            ax.set_xticks([0.01, 0.03, 0.1, 0.3], ["0.01", "0.03", "0.1", "0.3"])
            ax.minorticks_off()
    return root_of(figure)


def plot_inactivation(found: InactivationThresholds, ax: Axes | None = None) -> Figure:
    """Draw threshold against h, with the threshold equation."""
    with styled():
        figure, ax = one_panel(ax, 6.0, 4.0)
        ax.axvspan(found.h[found.usual].min(), 1.0, color="#EEEEEE", linewidth=0.0)
        ax.semilogx(
            found.h,
            found.predicted,
            "--",
            color="black",
            linewidth=1.1,
            label=f"threshold equation, $k_a$ = {found.boltzmann:.2f} mV",
        )
        label = f"fold: slow inputs (slope −{found.k_a:.2f} mV in the shade)"
        ax.plot(found.h, found.thresholds, "o-", color=SERIES[0], markersize=5, label=label)
        label = "saddle without input: sudden inputs"
        ax.plot(found.h, found.saddles, "s-", color=SERIES[1], markersize=4.5, label=label)
        ax.set(title="Threshold with inactivation held", xlabel="h (logarithmic)", ylabel="Threshold (mV)")
        ax.set_xlim(1.08, found.h.min() / 1.08)  # inactivation grows to the right
        ax.minorticks_off()
        ax.set_xticks([1.0, 0.5, 0.2, 0.1, 0.05, 0.02], ["1", "0.5", "0.2", "0.1", "0.05", "0.02"])
        ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
        ax.legend(loc="upper left")
    return figure


def plot_ramps(found: RampThresholds, ax: Axes | None = None) -> Figure:
    """Draw V at the spike against the ramp's slope."""
    with styled():
        figure, ax = one_panel(ax, 6.0, 4.0)
        ax.plot(found.slopes, found.formula, color=SERIES[0], label="formula")
        ax.plot(found.slopes, found.thresholds, "o", color=SERIES[0], markersize=5, label="event-driven runs")
        ax.plot(
            list(AT_SLOPES),
            list(AT_SLOPES.values()),
            "o",
            fillstyle="none",
            color="black",
            markersize=10,
            label="numbers compared",
        )
        label = "runs with the smooth steady threshold"
        ax.plot(found.slopes, found.smooth, "s--", color=SERIES[1], markersize=4, linewidth=1.0, label=label)
        ax.set(
            title="Threshold met by a ramp of V",
            xlabel="Slope of the ramp (mV/ms)",
            ylabel="V at the spike (mV)",
        )
        ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
        ax.legend(loc="upper right")
    return figure


def plot_resets(found: AdexResets, ax: Axes | None = None) -> Figure:
    """Draw the adaptation at spikes against the reset voltage."""
    with styled():
        figure, ax = one_panel(ax, 6.4, 4.0)
        ax.plot(*found.points, ".", color=SERIES[0], markersize=2.0, label="event-driven runs")
        v_reset = np.repeat(list(AT_RESETS), [len(values) for values in AT_RESETS.values()])
        ax.plot(
            v_reset,
            np.concatenate(list(AT_RESETS.values())),
            "o",
            fillstyle="none",
            color=SERIES[1],
            markersize=8,
            label="numbers compared",
        )
        ax.set(
            title="Adaptive exponential neuron: bifurcation of the reset",
            xlabel="Reset voltage (mV)",
            ylabel="w just before the reset (pA)",
        )
        ax.legend(loc="lower left", markerscale=1.0)
    return figure
