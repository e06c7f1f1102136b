"""What a script's text tells beside its run: what is drawn, what calls what, what is not used."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Sequence
from functools import lru_cache

from natrium.analysis.doctor.trace.meanings import state_of_slope

_CURRENT = re.compile(r"[iI](_|[A-Z0-9]|leak|ion|na|k|ca|l$)")
_CLOCKS = ("enumerate", "zip", "list", "tqdm")


def nodes_of(source: Sequence[str]) -> tuple[ast.AST, ...]:
    """Give all that a text is made of; nothing where it is no Python."""
    return _parsed("\n".join(source))


@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[ast.AST, ...]:
    try:
        return tuple(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return ()


def given_by(one: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """List what an assignment sets, each with what it is given."""
    for target in one.targets:
        if isinstance(target, ast.Tuple) and isinstance(one.value, ast.Tuple):
            yield from zip(target.elts, one.value.elts, strict=False)
        else:
            yield target, one.value


@lru_cache(maxsize=8)
def drawn_early(source: tuple[str, ...], line: int) -> bool | None:
    """Tell whether samples made by a step are drawn over the time at which it began.

    Parameters
    ----------
    source : tuple of str
        The script's lines.
    line : int
        A line of the free step.

    Returns
    -------
    bool or None
        None where the loop and the plot do not tell.
    """
    nodes = nodes_of(source)
    plots = list(_plotted(nodes))
    loops = sorted(
        (one for one in nodes if isinstance(one, (ast.For, ast.While))), key=lambda one: one.lineno
    )
    # The loop that the step is in; of one in a class or function, the loop that comes next.
    around = [one for one in loops if one.lineno <= line <= (one.end_lineno or 0)]
    after = [one for one in loops if one.lineno > line]
    for loop in [*around[::-1], *after[:1]]:
        if isinstance(loop, ast.While):
            continue
        times = set(_names(loop.iter))
        for list_name, made_after in _kept(loop, line):
            if any(list_name in ys and times & set(xs) for xs, ys in plots):
                return made_after
    return None


def _names(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id not in _CLOCKS:
            yield one.id


def _plotted(nodes: Sequence[ast.AST]) -> Iterator[tuple[list[str], list[str]]]:
    """Give the names in the first two arguments of what is called plot."""
    for one in nodes:
        if isinstance(one, ast.Call) and len(one.args) >= 2:
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            if name in ("plot", "step", "scatter"):
                yield list(_names(one.args[0])), list(_names(one.args[1]))


def _kept(loop: ast.For, line: int) -> Iterator[tuple[str, bool]]:
    """Give the lists that a loop's body appends to, and whether it does so after the step."""
    stepped = False
    for statement in loop.body:
        calls = [one for one in ast.walk(statement) if isinstance(one, ast.Call)]
        appended = [
            one
            for one in calls
            if isinstance(one.func, ast.Attribute) and one.func.attr == "append" and one.args
        ]
        within = statement.lineno <= line <= (statement.end_lineno or 0)
        if not appended:
            stepped = stepped or within or bool(calls)
        for one in appended:
            inner = any(isinstance(part, ast.Call) for part in ast.walk(one.args[0]))
            target = one.func.value if isinstance(one.func, ast.Attribute) else one.func
            if isinstance(target, ast.Name):
                yield target.id, stepped or within or inner


def both_called(source: Sequence[str], lines: set[int], before: int) -> int:
    """Give the line of a statement that calls two functions, told by lines within them; 0: none."""
    nodes = nodes_of(source)
    names = {
        one.name
        for one in nodes
        if isinstance(one, ast.FunctionDef) and any(one.lineno <= at <= (one.end_lineno or 0) for at in lines)
    }
    found = [
        one.lineno
        for one in nodes
        if isinstance(one, ast.Assign)
        and one.lineno <= before
        and len(names & {*_names(one.value), *_called(one.value)}) >= 2
    ]
    return max(found, default=0)


def _called(node: ast.AST) -> set[str]:
    """Name the functions that are called, methods too."""
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return {getattr(one, "id", getattr(one, "attr", "")) for one in calls}


def begins_function(source: Sequence[str], line: int) -> bool:
    """Tell whether a function begins in a line: what it calls its numbers is given to it by others."""
    return any(isinstance(one, ast.FunctionDef) and one.lineno == line for one in nodes_of(source))


def makes_current(source: Sequence[str], line: int) -> bool:
    """Tell whether a statement sets, or a function of one gives back, what is called a current: I_leak."""
    return gives_current(nodes_of(source), line)


def gives_current(nodes: Sequence[ast.AST], line: int) -> bool:
    """Tell it of all that a text is made of."""
    here = [one for one in nodes if isinstance(one, ast.Assign) and one.lineno == line]
    return any(_CURRENT.match(one) for one in set().union(_giving(nodes, line), *map(_set, here)))


def slope_of(source: Sequence[str], name: str) -> int:
    """Give the line that sets what a state's slope is called, dn for n; 0: none, or several."""
    lines = {
        one.lineno
        for one in nodes_of(source)
        if isinstance(one, ast.Assign) and any(state_of_slope(each) == name for each in _set(one))
    }
    return lines.pop() if len(lines) == 1 else 0


def _giving(nodes: Sequence[ast.AST], line: int) -> set[str]:
    """Name the functions that give back what a line says."""
    return {
        one.name
        for one in nodes
        if isinstance(one, ast.FunctionDef)
        and any(isinstance(each, ast.Return) and each.lineno == line for each in one.body)
    }


def read_before(source: Sequence[str], name: str) -> int:
    """Give the line that reads an array's element before the one it counts; 0: none, or several.

    The array is a name's, or what a function is given as another name.
    """
    nodes = nodes_of(source)
    names = {name, *(one.arg for one in nodes if isinstance(one, ast.arg))}
    found = {
        one.lineno
        for one in nodes
        if isinstance(one, ast.Subscript)
        and isinstance(one.ctx, ast.Load)
        and isinstance(one.slice, ast.BinOp)
        and isinstance(one.slice.op, ast.Sub)
        and getattr(one.value, "id", getattr(one.value, "attr", "")) in names
    }
    return found.pop() if len(found) == 1 else 0


def computed_again(source: Sequence[str], states: Sequence[str]) -> tuple[int, int] | None:
    """Find two names that are given one call of states, nothing of which is set in between: two lines."""
    for block in nodes_of(source):
        body, made = getattr(block, "body", None), dict[str, tuple[str, int]]()
        for one in body if isinstance(body, list) else []:
            if not isinstance(one, ast.Assign) or set(states) & _set(one):
                made = {}
                continue
            for target, value in given_by(one):
                read = {getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(value)}
                if isinstance(value, ast.Call) and read & set(states):
                    text, name = ast.dump(value), ast.dump(target)
                    if made.get(text, (name,))[0] != name:
                        return made[text][1], one.lineno
                    made[text] = (name, one.lineno)
    return None


def unpacked_line(source: Sequence[str], before: int, states: Container[str] = ()) -> int:
    """Give the line that puts rates into names, for what is made of two of these in a line; 0: none.

    Of what a function gives back by the same names in another order, the line of that.
    """
    nodes = nodes_of(source)
    used = {name for one in nodes if getattr(one, "lineno", 0) == before for name in _names(one)}
    used = {name for name in used if name not in states}
    for one in reversed([one for one in nodes if isinstance(one, ast.Assign)]):
        target = one.targets[0]
        names = [getattr(each, "id", "") for each in target.elts] if isinstance(target, ast.Tuple) else []
        if one.lineno >= before or len(used & set(names)) < 2 or isinstance(one.value, ast.Tuple):
            continue
        for each in nodes:
            if isinstance(each, ast.Return) and isinstance(each.value, ast.Tuple):
                given = [getattr(name, "id", "") for name in each.value.elts]
                if given != names and sorted(given) == sorted(names):
                    return each.lineno
        return one.lineno
    return 0


def given_back(source: Sequence[str], line: int) -> int:
    """Give the line that gives back names, side by side, from the function that a line is in; 0: none."""
    nodes = nodes_of(source)
    within = [
        one
        for one in nodes
        if isinstance(one, ast.FunctionDef) and one.lineno <= line <= (one.end_lineno or 0)
    ]
    returns = [one for each in within[-1:] for one in ast.walk(each) if isinstance(one, ast.Return)]
    for one in returns:
        parts = [part for part in ast.walk(one) if isinstance(part, (ast.Tuple, ast.List))]
        if any(
            len(part.elts) > 1 and all(isinstance(name, (ast.Name, ast.Constant)) for name in part.elts)
            for part in parts
        ):
            return one.lineno
    return 0


def made_beside(source: Sequence[str], line: int) -> int:
    """Give the line that makes the one thing, set once, by which a statement goes on: a slope.

    The line itself where there is none, or several.
    """
    nodes = nodes_of(source)
    statements = [one for one in nodes if isinstance(one, (ast.Assign, ast.AugAssign))]
    own = [one for one in statements if one.lineno <= line <= (one.end_lineno or one.lineno)]
    read = {part.id for one in own for part in ast.walk(one.value) if isinstance(part, ast.Name)}
    made: dict[str, list[ast.expr]] = {}
    for one in (each for each in statements if isinstance(each, ast.Assign)):
        for target, value in given_by(one):
            if isinstance(target, ast.Name) and target.id in read:
                made.setdefault(target.id, []).append(value)
    once = [values[0] for values in made.values() if len(values) == 1]
    lines = {one.lineno for one in once if any(isinstance(part, ast.Name) for part in ast.walk(one))}
    return lines.pop() if len(lines) == 1 else line


def passed(source: Sequence[str], line: int, name: str) -> int:
    """Give the line of what only passes under the condition in a line, or sets a name there; 0: none."""
    nodes = nodes_of(source)
    told = {name for one in nodes if isinstance(one, ast.Assign) and one.lineno == line for name in _set(one)}
    told |= _giving(nodes, line)
    tests = [one for one in nodes if isinstance(one, ast.If)]
    asked = [one for one in tests if one.lineno == line or told & {*_names(one.test), *_called(one.test)}]
    body = [one for each in asked for one in each.body]
    found = [one.lineno for one in body if isinstance(one, ast.Pass)]
    found += [one.lineno for one in body if name and name in _set(one)]
    return found[0] if found else 0


def set_anew(source: Sequence[str], name: str) -> int:
    """Give the line that under some condition sets a name to what it is not made of; 0: none, or several."""
    under = [each for one in nodes_of(source) if isinstance(one, (ast.If, ast.While)) for each in one.body]
    lines = {
        one.lineno
        for one in under
        if isinstance(one, ast.Assign)
        and name in _set(one)
        and not any(
            name in (getattr(each, "id", ""), getattr(each, "attr", "")) for each in ast.walk(one.value)
        )
    }
    return lines.pop() if len(lines) == 1 else 0


def given_under(source: Sequence[str], line: int, name: str) -> int:
    """Give the line of what gives back a name under the condition in a line; 0: none."""
    tests = [one for one in nodes_of(source) if isinstance(one, ast.If) and one.lineno == line]
    found = [
        one.lineno
        for test in tests
        for one in test.body
        if isinstance(one, ast.Return) and one.value is not None and name in _names(one.value)
    ]
    return found[0] if found else 0


def _set(statement: ast.stmt) -> set[str]:
    """Name what a statement sets, an element as its array."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AugAssign):
        targets = [statement.target]
    return {
        one.id if isinstance(one, ast.Name) else one.attr
        for target in targets
        for one in [target.value if isinstance(target, ast.Subscript) else target]
        if isinstance(one, (ast.Name, ast.Attribute))
    }


def given_line(source: Sequence[str], name: str, value: float) -> int:
    """Give the line in which a name, or an element of it, is given a number; 0: none."""
    nodes = nodes_of(source)
    found: dict[int, bool] = {}
    given = [one for one in nodes if isinstance(one, (ast.Assign, ast.AugAssign))]
    named = [one for one in given if name in _set(one)]
    elements = [one for one in given if isinstance(getattr(one, "targets", [None])[0], ast.Subscript)]
    for one in named or elements:
        if value or named:
            numbers = [
                each.value
                for each in ast.walk(one.value)
                if isinstance(each, ast.Constant) and isinstance(each.value, (int, float))
            ]
            if any(numbers):
                found[one.lineno] = value in numbers
    exact = [line for line, is_it in found.items() if is_it]
    return max(exact or found, default=0)
