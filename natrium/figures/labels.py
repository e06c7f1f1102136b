"""Names beside points, where they hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.transforms import Bbox, ScaledTranslation

from natrium.model.arrays import Array

AWAY = (13.0, 22.0, 34.0, 50.0, 70.0)  # points from a mark to its label
GAPS = (3.0, 2.0)  # points between a mark, the line to its label, and that
FURTHER = 0.04  # what a point further away counts, of a point of a curve that is covered
TURNS = 16  # directions that are tried for a label
MARK = 4.0  # points from the middle of a mark to its edge
BETWEEN = 8  # points that stand for a line from one of its own to the next
IN_THE_WAY = 1e4  # what a mark or another label counts that is covered: no curve counts as much


def label_points(ax: Axes, points: Sequence[tuple[float, float, str]], lines: Iterable[Array] = ()) -> None:
    """Write each point's name where it hides nothing: of all places near it, the one that covers least.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Whose place and limits are as they will be drawn.
    points : sequence of (float, float, str)
        Those outside of the axis' limits have no label; neither have those for which there is no room.
    lines : iterable of ndarray, shape (n, 2)
        What no label should cover.
    """
    dpi = ax.figure.dpi
    scale, frame, taken = dpi / 72.0, ax.get_window_extent(), list[Bbox]()
    crowd = _crowd(ax, lines)
    marks = ax.transData.transform(np.array([point[:2] for point in points]).reshape(-1, 2))
    for x, y, name in points:
        centre = ax.transData.transform((x, y))
        if not frame.padded(0.5).contains(*centre):
            continue
        text = ax.annotate(
            name,
            (x, y),
            xytext=(0.0, 0.0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8.5,
            linespacing=1.05,
            zorder=7,
        )
        extent = text.get_window_extent()
        half = 0.5 * np.array([extent.width, extent.height])
        best, at_best, least = np.zeros(2), extent, np.inf
        reach = AWAY[-1] * scale + 2.0 * half.sum() + 2.0  # of the furthest place
        near = crowd[np.all(np.abs(crowd - centre) < reach, axis=1)]
        for away, angle in product(AWAY, np.arange(TURNS) * (2.0 * np.pi / TURNS)):
            if FURTHER * away >= least:  # nothing can be better that is no nearer
                break
            side = np.array([np.cos(angle), np.sin(angle)])
            shift = side * (away * scale + np.abs(side) @ half)
            box = Bbox([centre + shift - half - 2.0, centre + shift + half + 2.0])
            cost = FURTHER * away + _covered(box, centre, shift, near, taken, frame)
            cost += IN_THE_WAY * np.count_nonzero(_within(marks, box.padded(MARK * scale)))
            if cost < least:
                best, at_best, least = shift, box, cost
        if least >= IN_THE_WAY:
            text.remove()
            continue
        taken.append(at_best)
        text.set_position(tuple(best / scale))
        _lead(ax, (x, y), (best - np.clip(best, -half, half)) / scale)


def _lead(ax: Axes, point: tuple[float, float], to: Array) -> None:
    """Draw a line from a point to its label, which begins at `to` (in points, from there)."""
    length = float(np.hypot(*to))
    if length <= sum(GAPS):
        return
    ends = [to * GAPS[0] / length, to * (1.0 - GAPS[1] / length)]
    data: Any = ax.transData  # any transform will do, though Matplotlib's stubs ask for an affine one
    place = ax.figure.dpi_scale_trans + ScaledTranslation(*point, data)
    line = LineCollection([np.array(ends) / 72.0], colors="#8C8C8C", linewidths=0.7, zorder=2.5)
    line.set_transform(place)
    ax.add_collection(line, autolim=False)


def _within(points: Array, box: Bbox) -> npt.NDArray[np.bool_]:
    within: npt.NDArray[np.bool_] = np.all((points > box.min) & (points < box.max), axis=1)
    return within


def _crowd(ax: Axes, lines: Iterable[Array]) -> Array:
    """Give the points, in pixels, that no label should cover, shape (n_points, 2)."""
    steps = np.linspace(0.0, 1.0, BETWEEN)[:, np.newaxis, np.newaxis]
    drawn = [ax.transData.transform(line) for line in lines]
    crowd = [(line[:-1] + steps * np.diff(line, axis=0)).reshape(-1, 2) for line in drawn]
    return np.concatenate([np.empty((0, 2)), *crowd])


def _covered(box: Bbox, centre: Array, shift: Array, crowd: Array, taken: list[Bbox], frame: Bbox) -> float:
    """Say how bad a label's place is: what it covers, and whom its leader crosses."""
    if np.any(box.min < frame.min) or np.any(box.max > frame.max):
        return np.inf
    leader = centre + np.linspace(0.0, 1.0, 12)[:, np.newaxis] * shift
    crossed = sum(bool(_within(leader, other).any()) or box.overlaps(other) for other in taken)
    return float(np.count_nonzero(_within(crowd, box))) + IN_THE_WAY * crossed
