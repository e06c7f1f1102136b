"""Runs of a sweep that begin where the run before ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from natrium.analysis.doctor.reading.expressions.algebra import Slopes
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import points_of, values_at
from natrium.analysis.doctor.reading.text.loops import begun_beside, loops_around
from natrium.analysis.doctor.trace.meanings import plain


def begun_anew(case: Case) -> Iterator[Found]:
    """Find runs of a sweep that begin where the run before ended."""
    maps, record = case.maps, case.maps.record
    left = next((one for one in maps.moving if one in record.left and _relaxes(case, one)), "")
    loops, line = loops_around(case.source, maps.main.updates[maps.V].line)
    if left and loops:
        others = {plain(one) for one in record.states if one != left}
        line = begun_beside(case.source, line, others) or line
        yield Found(
            "state-left", "fault",
            f"Each run begins with the {plain(left)} that the run before has left: "
            f"{in_line(case.source, line)} sets it to no start.",
            line, evidence=f"{record.runs[1]} runs, of which the first alone begins anew",
        )  # fmt: skip


def _relaxes(case: Case, state: str) -> bool:
    """Tell whether a state is V, or goes back to where it is at rest: what learns keeps what it has."""
    maps = case.maps
    try:
        slope = Slopes(maps.algebra, state).slope(case.equations[state])
    except KeyError:
        return state == maps.V
    return state == maps.V or bool(np.all(values_at(slope, points_of(maps.record, maps.step)) < 0.0))


def left_by_runs(case: Case, starts: Sequence[Found]) -> list[Found]:
    """Tell what should begin each run anew, whichever is read; a wrong start follows from it."""
    left = [attrs.evolve(one, sure=True) for one in begun_anew(case)]
    return left + [one for one in starts if not left or not one.key.startswith("initial")]
