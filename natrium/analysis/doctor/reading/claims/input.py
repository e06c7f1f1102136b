"""An input that a script makes of its time, on the bench beside the claimed one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.claims.bench import whole_of
from natrium.analysis.doctor.reading.expressions.trees import at_points, in_order, leaves
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.repair.bench import Bench
from natrium.analysis.doctor.reading.repair.smallest import repairs
from natrium.analysis.doctor.reading.repair.told import Repair
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

LIKELY = 1.4  # the rank of a change beyond which none is believed
FIRST, MANY = 40, 200  # times that are looked at: the first ones, and over all
SAME = 1e-9  # of an input: rounding


def input_repair(case: Case, own: Array, asked: Array) -> Repair | None:
    """Find the one change of what a script makes its input of that makes it the claimed one.

    Parameters
    ----------
    case : Case
    own, asked : ndarray, shape (n_steps,)
        What the steps read and should read, in one unit; NaN where that is not told.

    Returns
    -------
    Repair or None
        None where the time does not make it, or none is likely.
    """
    record = case.maps.record
    seen = record.times if record.times.size == own.size else case.meant.clock.reads
    told = np.flatnonzero(np.isfinite(own) & np.isfinite(asked))
    if not record.time or not told.size:
        return None
    rows = np.unique(np.append(told[:FIRST], told[np.linspace(0, told.size - 1, MANY).round().astype(int)]))
    known = record.parameter_values
    points = {name: np.full(rows.size, value) for name, value in known.items()} | {record.time: seen[rows]}
    for node in _timed(case):
        with np.errstate(all="ignore"):
            made = np.broadcast_to(np.asarray(at_points(node, points), dtype=float), rows.shape)
            ratio = own[rows] / made
        on = np.isfinite(ratio) & (made != 0.0)
        k = float(np.median(ratio[on])) if np.any(on) else 0.0
        if not k or np.any(np.abs(k * made - own[rows]) > SAME * np.max(np.abs(own[rows]))):
            continue
        whole = whole_of(case, node)
        numbers = frozenset(leaves(whole) & set(known) - {case.maps.dt})
        found = repairs(Bench(whole, points, asked[rows] / k, numbers, points))
        return found[0] if found and found[0].rank < LIKELY else None
    return None


def _timed(case: Case) -> Iterator[Node]:
    """List what a step makes of its time alone, the largest parts first."""
    record = case.maps.record
    own = {record.time, *record.parameters}
    roots = [*record.origins.get(record.input, ()), *case.equations.values()]
    parts = {node: None for root in roots for node in in_order([root]) if record.time in leaves(node) <= own}
    yield from sorted(parts, key=lambda node: -len(in_order([node])))
