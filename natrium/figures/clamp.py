"""Voltage clamp: the command, and what flows."""

from __future__ import annotations

from matplotlib.figure import Figure

from natrium.analysis import VoltageClamp
from natrium.figures.style import COLORS, SERIES, AnyFigure, canvas, root_of, styled


def plot_voltage_clamp(
    clamped: VoltageClamp, *, leak: bool = True, title: str = "", fig: AnyFigure | None = None
) -> Figure:
    """Draw the currents, outward up, beneath the command.

    Parameters
    ----------
    clamped : VoltageClamp
    leak : bool
        Whether the leak's current is shown.
    title : str
    fig : matplotlib.figure.Figure or SubFigure, optional
        Where the panels are made; a new figure by default.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with styled():
        where = canvas(fig, 7.0, 4.6)
        above, below = where.subplots(2, 1, sharex=True, height_ratios=[1.0, 2.4])
        above.plot(clamped.t, clamped.V, color=COLORS["hold"])
        above.set_ylabel("Command (mV)")
        above.margins(y=0.15)
        unit = clamped.told_in
        label = f"Current ({unit})" if clamped.leak else "Current over leak conductance (mV)"
        currents = {name: unit.of(current) for name, current in clamped.currents.items()}
        channels = [name for name in clamped.currents if name != "leak"]
        for index, name in enumerate(channels):
            below.plot(clamped.t, currents[name], color=SERIES[index % len(SERIES)], label=name)
        if leak:
            below.plot(clamped.t, currents["leak"], color="0.45", linestyle="--", label="leak")
        below.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
        below.set(xlabel="Time (ms)", ylabel=label)
        below.set_xlim(clamped.t[0], clamped.t[-1])
        if channels or leak:
            below.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        if title:
            where.suptitle(title)
        where.align_ylabels([above, below])
    return root_of(where)
