"""Channels as curves: how far each gate opens at a voltage, and how fast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from natrium.figures.style import AnyFigure, canvas, root_of, state_looks, styled
from natrium.model import Channel, Gate
from natrium.model.calcium import CA
from natrium.model.kernel import lower_expressions
from natrium.model.rates import V as SYMBOL

V_LOW, V_HIGH, POINTS = -100.0, 50.0, 601
COLUMNS = 4
SHOWN_AT, SHARES = -20.0, (0.1, 0.5, 0.9)  # mV, and how far a gate of calcium is open there
TAU_RANGE = (1e-2, 1e5)  # ms that are shown at most


def channel_curves(channel: Channel) -> dict[str, tuple[Any, Any, Any]]:
    """Give V (mV), steady state and time constant (ms; None if instantaneous) of each gate, by its name.

    A gate that reads the calcium has a curve at each of `calcium_shown`, the concentration in its name.
    """
    V = np.linspace(V_LOW, V_HIGH, POINTS)
    found = {}
    for gate in channel.gates:
        for level in calcium_shown(gate) if gate.reads_calcium else (None,):
            at = V, np.full(V.shape, np.nan if level is None else level)
            flow = gate.flow(SYMBOL) if gate.moves else None
            open_ = np.broadcast_to(lower_expressions((gate.steady,), (SYMBOL, CA), "grid")(*at)[0], V.shape)
            tau = None
            if flow is not None:
                rate = np.broadcast_to(lower_expressions((flow.rate,), (SYMBOL, CA), "grid")(*at)[0], V.shape)
                tau = 1.0 / rate
            found[gate.name if level is None else f"{gate.name}, Ca = {level:g}"] = (V, open_, tau)
    return found


def calcium_shown(gate: Gate) -> tuple[float, ...]:
    """Give round concentrations at which a gate that reads the calcium is little, half and mostly open."""
    levels = np.array([step * 10.0**power for power in range(-7, 5) for step in (1.0, 2.0, 5.0)])
    steady = lower_expressions((gate.steady,), (SYMBOL, CA), "grid")(np.full(levels.shape, SHOWN_AT), levels)
    open_ = np.broadcast_to(steady[0], levels.shape)
    return tuple(sorted({float(levels[np.argmin(np.abs(open_ - share))]) for share in SHARES}))


def plot_channels(channels: Mapping[str, Channel], fig: AnyFigure | None = None) -> Figure:
    """Draw every channel's gates: steady states above, time constants beneath.

    Parameters
    ----------
    channels : mapping of str to Channel
        Such as `natrium.CHANNELS`, or a few of them.
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; one of its own by default.
    """
    rows = -(-len(channels) // COLUMNS)
    columns = min(COLUMNS, len(channels))
    with styled():
        figure = canvas(fig, 2.7 * columns + 0.4, 2.7 * rows + 0.3)
        axes = figure.subplots(2 * rows, columns, sharex=True, squeeze=False, height_ratios=[1.2, 1.0] * rows)
        for ax in axes.ravel()[: 0 if len(channels) % COLUMNS == 0 else None]:
            ax.set_visible(False)
        for place, (name, channel) in enumerate(channels.items()):
            row, column = divmod(place, COLUMNS)
            _draw(axes[2 * row, column], axes[2 * row + 1, column], name, channel)
            if column == 0:
                axes[2 * row, column].set_ylabel("open fraction")
                axes[2 * row + 1, column].set_ylabel("tau (ms)")
        for place in range(max(0, len(channels) - columns), len(channels)):
            row, column = divmod(place, COLUMNS)
            bottom = axes[2 * row + 1, column]
            bottom.set_xlabel("V (mV)")
            bottom.tick_params(labelbottom=True)
    return root_of(figure)


def _draw(above: Axes, below: Axes, name: str, channel: Channel) -> None:
    above.set_visible(True)
    below.set_visible(True)
    curves = channel_curves(channel)
    looks = state_looks([f"{channel.name}.{gate}" for gate in curves])
    low, high = np.inf, 0.0
    powers = {gate.name: gate.power for gate in channel.gates}
    for gate, (V, open_, tau) in curves.items():
        name_of, comma, level = gate.partition(",")
        look = looks[f"{channel.name}.{gate}"]
        label = gate if powers[name_of] == 1 else f"{name_of}$^{{{powers[name_of]}}}${comma}{level}"
        above.plot(V, open_, label=label, **look)
        if tau is not None:
            below.plot(V, tau, **look)
            low, high = min(low, float(np.min(tau))), max(high, float(np.max(tau)))
    above.set_title(name.replace("_", " "), fontsize=8.5)
    above.set(ylim=(-0.04, 1.04), xlim=(V_LOW, V_HIGH))
    above.legend(loc="best", handlelength=1.4, borderpad=0.2, frameon=True, framealpha=0.85, edgecolor="none")
    if high > 0.0:
        below.set_yscale("log")
        # Whole decades, so that the eye can compare.
        ends = math.floor(math.log10(max(0.9 * low, TAU_RANGE[0]))), math.ceil(math.log10(1.001 * high))
        below.set_ylim(10.0 ** ends[0], 10.0 ** max(ends[1], ends[0] + 1))
        below.yaxis.set_major_locator(LogLocator(numticks=5))
        below.yaxis.set_major_formatter("{x:g}")
        below.yaxis.set_minor_formatter(NullFormatter())
    else:
        below.set_yticks([])
        below.text(
            0.5, 0.5, "instantaneous", transform=below.transAxes, ha="center", va="center", fontsize=8.5
        )
