"""Excitability, drawn: the curve of equilibria, rate against input, strength against duration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from natrium.analysis.equilibria.curve import EquilibriumCurve
from natrium.analysis.excitability.f_i import FI, TERMS, Onset
from natrium.analysis.excitability.least_input import Rheobase
from natrium.analysis.excitability.strength_duration import StrengthDuration
from natrium.figures.labels import label_points
from natrium.figures.marks import Mark, input_label, number, term
from natrium.figures.style import COLORS, AnyFigure, canvas, lay_out, root_of, styled
from natrium.model.arrays import Array
from natrium.model.leak import input_unit
from natrium.model.protocol import in_input

# Okabe and Ito's colours; every line has a dash pattern of its own as well.
STABLE: Any = {"color": "#0072B2", "linewidth": 2.0, "zorder": 3}
UNSTABLE: Any = {"color": "#D55E00", "linewidth": 1.6, "linestyle": (0, (4, 2)), "zorder": 3}
FOLD: Any = {"marker": "o", "markerfacecolor": "white", "markersize": 6.5}
HOPF: Any = {"marker": "D", "markerfacecolor": "#009E73", "markersize": 5.5}
CORNER: Any = {"marker": "^", "markerfacecolor": "#CC79A7", "markersize": 6.5}
CROSSING: Any = {"marker": "s", "markerfacecolor": "#E69F00", "markersize": 5.5}
MARK: Any = {"linestyle": "", "color": "black", "markeredgewidth": 1.1, "zorder": 6}
THRESHOLD: Any = {"color": COLORS["input"], "linestyle": "--", "linewidth": 1.1, "zorder": 2}
RHEOBASE: Any = {"color": "#CC79A7", "linestyle": (0, (6, 1.5, 1, 1.5)), "linewidth": 1.3, "zorder": 2}
WITHOUT: Any = {"color": "#8C8C8C", "linestyle": ":", "linewidth": 1.1, "zorder": 2}
LAW: Any = {"color": "#D55E00", "linestyle": (0, (4, 2)), "linewidth": 1.2, "zorder": 5}
FITTED: Any = {"color": "#D55E00", "linestyle": "", "marker": "o", "markersize": 6.0, "fillstyle": "none"}
DATA: Any = {"color": "#0072B2", "marker": "o", "markersize": 3.8, "linewidth": 1.2, "zorder": 4}
BEYOND = "#EDEDED"
MARGIN = 0.15  # of a range
LEAST = 2.0  # mV beside rheobase and zero that a close-up shows
ASIDE = 4.0  # mV of V beside reset and threshold
NEARBY = 30.0  # how much further than it was fitted a law is drawn
EDGE = 1e-6  # relative: how near to its end a place on an axis is taken for one in view
FINE = 400  # points of a law, or of a line


def plot_equilibrium_curve(
    curve: EquilibriumCurve,
    rheobase: Rheobase | None = None,
    *,
    title: str = "",
    fig: AnyFigure | None = None,
) -> Figure:
    """Draw the equilibria against the input, as a bifurcation diagram.

    Parameters
    ----------
    curve : EquilibriumCurve
    rheobase : Rheobase, optional
        Its input is marked, and what is around it and below the threshold shown larger.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.

    Returns
    -------
    matplotlib.figure.Figure
        The whole curve; with a rheobase, beside it, the part that the cell sees. One of the two where they
        show the same.
    """
    unit = input_unit(curve.neuron)
    # Drawn is the input as it is told.
    curve, marks, at = attrs.evolve(curve, I=unit.of(curve.I)), _marks(curve), _level(rheobase)
    whole = _whole(curve, marks, at)
    windows = [whole]
    if curve.neuron.fires and at is not None:
        close = _close_up(curve, at)
        outside = [m for m in marks if not (m.within(*close))]
        windows = [whole, close] if outside else [close]
    with styled():
        figure = canvas(fig, 9.2 if len(windows) > 1 else 5.6, 4.6)
        axes = figure.subplots(1, len(windows), squeeze=False)[0]
        figure.suptitle(title, fontsize=10.5)
        for ax, (inputs, voltages) in zip(axes, windows, strict=True):
            ax.set(xlim=inputs, ylim=voltages, xlabel=input_label(unit.name))
            _diagram(ax, curve, marks, at)
        axes[0].set_ylabel("V at equilibrium (mV)")
        if len(windows) > 1:
            axes[0].set_title("Whole curve")
            axes[1].set_title("Around rheobase")
        entries = _legend(curve, marks, rheobase, at)
        figure.legend(
            [handle for handle, _ in entries],
            [label for _, label in entries],
            loc="outside lower center",
            ncols=4 if len(windows) > 1 else 2,
            handlelength=2.8,
        )
        lay_out(root_of(figure))  # so that labels can be placed in the axes
        for ax in axes:
            label_points(ax, [(mark.I, mark.V, mark.text) for mark in marks], _lines(ax, curve, at))
    return root_of(figure)


def _level(rheobase: Rheobase | None) -> float | None:
    found = rheobase is not None and np.isfinite(rheobase.value)
    return rheobase.told_in.of(rheobase.value) if rheobase is not None and found else None


def _marks(curve: EquilibriumCurve) -> list[Mark]:
    unit = input_unit(curve.neuron)
    kinds: Any = ((curve.folds, "fold", FOLD), (curve.hopf, "Hopf", HOPF), (curve.corners, "corner", CORNER))
    places = [(one.I, one.V, name, look) for found, name, look in kinds for one in found]
    if curve.threshold_input is not None and not curve.threshold_far:
        places.append((curve.threshold_input, curve.crossings[0], "at threshold", CROSSING))
    return [Mark(unit.of(I), V, name, look, unit.name) for I, V, name, look in places]


def _whole(
    curve: EquilibriumCurve, marks: list[Mark], at: float | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the ranges of I and V that hold every mark, no input, and the rheobase."""
    inputs = np.array([0.0, *([] if at is None else [at]), *(mark.I for mark in marks)])
    pad = max(MARGIN * float(np.ptp(inputs)), input_unit(curve.neuron).of(LEAST))
    low, high = float(inputs.min()) - pad, float(inputs.max()) + pad
    neuron = curve.neuron
    base = float(np.interp(0.0, curve.I, curve.V)) if not curve.folds else neuron.landmarks[0]
    voltages = [base, neuron.landmarks[-1], *(mark.V for mark in marks)]
    inside = np.abs(curve.I - 0.5 * (low + high)) <= 0.5 * (high - low)
    shown = curve.V[inside & (np.array(curve.V) >= min(voltages))]
    top = max([*voltages, *shown[-1:].tolist()])
    room = max(0.06 * (top - min(voltages)), LEAST)
    return (low, high), (min(voltages) - 2.0 * room, top + room)


def _close_up(curve: EquilibriumCurve, at: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the ranges of I and V around rheobase and no input, below the threshold."""
    neuron, pad = curve.neuron, max(0.5 * abs(at), input_unit(curve.neuron).of(LEAST))
    held = [neuron.landmarks[-1], *curve.crossings[:1]]
    return (min(0.0, at) - pad, max(0.0, at) + pad), (min(held) - ASIDE, max(held) + ASIDE)


def _diagram(ax: Axes, curve: EquilibriumCurve, marks: list[Mark], at: float | None) -> None:
    neuron = curve.neuron
    if neuron.system.threshold_moves:
        ax.plot(curve.I, curve.threshold, **THRESHOLD)
    elif neuron.fires:
        if not neuron.system.passes:
            ax.axhspan(neuron.v_thresh, ax.get_ylim()[1], color=BEYOND, linewidth=0, zorder=0.2)
        ax.axhline(neuron.v_thresh, **THRESHOLD)
    ax.axvline(0.0, **WITHOUT)
    if at is not None:
        ax.axvline(at, **RHEOBASE)
    # At the point where stability changes itself, nothing counts as unstable.
    unstable = np.maximum(curve.unstable[:-1], curve.unstable[1:]) > 0
    edges = [0, *(1 + np.flatnonzero(np.diff(unstable))).tolist(), unstable.size]
    for begin, end in pairwise(edges):
        part = slice(begin, end + 1)
        ax.plot(curve.I[part], curve.V[part], **(UNSTABLE if unstable[begin] else STABLE))
    for mark in marks:
        ax.plot([mark.I], [mark.V], **MARK, **mark.look)


def _legend(
    curve: EquilibriumCurve, marks: list[Mark], rheobase: Rheobase | None, at: float | None
) -> list[tuple[Any, str]]:
    entries: list[tuple[Any, str]] = [(Line2D([], [], **STABLE), "stable")]
    if np.any(curve.unstable > 0):
        entries.append((Line2D([], [], **UNSTABLE), "unstable"))
    names = {"fold": "fold (saddle-node)", "Hopf": "Hopf point", "at threshold": "equilibrium at threshold"}
    looks = {mark.name: mark.look for mark in marks}
    entries += [(Line2D([], [], **MARK, **look), names.get(name, name)) for name, look in looks.items()]
    if rheobase is not None and at is not None:
        told, cause = in_input(number(at), input_unit(curve.neuron).name), rheobase.cause
        entries.append((Line2D([], [], **RHEOBASE), f"rheobase {told} ({cause.replace('hopf', 'Hopf')})"))
    entries.append((Line2D([], [], **WITHOUT), "no input"))
    if curve.neuron.system.threshold_moves:
        entries.append((Line2D([], [], **THRESHOLD), "threshold at rest"))
    elif curve.neuron.fires:
        entries.append((Line2D([], [], **THRESHOLD), f"threshold {number(curve.neuron.v_thresh)} mV"))
        if not curve.neuron.system.passes:
            entries.append((Patch(color=BEYOND), "beyond it, never entered"))
    return entries


def _lines(ax: Axes, curve: EquilibriumCurve, at: float | None) -> list[Array]:
    """Give the lines that no label should cover."""
    wide, high = (np.linspace(*limits, FINE) for limits in (ax.get_xlim(), ax.get_ylim()))
    lines = [np.column_stack([curve.I, curve.V])]
    lines += [np.column_stack([np.full(FINE, level), high]) for level in (0.0, at) if level is not None]
    if curve.crossings:
        lines.append(np.column_stack([wide, np.full(FINE, curve.crossings[0])]))
    return lines


def plot_f_i(fi: FI, onset: Onset | None = None, *, title: str = "", fig: AnyFigure | None = None) -> Figure:
    """Draw rate, latency and adaptation against constant input.

    Parameters
    ----------
    fi : FI
    onset : Onset, optional
        The law by which firing sets in, drawn with the points it was fitted to.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    with styled():
        figure = canvas(fig, 9.2, 4.4)
        axes = figure.subplot_mosaic([["rate", "latency"], ["rate", "adaptation"]], width_ratios=[1.7, 1.0])
        figure.suptitle(title, fontsize=10.5)
        order = np.argsort(fi.inputs)
        inputs = fi.told_in.of(fi.inputs[order])
        fires = np.array([outcome == "sustained" for outcome in fi.outcomes])[order]
        gaps = 1 + np.flatnonzero(np.diff(fires))  # no line between silence and firing
        axes["rate"].plot(
            np.insert(inputs, gaps, np.nan),
            np.insert(fi.rates[order], gaps, np.nan),
            label="computed",
            **DATA,
        )
        span = float(np.ptp(inputs)) or 1.0
        low, high = float(inputs.min()) - 0.03 * span, float(inputs.max()) + 0.03 * span
        top = float(fi.rates.max(initial=0.0))
        if onset is not None and onset.law != "undecided":
            _law(axes["rate"], onset, low, high)
        axes["rate"].set_ylim(-0.03 * (top or 1.0), 1.08 * (top or 1.0))
        axes["rate"].legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, handlelength=2.8)
        axes["rate"].set(xlabel=input_label(fi.told_in.name), ylabel="Steady rate (Hz)")
        axes["latency"].plot(inputs, fi.latencies[order], **DATA)
        axes["latency"].set(ylabel="Latency (ms)", yscale="log")
        _plain(axes["latency"].yaxis, _multiples(axes["latency"]))
        axes["adaptation"].plot(inputs, fi.adaptation[order], **DATA)
        axes["adaptation"].axhline(1.0, **WITHOUT)
        axes["adaptation"].set(xlabel=input_label(fi.told_in.name), ylabel="Steady interval / first")
        if np.nanmax(np.abs(fi.adaptation - 1.0), initial=0.0) < 1e-3:  # no adaptation: no look at rounding
            axes["adaptation"].set_ylim(0.9, 1.1)
        axes["latency"].tick_params(labelbottom=False)
        for ax in axes.values():
            ax.set_xlim(low, high)
            ax.grid(which="major", color="#E4E4E4", linewidth=0.6)
    return root_of(figure)


class _InView(LogLocator):
    """Places on a logarithmic axis, those in view alone: of others Matplotlib makes ticks, and draws none."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Give the places."""
        low, high = min(vmin, vmax) * (1.0 - EDGE), max(vmin, vmax) * (1.0 + EDGE)
        return [place for place in super().tick_values(vmin, vmax) if low <= place <= high]


def _plain(axis: Axis, subs: Sequence[float]) -> None:
    """Label a logarithmic axis in plain numbers, at these multiples of powers of ten."""
    axis.set_major_locator(_InView(subs=subs))
    axis.set_minor_locator(_InView(subs="auto"))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def _multiples(ax: Axes) -> Sequence[float]:
    """Give the multiples that a vertical axis of few decades has room for."""
    low, high = ax.get_ylim()
    return (1.0, 2.0, 5.0) if high > 10.0 * low else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)


def _law(ax: Axes, onset: Onset, low: float, high: float) -> None:
    unit = onset.told_in
    excess_of = onset.inputs - onset.at
    side = (
        1.0 if excess_of.max(initial=0.0) > 0.0 else -1.0
    )  # on which it fires: below, where the input lowers V
    edge = side * ((high if side > 0.0 else low) / unit.per_mV - onset.at)
    far = min(edge, NEARBY * float((side * excess_of).max()))
    excess = far * np.linspace(0.0, 1.0, FINE + 1)[1:] ** 2
    interval = onset.offset + onset.coefficient * TERMS[onset.law](excess)
    ends = np.flatnonzero(interval <= 0.0)  # there the law says nothing
    kept = slice(0, int(ends[0]) if ends.size else None)
    offset, coefficient = onset.constants(onset.coefficient)
    away = f"(I {term(-unit.of(onset.at))})" if onset.at else "I"
    if side < 0.0:
        away = f"({number(unit.of(onset.at))} - I)" if onset.at else "(-I)"
    added = term(-coefficient if onset.law == "fold of cycles" else coefficient, 3)
    written = {
        "square root": f"{added}/√{away}",
        "logarithmic": f"{added} ln(1/{away})",
        "inverse": f"{added}/{away}",
        "jump": f"{added} {away}",
        "fold of cycles": f"{added} √{away}",
    }
    known = ""
    if onset.predicted is not None:
        known = f" (from the model: {number(onset.constants(onset.predicted)[1], 3)})"
    begin = unit.of(onset.at)
    start = low if side > 0.0 else high
    below = [start, begin] if side * (begin - start) > 0.0 else []
    first = onset.rate
    label = f"{onset.law} law:\ninterval = {number(offset, 3)} {written[onset.law]} ms{known}"
    rates = np.concatenate([np.zeros(len(below)), [first], 1000.0 / interval[kept]])
    ax.plot(unit.of(onset.inputs), 1000.0 / onset.intervals, label="fitted to", **FITTED)
    drawn = np.concatenate([below, [begin], unit.of(onset.at + side * excess[kept])])
    ax.plot(drawn, rates, label=label, **LAW)


def plot_strength_duration(
    strength: StrengthDuration, *, title: str = "", fig: AnyFigure | None = None
) -> Figure:
    """Draw the least amplitude and the charge of a pulse against its duration.

    Parameters
    ----------
    strength : StrengthDuration
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    with styled():
        figure = canvas(fig, 9.2, 4.0)
        left, right = figure.subplots(1, 2)
        figure.suptitle(title, fontsize=10.5)
        order = np.argsort(strength.durations)
        unit, name = strength.told_in, strength.told_in.name
        side, sign = (-1.0, "\N{MINUS SIGN}") if strength.rheobase < 0.0 else (1.0, "")  # the input lowers V
        amplitudes, charges = (side * unit.of(x[order]) for x in (strength.amplitudes, strength.charges))
        left.plot(strength.durations[order], amplitudes, label="computed", **DATA)
        right.plot(strength.durations[order], charges, **DATA)
        level, chronaxie = side * unit.of(strength.rheobase), strength.chronaxie
        left.axhline(level, label=f"rheobase {in_input(number(side * level), name)}", **RHEOBASE)
        label = f"chronaxie {number(chronaxie, 3)} ms"
        left.plot([chronaxie], [2.0 * level], label=label, **MARK, **CROSSING)
        over = "rest" if strength.base == 0.0 else f"base {in_input(number(unit.of(strength.base)), name)}"
        left.set_ylabel(f"{sign}Least amplitude above {over}" + (f" ({name})" if name else ""))
        right.set_ylabel(f"{sign}Charge, amplitude × duration ({in_input('', name)} ms)".replace("( ", "("))
        left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, handlelength=2.8)
        for ax in (left, right):
            ax.set(xscale="log", yscale="log", xlabel="Duration of the pulse (ms)")
            _plain(ax.xaxis, (1.0,))
            _plain(ax.yaxis, _multiples(ax))
            ax.grid(which="major", color="#E4E4E4", linewidth=0.6)
    return root_of(figure)
