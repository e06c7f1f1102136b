"""What goes up evenly from step to step: clocks, and inputs that are ramps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from natrium.analysis.doctor.trace.meanings import is_times, step_rank
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array


def slopes_of(values: dict[str, Array]) -> dict[str, float]:
    """Give what goes up evenly (the step's number, its time), and by how much a step."""
    found: dict[str, float] = {}
    for name, one in values.items():
        known = np.flatnonzero(~np.isnan(one))
        at = known[:400]
        if at.size < 3 or np.any(np.diff(one[known]) <= 0.0):  # a phase of a period goes back
            continue
        slope = float((one[at[-1]] - one[at[0]]) / (at[-1] - at[0]))
        off = np.abs(one[at] - one[at[0]] - slope * (at - at[0]))
        if slope > 0 and np.all(off <= 1e-6 * slope):
            found[name] = slope
    return found


def ramps_of(slopes: Mapping[str, float], parameters: Mapping[str, Node]) -> set[str]:
    """Name what goes up evenly and is no clock by its name nor by its pace: an input may do so."""
    paces = [node.value for name, node in parameters.items() if step_rank(name) is not None]
    return {
        name
        for name, slope in slopes.items()
        if slope != 1.0
        and not is_times(name)
        and not any(abs(slope - one) <= 1e-6 * abs(one) for one in paces)
    }


def is_pace(values: Array, pace: float) -> bool:
    """Tell whether a course is what time goes on by, all the same but for rounding."""
    return bool(np.all(np.abs(values[~np.isnan(values)] - pace) <= 1e-6 * pace))


def is_ahead(values: Array, clock: Array, pace: float) -> bool:
    """Tell whether a course is, wherever it is known, the clock's of one step or two later."""
    ahead = (values - clock)[~np.isnan(values)]
    return any(bool(np.all(np.abs(ahead - k * pace) <= 1e-6 * pace)) for k in (1, 2) if ahead.size)


def is_whole(values: Array) -> bool:
    """Tell whether a course is one of whole numbers."""
    there = values[~np.isnan(values)]
    return bool(np.all(there == np.round(there)))
