"""An input that swings faster than steps can follow: its frequency is in another unit than its time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import in_order, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import values_at

SWINGS = ("sin", "cos")
FEWEST = 8  # steps that show a pace
STEADY = 1e-3  # of the pace: as rounding leaves it


def unresolved(case: Case) -> Iterator[Found]:
    """Find a sine of time of which a step is more than half a period.

    Parameters
    ----------
    case : Case
    """
    record = case.maps.record
    courses = {**record.exogenous, record.time: record.times}
    courses = {name: course for name, course in courses.items() if name and course.size >= FEWEST}
    moving = {*record.states, *record.exogenous, record.input}
    made = [node for origins in record.origins.values() for node in origins]
    for node in in_order([*made, *case.maps.trees.values()]):
        names = leaves(node)
        clocks = names & courses.keys()
        if name_of(node) not in SWINGS or len(clocks) != 1 or (names - clocks) & moving:
            continue
        course = courses[min(clocks)]
        known = {one.name: np.full(course.shape, one.value) for one in in_order([node]) if one.name in names}
        phase = values_at(node.args[0], known | {min(clocks): course})
        by = np.abs(np.diff(phase))
        by = by[np.isfinite(by)]
        if by.size and np.median(by) > math.pi and np.ptp(by) < STEADY * np.median(by):
            yield Found(
                "input-too-fast", "fault",
                f"`{text_of(node)}` in {in_line(case.source, node.line)} goes through "
                f"{np.median(by) / (2.0 * math.pi):.3g} periods in each step: is its frequency in another "
                "unit than its time?",
                node.line, text_of(node), evidence=f"a step is {case.maps.step:.6g}",
            )  # fmt: skip
            return
