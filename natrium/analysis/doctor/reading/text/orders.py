"""A state vector that a text takes apart in one order and gives the slopes of in another."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.trace.meanings import state_of_slope


def crossed_slopes(source: Sequence[str]) -> tuple[int, int] | None:
    """Give the line of a state vector, or of its slopes, whose order is not the other's, and that other line.

    Slopes that are given back in the order in which they are made are right: the states are then not.

    Parameters
    ----------
    source : sequence of str
        The script's lines.

    Returns
    -------
    tuple of int, or None
        None where the two orders agree, or no names tell.
    """
    for function in nodes_of(source):
        if not isinstance(function, ast.FunctionDef):
            continue
        for back, slopes in _given_back(function):
            states = [state_of_slope(one) for one in slopes]
            for apart, names in _taken_apart(function):
                if names != states and sorted(names) == sorted(states) and len(set(states)) == len(states):
                    made = [_first(function, one) for one in slopes]
                    return (apart, back) if made == sorted(made) and all(made) else (back, apart)
    return None


def crossed_values(source: Sequence[str]) -> tuple[int, int] | None:
    """Give the line in which a function's values are given back, or taken apart, in another order than there.

    The names that both have tell; those that are given back in the order in which they are made are right.

    Parameters
    ----------
    source : sequence of str

    Returns
    -------
    tuple of int, or None
        The line, and that of the other order.
    """
    nodes = nodes_of(source)
    for function in (one for one in nodes if isinstance(one, ast.FunctionDef)):
        returns = [one for one in ast.walk(function) if isinstance(one, ast.Return)]
        names = [getattr(one, "id", "") for one in getattr(returns[0].value, "elts", ())] if returns else []
        if len(returns) != 1 or len(names) < 2 or not all(names) or len(set(names)) < len(names):
            continue
        for one in (each for each in nodes if isinstance(each, ast.Assign)):
            taken = [getattr(each, "id", "") for each in getattr(one.targets[0], "elts", ())]
            called = one.value.func if isinstance(one.value, ast.Call) else None
            own = getattr(called, "id", getattr(called, "attr", "")) == function.name
            if own and taken != names and sorted(taken) == sorted(names):
                made = [_first(function, each) for each in names]
                lines = (one.lineno, returns[0].lineno)
                return lines if made == sorted(made) and all(made) else lines[::-1]
    return None


def _given_back(function: ast.FunctionDef) -> Iterator[tuple[int, list[str]]]:
    """List the names of slopes that a function gives back side by side, with their lines."""
    for one in ast.walk(function):
        value = one.value if isinstance(one, ast.Return) else None
        if isinstance(value, ast.Call) and len(value.args) == 1:
            value = value.args[0]
        names = [getattr(each, "id", "") for each in getattr(value, "elts", ())]
        if len(names) > 1 and all(map(state_of_slope, names)):
            yield getattr(one, "lineno", 0), names


def _taken_apart(function: ast.FunctionDef) -> Iterator[tuple[int, list[str]]]:
    """List the names into which a function takes one of its arguments apart, with their lines."""
    arguments = {one.arg for one in function.args.args}
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and getattr(one.value, "id", "") in arguments:
            names = [getattr(each, "id", "") for each in getattr(one.targets[0], "elts", ())]
            if len(names) > 1 and all(names):
                yield one.lineno, names


def _first(function: ast.FunctionDef, name: str) -> int:
    """Give the line that first sets a name; 0 where none does."""
    lines = (
        one.lineno
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.id == name
    )
    return min(lines, default=0)
