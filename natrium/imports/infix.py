"""Formulas as text, as XPP and LEMS write them: read by a whitelist into nodes, never run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from natrium.imports.nodes import ONE, ZERO, Node, make, num, value_of
from natrium.model.errors import CannotImport
from natrium.model.expressions.evaluator import NUMERIC

MAX_LENGTH = 4_000  # characters of one formula
MAX_NESTED = 60

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)(?![A-Za-z_])|(?P<dotted>\.(?:gt|lt|geq|leq|eq|neq|and|or|not)\.)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|<=|>=|==|!=|&&|\|\||[-+*/^(),<>&|!]))"
)
_DOTTED = {
    ".gt.": ">",
    ".lt.": "<",
    ".geq.": ">=",
    ".leq.": "<=",
    ".eq.": "==",
    ".neq.": "!=",
    ".and.": "and",
    ".or.": "or",
    ".not.": "!",
}
_SAME = {"&": "and", "&&": "and", "|": "or", "||": "or", "^": "**"}
_LEVELS = (("or",), ("and",), ("<", ">", "<=", ">=", "==", "!="), ("+", "-"), ("*", "/"))
_CONDITIONS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")

Functions = Mapping[str, Callable[..., Node]]
_OF_ONE = [one for one in NUMERIC if one not in ("floor", "sign", "heaviside", "abs")]


def _plain(op: str) -> Callable[[Node], Node]:
    return lambda x: make(op, x)


FUNCTIONS: dict[str, Callable[..., Node]] = {
    **{one: _plain(one) for one in _OF_ONE},
    "abs": _plain("abs"),
    "ln": _plain("log"),
    "tan": lambda x: make("/", make("sin", x), make("cos", x)),
    "pow": lambda a, b: make("**", a, b),
    "max": lambda a, b: make("max", a, b),
    "min": lambda a, b: make("min", a, b),
    "heav": lambda x: make("heaviside", x),
    "sign": lambda x: make("sign", x),
}
"""What every formula may call."""


class Formula:
    """A formula's text, read once into a node.

    Parameters
    ----------
    text : str
    look_up : callable
        Gives the node of a name.
    functions : mapping of str to callable
        Gives the node of a call.
    """

    def __init__(self, text: str, look_up: Callable[[str], Node], functions: Functions = FUNCTIONS) -> None:
        if len(text) > MAX_LENGTH:
            raise CannotImport(
                "too large", f"a formula may have at most {MAX_LENGTH} characters, got {len(text)}"
            )
        self.text, self.look_up, self.functions = text, look_up, functions
        self.tokens = self._split()
        self.at = 0
        self.depth = 0

    def node(self) -> Node:
        """Read all of it.

        Raises
        ------
        CannotImport
            When it is no formula, or holds what is not known.
        """
        found = self._level(0)
        if self._ahead():
            raise self._refusal(f"{self._ahead()!r} was not expected")
        return found

    def condition(self) -> Node:
        """Read all of it as a condition; a number holds where it is not zero."""
        return as_condition(self.node())

    def _split(self) -> list[str]:
        found, at, text = [], 0, self.text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._refusal(f"{text[at:].lstrip()[:1]!r} was not expected")
            word = match[0].strip()
            found.append(_DOTTED.get(word, _SAME.get(word, word)))
            at = match.end()
        return found

    def _refusal(self, why: str) -> CannotImport:
        return CannotImport(
            "no formula", f"a formula must be arithmetic of known names, got {self.text[:100]!r}: {why}"
        )

    def _ahead(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, wanted: str) -> None:
        if self._ahead() != wanted:
            raise self._refusal(f"{wanted!r} is missing")
        self.at += 1

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        found = self._level(level + 1)
        while (op := self._ahead()) in _LEVELS[level]:
            self.at += 1
            other = self._level(level + 1)
            if op in ("and", "or"):
                found, other = as_condition(found), as_condition(other)
            else:
                found, other = as_value(found), as_value(other)
            found = make(op, found, other)
        return found

    def _signed(self) -> Node:
        sign = self._ahead()
        if sign not in ("-", "+", "!"):
            return self._power()
        self.at += 1
        self._deeper()
        inner = self._signed()
        self.depth -= 1
        if sign == "!":
            return make("not", as_condition(inner))
        return make("neg", as_value(inner)) if sign == "-" else inner

    def _power(self) -> Node:
        base = self._atom()
        while self._ahead() == "**":  # from the left, as both languages have it
            self.at += 1
            sign = self._ahead() == "-"
            self.at += sign
            exponent = as_value(self._atom())
            base = make("**", as_value(base), make("neg", exponent) if sign else exponent)
        return base

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTED:
            raise CannotImport(
                "too large", f"a formula may nest at most {MAX_NESTED} brackets, got {self.text[:60]!r}"
            )

    def _atom(self) -> Node:
        word = self._ahead()
        self.at += 1
        if word == "(":
            return self._inside()
        if word[:1].isdigit() or word[:1] == ".":
            return num(float(word.lower().replace("d", "e")))
        if not (word[:1].isalpha() or word[:1] == "_") or word in ("and", "or"):
            raise self._refusal(f"{word!r} was not expected" if word else "it ends too early")
        if word.lower() == "if" and self._ahead() == "(":
            return self._choice()
        if self._ahead() == "(":
            return self._call(word)
        return self.look_up(word)

    def _inside(self) -> Node:
        self._deeper()
        found = self._level(0)
        self._take(")")
        self.depth -= 1
        return found

    def _choice(self) -> Node:
        """Read ``if (condition) then (a) else (b)``."""
        self._take("(")
        parts = [self._inside()]
        for word in ("then", "else"):
            if self._ahead().lower() != word:
                raise self._refusal(f"{word!r} is missing")
            self.at += 1
            self._take("(")
            parts.append(as_value(self._inside()))
        return choice(as_condition(parts[0]), parts[1], parts[2])

    def _call(self, word: str) -> Node:
        self.at += 1
        self._deeper()
        given = [] if self._ahead() == ")" else [as_value(self._level(0))]
        while self._ahead() == ",":
            self.at += 1
            given.append(as_value(self._level(0)))
        self._take(")")
        self.depth -= 1
        function = self.functions.get(word)
        if function is None:
            raise CannotImport(
                "unknown function", f"a function must be one of {', '.join(self.functions)}, got {word}"
            )
        return called(word, function, given)


def called(word: str, function: Callable[..., Node], given: Sequence[Node]) -> Node:
    """Call a function, and refuse a number of arguments that it does not take."""
    try:
        return function(*given)
    except TypeError:
        raise CannotImport("arguments", f"{word} does not take {len(given)} arguments") from None


def as_condition(node: Node) -> Node:
    """Take a number as a condition: it holds where it is not zero."""
    return node if node.op in _CONDITIONS else make("!=", node, ZERO)


def as_value(node: Node) -> Node:
    """Take a condition as a number: 1 where it holds, else 0."""
    return make("where", node, ONE, ZERO) if node.op in _CONDITIONS else node


def choice(test: Node, one: Node, other: Node) -> Node:
    """Choose by a condition; one of numbers alone is decided here."""
    if not test.names:
        return one if decided(test) else other
    return make("where", test, one, other)


def decided(test: Node) -> bool:
    """Tell how a condition of numbers comes out."""
    return bool(value_of(test, {}))
