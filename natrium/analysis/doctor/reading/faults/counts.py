"""Spikes that are counted otherwise than the run fires."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.text.counted import counted
from natrium.analysis.doctor.reading.text.named import number_of, numbers_named
from natrium.analysis.doctor.trace.meanings import plain

LONG = 2.0  # samples for each crossing: a spike may be drawn in one


def counted_above(case: Case) -> Iterator[Found]:
    """Find a count of spikes that takes each sample above a level for one."""
    record, V = case.maps.record, plain(case.maps.V)
    own = record.samples[:, record.states.index(case.maps.V)]
    courses = {V: own} | {
        name: kept
        for name, kept in record.lists.items()
        if kept.ndim == 1 and kept.size in (own.size, own.size - 1) and _is_same(kept, own)
    }
    values = numbers_named(case.source) | {plain(name): at for name, at in record.parameter_values.items()}
    for one in counted(case.source, courses):
        above = courses[one.V] > number_of(one.level, values)
        ways = int(np.sum(above[1:] & ~above[:-1]))
        if ways and np.sum(above) > LONG * ways:
            yield Found(
                "spikes-each-sample", "fault",
                f"{one.name} counts every sample of {one.V} above the level, in "
                f"{in_line(case.source, one.line)}: a spike is counted once, where it crosses.",
                one.line, evidence=f"{int(np.sum(above))} samples are above it, in {ways} crossings",
            )  # fmt: skip


def _is_same(kept: np.ndarray, own: np.ndarray) -> bool:
    return any(np.array_equal(kept, part) for part in (own, own[1:], own[:-1]))
