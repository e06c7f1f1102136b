"""What a loop keeps in elements of arrays and lists, by its text: what it sets and never reads again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations

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
    begun = {
        ast.unparse(target): len(value.elts)
        for one in nodes_of(source)
        if isinstance(one, ast.Assign)
        for target, value in given_by(one)
        if isinstance(value, ast.List)
    }
    found = list[Slip]()
    for loop in _loop_around(source, line):
        lost = [one for one in _lost(loop) if one.name != drawn]
        found += [*_overwritten(loop), *lost, *_far_back(loop, begun), *_from_one(loop)]
    return found


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
        read = [where for where, line in places_read(loop) if where[0] == name and line > one.lineno]
        past = [where for where, _ in places_read(loop) if where[0] == name and where[2] < 0]
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
    for (name, _, offset), line in places_read(loop):
        if name in grown and name in begun:
            found.setdefault(name, []).append((offset, line))
    last = {name: max(each) for name, each in found.items() if max(each)[1] < grown[name]}
    for name, (offset, line) in last.items():
        if any(begun[other] == begun[name] and offset < one[0] for other, one in last.items()):
            yield Slip(name, line, "is read as it was a step before")


def _from_one(loop: Loop) -> Iterator[Slip]:
    """Find elements that are made of always the same one and a move, where those before them are read."""
    read = {place for place, _ in places_read(loop)}
    for one in ast.walk(loop):
        if (place := _set_by(one)) is None or not isinstance(one, ast.Assign):
            continue
        name, index, offset = place
        before = (name, index, offset - 1)
        terms = list(_terms(one.value))
        same = any(isinstance(term, ast.Subscript) and _is_fixed(term, name) for term in terms)
        if len(terms) > 1 and same and before in read and all(_place(term) != before for term in terms):
            yield Slip(name, one.lineno, "goes on from the same element at each step")


def _terms(node: ast.expr) -> Iterator[ast.expr]:
    """Give what a sum is of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield from _terms(node.left)
        yield from _terms(node.right)
    else:
        yield node


def _is_fixed(node: ast.Subscript, name: str) -> bool:
    """Tell whether something is the element of an array that stands at a number from its beginning."""
    at = node.slice
    return ast.unparse(node.value) == name and isinstance(at, ast.Constant) and isinstance(at.value, int)


def set_behind(source: Sequence[str], line: int, name: str) -> list[tuple[int, ast.expr]]:
    """List what sets, where an element of an array is compared, the one before it: the line, and to what.

    Parameters
    ----------
    source : sequence of str
    line : int
        In the loop that makes a step.
    name : str
        Of the array. What the compared element is set to itself, is no more than drawn.
    """
    found = []
    for loop in _loop_around(source, line):
        for test in (one for one in ast.walk(loop) if isinstance(one, ast.If)):
            asked = {place for one in ast.walk(test.test) if (place := _place(one)) and place[0] == name}
            places = {place: one for one in test.body if (place := _set_by(one))}
            for of, index, offset in asked:
                behind = places.get((of, index, offset - 1))
                if isinstance(behind, ast.Assign) and (of, index, offset) not in places:
                    found.append((behind.lineno, behind.value))
    return found


def _around(source: Sequence[str], line: int) -> list[Loop | ast.FunctionDef]:
    """Give the loops and functions that a line is in, the innermost last."""
    scopes = [one for one in nodes_of(source) if isinstance(one, (ast.For, ast.While, ast.FunctionDef))]
    around = [one for one in scopes if one.lineno <= line <= (one.end_lineno or 0)]
    return sorted(around, key=lambda one: one.lineno)


def _loop_around(source: Sequence[str], line: int) -> list[Loop]:
    """Give the innermost loop that a line is in; none where it is in none."""
    return [one for one in _around(source, line) if isinstance(one, Loop)][-1:]


def set_for_another(source: Sequence[str], line: int) -> list[Slip]:
    """List what a step moves, and sets once more by another that no step sets.

    Parameters
    ----------
    source : sequence of str
    line : int
        In the loop or function that makes a step.
    """
    found = []
    for scope in _around(source, line)[-1:]:
        stored = {
            ast.unparse(one) for one in ast.walk(scope) if isinstance(getattr(one, "ctx", None), ast.Store)
        }
        for block in (getattr(one, "body", []) for one in ast.walk(scope)):
            given = [one for one in block if isinstance(one, ast.Assign)] if isinstance(block, list) else []
            for first, second in combinations(given, 2):
                name = ast.unparse(first.targets[0])
                between = block[block.index(first) + 1 : block.index(second)]
                read = [_loaded(each) for each in (first.value, second.value)]
                if ast.unparse(second.targets[0]) != name or name not in read[0] - read[1]:
                    continue
                meant = read[1] - read[0] - stored
                if len(meant) == 1 and not any(name in _loaded(each) for each in between):
                    said = f"is set a second time, by {meant.pop()}, which no step moves"
                    found.append(Slip(name, second.lineno, said))
    return found


def _loaded(node: ast.AST) -> set[str]:
    """Name what a statement reads: names and fields, not what it calls."""
    called = {id(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
    own = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return {
        ast.unparse(one)
        for one in ast.walk(node)
        if isinstance(one, (ast.Name, ast.Attribute)) and id(one) not in called | own
    }


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


def places_set(loop: Loop) -> Iterator[Place]:
    """List the elements that a loop sets, as it counts them."""
    yield from (place for one in ast.walk(loop) if (place := _set_by(one)) is not None)


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


def places_read(loop: Loop) -> Iterator[tuple[Place, int]]:
    """List the elements that a loop reads, as it counts them, each with the line."""
    for one in ast.walk(loop):
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Load):
            place = _place(one)
            if place is not None:
                yield place, one.lineno
