"""Loops of a text: which turns step, and what goes on in them."""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence

from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.trace.meanings import plain

Block = ast.For | ast.While | ast.FunctionDef
DEEP = 5  # functions that call each other, up to the loop


def loops_around(source: Sequence[str], line: int) -> tuple[int, int]:
    """Count the loops in which the stepping loop of a line is run, and say where such a run begins.

    Parameters
    ----------
    source : sequence of str
    line : int
        A line of the innermost loop, or of what it calls.

    Returns
    -------
    int
        Loops around the stepping loop, or around calls of the function that has it.
    int
        The line of that function, or of the innermost loop around.
    """
    nodes, blocks = nodes_of(source), _blocks(source)
    for _ in range(DEEP):
        around = _around(blocks, line)
        stepping = [at for at, one in enumerate(around) if not isinstance(one, ast.FunctionDef)]
        if stepping or not around:
            break
        # A step is a function of its own: whoever calls it has the loop.
        calls = (one.lineno for one in nodes if isinstance(one, ast.Call) and _calls(one, around[-1]))
        line = next(calls, 0)
    if not stepping:
        return 0, 0
    outer = around[: stepping[-1]]
    if outer and isinstance(outer[-1], ast.FunctionDef):
        sweeps = [
            one
            for one in blocks
            if not isinstance(one, ast.FunctionDef) and any(_calls(part, outer[-1]) for part in ast.walk(one))
        ]
        return len(sweeps), outer[-1].lineno
    return len(outer), outer[-1].lineno if outer else 0


def of_turn(source: Sequence[str], line: int) -> list[Block]:
    """Give the blocks that are run in each turn of the loop that makes a step: it, and what it calls.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of the step.

    Returns
    -------
    list of ast.stmt
        The functions that have the line and no loop around it, then the loop; empty where there is none.
    """
    nodes, blocks, found = nodes_of(source), _blocks(source), list[Block]()
    for _ in range(DEEP):
        around = _around(blocks, line)
        if not around:
            return []
        found.append(around[-1])
        if not isinstance(around[-1], ast.FunctionDef):
            return found
        calls = (one.lineno for one in nodes if isinstance(one, ast.Call) and _calls(one, found[-1]))
        line = next(calls, 0)
    return []


def times_of_steps(source: Sequence[str]) -> set[str]:
    """Name what a loop's own counter is multiplied by: so much time a step may be.

    Parameters
    ----------
    source : sequence of str
    """
    found = set[str]()
    for loop in (one for one in nodes_of(source) if isinstance(one, ast.For)):
        target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
        count = ast.unparse(target)
        for one in (each for each in ast.walk(loop) if isinstance(each, ast.BinOp)):
            for part, other in ((one.left, one.right), (one.right, one.left)):
                if isinstance(one.op, ast.Mult) and ast.unparse(part) == count:
                    found.add(plain(ast.unparse(other)))
    return found


def _blocks(source: Sequence[str]) -> list[Block]:
    return [one for one in nodes_of(source) if isinstance(one, Block)]


def _around(blocks: Sequence[Block], line: int) -> list[Block]:
    """Give those that a line is in, the outermost first."""
    return [one for one in blocks if one.lineno <= line <= (one.end_lineno or one.lineno)]


def _calls(node: ast.AST, function: ast.AST) -> bool:
    called = getattr(node, "func", None) if isinstance(node, ast.Call) else None
    return getattr(called, "id", getattr(called, "attr", "")) == getattr(function, "name", None)


def begun_beside(source: Sequence[str], line: int, names: Container[str]) -> int:
    """Give the line that sets some names anew at first in the loop or function of a line; 0: none does."""
    for block in (one for one in _blocks(source) if one.lineno == line):
        for one in block.body:
            if isinstance(one, Block):
                break
            if any(plain(ast.unparse(to)) in names for to, _ in sets_of(one)):
                return one.lineno
    return 0


def in_one_turn(source: Sequence[str], line: int, stepping: int) -> bool:
    """Tell whether a line is in the loop of another that steps, itself or by a call, or in its function."""
    blocks = _blocks(source)
    around, steps = _around(blocks, line), _around(blocks, stepping)
    functions = [one for one in steps if isinstance(one, ast.FunctionDef)]
    for one in around:
        looped = any(isinstance(part, (ast.For, ast.While)) for part in ast.walk(one))
        if one in steps and (not isinstance(one, ast.FunctionDef) or not looped):
            return True
        if not isinstance(one, ast.FunctionDef) and functions:
            return any(_calls(part, functions[-1]) for part in ast.walk(one))
    return False
