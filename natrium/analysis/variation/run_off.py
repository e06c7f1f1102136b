"""Where a known course stops being told by the time: V runs off to a spike, faster than digits of t tell."""

from __future__ import annotations

import math

import numpy as np

from natrium.analysis.variation.linearised import Linearised
from natrium.analysis.variation.pieces import STEEP, excess_rate
from natrium.model import Drive
from natrium.model.scales import state_scales
from natrium.solvers import Trajectory

# mV, or of V's scale: what V may rise within the last digit of the time, where it is still known by the time.
TOLD = 1e-9
HALVINGS = 6  # of the step in which V begins to run off


def is_told(trajectory: Trajectory, slope: float) -> bool:
    """Tell whether a run's times tell V where it rises so fast, mV/ms."""
    risen = slope * float(np.spacing(max(abs(trajectory.t_start), abs(trajectory.t_end))))
    return risen < TOLD * state_scales(trajectory.neuron)[0]


def begin_of_run_off(
    linear: Linearised, trajectory: Trajectory, drive: Drive, begin: float, end: float, v_thresh: float
) -> float | None:
    """Find where V begins to run off to the spike that ends a piece, ms; None where that is not known.

    Parameters
    ----------
    linear : Linearised
    trajectory : Trajectory
    drive : Drive
        The input from `begin` on.
    begin, end : float
        Of the piece, ms.
    v_thresh : float
        mV; infinity where it moves.
    """
    if not math.isfinite(v_thresh) or not is_told(trajectory, STEEP * linear.sizes[0]):
        return None

    inner = (trajectory.t > begin) & (trajectory.t < end)
    knots, levels = trajectory.t[inner], np.array([drive(t - begin) for t in trajectory.t[inner].tolist()])
    rates = linear.flow_along(trajectory.y[:, inner], levels)[:, 0]
    slow = np.flatnonzero(rates < STEEP * linear.sizes[0])
    low = float(knots[slow[-1]]) if slow.size else begin
    high = float(knots[knots > low].min(initial=end))

    def is_off(t: float) -> bool:
        y = trajectory.state(t, side="right" if t == begin else "left")
        return excess_rate(linear, y, drive(t - begin), v_thresh) >= 0.0

    if low == begin and is_off(begin):
        return begin
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if is_off(middle) else (middle, high)
    return high if high < end and is_off(high) else None
