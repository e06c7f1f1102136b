"""The look of the figures: colours that the colour-blind tell apart, sizes legible in print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Figure
from matplotlib.figure import SubFigure
from matplotlib.transforms import ScaledTranslation

from natrium.model import write_whole
from natrium.model.arrays import Array

# M. Okabe, K. Ito, "Color universal design" (2008): distinct under every common colour blindness.
COLORS: dict[str, str] = {
    "script": "#D55E00",
    "hold": "#0072B2",
    "clamp": "#009E73",
    "input": "#4D4D4D",
    "threshold": "#8C8C8C",
    "spike": "#000000",
}
"""What has one colour in every figure: the script, the truth under either rule, input, threshold, spikes."""

# The states beside V, each one colour everywhere, and none of those above (P. Tol's muted colours).
STATES: dict[str, str] = {"m": "#CC79A7", "h": "#999933", "n": "#56B4E9", "w": "#AA4499"}
OTHER_STATES = ("#882255", "#44AA99", "#E69F00", "#332288", "#661100", "#117733", "#DDCC77", "#6699CC")
DASHES = ("-", "--", "-.", ":")  # of channels whose gates have the same names
WIDER = 15.0  # times: a state this much smaller than the largest is drawn on a scale of its own
ROOM = 0.42  # inches that the numbers of a second scale take

AnyFigure = Figure | SubFigure

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

_STYLE: Any = {
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 9.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.4,
    "axes.axisbelow": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "natrium",  # the same figure gives the same file
    "figure.dpi": 100,
    "savefig.dpi": 200,
}


def state_looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Give colour and dashes of states, ``"Na.m"`` or ``"w"``: a colour for a gate, dashes for a channel."""
    colors, channels = dict(STATES), dict[str, str]()
    looks = {}
    for name in names:
        channel, _, gate = name.rpartition(".")
        unused = [color for color in OTHER_STATES if color not in colors.values()]
        color = colors.setdefault(
            gate, unused[0] if unused else OTHER_STATES[len(colors) % len(OTHER_STATES)]
        )
        dashes = channels.setdefault(channel, DASHES[len(channels) % len(DASHES)])
        looks[name] = {"color": color, "linestyle": dashes}
    return looks


def state_axes(ax: Axes, names: Sequence[str], y: Array, *, fractions: bool) -> dict[str, Axes]:
    """Give the axis of each state: those much smaller than the largest have one at the right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The panel, which is labelled.
    names : sequence of str, length n_states
    y : ndarray, shape (n_states, n_times)
        Their courses; NaN where there is nothing.
    fractions : bool
        Whether all of them are open fractions, by the model.
    """
    if fractions:
        ax.set(ylabel="Gates", ylim=(-0.03, 1.03))
        return dict.fromkeys(names, ax)
    sizes = dict(zip(names, np.nanmax(np.abs(y), axis=1, initial=0.0), strict=True))
    small = [name for name, size in sizes.items() if 0.0 < WIDER * size < max(sizes.values())]
    ax.set_ylabel(names[0] if len(names) == 1 else "Other states")
    if not small:
        return dict.fromkeys(names, ax)
    right = ax.twinx()
    right.spines["right"].set_visible(True)
    return {name: right if name in small else ax for name in names}


def state_labels(ax: Axes, axes: dict[str, Axes]) -> dict[str, str]:
    """Give what a legend calls each state of a panel, by name."""
    return {name: name if one is ax else f"{name} (right)" for name, one in axes.items()}


def state_legend(ax: Axes, axes: dict[str, Axes]) -> None:
    """Put one legend of all states beside a panel, in their order."""
    lines = [line for one in dict.fromkeys(axes.values()) for line in one.get_lines()]
    shown, labels = {str(line.get_label()): line for line in lines}, state_labels(ax, axes)
    room = 0.0 if set(axes.values()) == {ax} else ROOM
    figure = cast(Figure, ax.get_figure(root=True))
    ax.legend(
        [shown[name] for name in axes],
        [labels[name] for name in axes],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        bbox_transform=ax.transAxes + ScaledTranslation(room, 0.0, figure.dpi_scale_trans),
        handlelength=2.6,
    )


@contextmanager
def styled() -> Iterator[None]:
    """Draw in natrium's style, leaving the user's own settings alone."""
    with matplotlib.rc_context(rc=_STYLE):
        yield


class Drawing(Figure):
    """A figure outside pyplot's state that a notebook shows, pyplot loaded or not."""

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        self.savefig(picture, format="png", bbox_inches="tight")
        return picture.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of a size in inches."""
    figure = Drawing(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # it keeps what measures text; a canvas of no kind makes that anew each time
    return figure


def canvas(fig: AnyFigure | None, width: float, height: float) -> AnyFigure:
    """Give the figure to draw several panels into: the one given, or a new one of a size in inches."""
    return new_figure(width, height) if fig is None else fig


def root_of(figure: AnyFigure) -> Figure:
    """Give the whole figure that a part of one belongs to."""
    return figure.get_figure(root=True)


def one_panel(ax: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    """Give figure and axis to draw into: those of the axis given, or new ones of a size in inches."""
    if ax is not None:
        return cast(Figure, ax.get_figure(root=True)), ax
    figure = new_figure(width, height)
    return figure, figure.subplots()


def spread(figure: Figure) -> None:
    """Leave room between panels side by side, whose labels are long."""
    engine: Any = figure.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.1)


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG; give the paths."""
    paths = []
    with styled():
        lay_out(figure, matplotlib.rcParams["savefig.dpi"])
        if figure.get_layout_engine() is not None:
            # "none" leaves an engine that does nothing, for which Matplotlib would draw all the same.
            figure.set_layout_engine("none")
            figure.set_layout_engine(None)
        for kind in ("png", "svg"):
            buffer = BytesIO()
            metadata = {"Date": None} if kind == "svg" else None
            figure.savefig(buffer, format=kind, metadata=metadata)
            path = folder / f"{name}.{kind}"
            write_whole(path, buffer.getvalue())
            paths.append(path)
    return paths


def lay_out(figure: Figure, dpi: float | None = None) -> None:
    """Place a figure's axes; Matplotlib would draw all of it for that.

    The size of letters depends on the `dpi` of what is to be written; the figure's own by default.
    """
    engine, own = figure.get_layout_engine(), figure.dpi
    if engine is None:
        return
    figure.set_dpi(own if dpi is None else dpi)
    try:
        engine.execute(figure)
    finally:
        figure.set_dpi(own)
