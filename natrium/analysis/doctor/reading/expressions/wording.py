"""Trees as text: in the script's own order, for messages and for model files."""

from __future__ import annotations

from collections.abc import Mapping

from natrium.analysis.doctor.reading.expressions.algebra import Algebra, is_number
from natrium.analysis.doctor.reading.expressions.trees import LEAF, NUMBER, RELATIONS, name_of, number
from natrium.analysis.doctor.trace.record import Node

_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "neg": 3, "**": 4}
_ATOM = 5


def shown(value: float) -> str:
    """Write a number as a script would."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return repr(float(value))


class Readable(Algebra):
    """Algebra as people write it: over a time constant, not times what is -1 over it."""

    def multiply(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a b."""
        for one, other in ((a, b), (b, a)):
            if name_of(one) == "/" and is_number(one.args[0], 1.0):
                return self.divide(other, one.args[1], line)
        return super().multiply(a, b, line)

    def divide(self, a: Node, b: Node, line: int = 0) -> Node:
        """Give a / b."""
        if is_number(a, -1.0):
            return self.negative(self.divide(number(1.0), b, line), line)
        if name_of(b) == "/" and is_number(b.args[0], 1.0):
            return self.multiply(a, b.args[1], line)
        return super().divide(a, b, line)


def text_of(node: Node, names: Mapping[str, str] | None = None) -> str:
    """Write a tree as an expression, brackets only where they are needed.

    Parameters
    ----------
    node : Node
    names : mapping of str to str, optional
        What to write for some leaves: what is not a plain name or number goes into brackets.
    """
    return _text(node, names or {})[0]


def _text(node: Node, names: Mapping[str, str]) -> tuple[str, int]:
    name = name_of(node)
    if name == LEAF:
        text = names.get(node.name, node.name)
        plain = text.replace(".", "").replace("_", "").isalnum()
        whole = plain or (node.name == text and " " not in text)
        return (text, _ATOM) if whole else (f"({text})", _ATOM)
    if name == NUMBER:
        return shown(node.value), _ATOM if node.value >= 0 else _LEVEL["neg"]
    if name == "neg":
        inner, level = _text(node.args[0], names)
        return f"-{inner}" if level > _LEVEL["*"] else f"-({inner})", _LEVEL["neg"]
    if name in _LEVEL:
        own = _LEVEL[name]
        (left, a), (right, b) = (_text(one, names) for one in node.args)
        if name == "**":
            left = left if a >= _ATOM else f"({left})"
            right = right if b >= _ATOM or b == _LEVEL["neg"] else f"({right})"
            return f"{left}**{right}", own
        left = left if a >= own else f"({left})"
        right = right if b > own and b != _LEVEL["neg"] else f"({right})"
        gap = " " if own == 1 else ""
        return f"{left}{gap}{name}{gap}{right}", own
    if name in RELATIONS:
        left, right = (_text(one, names)[0] for one in node.args)
        return f"where({left} {name} {right}, 1, 0)", _ATOM
    return f"{name}({', '.join(_text(one, names)[0] for one in node.args)})", _ATOM


def written_at(node: Node) -> str:
    """Name a number, or what operations make, by where it is written."""
    return f"{text_of(node) if node.args else repr(node.value)} in line {node.line}"


def made_at(line: int) -> str:
    """Name what is made in a line."""
    return f"made in line {line}"
