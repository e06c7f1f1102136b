"""Where a text gives two names each what is the other's: in an assignment, in a call, at the start."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of
from natrium.analysis.doctor.reading.text.passing import passed_to
from natrium.analysis.doctor.trace.meanings import plain

_START = re.compile(r"_?(0|init|start|inf|ss)$", re.IGNORECASE)  # ends the name of where a state begins


def crossed(source: Sequence[str], one: str, other: str) -> int:
    """Give the line that gives each of two names what is called as the other; 0: none, or several.

    Parameters
    ----------
    source : sequence of str
    one, other : str
    """
    nodes, wanted = nodes_of(source), {(plain(one), plain(other)), (plain(other), plain(one))}
    lines = set()
    for node in nodes:
        if isinstance(node, ast.Assign):
            pairs = [(_called(target), _called(value)) for target, value in given_by(node)]
        elif isinstance(node, ast.Call):
            pairs = list(_passed(node, nodes))
        else:
            continue
        if wanted <= set(pairs):
            lines.add(node.lineno)
    return lines.pop() if len(lines) == 1 else 0


def _called(node: ast.AST) -> str:
    """Give what something is called: a name, a field, a key."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _passed(call: ast.Call, nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    """List what a call gives to which names of a function or class of the text, itself or by SciPy."""
    name = _called(call.func)
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name == name:
            made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        else:
            made = [node] if isinstance(node, ast.FunctionDef) and node.name == name else []
        for function in made:
            names = [one.arg for one in function.args.args]
            names = names[1:] if names[:1] == ["self"] else names
            yield from zip(names, map(_called, call.args), strict=False)
    functions = {one.name: one for one in nodes if isinstance(one, ast.FunctionDef)}
    for one in call.keywords:
        yield one.arg or "", _called(one.value)
        yield from zip(
            passed_to(one.value, call, functions), map(_called, getattr(one.value, "elts", ())), strict=False
        )


def begun_crossed(source: Sequence[str], one: str, other: str) -> int:
    """Give the line that takes the starts of two states apart, or puts them together, in a wrong order.

    Parameters
    ----------
    source : sequence of str
    one, other : str
        The states.

    Returns
    -------
    int
        0: none, or several.
    """
    nodes, names = nodes_of(source), (plain(one), plain(other))
    if (line := crossed(source, one, other)) != 0:
        return line
    found: dict[bool | None, list[int]] = {True: [], None: []}
    for node in nodes:
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Call):
            places = _places(target.elts, names, starts=True)
            is_other = _given_back(nodes, value, places, names)
        else:
            parts = (part for part in ast.walk(value) if isinstance(part, (ast.Tuple, ast.List)))
            places = next(filter(None, (_places(part.elts, names, starts=True) for part in parts)), ())
            orders = {one[0] < one[1] for one in _taken_apart(nodes, names)}
            is_other = None if len(orders) != 1 else orders != {places[0] < places[1]} if places else False
        if places and is_other is not False:
            found[is_other].append(node.lineno)
    lines = set(found[True] or found[None])
    return lines.pop() if len(lines) == 1 else 0


def _places(parts: Sequence[ast.expr], names: tuple[str, str], starts: bool) -> tuple[int, ...]:
    """Give at which places two states, or their starts by their names, are; nothing where not both are."""
    called = [_called(one) for one in parts]
    stems = [_START.sub("", one) for one in called]
    if starts == (stems == called) or not set(names) <= set(stems):
        return ()
    return tuple(map(stems.index, names))


def _taken_apart(nodes: Sequence[ast.AST], names: tuple[str, str]) -> Iterator[tuple[int, ...]]:
    """Give at which places a state vector has two states, wherever it is taken apart."""
    targets = (node.targets[0] for node in nodes if isinstance(node, ast.Assign))
    tuples = (one for one in targets if isinstance(one, ast.Tuple))
    yield from filter(None, (_places(one.elts, names, starts=False) for one in tuples))


def _given_back(
    nodes: Sequence[ast.AST], call: ast.Call, places: tuple[int, ...], names: tuple[str, str]
) -> bool | None:
    """Tell whether what a function gives at two places is made of what is called like the other's.

    None where it is made of neither's.
    """
    for node in nodes:
        if not isinstance(node, ast.FunctionDef) or node.name != _called(call.func):
            continue
        for part in ast.walk(node):
            given = part.value if isinstance(part, ast.Return) else None
            if isinstance(given, ast.Tuple) and places and len(given.elts) > max(places):
                made = [
                    {each.id for each in ast.walk(given.elts[at]) if isinstance(each, ast.Name)}
                    for at in places
                ]
                for order, is_other in ((names[::-1], True), (names, False)):
                    if all(
                        any(name in each for each in among) for name, among in zip(order, made, strict=True)
                    ):
                        return is_other
    return None
