"""Spikes that a script draws at their threshold or above it, and resets a step later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import is_leaf
from natrium.analysis.doctor.reading.maps.maps import Threshold, values_at
from natrium.analysis.doctor.trace.record import Record, Step
from natrium.model.arrays import Array


def _is_drawn(
    record: Record, V: str, test: Threshold, spikes: np.ndarray, points: Mapping[str, Array]
) -> bool:
    """Tell whether spikes are drawn at their threshold or above it."""
    level = values_at(test.level, points)
    drawn = record.samples[spikes + 1, record.states.index(V)]
    return bool(drawn.size) and bool(np.all(drawn >= np.nanmin(level)))


def after_drawn(
    record: Record, V: str, fired: Mapping[int, Threshold], points: Mapping[str, Array]
) -> set[int]:
    """Give the steps that find V as a spike before them has drawn it, and reset it: they are no spikes."""
    order = record.order
    drawn = {
        at for at, test in fired.items() if _is_drawn(record, V, test, np.flatnonzero(order == at), points)
    }
    after = {int(order[k + 1]) for k in np.flatnonzero(np.isin(order[:-1], list(drawn)))} - drawn
    alone = all(order[k - 1] in drawn for k in np.flatnonzero(np.isin(order, list(after))) if k)
    return after if alone and all(at in fired and not fired[at].after for at in after) else set()


def after_painting(
    record: Record, V: str, test: Threshold, held: Sequence[int], spikes: np.ndarray,
    points: Mapping[str, Array],
) -> Step | None:  # fmt: skip
    """Give the step that resets V after a spike that is drawn; None where none is."""
    if not _is_drawn(record, V, test, spikes, points):
        return None
    level = np.nanmin(values_at(test.level, points))
    made, waits = record.samples[1:, record.states.index(V)], np.isin(record.order, held)
    ends = np.flatnonzero(~waits | (made < level))  # it may be drawn for some steps
    after = [ends[ends > k][0] for k in spikes if np.any(ends > k)]
    below = [record.steps[record.order[k]] for k in after if waits[k]]
    kept = below and is_leaf(below[0].updates[V], V)
    return below[0] if below and not kept else None
