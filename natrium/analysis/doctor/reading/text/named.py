"""Numbers that a script's text gives names to."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of
from natrium.analysis.doctor.trace.meanings import plain, reversal_of


def numbers_named(source: Sequence[str], zeros: bool = False) -> dict[str, float]:
    """Give the numbers of names that are set once in a text.

    Parameters
    ----------
    source : sequence of str
    zeros : bool
        Whether 0 is one: no time is, and no factor.
    """
    often = Counter(
        one.id if isinstance(one, ast.Name) else one.attr
        for one in nodes_of(source)
        if isinstance(one, (ast.Name, ast.Attribute)) and isinstance(one.ctx, ast.Store)
    )
    told = ((name, value) for _, name, _, value in _stored(source) if value or (zeros and value is not None))
    return {name: value for name, value in told if often[name] <= 1}


def is_real(source: Sequence[str], name: str) -> bool:
    """Tell whether a text first gives a name a number with a point: a time, and no count.

    Parameters
    ----------
    source : sequence of str
    name : str
        The last part of it.
    """
    given = [
        (one.lineno, to, value)
        for one in nodes_of(source)
        if isinstance(one, ast.Assign)
        for to, value in given_by(one)
    ]
    own = [one for one in given if plain(ast.unparse(one[1])) == name]
    first = min(own, key=lambda one: one[0])[2] if own else None
    return isinstance(first, ast.Constant) and isinstance(first.value, float)


def unread(source: Sequence[str]) -> dict[str, tuple[int, float | None]]:
    """List the names that are given a number and never read: the line, and the number where it is one.

    Parameters
    ----------
    source : sequence of str
    """
    read = {*_read(source)}
    found: dict[str, tuple[int, float | None]] = {}
    for kind, name, line, value in _stored(source):
        if (kind, name) not in read and not name.startswith("_"):
            found.setdefault(name, (line, value))
    return found


def given_twice(source: Sequence[str]) -> tuple[int, str, str] | None:
    """Find what gives back one name twice, beside one that nothing reads: the line, and the two."""
    spare = idle(source)
    for function in (one for one in nodes_of(source) if isinstance(one, ast.FunctionDef)):
        last = function.end_lineno or function.lineno
        left = [name for name, line in spare.items() if function.lineno < line <= last]
        for back in (one for one in ast.walk(function) if isinstance(one, ast.Return) and left):
            lists = [one.elts for one in ast.walk(back) if isinstance(one, (ast.Tuple, ast.List))]
            often = Counter(part.id for one in lists for part in one if isinstance(part, ast.Name))
            twice = [name for name, times in often.items() if times > 1]
            if len(twice) == len(left) == 1:
                return back.lineno, twice[0], left[0]
    return None


def foregone(source: Sequence[str]) -> Iterator[tuple[int, str, bool]]:
    """List pairs of comparisons of one thing that come out alike whatever it is: the line, what stands, how.

    Parameters
    ----------
    source : sequence of str
    """
    values = numbers_named(source)
    for one in nodes_of(source):
        if isinstance(one, ast.BoolOp):
            pair = one.values
        elif isinstance(one, ast.BinOp):
            pair = [one.left, one.right]
        else:
            continue
        either, both = isinstance(one.op, (ast.Or, ast.BitOr)), isinstance(one.op, (ast.And, ast.BitAnd))
        bounds = [found for part in pair if (found := _bound(part, values)) is not None]
        if len(pair) != 2 or len(bounds) != 2 or not (either or both):
            continue
        (name, up, first), (other, down, second) = bounds
        low, high = (first, second) if up else (second, first)  # above low, below high
        if name == other and up != down and ((either and low < high) or (both and low > high)):
            yield one.lineno, ast.unparse(one), either


def _bound(node: ast.expr, values: Mapping[str, float]) -> tuple[str, bool, float] | None:
    """Give what is compared with a number, whether it must be above it, and the number."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    at, text = node.comparators[0], ast.unparse(node.left)
    value = at.value if isinstance(at, ast.Constant) else values.get(called(at))
    if not isinstance(value, (int, float)) or not isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
        return None
    return text, isinstance(node.ops[0], (ast.Gt, ast.GtE)), float(value)


def asked_for(source: Sequence[str]) -> int:
    """Give the line that first asks who runs the script for a value; 0: none does."""
    calls = (one for one in nodes_of(source) if isinstance(one, ast.Call))
    return next((one.lineno for one in calls if called(one.func) == "input"), 0)


def undriven(source: Sequence[str], V: str) -> tuple[int, str, str] | None:
    """Find a current made of its conductance, or of that and V, whose reversal nothing reads.

    Parameters
    ----------
    source : sequence of str
    V : str
        What the membrane's voltage is called.

    Returns
    -------
    tuple or None
        The line, the current, and the reversal.
    """
    for name, (_, value) in unread(source).items():
        if not value or not (ends := reversal_of(name)):
            continue
        conductance = re.compile(rf"g(_?(bar|max))?_?{ends}(_?(bar|max))?", re.IGNORECASE)
        for one in nodes_of(source):
            if not isinstance(one, ast.Assign) or not _last(one.targets[0]).lower().startswith("i"):
                continue
            owners = {called(part.value) for part in ast.walk(one.value) if isinstance(part, ast.Attribute)}
            read = _names(one.value) - owners
            if any(map(conductance.fullmatch, read)) and all(
                conductance.fullmatch(part) or part == V for part in read
            ):
                return one.lineno, _last(one.targets[0]), name
    return None


def set_to(source: Sequence[str], name: str, other: str) -> int:
    """Give the one line that sets a name, whosever it is, to another's value; 0: none, or several."""
    lines = {
        one.lineno
        for one in nodes_of(source)
        if isinstance(one, ast.Assign)
        for target, value in given_by(one)
        if (_last(target), _last(value)) == (name, other)
    }
    return lines.pop() if len(lines) == 1 else 0


def _last(node: ast.expr) -> str:
    """Give what a name, an attribute or an element's array is called."""
    return called(node.value if isinstance(node, ast.Subscript) else node)


def idle(source: Sequence[str]) -> dict[str, int]:
    """Name what is set, whatever it is, and never read: the line in which it is first.

    Parameters
    ----------
    source : sequence of str
    """
    read, found = {*_read(source)}, dict[str, int]()
    for one in nodes_of(source):
        if isinstance(one, (ast.Name, ast.Attribute)) and isinstance(one.ctx, ast.Store):
            name = one.id if isinstance(one, ast.Name) else one.attr
            if (type(one), name) not in read and not name.startswith("_"):
                found.setdefault(name, one.lineno)
    return found


def unread_test(source: Sequence[str], names: Sequence[str]) -> int:
    """Give the line that keeps a comparison of one of some names, which nothing reads; 0: none does.

    Parameters
    ----------
    source, names : sequence of str
    """
    never = set(idle(source).values())
    tests = (one for one in nodes_of(source) if isinstance(one, ast.Assign) and one.lineno in never)
    kept = (one for one in tests if isinstance(one.value, (ast.Compare, ast.UnaryOp)))
    return next((one.lineno for one in kept if {*names} & _names(one.value)), 0)


def never_begun(source: Sequence[str]) -> int:
    """Give the line that first compares what is counted down and never set to begin with; 0: none does.

    Parameters
    ----------
    source : sequence of str
    """
    nodes = nodes_of(source)
    down = (one for one in nodes if isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Sub))
    counted = {called(one.target) for one in down}
    for one in (each for each in nodes if isinstance(each, ast.Assign)):
        counted -= {called(target) for target, value in given_by(one) if _number(value) != 0.0}
    tests = (one for one in nodes if isinstance(one, ast.Compare) and counted & _names(one))
    return min((one.lineno for one in tests), default=0)


def reads(source: Sequence[str]) -> Counter[str]:
    """Count in how many places of a text each name is read.

    Parameters
    ----------
    source : sequence of str
    """
    return Counter(name for kind, name in _read(source) if kind is ast.Name)


def compared(source: Sequence[str], name: str) -> int:
    """Give the first line in which a name, or what is made of it alone, is compared; 0 where none is.

    Parameters
    ----------
    source : sequence of str
    name : str
    """
    names, nodes = {name}, nodes_of(source)
    for one in (each for each in nodes if isinstance(each, ast.Assign)):
        names |= {called(target) for target, value in given_by(one) if name in _names(value)} - {""}
    return next((one.lineno for one in nodes if isinstance(one, ast.Compare) and names & _names(one)), 0)


def called(node: ast.AST) -> str:
    """Give the last part of a name; empty: it is none."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _names(node: ast.AST) -> set[str]:
    return {called(one) for one in ast.walk(node)} - {""}


def told_equal(source: Sequence[str]) -> dict[int, ast.Compare]:
    """Give the comparisons by == whose answer nothing takes, beside what a notebook's cell shows: by line.

    Parameters
    ----------
    source : sequence of str
    """
    blocks = [
        getattr(one, field, None)
        for one in nodes_of(source)
        if not isinstance(one, ast.Module)
        for field in ("body", "orelse")
    ]
    told = (
        one.value for block in blocks if isinstance(block, list) for one in block if isinstance(one, ast.Expr)
    )
    return {
        one.lineno: one for one in told if isinstance(one, ast.Compare) and isinstance(one.ops[0], ast.Eq)
    }


def _read(source: Sequence[str]) -> Iterator[tuple[type, str]]:
    """List what is read: the kind of the name, and the name; a field may be a name's."""
    for one in nodes_of(source):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            yield ast.Name, one.id
        elif (isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load)) or (
            isinstance(one, ast.keyword) and one.arg
        ):
            name = one.attr if isinstance(one, ast.Attribute) else str(one.arg)
            yield from ((ast.Attribute, name), (ast.Name, name))


def _stored(source: Sequence[str]) -> tuple[tuple[type, str, int, float | None], ...]:
    """List what is given a number: the kind of the name, the name, the line, the number where it is one."""
    return _stored_of(nodes_of(source))


@lru_cache(maxsize=8)
def _stored_of(nodes: tuple[ast.AST, ...]) -> tuple[tuple[type, str, int, float | None], ...]:
    return tuple(_each_stored(nodes))


def _each_stored(nodes: Sequence[ast.AST]) -> Iterator[tuple[type, str, int, float | None]]:
    usual: dict[str, ast.expr] = {}
    taken: set[str] = set()
    for one in (each for each in nodes if isinstance(each, ast.arguments)):
        taken |= {arg.arg for arg in one.args}
        for arg, value in zip(one.args[::-1], one.defaults[::-1], strict=False):
            usual[arg.arg] = value
            yield ast.Name, arg.arg, arg.lineno, _number(value)
    units = _units(nodes)
    for field in (each for each in nodes if isinstance(each, ast.AnnAssign)):
        if isinstance(field.target, ast.Name) and isinstance(field.value, (ast.Constant, ast.UnaryOp)):
            yield ast.Name, field.target.id, field.lineno, _number(field.value)
        elif isinstance(field.target, ast.Name) and (number := _in_unit(field.value, units)) is not None:
            yield ast.Name, field.target.id, field.lineno, number
    for set_here in (each for each in nodes if isinstance(each, ast.Assign)):
        for target, value in given_by(set_here):
            if isinstance(value, ast.Name):
                bare = value.id in taken and isinstance(target, ast.Attribute)
                value = usual.get(value.id, ast.Constant(None) if bare else value)
            written = isinstance(value, (ast.Constant, ast.UnaryOp))
            number = _number(value) if written else _in_unit(value, units)
            if (written or number is not None) and isinstance(target, (ast.Name, ast.Attribute)):
                yield type(target), called(target), set_here.lineno, number


def _units(nodes: Sequence[ast.AST]) -> dict[str, float]:
    """Give the numbers of names that are a power of ten, as units are."""
    pairs = [pair for one in nodes if isinstance(one, ast.Assign) for pair in given_by(one)]
    found = {called(to): number for to, value in pairs if (number := _number(value))}
    return {
        name: one for name, one in found.items() if one > 0.0 and math.log10(one) == round(math.log10(one))
    }


def _in_unit(value: ast.expr | None, units: Mapping[str, float]) -> float | None:
    """Give the number that is written with a unit, as in ``6.0 * ms``; None where it is none."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Mult):
        return None
    number, unit = _number(value.left), units.get(called(value.right))
    return number * unit if number is not None and unit is not None else None


def number_of(value: ast.expr, names: Mapping[str, float]) -> float:
    """Give the number that an expression is, or that its name has; NaN where there is none."""
    found = _number(value)
    return names.get(called(value), math.nan) if found is None else found


def _number(value: ast.expr) -> float | None:
    try:
        return float(ast.literal_eval(value))
    except (ValueError, TypeError):
        return None
