"""The phase plane, drawn: flow, nullclines, equilibria, what divides it, and the hybrid cycle on top."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from natrium.analysis.phase_plane.plane import PhasePlane
from natrium.analysis.phase_plane.separatrix import PlanarEquilibrium
from natrium.figures.marks import signs
from natrium.figures.style import COLORS, AnyFigure, canvas, root_of, styled
from natrium.model.leak import input_unit

# Okabe and Ito's colours; every line has a dash pattern of its own as well.
V_NULL: Any = {"color": "#0072B2", "linewidth": 1.9, "zorder": 4}
X_NULL: Any = {"color": "#D55E00", "linewidth": 1.9, "linestyle": (0, (6, 2)), "zorder": 4}
SEPARATRIX: Any = {"color": "#CC79A7", "linewidth": 1.7, "linestyle": (0, (5, 1.5, 1, 1.5)), "zorder": 3.5}
UNSTABLE: Any = {"color": "#009E73", "linewidth": 1.3, "linestyle": (0, (3, 1.5)), "zorder": 3.4}
GRAZE: Any = {"color": "#8A6D00", "linewidth": 1.3, "linestyle": (0, (1, 1.2)), "zorder": 3.6}
COURSE: Any = {"color": "black", "linewidth": 1.1, "zorder": 5}
RESET: Any = {"color": "black", "linewidth": 0.8, "linestyle": (0, (2, 2)), "zorder": 4.8}
START: Any = {"color": "black", "linestyle": "", "marker": "s", "markersize": 4.0, "zorder": 5.3}
REFRACTORY: Any = {"color": "#56B4E9", "linewidth": 2.0, "zorder": 5.2}
CERTAIN = "#FFF3B0"
BEYOND = "#EDEDED"
FLOW = "#B9B9B9"
FIELD = (121, 81)  # of the streamlines
MARGIN_X = 0.035  # so that x = 0 and x = 1 can be seen
CLOSE_UP = (8.0, 6.0)  # mV below the reset and above the threshold


def plot_phase_plane(
    plane: PhasePlane,
    ax: Axes | None = None,
    *,
    V_range: tuple[float, float] | None = None,
    legend: bool = True,
) -> Axes:
    """Draw a phase plane.

    Parameters
    ----------
    plane : PhasePlane
    ax : matplotlib.axes.Axes, optional
        Drawn into; a new figure by default.
    V_range : (float, float), optional
        The part to show, mV; all of it by default.
    legend : bool
        Beneath the axes.
    """
    with styled():
        if ax is None:
            ax = plt.subplots(figsize=(6.6, 6.0), layout="constrained")[1]
        low, high = V_range if V_range is not None else plane.V_range
        ax.set_xlim(low, high)
        ax.set_ylim(*_x_limits(plane))
        _regions(ax, plane, high)
        _flow(ax, plane, low, high)
        _curves(ax, plane)
        _hybrid(ax, plane)
        _courses(ax, plane)
        for point in plane.equilibria:
            ax.plot([point.V], [point.x], **_marker(point))
        unit, kind = ("(mV)", " (open fraction)") if plane.plane.is_gate else ("", "")
        V = "V - threshold" if plane.plane.moves_with else "V"
        ax.set(xlabel=f"{V} {unit}".strip(), ylabel=f"{plane.plane.x}{kind}")
        if legend:
            handles, labels = _legend(plane)
            ax.legend(
                handles,
                labels,
                loc="upper center",
                bbox_to_anchor=(0.5, -0.12),
                ncols=2,
                handlelength=2.6,
            )
    return ax


def plot_phase_planes(plane: PhasePlane, title: str = "", fig: AnyFigure | None = None) -> Figure:
    """Draw a phase plane as a whole and, beside it, the part that the cell sees.

    Parameters
    ----------
    plane : PhasePlane
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    with styled():
        close_up = None
        if plane.v_reset is not None and plane.v_thresh is not None:
            close_up = (plane.v_reset - CLOSE_UP[0], plane.v_thresh + CLOSE_UP[1])
            if not plane.plane.is_gate:  # what is shown is what the cell sees
                close_up = None
        figure = canvas(fig, 9.6 if close_up else 6.6, 5.0 if plane.plane.is_gate else 5.6)
        axes = figure.subplots(1, 2 if close_up else 1, sharey=True, squeeze=False)[0]
        figure.suptitle(title or _title(plane), fontsize=10.5)
        plot_phase_plane(plane, axes[0], legend=False)
        if close_up:
            plot_phase_plane(plane, axes[1], V_range=close_up, legend=False)
            axes[1].set_ylabel("")
        handles, labels = _legend(plane)
        figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=4 if close_up else 3 if plane.plane.is_gate else 2,
            handlelength=2.6,
        )
    return root_of(figure)


def _title(plane: PhasePlane) -> str:
    members = plane.plane.members
    at = f"I = {input_unit(plane.plane.neuron).show(plane.I)}"
    if plane.is_whole:
        return signs(f"{at}: V and {plane.plane.x} are the whole model")
    kind = "gates" if plane.plane.is_gate else "states"
    how = {
        "steady": f"other {kind} at steady state",
        "common": f"one {plane.plane.x} for {' and '.join(members)}, other gates at steady state",
        "slice": "held: " + ", ".join(f"{name} = {value:g}" for name, value in plane.plane.held),
    }[plane.plane.reduction]
    error = plane.error
    if error.full.n_spikes and error.reduced.n_spikes:
        far = f"first spike: plane {error.reduced_spike_times[0]:.2f} ms, "
        far += f"full model {error.spike_times[0]:.2f} ms"
    else:
        far = f"distance to the full model: V {error.V_before:.2g} mV, {plane.plane.x} {error.x_before:.2g}"
    return signs(f"{at}; {how}\n{far}")


def _regions(ax: Axes, plane: PhasePlane, high: float) -> None:
    if plane.v_thresh is not None and plane.v_thresh < high and not plane.passes:
        ax.axvspan(plane.v_thresh, high, color=BEYOND, linewidth=0, zorder=0.2)
    if plane.certain is not None and plane.certain.mask.any():
        mask = plane.certain.mask.astype(float)
        ax.contourf(plane.certain.V, plane.certain.x, mask, levels=[0.5, 1.5], colors=[CERTAIN], zorder=0.3)


def _flow(ax: Axes, plane: PhasePlane, low: float, high: float) -> None:
    V, x = np.linspace(low, high, FIELD[0]), np.linspace(plane.x[0], plane.x[-1], FIELD[1])
    dV, dx = plane.plane.rhs(V, x[:, np.newaxis], plane.I)
    ax.streamplot(V, x, dV, dx, density=1.05, color=FLOW, linewidth=0.6, arrowsize=0.7, zorder=1)
    ax.set_xlim(low, high)
    ax.set_ylim(*_x_limits(plane))


def _x_limits(plane: PhasePlane) -> tuple[float, float]:
    low, high = float(plane.x[0]), float(plane.x[-1])
    margin = MARGIN_X * (high - low) if plane.plane.is_gate else 0.0
    return low - margin, high + margin


def _curves(ax: Axes, plane: PhasePlane) -> None:
    for curve in plane.V_nullcline:
        ax.plot(*curve, **V_NULL)
    ax.plot(*plane.x_nullcline, **X_NULL)
    for half in plane.manifolds:
        ax.plot(*half.points, **(SEPARATRIX if half.stable else UNSTABLE))
    for curve in plane.grazes:
        ax.plot(*curve, **GRAZE)


def _hybrid(ax: Axes, plane: PhasePlane) -> None:
    """Draw threshold and reset, named above the axes."""
    upper = "spike" if plane.passes else "threshold"
    lines = ((plane.v_reset, "reset", ":", "right"), (plane.v_thresh, upper, "--", "left"))
    for V, name, style, side in lines:
        if V is None or not ax.get_xlim()[0] <= V <= ax.get_xlim()[1]:
            continue
        ax.axvline(V, color=COLORS["input"], linestyle=style, linewidth=1.1, zorder=3)
        shift = 6 if side == "right" else -6
        ax.annotate(
            name,
            (V, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(shift, 3),
            textcoords="offset points",
            ha=side,
            va="bottom",
            fontsize=8.5,
            color=COLORS["input"],
        )


def _courses(ax: Axes, plane: PhasePlane) -> None:
    for course in plane.projections:
        for piece in course.pieces:
            ax.plot(*piece, **COURSE)
        if course.pieces:
            ax.plot(*course.pieces[0][:, :1], **START)
        for jump in course.jumps:
            ax.plot(*np.stack([jump.before, jump.after], axis=1), **RESET)
            middle, onward = 0.55 * jump.before + 0.45 * jump.after, 0.45 * jump.before + 0.55 * jump.after
            _arrow(ax, middle, onward, "black")
            if abs(float(jump.released[1] - jump.after[1])) > 0.0:
                ax.plot(*np.stack([jump.after, jump.released], axis=1), **REFRACTORY)


def _arrow(ax: Axes, start: Any, end: Any, color: str) -> None:
    ax.annotate(
        "",
        tuple(end),
        tuple(start),
        arrowprops={
            "arrowstyle": "-|>",
            "color": color,
            "linewidth": 0.0,
            "mutation_scale": 10,
            "shrinkA": 0,
        },
        zorder=5.1,
    )


def _marker(point: PlanarEquilibrium) -> dict[str, Any]:
    """Give an equilibrium's marker: filled where stable, open where unstable, half at a saddle."""
    look = {"linestyle": "", "color": "black", "markersize": 8.0, "markeredgewidth": 1.2, "zorder": 6}
    look |= {"marker": "o" if point.kind.endswith("node") or point.kind == "saddle" else "D"}
    look |= {"markersize": 6.5 if look["marker"] == "D" else 8.0}
    if point.stable:
        return look
    if point.kind in ("saddle", "saddle-node"):
        return look | {"fillstyle": "left", "markerfacecoloralt": "white"}
    return look | {"markerfacecolor": "white"}


def _legend(plane: PhasePlane) -> tuple[list[Any], list[str]]:
    """Give the entries of what is drawn, and no others."""
    x, jumps = plane.plane.x, [jump for course in plane.projections for jump in course.jumps]
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], **V_NULL), "V-nullcline, dV/dt = 0"),
        (Line2D([], [], **X_NULL), f"{x}-nullcline"),
    ]
    if any(half.stable for half in plane.manifolds):
        entries.append((Line2D([], [], **SEPARATRIX), "stable manifold of the saddle"))
        entries.append((Line2D([], [], **UNSTABLE), "unstable manifold"))
    if plane.grazes:
        entries.append((Line2D([], [], **GRAZE), "grazes the threshold"))
    low, high = plane.V_range
    kinds = {point.kind: point for point in plane.equilibria if low <= point.V <= high}
    entries += [(Line2D([], [], **_marker(point)), kind) for kind, point in kinds.items()]
    if plane.projections:
        course = "a run" if plane.is_whole else "full model, projected"
        entries.append((Line2D([], [], **COURSE), course))
        entries.append((Line2D([], [], **START), "its start"))
    if jumps:
        entries.append((Line2D([], [], **RESET), "reset at a spike"))
    if any(jump.released[1] != jump.after[1] for jump in jumps):
        entries.append((Line2D([], [], **REFRACTORY), f"{x} moves while refractory"))
    if plane.certain is not None and plane.certain.mask.any():
        whose = "" if plane.is_whole else " (of the plane)"
        entries.append((Patch(color=CERTAIN), f"next spike certain{whose}"))
    if plane.v_thresh is not None and plane.v_thresh < high and not plane.passes:
        entries.append((Patch(color=BEYOND), "beyond the threshold, never entered"))
    return [handle for handle, _ in entries], [label for _, label in entries]
