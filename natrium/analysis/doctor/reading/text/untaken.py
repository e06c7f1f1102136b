"""What a branch that no step took would have set, by its text."""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import attrs

from natrium.analysis.doctor.reading.expressions.trees import DOUBLES
from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.labels import given_by, nodes_of
from natrium.analysis.doctor.trace.meanings import plain

_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip
_WHOLE: dict[str, Callable[[float], float]] = {
    "int": math.trunc, "round": round, "ceil": math.ceil, "floor": math.floor, "float": float,
}  # fmt: skip


@attrs.frozen(eq=False)
class Branch:
    """What a branch sets.

    Attributes
    ----------
    line : int
        Of its test.
    sets : mapping of str to ast.expr
        By what is set, as it is written: its last value.
    """

    line: int
    sets: Mapping[str, ast.expr]

    def value_of(self, name: str, kept: Collection[str] = ()) -> ast.expr | None:
        """Give what a state of a name is set to, where a step keeps it; None where the branch leaves it."""
        found = [to for to in self.sets if plain(to) == name]
        own = [to for to in found if to in kept] or found
        return self.sets[own[-1]] if own else None


def branch_at(source: Sequence[str], line: int) -> Branch | None:
    """Give the branch that the test of a line opens; None where the line is no test.

    Parameters
    ----------
    source : sequence of str
    line : int
    """
    for one in nodes_of(source):
        if isinstance(one, ast.If) and one.lineno <= line <= (one.test.end_lineno or one.lineno):
            return Branch(one.lineno, {ast.unparse(to): value for to, value in _set(one.body)})
    return None


def _set(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """List what statements set."""
    for one in body:
        for to, value in sets_of(one):
            yield to, ast.BinOp(to, one.op, value) if isinstance(one, ast.AugAssign) else value


def operation_of(node: ast.BinOp) -> str:
    """Name an operation; empty for one that formulas do not have."""
    return _OPERATIONS.get(type(node.op), "")


def number_of(node: ast.expr, values: Mapping[str, float], default: float = math.nan) -> float:
    """Evaluate a formula of a text by what its names are; NaN where it cannot be.

    Parameters
    ----------
    node : ast.expr
    values : mapping of str to float
        By name, as written or its last part.
    default : float
        What other names are.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        text = ast.unparse(node)
        return values.get(text, values.get(plain(text), default))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -number_of(node.operand, values, default)
    if isinstance(node, ast.Call) and len(node.args) == 1:
        whole = _WHOLE.get(ast.unparse(node.func).rpartition(".")[2])
        inner = number_of(node.args[0], values, default)
        return float(whole(inner)) if whole is not None and math.isfinite(inner) else math.nan
    if isinstance(node, ast.BinOp) and operation_of(node):
        a, b = (number_of(one, values, default) for one in (node.left, node.right))
        return float(DOUBLES["math"][operation_of(node)](a, b))
    return math.nan


def numbers_made(source: Sequence[str], values: Mapping[str, float]) -> dict[str, float]:
    """Give the numbers of names, and of those that are made of them and set once.

    Parameters
    ----------
    source : sequence of str
    values : mapping of str to float
        By name: what is known.
    """
    found = dict(values)
    given = [pair for one in nodes_of(source) if isinstance(one, ast.Assign) for pair in given_by(one)]
    often = Counter(ast.unparse(to) for to, _ in given)
    for to, value in given:
        name, made = ast.unparse(to), number_of(value, found)
        if often[name] == 1 and math.isfinite(made):
            found.setdefault(plain(name), made)
    return found


def wait_after(
    source: Sequence[str],
    branch: Branch,
    values: Mapping[str, float],
    step: float,
    states: Collection[str] = (),
) -> float:
    """Tell how long what a branch sets keeps a comparison as it then is, in the script's time.

    Parameters
    ----------
    source : sequence of str
    branch : Branch
    values : mapping of str to float
        What names are; others are taken for the time.
    step : float
    states : collection of str
        Names of what is no timer.

    Returns
    -------
    float
        NaN where it cannot be told; 0 where nothing that it sets is compared.
    """
    waits = [0.0, *_waits(source, branch, values, step, states)]
    return next((one for one in waits if one > 0.0), sum(one for one in waits if math.isnan(one)))


def _waits(
    source: Sequence[str], branch: Branch, values: Mapping[str, float], step: float, states: Collection[str]
) -> Iterator[float]:
    nodes = nodes_of(source)
    tests = [one for one in nodes if isinstance(one, ast.Compare) and len(one.ops) == 1]
    for name, value in branch.sets.items():
        for test in tests:
            sides = (test.left, test.comparators[0])
            others = test.lineno == branch.line or plain(name) in states
            if others or not any(_names(one, name) for one in sides):
                continue
            begin = number_of(value, values, 0.0)

            def apart(x: float, time: float, sides: tuple[ast.expr, ...] = sides, name: str = name) -> float:
                left, right = (number_of(one, {**values, name: x}, time) for one in sides)
                return left - right

            each = _counted(nodes, name, value, values)
            if each:
                rise = apart(begin + each, 0.0) - apart(begin, 0.0)
                if rise:
                    yield -apart(begin, 0.0) / rise * step
                continue
            rise = apart(begin, 1.0) - apart(begin, 0.0)
            if rise:
                yield -apart(begin, 0.0) / rise


def _names(node: ast.expr, name: str) -> bool:
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    return any(isinstance(one, kinds) and ast.unparse(one) == name for one in ast.walk(node))


def _counted(nodes: Sequence[ast.AST], name: str, begin: ast.expr, values: Mapping[str, float]) -> float:
    """Give by how much something is counted on from where it begins, where that is a number; else 0."""
    for one in nodes:
        if isinstance(one, (ast.Assign, ast.AugAssign)):
            for to, value in _set([one]):
                more = number_of(value, {**values, name: 0.0})
                more = 0.0 if ast.unparse(value) == ast.unparse(begin) else more
                if ast.unparse(to) == name and _names(value, name) and more:
                    return more if math.isfinite(more) else 0.0
    return 0.0
