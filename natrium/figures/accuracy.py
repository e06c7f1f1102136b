"""Figures of a study: convergence with fitted orders, work against precision, error against spike number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from natrium.analysis import Convergence, Order, Study, WorkRow
from natrium.analysis.accuracy.work_precision import FAMILIES
from natrium.figures.style import COLORS, SERIES, AnyFigure, canvas, one_panel, root_of, spread, styled
from natrium.model.arrays import Array

MARKERS = "osD^vP*X<>"
LEAST = 1e-14  # what stands for no error at all on a logarithmic axis


_NAMES = (
    *FAMILIES,
    "event-driven, auto",
    "event-driven, RK45",
    "event-driven, Radau",
    "closed form",
    "compiled",
)


def _look(name: str, place: int) -> dict[str, Any]:
    """Give a method's colour and marker, the same in every figure: the two together tell ten series apart.

    A method of the user's own has those of its place from the end.
    """
    number = _NAMES.index(name) if name in _NAMES else len(MARKERS) - 1 - place
    return {
        "color": SERIES[number % len(SERIES)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 4.5,
    }


def _plain_ticks(ax: Axes) -> None:
    """Label a logarithmic axis of steps at 1, 2 and 5."""
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def plot_convergence(convergences: Sequence[Convergence], title: str, fig: AnyFigure | None = None) -> Figure:
    """Draw the errors of spike times and of V against the step, with the fitted orders.

    Parameters
    ----------
    convergences : sequence of Convergence
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    panels = [
        ("Largest error of a spike time (ms)", [(c.spike_errors, c.order) for c in convergences]),
        (
            "Largest error of V away from spikes (mV)",
            [(c.voltage_errors, c.voltage_order) for c in convergences],
        ),
    ]
    shown = [panel for panel in panels if any(np.isfinite(errors).any() for errors, _ in panel[1])]
    with styled():
        figure = canvas(fig, 4.6 * max(len(shown), 1), 4.3)
        spread(root_of(figure))
        axes = np.atleast_1d(figure.subplots(1, max(len(shown), 1)))
        figure.suptitle(title, fontsize=10.5)
        for ax, (label, curves) in zip(axes, shown, strict=False):
            for place, (item, (errors, order)) in enumerate(zip(convergences, curves, strict=True)):
                _errors(ax, item, errors, order, _look(item.name, place))
            ax.set(xscale="log", yscale="log", xlabel="Step dt (ms)", ylabel=label)
            _plain_ticks(ax)
            ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=7.5)
    return root_of(figure)


def _errors(ax: Axes, item: Convergence, errors: Array, order: Order | None, look: dict[str, Any]) -> None:
    there = np.isfinite(errors)
    if not there.any():
        return
    named = f"{item.name}: {order.value:.2f} ± {order.uncertainty:.2f}" if order else item.name
    ax.plot(item.steps[there], np.maximum(errors[there], LEAST), linestyle="", label=named, **look)
    if order:
        line = np.array([item.steps[there].min(), item.steps[there].max()])
        ax.plot(line, order.constant * line**order.value, color=look["color"], linewidth=0.9)


def plot_work(work: Sequence[WorkRow], title: str, fig: AnyFigure | None = None) -> Figure:
    """Draw the error of spike times (of V, without spikes) against right-hand-side calls and wall time.

    Parameters
    ----------
    work : sequence of WorkRow
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    fires = any(np.isfinite(row.accuracy.spike_error) for row in work)
    label = "Largest error of a spike time (ms)" if fires else "Largest error of V (mV)"
    names = list(dict.fromkeys(row.method for row in work))
    with styled():
        figure = canvas(fig, 8.6, 4.4)
        calls, seconds = figure.subplots(1, 2, sharey=True)
        figure.suptitle(title, fontsize=10.5)
        for place, name in enumerate(names):
            rows = [row for row in work if row.method == name]
            found = [row.accuracy.spike_error if fires else row.accuracy.voltage_error for row in rows]
            errors = np.maximum(np.array(found), LEAST)
            line = _look(name, place) | {"linewidth": 1.0, "label": name}
            if all(row.rhs_evaluations for row in rows):
                calls.plot([row.rhs_evaluations for row in rows], errors, **line)
            seconds.plot([row.seconds * 1e3 for row in rows], errors, **line)
        for ax, unit in ((calls, "Right-hand-side calls"), (seconds, "Wall time (ms)")):
            ax.set(xscale="log", yscale="log", xlabel=unit)
            ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
        calls.set_ylabel(label)
        handles, labels = seconds.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=7.5)
    return root_of(figure)


def plot_spike_errors(study: Study, title: str, ax: Axes | None = None) -> Figure:
    """Draw each spike's error against its number, for every method at one setting, with the truth's own.

    Parameters
    ----------
    study : Study
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own by default.
    """
    wanted = study.comparison.dt
    series: list[tuple[str, str, Array]] = []
    for item in (one for one in study.convergences if one.steps.size):
        at = int(np.argmin(np.abs(np.log(item.steps / wanted))))
        errors = np.abs(item.accuracies[at].differences)
        series.append((item.name, f"dt {item.steps[at]:g} ms", errors))
    series += [
        (row.method, row.setting, np.abs(row.accuracy.differences))
        for row in study.work
        if row.method == "event-driven, auto" and row.setting == "rtol 1e-08"
    ]
    with styled():
        figure, ax = one_panel(ax, 6.6, 4.6)
        for place, (name, setting, errors) in enumerate(series):
            spikes = np.arange(1, errors.size + 1)
            label = f"{name}, {setting}"
            ax.plot(spikes, np.maximum(errors, LEAST), linewidth=0.9, label=label, **_look(name, place))
        own = study.truth.spike_time_errors
        spikes = np.arange(1, own.size + 1)
        ax.plot(spikes, own, color=COLORS["threshold"], linestyle="--", label="the truth's own error bar")
        ax.set(title=title, xlabel="Spike", ylabel="|spike time − true time| (ms)", yscale="log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(which="major", color="#DDDDDD", linewidth=0.6)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7.5)
    return figure
