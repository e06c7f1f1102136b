"""Stages of a step that it does not take: computed twice, or never used."""

from __future__ import annotations

from collections.abc import Iterator

from natrium.analysis.doctor.reading.expressions.trees import LEAF, in_order
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line
from natrium.analysis.doctor.reading.text.labels import computed_again
from natrium.analysis.doctor.reading.text.siblings import moved_on, never_used
from natrium.analysis.doctor.trace.meanings import plain
from natrium.analysis.doctor.trace.record import Node


def idle_stages(case: Case) -> Iterator[Found]:
    """Find what a step computes of its states twice, or never uses: a stage that is not taken."""
    maps = case.maps
    names = [plain(one) for one in maps.moving]
    if (again := computed_again(case.source, names)) is not None:
        one, other = again
        yield Found(
            "stage-repeated", "fault",
            f"{at_first(case.source, other)} computes again what line {one} has.",
            other, evidence="nothing that it is made of was set in between",
        )  # fmt: skip
    lines = _lines_of_states(case)
    untaken = list(_untaken(case, lines))
    yield from untaken
    found = never_used(case.source, lines, names)
    if found is not None and not untaken:
        name, line, after = found
        yield Found(
            "stage-unused", "fault",
            f"{name} is computed in line {line} and never used: see {in_line(case.source, after)}.",
            after, evidence=f"nothing in the script reads {name}",
        )  # fmt: skip


def _lines_of_states(case: Case) -> set[int]:
    """Give the lines in which a step makes something of its states: parameters are made elsewhere."""
    made = set[Node]()
    for node in in_order(case.maps.main.updates.values()):
        if node.name in case.maps.moving or not made.isdisjoint(node.args):
            made.add(node)
    return {node.line for node in made if node.op != LEAF}


def _untaken(case: Case, lines: set[int]) -> Iterator[Found]:
    """Find a state that is moved on to a stage at which no slope is taken, beside one by stages."""
    maps, ways = case.maps, case.scheme.ways
    if not {"midpoint", "heun", "rk4"} & {*ways.values()}:
        return
    for state in (one for one in maps.moving if ways.get(one) == "euler"):
        line = moved_on(case.source, plain(state), plain(maps.dt))
        update = maps.main.updates[state].line
        if line and update and line not in lines:
            yield Found(
                "stage-unused", "fault",
                f"{plain(state)} is moved on in {in_line(case.source, line)}, and no slope of it is taken "
                f"there: see {in_line(case.source, update)}.",
                update, evidence="it goes by Euler's step, and others by stages", about=state,
            )  # fmt: skip
