"""A plane of two parameters, drawn: what the cell does in it, and the curves between."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from natrium.analysis.continuation.plane_map import STATES, ParameterMap
from natrium.figures.continuation import LOOKS, MARK, axis_label
from natrium.figures.marks import number, signs
from natrium.figures.style import one_panel, styled

FILLS = {"neither": "#E6E6E6", "rest": "#FFFFFF", "firing": "#CFE3F2", "both": "#F6EBD6"}
CURVES: dict[str, Any] = {
    "fold": {"color": "#4D4D4D", "linewidth": 1.6},
    "Hopf point": {"color": "#009E73", "linewidth": 1.6, "linestyle": (0, (6, 2))},
    "threshold": {"color": "#E69F00", "linewidth": 1.4, "linestyle": (0, (2, 1.5))},
    "fold of cycles": {"color": "#D55E00", "linewidth": 1.6},
    "period doubling": {"color": "#CC79A7", "linewidth": 1.6, "linestyle": (0, (4, 1.5))},
    "torus": {"color": "#56B4E9", "linewidth": 1.6, "linestyle": (0, (6, 1.5, 1, 1.5))},
    "graze": {"color": "#999933", "linewidth": 1.4, "linestyle": (0, (1, 1))},
}
NAMES = {
    "fold": "folds",
    "Hopf point": "Hopf points",
    "threshold": "rest at the threshold",
    "fold of cycles": "folds of cycles",
    "period doubling": "period doublings",
    "torus": "tori",
    "graze": "grazes",
}
MEETING: Any = {"marker": "*", "markerfacecolor": "#D55E00", "markersize": 10.0}


def plot_map(found: ParameterMap, ax: Axes | None = None) -> Figure:
    """Draw where the cell rests, fires, does either or neither, with curves and the points where they meet.

    Parameters
    ----------
    found : ParameterMap
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own by default.
    """
    (a, b), (c, d) = found.ranges
    with styled():
        figure, ax = one_panel(ax, 6.8, 4.6)
        shown = _fill(ax, found)
        for curve in found.curves:
            ax.plot(curve.x, curve.y, **CURVES[curve.kind], zorder=3)
            for one in curve.special:
                ax.plot(one.x, one.y, **MARK | MEETING)
                text = signs(f"{one.kind} ({number(one.x)}, {number(one.y)})")
                ax.annotate(text, (one.x, one.y), xytext=(6, 5), textcoords="offset points", fontsize=8.0)
        kinds = _cycles(ax, found)
        first, second = found.axes
        ax.set(
            xlim=(a, b),
            ylim=(c, d),
            xlabel=axis_label(first),
            ylabel=axis_label(second),
            title=f"What the cell can do over {first.name} and {second.name}",
        )
        handles: list[Any] = [Patch(facecolor=FILLS[one], edgecolor="#8C8C8C", label=one) for one in shown]
        handles += [
            Line2D([], [], **CURVES[kind], label=NAMES[kind])
            for kind in dict.fromkeys(curve.kind for curve in found.curves)
        ]
        handles += [Line2D([], [], **MARK | LOOKS[kind], label=kind) for kind in kinds]
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.2)
    return figure


def _fill(ax: Axes, found: ParameterMap) -> list[str]:
    """Fill the plane between rows: straight where both hold the same in order, else half and half."""
    table, name = found.table(), found.names[1]
    bands = [[row for row in table if row[name] == y] for y in found.values]
    for (y, below), (z, above) in pairwise(zip(found.values, bands, strict=True)):
        if [one["state"] for one in below] == [one["state"] for one in above]:
            parts = [(y, z, one, other) for one, other in zip(below, above, strict=True)]
        else:
            half = 0.5 * (y + z)
            parts = [(y, half, one, one) for one in below] + [(half, z, one, one) for one in above]
        for low, high, one, other in parts:
            left, right = [one["from"], other["from"]], [one["to"], other["to"]]
            ax.fill_betweenx([low, high], left, right, color=FILLS[one["state"]], linewidth=0, zorder=0.5)
    return [state for state in STATES if any(row["state"] == state for row in table)]


def _cycles(ax: Axes, found: ParameterMap) -> list[str]:
    """Mark what else happens on cycles, row by row, joined where neighbouring rows have as much of it."""
    points = found.of_cycles
    kinds = [
        kind
        for kind in dict.fromkeys(one["kind"] for one in points)
        if kind not in {one.kind for one in found.curves}
    ]
    for kind in kinds:
        rows = [
            sorted(one["x"] for one in points if one["kind"] == kind and one["y"] == y) for y in found.values
        ]
        for (y, below), (z, above) in pairwise(zip(found.values, rows, strict=True)):
            for one, other in zip(below, above, strict=True) if len(below) == len(above) else ():
                ax.plot([one, other], [y, z], color="#8C8C8C", linewidth=0.9, zorder=2)
        for y, row in zip(found.values, rows, strict=True):
            ax.plot(row, [y] * len(row), **MARK | LOOKS[kind])
    return kinds
