"""Derived expressions, kept on disk: what SymPy takes half a second for is read back in a hundredth of that.

They are kept as a list of nodes, and only where these make the same expression, node by node, without SymPy
looking at it again: another form of it would round otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import sympy

from natrium.model.branches import choose
from natrium.model.expressions.exprel import exprel, whole_exp
from natrium.model.kept import DUMMY, describe, versions
from natrium.model.store import keep_code, read_code

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        sympy.Add, sympy.Mul, sympy.Pow, sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tanh, sympy.sinh,
        sympy.cosh, sympy.Abs, exprel, whole_exp, choose,
    )
}  # fmt: skip
_HERE = Path(__file__).parent
SOURCES = (Path(__file__), _HERE / "branches.py", _HERE / "expressions" / "exprel.py")
Expressions = tuple[Any, ...]


def kept_expressions(said: str, sources: Sequence[str], make: Callable[[], Expressions]) -> Expressions:
    """Give expressions that are kept, or derive and keep them.

    `said` is all that they are derived from (see `natrium.model.kept.describe`), `sources` the files that say
    how.
    """
    if DUMMY in said:
        return make()
    key = f"{versions()} {_digest(tuple(sources))} {said}"
    name = f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.sym"
    content = read_code(name, told=False)
    if content is not None:
        return built(json.loads(content))
    expressions = make()
    nodes = written(expressions)
    if nodes is not None:
        keep_code(name, json.dumps(nodes).encode(), told=False)
    return expressions


def jacobian_of(expressions: Sequence[Any], symbols: Sequence[Any]) -> tuple[Expressions, ...]:
    """Give the derivatives of expressions by symbols, a row for each expression."""
    rows, n = tuple(expressions), len(symbols)

    def derive() -> Expressions:
        return tuple(sympy.diff(row, symbol) for row in rows for symbol in symbols)

    found = kept_expressions(describe("derivatives", rows, tuple(symbols)), (), derive)
    return tuple(found[k * n : (k + 1) * n] for k in range(len(rows)))


def shared_terms(expressions: Sequence[Any]) -> tuple[list[tuple[Any, Any]], Expressions]:
    """Give symbols for what expressions share, each with what it is, and the expressions by these."""
    rows = tuple(expressions)

    def share() -> Expressions:
        steps, left = sympy.cse(rows)
        return (*(part for step in steps for part in step), *left)

    found = kept_expressions(describe("shared terms", rows), (), share)
    n = len(found) - len(rows)
    return list(zip(found[:n:2], found[1:n:2], strict=True)), found[n:]


@cache
def _digest(sources: tuple[str, ...]) -> str:
    files = (*map(Path, sources), *SOURCES)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def written(expressions: Expressions) -> list[Any] | None:
    """Write expressions as nodes, each by those before it; None where they could not be built again."""
    places: dict[tuple[type, Any], int] = {}
    nodes: list[Any] = []

    def place(expr: Any) -> int:
        key = (type(expr), expr)
        if key not in places:
            node = _node(expr, place)
            places[key] = len(nodes)
            nodes.append(node)
        return places[key]

    try:
        ends = [place(expr) for expr in expressions]
        again = built([nodes, ends])
    except (KeyError, TypeError, AttributeError):  # of a kind that is not known here
        return None
    return [nodes, ends] if describe(*again) == describe(*expressions) else None


def _node(expr: Any, place: Callable[[Any], int]) -> list[Any]:
    if expr.args:
        name = type(expr).__name__
        if _KINDS[name] is not type(expr):
            raise KeyError(name)
        return [name, *map(place, expr.args)]
    if type(expr) is sympy.Symbol:
        return ["", expr.name, dict(expr._assumptions_orig)]
    if expr.is_Float:
        sign, mantissa, *rest = expr._mpf_
        return ["Float", sign, str(mantissa), *rest, expr._prec]
    if expr.is_Rational:
        return ["Rational", str(expr.p), str(expr.q)]
    raise KeyError(type(expr).__name__)


def built(whole: Any) -> Expressions:
    """Build what `written` wrote."""
    nodes, ends = whole
    known: list[Any] = []
    for name, *parts in nodes:
        if name == "":
            made = sympy.Symbol(parts[0], **parts[1])
        elif name == "Float":
            sign, mantissa, exponent, bits, precision = parts
            made = sympy.Float._new((sign, int(mantissa), exponent, bits), precision, zero=False)
        elif name == "Rational":
            made = sympy.Rational(*map(int, parts))
        else:
            made = _KINDS[name](*(known[part] for part in parts), evaluate=False)
        known.append(made)
    return tuple(known[end] for end in ends)
