"""What goes on as a script's time does."""

from __future__ import annotations

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import is_leaf, leaves
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


def clocks_of(record: Record) -> frozenset[str]:
    """Name the clock and all that goes on as it does."""
    return frozenset({record.time, *other_clocks(record)} - {""})


def keeps_a_time(record: Record, name: str) -> bool:
    """Tell whether a state is left alone or set to a time, however made, and compared with clocks alone."""
    clocks = clocks_of(record)
    nodes = [step.updates[name] for step in record.steps]
    others = [step.updates[one] for step in record.steps for one in record.states if one != name]
    asked = [leaves(one.left, one.right) for step in record.steps for one in step.choices]
    return (
        not all(is_leaf(node, name) for node in nodes)
        and all(is_leaf(node, name) or (name not in leaves(node) and clocks & leaves(node)) for node in nodes)
        and not any(name in leaves(node) for node in others)
        and all(clocks & one and one <= {name, record.dt, *clocks, *record.parameters}
                for one in asked if name in one)
    )  # fmt: skip


def _read_by(step: Step) -> frozenset[str]:
    """Name all that a step reads."""
    asked = (side for one in step.choices for side in (one.left, one.right))
    return leaves(*step.updates.values(), *asked)
