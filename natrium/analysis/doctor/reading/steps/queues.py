"""Lists that grow and shrink, as of the ages of spikes that came in: they are no states."""

from __future__ import annotations

import re

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import leaves
from natrium.analysis.doctor.reading.maps.cells import narrowed_to
from natrium.analysis.doctor.reading.maps.kicks import chosen_by_clock
from natrium.analysis.doctor.trace.record import Record

_LISTED = re.compile(r"\[\d+\]$| \(\d+ back\)$")


def without_queues(record: Record) -> Record:
    """Leave out elements of lists of which not all are always there, and of which only choices are made.

    What is read by them, as a table is by ages, comes in from outside. A list that the states fill, as with
    the ages of spikes of the cell's own, stays.
    """
    missing = np.any(np.isnan(record.samples[1:]), axis=0)
    lists = {_LISTED.sub("", name) for name, one in zip(record.states, missing, strict=True) if one}
    gone = {name for name in record.states if _LISTED.sub("", name) in lists}
    while made := {
        to
        for step in record.steps
        for to, node in step.updates.items()
        if to not in gone and leaves(node) & gone
    }:
        gone -= {name for step in record.steps for to in made for name in leaves(step.updates[to])}
    kept = tuple(name for name in record.states if name not in gone)
    if record.solver or not gone or not kept or not _by_clock(record, gone):
        return record
    return narrowed_to(record, kept)


def _by_clock(record: Record, gone: set[str]) -> bool:
    """Tell whether time and inputs choose when such a list grows, and no state is put into it."""
    others = set(record.states) - gone
    if any(leaves(step.updates[name]) & others for step in record.steps for name in gone):
        return False
    here = np.isfinite(record.samples[:, [name in gone for name in record.states]]).sum(axis=1)
    grows, full = np.diff(here) > 0, here[:-1] == here.max()
    chosen = [chosen_by_clock(step) for step in record.steps]
    growing = [chosen[at] for at in set(record.order[grows].tolist())]
    alike = set.intersection(*growing) if growing else set()
    return any(
        np.all((grows | full)[np.isin(record.order, [at for at, ones in enumerate(chosen) if one in ones])])
        for one in alike
    )
