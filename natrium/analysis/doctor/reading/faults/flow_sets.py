"""What a right-hand side does that gives no slopes: resets, which are forgotten, and states given back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from natrium.analysis.doctor.reading.expressions.trees import is_leaf
from natrium.analysis.doctor.reading.findings.case import Case
from natrium.analysis.doctor.reading.findings.found import Found, at_first, in_line, quoted
from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.trace.meanings import plain

SOLVERS = frozenset(("odeint", "solve_ivp", "ode"))


def sets_in_flow(case: Case) -> Iterator[Found]:
    """Find what a right-hand side sets a state to where it passes a level: it may cut it off there alone."""
    for function in _flows(case):
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


def own_slopes(case: Case) -> Iterator[Found]:
    """Find states that a right-hand side gives back for their slopes: what should stay runs away."""
    maps = case.maps
    for function in _flows(case):
        given = [one for one in ast.walk(function) if isinstance(one, ast.Return) and one.value is not None]
        for state in maps.moving[1:]:
            name = plain(state)
            if not is_leaf(case.equations[state], state):
                continue
            line = max((one.lineno for one in given if name in map(called, ast.walk(one))), default=0)
            yield Found(
                "own-slope", "fault",
                f"The slope of {name} is given as {name} itself, in {in_line(case.source, line)}: it grows "
                "e-fold in each unit of time. What should stay has the slope 0.",
                line, name, "0", f"{function.name} gives derivatives", about=state,
            )  # fmt: skip


def _flows(case: Case) -> Iterator[ast.FunctionDef]:
    """Give the functions that SciPy's solvers are called with."""
    nodes = nodes_of(case.source) if case.maps.record.solver else []
    calls = (one for one in nodes if isinstance(one, ast.Call) and called(one.func) in SOLVERS)
    asked = {called(each) for call in calls for one in call.args[:1] for each in ast.walk(one)}
    return (one for one in nodes if isinstance(one, ast.FunctionDef) and one.name in asked)


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
