"""What a turn of a stepping loop does that no step should: begins random numbers anew, loses a start."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.kept import places_read, places_set
from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of
from natrium.analysis.doctor.reading.text.loops import Block, of_turn
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.trace.meanings import plain

_SEEDS = frozenset({"seed", "default_rng", "RandomState"})


def seeded_again(source: Sequence[str], line: int) -> int:
    """Give the line that begins random numbers anew, by a number, in each turn that steps; 0: none does.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of the step.
    """
    calls = (part for one in of_turn(source, line) for part in ast.walk(one) if isinstance(part, ast.Call))
    again = (
        one.lineno
        for one in calls
        if called(one.func) in _SEEDS and one.args and isinstance(one.args[0], ast.Constant)
    )
    return next(again, 0)


def _loop(source: Sequence[str], line: int) -> Block | None:
    """Give the loop that makes a step; None where there is none."""
    return next(iter(of_turn(source, line)[-1:]), None)


def start_overwritten(source: Sequence[str], line: int, name: str) -> Iterator[tuple[int, int, ast.expr]]:
    """Find an element 0 that is set before the loop, and set anew in its first turn, from the last element.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of the step.
    name : str
        Of the array.

    Yields
    ------
    (int, int, ast.expr)
        The line that reads the element before, the line that sets the first one, and to what.
    """
    loop = _loop(source, line)
    counter = _counts_from_0(loop) if isinstance(loop, ast.For) else ""
    if not isinstance(loop, ast.For) or not counter:
        return
    before, here = (name, counter, -1), (name, counter, 0)
    read = [at for (of, *where), at in places_read(loop) if (plain(of), *where) == before]
    own = any((plain(of), *where) == here for of, *where in places_set(loop))
    for one in nodes_of(source):
        if not (read and own and isinstance(one, ast.Assign) and one.lineno < loop.lineno):
            continue
        for to, value in given_by(one):
            first = isinstance(to, ast.Subscript) and ast.unparse(to.slice) == "0"
            if first and plain(ast.unparse(to)) == name:
                yield read[0], one.lineno, value


def set_anew(source: Sequence[str], line: int) -> tuple[int, str, int] | None:
    """Find a name that a turn sets to a number, then asks for, then sets for a later turn that cannot know.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of the step.

    Returns
    -------
    (int, str, int) or None
        The line that sets it anew, the name, and the line that asks for it.
    """
    loop = _loop(source, line)
    body = loop.body if isinstance(loop, ast.For | ast.While) else []
    for at, first in enumerate(body):
        if not isinstance(first, ast.Assign) or not isinstance(first.targets[0], ast.Name):
            continue
        name, number = first.targets[0].id, first.value
        number = number.operand if isinstance(number, ast.UnaryOp) else number
        later = body[at + 1 :]
        named = [one for one in _parts(later) if isinstance(one, ast.Name) and one.id == name]
        sets = [one for one in named if isinstance(one.ctx, ast.Store)]
        reads = [one for one in named if isinstance(one.ctx, ast.Load)]
        if not isinstance(number, ast.Constant) or not sets or not reads:
            continue
        tests = {id(part) for one in later if isinstance(one, ast.If) for part in ast.walk(one.test)}
        before = max(part.lineno for part in reads) < min(part.lineno for part in sets)
        if before and all(id(part) in tests for part in reads):
            return first.lineno, name, reads[0].lineno
    return None


def _parts(block: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    for one in block:
        yield from ast.walk(one)


def compared_after(source: Sequence[str], line: int, name: str) -> int:
    """Give the line that compares what steps move, and sets it, after the loop that steps; 0: none does.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of the step.
    name : str
        Of what it moves.
    """
    loop = _loop(source, line)
    for block in nodes_of(source):
        body = getattr(block, "body", None)
        if loop is None or not isinstance(body, list) or loop not in body:
            continue
        for one in (each for each in body[body.index(loop) + 1 :] if isinstance(each, ast.If)):
            compares = any(plain(ast.unparse(part)) == name for part in ast.walk(one.test))
            if compares and any(
                plain(ast.unparse(to)) == name for each in one.body for to, _ in sets_of(each)
            ):
                return one.lineno
    return 0


def _counts_from_0(loop: ast.For) -> str:
    """Give what counts the turns of a loop from 0 on; empty: nothing does."""
    how, target = loop.iter, loop.target
    if not isinstance(how, ast.Call):
        return ""
    if called(how.func) in ("tqdm", "trange") and how.args and isinstance(how.args[0], ast.Call):
        how = how.args[0]
    if called(how.func) == "enumerate" and isinstance(target, ast.Tuple) and len(how.args) == 1:
        return called(target.elts[0])
    from_0 = len(how.args) == 1 or (len(how.args) == 2 and ast.unparse(how.args[0]) == "0")
    return called(target) if called(how.func) == "range" and from_0 else ""
