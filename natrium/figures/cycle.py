"""The hybrid cycle, drawn: its course, return map and phase response; its bifurcations; its gradients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from natrium.analysis.cycle.cobweb import Cobweb
from natrium.analysis.cycle.limit_cycle import LimitCycle
from natrium.analysis.cycle.orbits import ResetBifurcation
from natrium.analysis.cycle.phase_response import PhaseResponse
from natrium.analysis.cycle.return_map import rested
from natrium.analysis.cycle.smooth_cycle import SmoothCycle
from natrium.analysis.variation.gradients import Gradients
from natrium.figures.marks import signs
from natrium.figures.style import (
    COLORS,
    SERIES,
    AnyFigure,
    canvas,
    one_panel,
    root_of,
    state_axes,
    state_legend,
    state_looks,
    styled,
)
from natrium.model import ModelError, choose, lower
from natrium.model.arrays import Array
from natrium.model.leak import input_unit

DASHES: Any = ("-", *((0, on) for on in (
    (5, 1.5), (1.5, 1.2), (5, 1.5, 1, 1.5), (9, 2), (3, 1, 1, 1, 1, 1),
)))  # fmt: skip
LAST: Any = {"color": "#0072B2", "linewidth": 2.3, "solid_capstyle": "butt", "zorder": 3}
NEXT: Any = {"color": "#D55E00", "linewidth": 1.3, "linestyle": (0, (4, 2)), "zorder": 4}
ZERO: Any = {"color": "#8C8C8C", "linewidth": 0.9, "linestyle": ":", "zorder": 1.5}
RESET: Any = {"color": "#4D4D4D", "linewidth": 0.9, "linestyle": (0, (2, 2)), "zorder": 2}
THRESHOLD: Any = {"color": COLORS["threshold"], "linewidth": 1.0, "linestyle": "--", "zorder": 1.5}
MAP: Any = {"color": "#0072B2", "linewidth": 1.9, "zorder": 3}
DIAGONAL: Any = {"color": "#8C8C8C", "linewidth": 0.9, "zorder": 2}
ORBIT: Any = {"color": "#D55E00", "linewidth": 1.0, "zorder": 4}
FIXED: Any = {"color": "black", "marker": "o", "linestyle": "", "markersize": 6.5, "zorder": 6}
POINT: Any = {"color": "black", "marker": ".", "linestyle": "", "markeredgewidth": 0}
REFRACTORY = "#E3EEF6"
CHAOS = "#F6DCCB"
SILENT = "#E6E6E6"
MANY = 4000  # points from which they are drawn as an image
WIDE = 200.0  # points of width that the markers of all values share
MOST_BARS = 4  # spikes that are drawn as bars
MOST = 10  # parameters that are shown as bars; lines: as many as there are colours


def plot_cycle(
    cycle: LimitCycle | SmoothCycle,
    response: PhaseResponse,
    web: Cobweb | None = None,
    *,
    title: str = "",
    fig: AnyFigure | None = None,
) -> Figure:
    """Draw one period of firing: V and the other states, the phase response, and the return map.

    Parameters
    ----------
    cycle : LimitCycle or SmoothCycle
    response : PhaseResponse
        Of this cycle, at many times.
    web : Cobweb, optional
        Of this cycle; without it (as for the LIF, whose reset leaves nothing free) there is no such panel.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    others = cycle.neuron.system.labels[1:]
    rows = ["V", "states", "response"] if others else ["V", "response"]
    with styled():
        figure = canvas(fig, 9.6 if web else 5.8, 6.0 if others else 4.4)
        figure.suptitle(title or _title(cycle), fontsize=10.5)
        grid = figure.add_gridspec(len(rows), 2 if web else 1, width_ratios=[1.12, 1.0] if web else [1.0])
        first = figure.add_subplot(grid[0, 0])
        axes = {"V": first}
        for place, row in enumerate(rows[1:], start=1):
            axes[row] = figure.add_subplot(grid[place, 0], sharex=first)
        for ax in axes.values():
            _refractory(ax, cycle)
            ax.set_xlim(0.0, cycle.period)
            ax.tick_params(labelbottom=ax is axes["response"])
        courses = _courses(cycle, response)
        _voltage(axes["V"], cycle, courses)
        if others:
            _states(axes["states"], cycle, courses)
        _response(axes["response"], response)
        if web:
            _cobweb(figure.add_subplot(grid[:, 1]), web)
    return root_of(figure)


def _title(cycle: LimitCycle | SmoothCycle) -> str:
    spikes = cycle.n_spikes if isinstance(cycle, LimitCycle) else 1
    every = f" with {spikes} spikes" if spikes > 1 else ""
    rate = f"{1000.0 * spikes / cycle.period:.4g} Hz"
    level = input_unit(cycle.neuron).show(cycle.input)
    return signs(f"I = {level}: period {cycle.period:.5g} ms{every}, {rate}")


def _begins(cycle: LimitCycle | SmoothCycle) -> Array:
    """Give when intervals begin, and the end, ms."""
    intervals = cycle.intervals if isinstance(cycle, LimitCycle) else np.array([cycle.period])
    return np.concatenate([[0.0], np.cumsum(intervals)])


def _refractory(ax: Axes, cycle: LimitCycle | SmoothCycle) -> None:
    if not isinstance(cycle, LimitCycle):
        return
    length = cycle.map.linear.refractory()[0]
    for begin in _begins(cycle)[:-1] if length > 0.0 else ():
        ax.axvspan(begin, begin + length, color=REFRACTORY, linewidth=0, zorder=0.2)


def _pieces(response: PhaseResponse, values: Array) -> list[tuple[Array, Array]]:
    """Cut a response to V at spikes and at the ends of refractory periods, where it jumps."""
    begins = _begins(response.cycle)
    interval = np.searchsorted(begins, response.times, side="right") - 1
    place = 2 * interval + np.where(response.refractory, 0, 1)
    edges = [0, *(1 + np.flatnonzero(np.diff(place))).tolist(), place.size]
    pieces = []
    for a, b in pairwise(edges):
        t, Z = response.times[a:b], values[a:b]
        if response.refractory[a] and isinstance(response.cycle, LimitCycle):  # zero to its very end
            end = begins[interval[a]] + response.cycle.map.linear.refractory()[0]
            t, Z = np.append(t, end), np.append(Z, 0.0)
        pieces.append((t, Z))
    return pieces


def _courses(cycle: LimitCycle | SmoothCycle, response: PhaseResponse) -> list[tuple[Array, Array]]:
    """Give times and states of every interval, its beginning, release and end among them."""
    if isinstance(cycle, SmoothCycle):
        closed = np.append(response.times, cycle.period)
        return [(closed, np.column_stack([response.states, response.states[:, 0]]))]
    mapping, courses = cycle.map, []
    length = mapping.linear.refractory()[0]
    follow = [*cycle.returns[1:], cycle.returns[0]]
    for back, after, (begin, end) in zip(cycle.returns, follow, pairwise(_begins(cycle)), strict=True):
        here = (response.times > begin) & (response.times < end) & (response.times != begin + length)
        reset, ended = mapping.full(back.before), mapping.full(after.before)
        if cycle.neuron.system.resets_others:
            ended = np.full_like(ended, np.nan)  # before a reset that moves them
        ended[0] = np.nan if cycle.neuron.system.threshold_moves else cycle.neuron.v_thresh
        t = np.array([begin, begin + length, *response.times[here], end])
        ends = [reset, rested(mapping.linear, reset, length, cycle.input)[0]]
        y = np.column_stack([*ends, response.states[:, here], ended])
        order = np.argsort(t, kind="stable")
        courses.append((t[order], y[:, order]))
    return courses


def _voltage(ax: Axes, cycle: LimitCycle | SmoothCycle, courses: list[tuple[Array, Array]]) -> None:
    ax.set_ylabel("V (mV)")
    for t, y in courses:
        ax.plot(t, y[0], color="black", zorder=3)
    if isinstance(cycle, SmoothCycle):
        return
    level = lower(cycle.neuron.system).frame.threshold
    for (t, before), (_, after) in zip(courses, [*courses[1:], courses[0]], strict=True):
        ax.plot([t[-1], t[-1]], [before[0, -1], after[0, 0]], clip_on=False, **RESET)
        ax.plot(t, np.broadcast_to(level(before), t.shape), **THRESHOLD)
    ax.annotate(
        "threshold",
        (0.0, float(level(courses[0][1][:, 0]))),
        xycoords=("axes fraction", "data"),
        xytext=(4, 2),
        textcoords="offset points",
        fontsize=8.5,
        color=COLORS["input"],
    )
    ax.margins(y=0.12)


def _states(ax: Axes, cycle: LimitCycle | SmoothCycle, courses: list[tuple[Array, Array]]) -> None:
    names, fractions = cycle.neuron.system.labels[1:], all(cycle.neuron.system.fractions[1:])
    axes = state_axes(ax, names, np.column_stack([y for _, y in courses])[1:], fractions=fractions)
    for k, (name, look) in enumerate(state_looks(names).items()):
        for place, (t, y) in enumerate(courses):
            axes[name].plot(t, y[1 + k], label=name if place == 0 else None, **look)
    if len(names) > 1:
        state_legend(ax, axes)


def _response(ax: Axes, response: PhaseResponse) -> None:
    ax.axhline(0.0, **ZERO)
    shown: list[tuple[Array, dict[str, Any], str]] = [(response.V, LAST, "all later spikes, in the long run")]
    if np.isfinite(response.next_spike[0]).any():
        shown.append((response.next_spike[0], NEXT, "the next spike alone"))
    for values, look, name in shown:
        for place, (t, Z) in enumerate(_pieces(response, values)):
            ax.plot(t, Z, label=name if place == 0 else None, **look)
    ax.set(xlabel="Time since the spike (ms)", ylabel="Advance per mV\n(ms/mV)")
    if isinstance(response.cycle, SmoothCycle):
        ax.set_xlabel("Time since V rises through the section (ms)")
    handles, labels = ax.get_legend_handles_labels()
    if response.refractory.any():
        handles.append(ax.axvspan(np.nan, np.nan, color=REFRACTORY))
        labels.append("refractory")
    ax.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.34), ncols=3, columnspacing=1.2)


def _cobweb(ax: Axes, web: Cobweb) -> None:
    low, high = float(web.x[0]), float(web.x[-1])
    ax.plot([low, high], [low, high], label="diagonal", **DIAGONAL)
    ax.plot(web.x, web.image, label="return map", **MAP)
    corners = np.repeat(web.orbit, 2)
    # Up to the image, across to the diagonal: from its first point on the diagonal.
    ax.plot(corners[:-1], corners[1:], label="orbit from the neuron's start", **ORBIT)
    ax.plot(web.orbit[:-1], web.orbit[1:], ".", color=ORBIT["color"], markersize=5.0, zorder=4.5)
    cycle = web.cycle
    look = FIXED | ({} if cycle.stable else {"markerfacecolor": "white"})
    named = "fixed point" if cycle.n_spikes == 1 else f"cycle of {cycle.n_spikes}"
    ax.plot(web.fixed, np.roll(web.fixed, -1), label=named, **look)
    ends = np.concatenate([web.image[np.isfinite(web.image)], web.orbit, web.fixed, [low, high]])
    pad = 0.03 * float(np.ptp(ends))
    ax.set(xlim=(ends.min() - pad, ends.max() + pad), ylim=(ends.min() - pad, ends.max() + pad))
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlabel=f"{web.name} after a reset", ylabel=f"{web.name} after the next reset")
    points = ", ".join(f"{x:.4g}" for x in web.fixed)
    ax.set_title(signs(f"{named}: {web.name} = {points}\nmultiplier {_multiplier(cycle)}"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)


def _multiplier(cycle: LimitCycle) -> str:
    value = cycle.multipliers[0]
    text = f"{value.real:.4g}"
    if value.imag:
        text += f" ± {abs(value.imag):.4g}i"
    return f"{text} ({'stable' if cycle.stable else 'unstable'})"


def plot_reset_bifurcation(
    bifurcation: ResetBifurcation, name: str = "interval", *, title: str = "", fig: AnyFigure | None = None
) -> Figure:
    """Draw what firing settles to against a parameter, and the Lyapunov exponent beneath.

    Parameters
    ----------
    bifurcation : ResetBifurcation
    name : str
        ``"interval"``, or a free state just after the reset.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.

    Returns
    -------
    matplotlib.figure.Figure
        Without the lower panel where nothing is free (the plain LIF) or no exponent was asked for.
    """
    values, points = bifurcation.points(name)
    order = np.argsort(bifurcation.values)
    at, exponents = bifurcation.values[order], bifurcation.lyapunov[order]
    silent = np.array([each.silent for each in bifurcation.orbits], dtype=bool)[order]
    growth = bool(np.isfinite(exponents).any())
    size = float(np.clip(WIDE / max(at.size, 1), 1.5, 6.0))
    with styled():
        figure = canvas(fig, 7.2, 5.2 if growth else 3.8)
        axes = figure.subplots(
            2 if growth else 1,
            1,
            sharex=True,
            squeeze=False,
            height_ratios=[2.2, 1.0] if growth else [1.0],
        )[:, 0]
        figure.suptitle(title, fontsize=10.5)
        axes[0].plot(values, points, markersize=size, rasterized=points.size > MANY, **POINT)
        axes[0].set_ylabel("Interval (ms)" if name == "interval" else f"{name} after the reset")
        half = 0.5 * float(np.min(np.diff(at), initial=np.inf)) if at.size > 1 else 0.5
        for ax in axes:
            for value in at[silent]:
                ax.axvspan(value - half, value + half, color=SILENT, linewidth=0, zorder=0.2)
            ax.set_xlim(at[0] - half, at[-1] + half)
        if growth:
            axes[1].axhline(0.0, **ZERO)
            shown = np.where(np.isfinite(exponents), exponents, np.nan)
            axes[1].fill_between(
                at, 0.0, shown, where=shown > 0.0, interpolate=True, color=CHAOS, linewidth=0, zorder=1
            )
            axes[1].plot(at, shown, marker=".", markersize=3.5, linewidth=1.0, color="#0072B2", zorder=3)
            axes[1].set_ylabel("Lyapunov exponent\n(per spike)")
        axes[-1].set_xlabel(_parameter(bifurcation))
        if silent.any():
            axes[-1].axvspan(np.nan, np.nan, color=SILENT, label="firing ends")
            axes[-1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.2 if not growth else -0.42))
    return root_of(figure)


def _parameter(bifurcation: ResetBifurcation) -> str:
    name = bifurcation.parameter
    unit = bifurcation.orbits[0].neuron.numbers()[name].unit
    return f"{name} ({unit})" if unit else name


def plot_gradients(
    gradients: Gradients, names: Sequence[str] | None = None, *, title: str = "", ax: Axes | None = None
) -> Figure:
    """Draw what a change of each parameter by 1 per cent does to the spike times.

    Parameters
    ----------
    gradients : Gradients
    names : sequence of str, optional
        The parameters; by default those that move spikes most.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    matplotlib.figure.Figure
        Bars for few spikes, else a line per parameter. What is near a graze is hatched, or open.

    Raises
    ------
    ModelError
        When there are no spikes, or no such parameter.
    """
    if not gradients.spike_times.size:
        raise ModelError("gradients of spike times need spikes, got a run without any")
    unknown = [name for name in names or () if name not in gradients.names]
    if unknown:
        raise ModelError(f"names must be among {', '.join(gradients.names)}, got {', '.join(unknown)}")
    bars = gradients.spike_times.size <= MOST_BARS
    change = gradients.elasticities
    largest = np.abs(change).max(axis=0)
    most = MOST if bars else len(SERIES)
    chosen = [k for k in np.argsort(-largest, kind="stable")[:most].tolist() if largest[k] > 0.0]
    if names is not None:
        chosen = [gradients.names.index(name) for name in names]
    with styled():
        figure, ax = one_panel(ax, 7.0, (1.3 + 0.36 * len(chosen)) if bars else 4.2)
        ax.set_title(title, fontsize=10.5)
        (_bars if bars else _lines)(ax, gradients, chosen)
    return figure


def _label_of(gradients: Gradients, k: int) -> str:
    name, run = gradients.names[k], gradients.trajectory
    unit = choose(run.neuron, run.stimulus, [name])[name].unit
    return signs(f"{name} = {gradients.values[k]:.4g} {unit}".rstrip())


def _sign(gradients: Gradients, chosen: list[int]) -> str:
    """Say what 1 per cent of a negative parameter is."""
    value = min((float(gradients.values[k]) for k in chosen), default=0.0)
    return signs(f"\n1 % of {value:.4g} mV is {value / 100.0:.4g} mV") if value < 0.0 else ""


def _bars(ax: Axes, gradients: Gradients, chosen: list[int]) -> None:
    change, count = gradients.elasticities, gradients.spike_times.size
    height, places = 0.8 / count, np.arange(len(chosen))
    for spike, time in enumerate(gradients.spike_times.tolist()):
        ax.barh(
            places + (spike - 0.5 * (count - 1)) * height,
            change[spike, chosen],
            height=0.92 * height,
            color=SERIES[spike],
            hatch="////" if gradients.divergent[spike] else None,
            edgecolor="white",
            linewidth=0.0,
            label=f"spike {spike + 1}, {time:.2f} ms" + (" (graze)" if gradients.divergent[spike] else ""),
        )
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_yticks(places, [_label_of(gradients, k) for k in chosen])
    ax.set_ylim(len(chosen) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#E4E4E4", linewidth=0.6)
    ax.set_xlabel(f"Shift of the spike per 1 % of the parameter (ms; right: later){_sign(gradients, chosen)}")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _lines(ax: Axes, gradients: Gradients, chosen: list[int]) -> None:
    spikes, bad = np.arange(1, gradients.spike_times.size + 1), np.asarray(gradients.divergent, dtype=bool)
    for place, k in enumerate(chosen):
        change, color = gradients.elasticities[:, k], SERIES[place % len(SERIES)]
        dashes = DASHES[place % len(DASHES)]
        ax.plot(spikes, change, color=color, linestyle=dashes, label=_label_of(gradients, k))
        ax.plot(spikes[~bad], change[~bad], "o", color=color, markersize=3.5)
        ax.plot(spikes[bad], change[bad], "o", color=color, markersize=4.0, markerfacecolor="white")
    ax.axhline(0.0, **ZERO)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(axis="y", color="#E4E4E4", linewidth=0.6)
    ax.set(ylabel="Shift per 1 % of the parameter\n(ms; up: later)")
    ax.set_xlabel(f"Spike{_sign(gradients, chosen)}")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3.2)
