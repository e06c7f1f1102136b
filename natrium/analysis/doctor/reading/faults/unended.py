"""Events that end no run, though what they ask is said to: another function that calls it does not say so."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, in_line
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called


def unended(case: Case) -> Iterator[Found]:
    """Find lambdas that are given to a solver in the place of an event that would end its run."""
    if not case.maps.record.solver:
        return
    nodes = nodes_of(case.source)
    ending = {
        ast.unparse(target.value): one.lineno
        for one in nodes
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Attribute) and target.attr == "terminal"
    }
    asked = (
        one.value
        for call in nodes
        if isinstance(call, ast.Call) and called(call.func) == "solve_ivp"
        for one in call.keywords
        if one.arg == "events"
    )
    events = (each for one in asked for each in getattr(one, "elts", [one]) if isinstance(each, ast.Lambda))
    for event in events:
        inner = {ast.unparse(one.func) for one in ast.walk(event.body) if isinstance(one, ast.Call)}
        for name in sorted(inner & ending.keys()):
            yield Found(
                "event-endless", "fault",
                f"The event of {in_line(case.source, event.lineno)} ends no run: {name} is said to be "
                "terminal, and the lambda that calls it is not.",
                event.lineno, ast.unparse(event), name,
                f"terminal is set in line {ending[name]}, of {name} alone",
            )  # fmt: skip
