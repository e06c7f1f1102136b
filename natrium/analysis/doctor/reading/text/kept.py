"""What a loop keeps in elements of arrays and lists, by its text: what it sets and never reads again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import attrs

from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of

Loop = ast.For | ast.While
Place = tuple[str, str, int]  # what has elements, what counts them, how far from that


@attrs.frozen
class Slip:
    """A line by which a state does not go on from what it was.

    Attributes
    ----------
    name : str
        Of the array or list.
    line : int
    said : str
        What the line does, after the name.
    """

    name: str
    line: int
    said: str


def slips(source: Sequence[str], line: int, drawn: str = "") -> list[Slip]:
    """List them, of the innermost loop that a line is in.

    Parameters
    ----------
    source : sequence of str
    line : int
    drawn : str
        What spikes may be drawn into, the voltage: nothing has to read that again.
    """
    loops = [one for one in nodes_of(source) if isinstance(one, Loop)]
    around = [one for one in loops if one.lineno <= line <= (one.end_lineno or 0)]
    if not around:
        return []
    loop = max(around, key=lambda one: one.lineno)
    begun = {
        ast.unparse(target): len(value.elts)
        for one in nodes_of(source)
        if isinstance(one, ast.Assign)
        for target, value in given_by(one)
        if isinstance(value, ast.List)
    }
    lost = [one for one in _lost(loop) if one.name != drawn]
    return [*_overwritten(loop), *lost, *_far_back(loop, begun)]


def _overwritten(loop: Loop) -> Iterator[Slip]:
    """Find elements made by one turn and set anew by the next, before anything reads them."""
    for at, one in enumerate(loop.body):
        place = _set_by(one)
        if place is None or place[2] or _reads(one, place):
            continue
        name, index, _ = place
        before = any(_reads(each, place) for each in loop.body[:at])
        after = [each for each in loop.body[at + 1 :] if _set_by(each) == (name, index, 1)]
        if after and not before and all(_reads(each, place) for each in after):
            yield Slip(name, one.lineno, "is set anew, whatever the step before has made of it")


def _lost(loop: Loop) -> Iterator[Slip]:
    """Find what is added to an element after the next one is made of it, and before nothing reads it."""
    set_here = [one for one in ast.walk(loop) if isinstance(one, ast.Assign)]
    for one in (each for each in ast.walk(loop) if isinstance(each, ast.AugAssign)):
        place = _place(one.target)
        if place is None or place[2]:
            continue
        name, index, _ = place
        made = [
            each
            for each in set_here
            if _set_by(each) == (name, index, 1) and _reads(each, place) and each.lineno < one.lineno
        ]
        read = [where for where, line in _read(loop) if where[0] == name and line > one.lineno]
        past = [where for where, _ in _read(loop) if where[0] == name and where[2] < 0]
        if made and not read and not past:
            yield Slip(
                name, one.lineno, "is changed after the step has made its end of it, and not read again"
            )


def _far_back(loop: Loop, begun: dict[str, int]) -> Iterator[Slip]:
    """Find what is read two elements back and never one, where others that grow beside it are."""
    grown = {
        ast.unparse(one.func.value): one.lineno
        for one in ast.walk(loop)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "append"
    }
    found: dict[str, list[tuple[int, int]]] = {}
    for (name, _, offset), line in _read(loop):
        if name in grown and name in begun:
            found.setdefault(name, []).append((offset, line))
    last = {name: max(each) for name, each in found.items() if max(each)[1] < grown[name]}
    for name, (offset, line) in last.items():
        if any(begun[other] == begun[name] and offset < one[0] for other, one in last.items()):
            yield Slip(name, line, "is read as it was a step before")


def _place(node: ast.AST) -> Place | None:
    """Give which element of what a node is, by a counter; None: of none."""
    if not isinstance(node, ast.Subscript):
        return None
    at, offset = node.slice, 0
    if (
        isinstance(at, ast.BinOp)
        and isinstance(at.op, (ast.Add, ast.Sub))
        and isinstance(at.right, ast.Constant)
        and isinstance(at.right.value, int)
    ):
        offset = at.right.value if isinstance(at.op, ast.Add) else -at.right.value
        at = at.left
    return (ast.unparse(node.value), at.id, offset) if isinstance(at, ast.Name) else None


def _set_by(node: ast.AST) -> Place | None:
    return _place(node.targets[0]) if isinstance(node, ast.Assign) and len(node.targets) == 1 else None


def _reads(node: ast.AST, place: Place) -> bool:
    """Tell whether a statement may read an element: it, or the whole that it is of."""
    inside = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Subscript)}
    for one in ast.walk(node):
        if _place(one) == place and isinstance(getattr(one, "ctx", None), ast.Load):
            return True
        if (
            isinstance(one, (ast.Name, ast.Attribute))
            and id(one) not in inside
            and ast.unparse(one) == place[0]
        ):
            return True
    return False


def _read(loop: Loop) -> Iterator[tuple[Place, int]]:
    for one in ast.walk(loop):
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Load):
            place = _place(one)
            if place is not None:
                yield place, one.lineno
