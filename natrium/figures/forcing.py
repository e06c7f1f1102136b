"""Locking to a periodic input, drawn: the devil's staircase, and tongues in a plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from natrium.analysis import LockingTongues, Plateau, Staircase, Tongue
from natrium.figures.style import OTHER_STATES, SERIES, one_panel, styled

EDGES: dict[str, dict[str, Any]] = {
    "saddle-node": {"marker": "o", "markerfacecolor": "#D55E00"},
    "corner": {"marker": "s", "markerfacecolor": "#E69F00"},
    "graze": {"marker": "v", "markerfacecolor": "#999933"},
    "period doubling": {"marker": "^", "markerfacecolor": "#CC79A7"},
    "torus": {"marker": "h", "markerfacecolor": "#56B4E9"},
}
MARK: Any = {"linestyle": "", "color": "black", "markersize": 3.6, "markeredgewidth": 0.6, "zorder": 5}
PLATEAU, RUNS = SERIES[0], "#8C8C8C"
NAMED = 0.018  # of the range: a plateau so wide has room for its ratio
COLORS = (*SERIES, *OTHER_STATES)


def _label(name: str, unit: str) -> str:
    shown = {"period": "Period of the input", "amplitude": "Amplitude of the input"}.get(name, name)
    return f"{shown} ({unit})" if unit else shown


def _ratio(one: Plateau | Tongue) -> str:
    return f"{one.n_spikes}:{one.n_periods}"


def plot_staircase(found: Staircase, ax: Axes | None = None) -> Figure:
    """Draw the rotation number against the parameter, and the plateaus with their ends.

    Parameters
    ----------
    found : Staircase
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own by default.
    """
    low, high = float(found.values[0]), float(found.values[-1])
    with styled():
        figure, ax = one_panel(ax, 6.8, 4.2)
        ax.plot(found.values, found.rotation, linestyle="", marker=".", markersize=3.0, color=RUNS, zorder=2)
        kinds: list[str] = []
        for one in found.plateaus:
            height, ends = one.rotation_number, (one.low, one.high)
            ax.plot([one.low.value, one.high.value], [height, height], color=PLATEAU, linewidth=2.2, zorder=3)
            for edge in ends:
                if edge.kind in EDGES:
                    ax.plot(edge.value, height, **MARK | EDGES[edge.kind])
                    kinds.append(edge.kind)
            if one.width > NAMED * (high - low):
                middle = 0.5 * (one.low.value + one.high.value)
                ax.annotate(
                    _ratio(one),
                    (middle, height),
                    xytext=(0, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.0,
                )
        ax.set(
            xlim=(low, high),
            xlabel=_label(found.name, found.unit),
            ylabel="Spikes per period of the input",
            title="Devil's staircase",
        )
        ax.margins(y=0.08)
        handles = [
            Line2D([], [], linestyle="", marker=".", color=RUNS, label="runs"),
            Line2D([], [], color=PLATEAU, linewidth=2.2, label=f"locked, q ≤ {found.highest}"),
        ]
        _legend(ax, handles, kinds)
    return figure


def plot_tongues(found: LockingTongues, ax: Axes | None = None) -> Figure:
    """Draw where each ratio of locking is stable, over a parameter and the amplitude of the input.

    Parameters
    ----------
    found : LockingTongues
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own by default.
    """
    with styled():
        figure, ax = one_panel(ax, 6.8, 4.4)
        kinds: list[str] = []
        for color, one in zip(_colors(len(found.tongues)), found.tongues, strict=True):
            if not one.plateaus:
                continue
            bounds = one.bounds()
            tip = [[one.tip] * 2] if np.isfinite(one.tip) and one.amplitudes[0] > 0.0 else []
            heights, sides = np.append([0.0] * len(tip), one.amplitudes), np.array([*tip, *bounds])
            ax.fill_betweenx(heights, *sides.T, color=color, alpha=0.25, linewidth=0, zorder=1)
            for side, column in zip(("low", "high"), bounds.T, strict=True):
                ax.plot(
                    np.append([one.tip] * len(tip), column), heights, color=color, linewidth=1.3, zorder=2
                )
                for x, y, plateau in zip(column, one.amplitudes, one.plateaus, strict=True):
                    kind = getattr(plateau, side).kind
                    if kind in EDGES and kind != "saddle-node":
                        ax.plot(x, y, **MARK | EDGES[kind], clip_on=False)
                        kinds.append(kind)
            ax.annotate(
                _ratio(one),
                (float(np.clip(bounds[-1].mean(), *found.between)), one.amplitudes[-1]),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color=color,
            )
        ax.set(
            xlim=found.between,
            ylim=(min(0.0, float(found.amplitudes[0])), float(found.amplitudes[-1])),
            xlabel=_label(found.name, found.unit),
            ylabel=_label(found.up, found.up_unit),
        )
        ax.set_title("Locking tongues", pad=16.0)
        handles = [Line2D([], [], color="#4D4D4D", linewidth=1.3, label="saddle-node, where not marked")]
        _legend(ax, handles if kinds else [], kinds, beneath=True)
    return figure


def _colors(n: int) -> list[str]:
    return [COLORS[k % len(COLORS)] for k in range(n)]


def _legend(ax: Axes, handles: list[Line2D], kinds: list[str], *, beneath: bool = False) -> None:
    handles = handles + [
        Line2D([], [], **MARK | EDGES[kind], label=kind) for kind in EDGES if kind in set(kinds)
    ]
    if beneath and handles:
        place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": len(handles)}
        ax.legend(handles=handles, **place)
    elif handles:
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.2)
