"""The times at which the stages of a Runge-Kutta scheme read an input that is made of time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order, is_leaf, leaves, name_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import differ, values_at
from natrium.analysis.doctor.reading.schemes.ways import TABLEAUS
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

READ_AT = tuple(Fraction(part, 12) for part in (0, 3, 4, 6, 8, 9, 12, -6, -12))  # of a step
POINTS = 24  # of the run's times
FEWEST = 3  # stages: of two, one read at the other's time is an input that is held over the step


def stage_times(case: Case) -> Iterator[Found]:
    """Find the one stage that reads its input at another time than its scheme has it."""
    record, tableau = case.maps.record, TABLEAUS.get(case.scheme.key)
    if tableau is None or not record.dt:
        return
    wanted = [sum((Fraction(a, b) for a, b in row), Fraction(0)) for row in tableau[0]]
    names = [record.input, *(f"{record.input} ({at})" for at in range(2, len(wanted) + 1))]
    made = [record.origins.get(name, ())[-1:] for name in names]  # the first step's may be another
    courses = {**record.exogenous, record.input: record.inputs}
    if not all(made) or not courses.keys() >= {*names}:
        return
    found = [_read_at(case, made[0][0], courses[name]) for name in names]
    odd = [at for at, times in enumerate(found) if wanted[at] not in times]
    if len(odd) != 1 or not odd[0] or not found[odd[0]]:
        return
    if len(wanted) < FEWEST and found[odd[0]][0] >= 0:
        return
    at, should = odd[0], wanted[odd[0]]
    line = _time_line(made[0][0], made[at][0]) or _stage_line(case, names, at)
    if line:
        yield Found(
            "stage-time", "fault",
            f"Stage {at + 1} reads {plain(record.input)} at {_said(found[at][0], case)}, in "
            f"{in_line(case.source, line)}, where its scheme has it at {_said(should, case)}.",
            line, _said(found[at][0], case), _said(should, case), "all others read it at theirs",
            about=case.maps.V,
        )  # fmt: skip


def _read_at(case: Case, first: Node, course: Array) -> list[Fraction]:
    """Give the parts of a step by which a course may be later than what an expression of time gives."""
    record = case.maps.record
    some = slice(1, None, max(record.times.size // POINTS, 1))  # the first step may have no time before it
    time, there, step = record.times[some], course[some], record.parameters[record.dt].value
    known = {one.name: np.full(time.size, one.value) for one in in_order([first]) if one.op == LEAF}
    with np.errstate(all="ignore"):
        moved = (
            (part, values_at(first, {**known, record.time: time + float(part) * step})) for part in READ_AT
        )
        return [part for part, values in moved if np.all(np.isfinite(values)) and not differ(values, there)]


def _time_line(first: Node, other: Node) -> int:
    """Give the line in which one time is made and another is not; 0: none."""
    lines = [{one.line for one in in_order([made]) if one.op != LEAF} for made in (other, first)]
    return min(lines[0] - lines[1] - {0}, default=0)


def _stage_line(case: Case, names: list[str], at: int) -> int:
    """Give the line in which a stage goes on from the voltage, made of all stages before it; 0: none."""
    maps = case.maps
    for node in in_order([maps.main.updates[maps.V]]):
        begins = name_of(node) in ("+", "-") and any(is_leaf(one, maps.V) for one in node.args)
        if begins and leaves(node) & {*names} == {*names[:at]}:
            return node.line
    return 0


def _said(part: Fraction, case: Case) -> str:
    dt = plain(case.maps.record.dt)
    share = dt if abs(part.numerator) == 1 else f"{abs(part.numerator)}*{dt}"
    share += f"/{part.denominator}" if part.denominator > 1 else ""
    return f"t {'+' if part > 0 else '-'} {share}" if part else "t"
