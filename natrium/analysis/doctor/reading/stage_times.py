"""The times at which the stages of a Runge-Kutta scheme read an input that is made of time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from natrium.analysis.doctor.reading.case import Case
from natrium.analysis.doctor.reading.findings import Found, in_line
from natrium.analysis.doctor.reading.maps import differ, plain, values_at
from natrium.analysis.doctor.reading.trees import LEAF, in_order, leaves, name_of
from natrium.analysis.doctor.reading.ways import TABLEAUS
from natrium.analysis.doctor.trace.record import Node

READ_AT = tuple(Fraction(part, 12) for part in (0, 3, 4, 6, 8, 9, 12))  # of a step
POINTS = 24  # of the run's times
FEWEST = 3  # stages: of two, one read at the other's time is an input that is held over the step


def stage_times(case: Case) -> Iterator[Found]:
    """Find the one stage that reads its input at another time than its scheme has it."""
    record, tableau = case.maps.record, TABLEAUS.get(case.scheme.key)
    if tableau is None or len(tableau[0]) < FEWEST or not record.dt:
        return
    wanted = [sum((Fraction(a, b) for a, b in row), Fraction(0)) for row in tableau[0]]
    names = [record.input, *(f"{record.input} ({at})" for at in range(2, len(wanted) + 1))]
    made = [record.origins.get(name, ()) for name in names]
    if any(len(one) != 1 for one in made):
        return
    found = [_read_at(case, made[0][0], one[0]) for one in made]
    odd = [at for at, times in enumerate(found) if wanted[at] not in times]
    if len(odd) != 1 or not odd[0] or not found[odd[0]]:
        return
    at, should = odd[0], wanted[odd[0]]
    line = _stage_line(case, names, at)
    if line:
        yield Found(
            "stage-time", "fault",
            f"Stage {at + 1} reads {plain(record.input)} at {_said(found[at][0], case)}, in "
            f"{in_line(case.source, line)}, where its scheme has it at {_said(should, case)}.",
            line, _said(found[at][0], case), _said(should, case), "all others read it at theirs",
        )  # fmt: skip


def _read_at(case: Case, first: Node, other: Node) -> list[Fraction]:
    """Give the parts of a step by which one expression of time may be later than another."""
    record = case.maps.record
    time, step = record.times[:: max(record.times.size // POINTS, 1)], record.parameters[record.dt].value
    known = {name: np.full(time.size, value) for name, value in record.parameter_values.items()}
    with np.errstate(all="ignore"):
        there = values_at(other, {**known, record.time: time})
        moved = (
            (part, values_at(first, {**known, record.time: time + float(part) * step})) for part in READ_AT
        )
        return [part for part, values in moved if np.all(np.isfinite(values)) and not differ(values, there)]


def _stage_line(case: Case, names: list[str], at: int) -> int:
    """Give the line in which a stage goes on from the voltage, made of all stages before it; 0: none."""
    maps = case.maps
    for node in in_order([maps.main.updates[maps.V]]):
        begins = name_of(node) in ("+", "-") and any(
            one.op == LEAF and one.name == maps.V for one in node.args
        )
        if begins and leaves(node) & {*names} == {*names[:at]}:
            return node.line
    return 0


def _said(part: Fraction, case: Case) -> str:
    dt = plain(case.maps.record.dt)
    share = dt if part.numerator == 1 else f"{part.numerator}*{dt}"
    return "t" if not part else f"t + {share}" if part.denominator == 1 else f"t + {share}/{part.denominator}"
