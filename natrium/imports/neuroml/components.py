"""The rates, steady states and time courses of NeuroML, its own and those that a file defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from natrium.imports.infix import Formula, as_value
from natrium.imports.neuroml.xml import Element, quantity
from natrium.imports.nodes import ONE, Node, make, name, num
from natrium.model.errors import CannotImport

V = name("v")
MAX_NAMES = 500  # looked up for one component


def _scaled(one: Element) -> Node:
    """Give (v - midpoint)/scale."""
    return make("/", make("-", V, num(one.quantity("midpoint"))), num(one.quantity("scale")))


def _rate(one: Element) -> Node:
    return num(one.quantity("rate"))


def _exponential(one: Element) -> Node:
    return make("*", _rate(one), make("exp", _scaled(one)))


def _sigmoid(one: Element) -> Node:
    return make("/", _rate(one), make("+", ONE, make("exp", make("neg", _scaled(one)))))


def _linear(one: Element) -> Node:
    x = _scaled(one)
    return make("/", make("*", _rate(one), x), make("-", ONE, make("exp", make("neg", x))))


_OWN: dict[str, Callable[[Element], Node]] = {
    "HHExpRate": _exponential,
    "HHSigmoidRate": _sigmoid,
    "HHExpLinearRate": _linear,
    "HHExpVariable": _exponential,
    "HHSigmoidVariable": _sigmoid,
    "HHExpLinearVariable": _linear,
    "fixedTimeCourse": lambda one: num(one.quantity("tau")),
}


def component(one: Element, types: Mapping[str, Element], around: Mapping[str, Node]) -> Node:
    """Give what a rate, a steady state or a time course is, of v and caConc.

    Parameters
    ----------
    one : Element
        It, with its ``type``.
    types : mapping of str to Element
        The types that the file defines.
    around : mapping of str to Node
        What its gate gives it: alpha, beta, rateScale.

    Raises
    ------
    CannotImport
        When its type is neither NeuroML's nor the file's.
    """
    kind = one.given.get("type", one.tag)
    if kind in _OWN:
        return _OWN[kind](one)
    if kind not in types:
        raise CannotImport(
            "unknown type",
            f"<{one.tag}> must be of a type of the file or one of {', '.join(_OWN)}, got {kind}",
        )
    return _Defined(one, types[kind], around).exposed()


class _Defined:
    """A component of a type that the file defines, by LEMS's derived variables."""

    def __init__(self, one: Element, kind: Element, around: Mapping[str, Node]) -> None:
        self.one, self.kind = one, kind
        self.known: dict[str, Node] = {
            "v": V,
            "caConc": name("cai"),
            "temperature": name("celsius"),
            **around,
        }
        for part in kind.all("Constant", "Parameter", "Property"):
            value = (
                part.given.get("value") or one.given.get(part.word("name")) or part.given.get("defaultValue")
            )
            if value is not None:
                self.known[part.word("name")] = num(quantity(value))
        dynamics = kind.first("Dynamics")
        self.parts = {} if dynamics is None else {part.given.get("name", ""): part for part in dynamics.parts}
        if dynamics is None or any(
            part.tag in ("TimeDerivative", "StateVariable", "OnEvent", "Regime") for part in dynamics.parts
        ):
            raise CannotImport(
                "unknown type", f"a type must be made of derived variables, got {kind.word('name')}"
            )
        self.asked: list[str] = []

    def exposed(self) -> Node:
        """Give the variable that the type exposes."""
        shown = [part for part in self.parts.values() if part.given.get("exposure") in ("r", "x", "t")]
        if len(shown) != 1:
            raise CannotImport("unknown type", f"a type must expose r, x or t, got {self.kind.word('name')}")
        return self.look_up(shown[0].word("name"))

    def look_up(self, word: str) -> Node:
        """Give what a name is, worked out where it is derived."""
        if word in self.known:
            return self.known[word]
        if word not in self.parts or word in self.asked or len(self.asked) > MAX_NAMES:
            raise CannotImport(
                "no such name", f"{self.kind.word('name')} must define every name once, got {word}"
            )
        self.asked.append(word)
        part = self.parts[word]
        if part.tag == "ConditionalDerivedVariable":
            self.known[word] = self._cases(part)
        else:
            self.known[word] = as_value(self._formula(part.word("value")).node())
        return self.known[word]

    def _formula(self, text: str) -> Formula:
        return Formula(text, self.look_up)

    def _cases(self, part: Element) -> Node:
        cases = part.all("Case")
        if not cases:
            raise CannotImport("incomplete", f"{part.word('name')} needs a <Case>, got none")
        found: Any = None
        for case in reversed(cases):
            value = as_value(self._formula(case.word("value")).node())
            if "condition" not in case.given or found is None:
                found = value
            else:
                found = make("where", self._formula(case.word("condition")).condition(), value, found)
        return found  # type: ignore[no-any-return]  # a node, once there was a case
