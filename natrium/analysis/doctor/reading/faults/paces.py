"""A clock that steps compare with times and that goes on by something else than their length."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from natrium.analysis.doctor.reading.expressions.trees import in_order, leaves, name_of
from natrium.analysis.doctor.reading.expressions.wording import text_of
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.maps.maps import values_at
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node
from natrium.model.arrays import Array

NEAR = 1e-6  # relative
FEWEST = 8  # steps that show a pace
WRONG = {4.0: "is in it twice", 0.5: "divides it"}  # by what twice the step changes the pace


def paces(case: Case) -> Iterator[Found]:
    """Find a time made of the step's number and of the step, which is in it twice, or divides it.

    Parameters
    ----------
    case : Case
    """
    record, step = case.maps.record, case.maps.step
    if not record.dt or record.solver or step == 1.0:
        return
    for node in _clocks(case):
        pace, of_twice = _pace(case, node, step), _pace(case, node, 2.0 * step)
        word = next((word for power, word in WRONG.items() if abs(of_twice - power * pace) < NEAR * pace), "")
        if word:
            yield Found(
                "clock-pace", "fault",
                f"The time `{text_of(node)}` goes on by {pace:.6g} in each step, in "
                f"{in_line(case.source, node.line)}, where a step is {step:.6g}: {plain(record.dt)} {word}.",
                node.line, text_of(node), "", "it is compared with times", about=record.time,
            )  # fmt: skip
            return


def _clocks(case: Case) -> Iterator[Node]:
    """List the products of the step's number and of the step alone that steps compare, or make a time of."""
    record = case.maps.record
    courses = {**record.exogenous, record.time: record.times}
    for name, made in record.origins.items():
        course = courses.get(name, np.empty(0))
        if len(made) == 1 and course.size >= FEWEST and _is_product(case, made[0]):
            pace = _pace(case, made[0], case.maps.step)
            if abs(_goes_on(course) - pace) < NEAR * pace:
                yield made[0]
    compared = (side for one in record.steps for test in one.choices for side in (test.left, test.right))
    for node in in_order(compared):
        if _is_product(case, node):
            (name,) = leaves(node) - {record.dt}
            course = courses.get(name, np.empty(0))
            if course.size >= FEWEST and _goes_on(course) == 1.0:
                yield node


def _goes_on(course: Array) -> float:
    """Give by how much a course mostly goes on from step to step; what is held may not read it."""
    by = np.diff(course)
    return float(np.median(by[np.isfinite(by)])) if np.any(np.isfinite(by)) else 0.0


def _is_product(case: Case, node: Node) -> bool:
    """Tell whether a node is a product, or a quotient, of one name and of the step."""
    dt = case.maps.record.dt
    return name_of(node) in ("*", "/") and dt in leaves(node) and len(leaves(node) - {dt}) == 1


def _pace(case: Case, node: Node, step: float) -> float:
    """Give by how much such a product goes on where a step is so long."""
    known = {name: np.arange(1.0, 3.0) for name in leaves(node)} | {case.maps.record.dt: np.full(2, step)}
    return abs(float(np.diff(values_at(node, known))[0]))
