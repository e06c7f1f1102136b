"""Statements that are alike but for the state that they move, and the one that takes another state."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from natrium.analysis.doctor.reading.text.blocks import sets_of
from natrium.analysis.doctor.reading.text.kept import Slip
from natrium.analysis.doctor.reading.text.labels import nodes_of
from natrium.analysis.doctor.reading.text.named import called
from natrium.analysis.doctor.trace.meanings import state_of_slope

_TOKEN = re.compile(r"\w+|\S")
_NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?")  # each of them may be another
_OWN = "@"  # stands for the state that a statement moves, in its own name or in those of its rates


def carried_from_another(source: Sequence[str], line: int) -> list[Slip]:
    """List the states that a step moves on from another's value, where two others go on from their own.

    Parameters
    ----------
    source : sequence of str
    line : int
        Of the step.
    """
    found = []
    for node in nodes_of(source):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not any(
            one.lineno <= line <= (one.end_lineno or 0) for one in body if isinstance(one, ast.stmt)
        ):
            continue
        moved = {name: (one.lineno, tokens) for one in body for name, tokens in _moved(one)}
        usual, count = Counter(tokens for _, tokens in moved.values()).most_common(1)[0] if moved else ((), 0)
        for name, (at, tokens) in moved.items() if count > 1 else ():
            apart = (
                {(own, other) for own, other in zip(usual, tokens, strict=True) if own != other}
                if len(tokens) == len(usual)
                else set()
            )
            others = {other for _, other in apart}
            if len(others) == 1 and {own for own, _ in apart} == {_OWN} and others <= moved.keys():
                found.append(Slip(name, at, f"takes {others.pop()}, where others take their own value"))
    return found


def _moved(statement: ast.stmt) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give what a statement moves on from its own value, or should, and what it is made of."""
    for target, value in sets_of(statement) if isinstance(statement, ast.Assign) else ():
        root = target.value if isinstance(target, ast.Subscript) else target
        name = called(root)
        if name and isinstance(value, (ast.Call, ast.BinOp)):
            text = _NUMBER.sub("#", ast.unparse(value))
            own = state_of_slope(name) or name
            yield own, tuple(_without(own, one) for one in _TOKEN.findall(text))


def _without(name: str, token: str) -> str:
    """Put the sign for the own state into a name that is it, or that has it as a part."""
    if token[1:] == name:  # the rate ah, the slope dh
        return token[0] + _OWN
    return "_".join(_OWN if part == name else part for part in token.split("_"))
