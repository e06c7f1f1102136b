"""Branches along one parameter, drawn: V of rests and cycles, and rates; solid where stable, else dashed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from natrium.analysis.continuation.axis import Axis
from natrium.analysis.continuation.branch import CycleBranch, SpecialPoint
from natrium.analysis.continuation.diagram import BifurcationDiagram
from natrium.analysis.continuation.rests import RestBranch, RestPoint
from natrium.figures.labels import label_points
from natrium.figures.marks import input_label, number, signs
from natrium.figures.style import COLORS, AnyFigure, canvas, lay_out, root_of, styled
from natrium.model.arrays import Array

REST, CYCLE = "#4D4D4D", "#0072B2"
STABLE: Any = {"linewidth": 1.9, "zorder": 3}
UNSTABLE: Any = {"linewidth": 1.3, "linestyle": (0, (4, 2)), "zorder": 3}
BISTABLE = "#F6EBD6"
LOOKS: dict[str, Any] = {
    "fold": {"marker": "o", "markerfacecolor": "white"},
    "Hopf point": {"marker": "D", "markerfacecolor": "#009E73"},
    "threshold": {"marker": "s", "markerfacecolor": "#E69F00"},
    "corner": {"marker": "d", "markerfacecolor": "white"},
    "fold of cycles": {"marker": "o", "markerfacecolor": "#D55E00"},
    "period doubling": {"marker": "^", "markerfacecolor": "#CC79A7"},
    "torus": {"marker": "h", "markerfacecolor": "#56B4E9"},
    "graze": {"marker": "v", "markerfacecolor": "#999933"},
    "saddle-node homoclinic": {"marker": "P", "markerfacecolor": "white"},
    "saddle homoclinic": {"marker": "X", "markerfacecolor": "white"},
    "last cycle": {"marker": "*", "markerfacecolor": "white"},
}
MARK: Any = {"linestyle": "", "color": "black", "markersize": 6.0, "markeredgewidth": 1.0, "zorder": 6}
SHORT = {
    "fold": "F",
    "Hopf point": "H",
    "threshold": "T",
    "corner": "C",
    "fold of cycles": "FC",
    "period doubling": "PD",
    "torus": "NS",
    "graze": "G",
    "saddle-node homoclinic": "SNIC",
    "saddle homoclinic": "HC",
    "last cycle": "L",
}
THRESHOLD: Any = {"color": COLORS["threshold"], "linewidth": 1.0, "linestyle": ":", "zorder": 1.5}


def plot_bifurcations(
    found: BifurcationDiagram | CycleBranch, *, title: str = "", fig: AnyFigure | None = None
) -> Figure:
    """Draw rests and cycles against the parameter, and the rate of firing beneath.

    Parameters
    ----------
    found : BifurcationDiagram or CycleBranch
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    rests = found.rests if isinstance(found, BifurcationDiagram) else ()
    cycles = found.cycles if isinstance(found, BifurcationDiagram) else (found,)
    with styled():
        figure = canvas(fig, 6.6, 6.2)
        figure.suptitle(title or f"Rests and cycles along {found.name}", fontsize=10.5)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.35, 1.0])
        for rest in rests:
            _line(above, rest.values, rest.states[:, 0], rest.stable, REST)
        for branch in cycles:
            for row in branch.bounds.T:
                _line(above, branch.values, row, branch.stable, CYCLE)
            _line(below, branch.values, branch.rates, branch.stable, CYCLE)
        if isinstance(found, BifurcationDiagram):
            for low, high in found.bistable:
                for ax in (above, below):
                    ax.axvspan(low, high, color=BISTABLE, linewidth=0, zorder=0.2)
            above.set_xlim(*found.between)
        neuron = found.neuron
        if neuron.fires and not neuron.system.threshold_moves:
            above.axhline(neuron.v_thresh, **THRESHOLD)
        at_rest = [_mark(above, one, float(one.state[0])) for rest in rests for one in rest.special]
        on_cycles = _mark_cycles(above, below, cycles)
        kinds = [one.kind for rest in rests for one in rest.special]
        kinds += [one.kind for branch in cycles for one in branch.special]
        above.set_ylabel("V (mV)")
        below.set(xlabel=axis_label(found.axis), ylabel="Rate (Hz)")
        below.set_ylim(bottom=0.0)
        _legend(above, rests, kinds)
        lay_out(root_of(figure))  # so that labels can be placed in the axes
        _label(above, at_rest)
        _label(below, on_cycles)
    return root_of(figure)


def axis_label(axis: Axis) -> str:
    """Name a parameter with its unit, the input as everywhere."""
    if axis.of_input:
        return input_label(axis.neuron.input_unit)
    unit = axis.parameter.unit
    return f"{axis.name} ({unit})" if unit else axis.name


def _pieces(stable: npt.NDArray[np.bool_]) -> Iterator[tuple[slice, bool]]:
    """Cut a branch where its stability changes; neighbours share a point."""
    edges = [0, *(1 + np.flatnonzero(np.diff(stable.astype(int)))).tolist(), stable.size]
    for begin, end in pairwise(edges):
        yield slice(max(0, begin - 1), end), bool(stable[begin])


def _line(ax: Axes, x: Array, y: Array, stable: npt.NDArray[np.bool_], color: str) -> None:
    for part, is_stable in _pieces(stable):
        ax.plot(x[part], y[part], color=color, **(STABLE if is_stable else UNSTABLE))


def _mark(ax: Axes, one: SpecialPoint | RestPoint, y: float) -> tuple[float, float, str]:
    """Mark a point; give it with its name."""
    ax.plot(one.value, y, **MARK | LOOKS[one.kind], clip_on=False)
    return one.value, y, signs(f"{SHORT[one.kind]} {number(one.value)}")


def _mark_cycles(above: Axes, below: Axes, cycles: tuple[CycleBranch, ...]) -> list[tuple[float, float, str]]:
    """Mark what happens on cycles at their highest V and at their rate; at equilibria by the rate alone."""
    named = []
    for branch in cycles:
        for one in branch.special:
            named.append(_mark(below, one, 1000.0 * max(1, branch.n_spikes) / one.period))
            if one.point is not None:
                near = int(np.argmin(np.abs(branch.values - one.value) + np.abs(branch.periods - one.period)))
                _mark(above, one, float(branch.bounds[near, 1]))
    return named


def _label(ax: Axes, named: list[tuple[float, float, str]]) -> None:
    """Write the names of points, of those that have one name and place one."""
    lines = [np.asarray(line.get_xydata()) for line in ax.get_lines() if np.size(line.get_xdata()) > 1]
    label_points(ax, list({name: (x, y, name) for x, y, name in reversed(named)}.values())[::-1], lines)


def _legend(ax: Axes, rests: tuple[RestBranch, ...], kinds: list[str]) -> None:
    lines = [Line2D([], [], color=CYCLE, label="cycles: stable", **STABLE)]
    lines.append(Line2D([], [], color=CYCLE, label="unstable", **UNSTABLE))
    if rests:
        lines.append(Line2D([], [], color=REST, label="rests", **STABLE))
    lines += [
        Line2D([], [], **MARK | LOOKS[kind], label=f"{kind} ({SHORT[kind]})") for kind in dict.fromkeys(kinds)
    ]
    ax.legend(handles=lines, loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.2)
