"""Resets within a right-hand side: what it sets is forgotten, and the solver goes on from where it was."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first, quoted
from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called

SOLVERS = frozenset(("odeint", "solve_ivp", "ode"))


def sets_in_flow(case: Case) -> Iterator[Found]:
    """Find what a right-hand side sets a state to where it passes a level: it may cut it off there alone."""
    if not case.maps.record.solver:
        return
    nodes = nodes_of(case.source)
    calls = (one for one in nodes if isinstance(one, ast.Call) and called(one.func) in SOLVERS)
    asked = {called(each) for call in calls for one in call.args[:1] for each in ast.walk(one)}
    for function in nodes:
        if not isinstance(function, ast.FunctionDef) or function.name not in asked:
            continue
        states = _states(function)
        for branch in ast.walk(function):
            if not isinstance(branch, ast.If) or not isinstance(branch.test, ast.Compare):
                continue
            sides = {ast.unparse(one) for one in (branch.test.left, *branch.test.comparators)}
            for statement in branch.body:
                for target, value in sets_of(statement):
                    name = ast.unparse(target)
                    if name in sides & states and ast.unparse(value) not in sides:
                        yield Found(
                            "reset-in-flow", "fault",
                            f"{at_first(case.source, statement.lineno)} sets {name} in the right-hand side: "
                            "the solver forgets it, and goes on from where it was. An event ends a run.",
                            statement.lineno, quoted(case.source, statement.lineno), about=name,
                            evidence=f"{function.name} gives derivatives alone",
                        )  # fmt: skip


def _states(function: ast.FunctionDef) -> set[str]:
    """List what a right-hand side calls its states: what it takes out of what it is given."""
    given = {one.arg for one in function.args.args}
    taken = [
        (target, value)
        for statement in function.body
        for target, value in sets_of(statement)
        if (names := {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}) and names <= given
    ]
    named = (each for target, _ in taken for each in ast.walk(target) if isinstance(each, ast.Name))
    parts = (each for each in ast.walk(function) if isinstance(each, ast.Subscript))
    return {one.id for one in named} | {ast.unparse(one) for one in parts if called(one.value) in given}
