"""What goes on as a script's time does."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.trace.record import Record, Step


def other_clocks(record: Record) -> dict[str, float]:
    """Give what else steps read that goes on as the time does, and by how much it is ahead of it."""
    found: dict[str, float] = {}
    if not record.time:
        return found
    reads = [_read_by(step) for step in record.steps]
    for name, course in record.exogenous.items():
        read = [at for at, names in enumerate(reads) if name in names]
        rows = np.flatnonzero(np.isin(record.order, read))
        if rows.size and len(course) == record.times.size:
            ahead = np.asarray(course, dtype=float)[rows] - record.times[rows]
            if np.ptp(ahead) <= 1e-6 * np.ptp(record.times):
                found[name] = float(ahead[0])
    return found


def _read_by(step: Step) -> frozenset[str]:
    """Name all that a step reads."""
    return frozenset[str]().union(*(leaves(one) for one in step.updates.values()))
