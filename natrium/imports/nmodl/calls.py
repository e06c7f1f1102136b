"""The functions that NMODL has without declaring them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from natrium.imports.nodes import ONE, Node, make, num
from natrium.model.errors import CannotImport
from natrium.model.expressions.evaluator import NUMERIC
from natrium.model.ions import FARADAY, GAS, KELVIN

SILENT = ("printf", "fprintf", "prterr")
_SAME = {one: one for one in ("exp", "log", "log10", "sqrt", "sin", "cos", "tanh", "sinh", "cosh", "erf")}
_NAMES = _SAME | {"fabs": "abs", "abs": "abs"}
assert set(_NAMES.values()) <= set(NUMERIC)


def _relative(x: Node) -> Node:
    return make("/", ONE, make("exprel", x))


def _tangent(x: Node) -> Node:
    return make("/", make("sin", x), make("cos", x))


_OF_ONE: dict[str, Callable[[Node], Node]] = {"exprelr": _relative, "tan": _tangent}
_OF_TWO: dict[str, Callable[[Node, Node], Node]] = {
    "fmin": lambda a, b: make("min", a, b),
    "fmax": lambda a, b: make("max", a, b),
}


def built_in(called: str, given: Sequence[Node], celsius: float) -> Node:
    """Give what a function without a definition is.

    Raises
    ------
    CannotImport
        When there is none, or it is none of V.
    """
    if called in SILENT:
        return ONE
    if called in _NAMES and len(given) == 1:
        return make(_NAMES[called], given[0])
    if called in _OF_ONE and len(given) == 1:
        return _OF_ONE[called](given[0])
    if called in _OF_TWO and len(given) == 2:
        return _OF_TWO[called](*given)
    if called == "nernst" and len(given) == 3:
        inside, outside, valence = given
        thermal = num(1e3 * GAS * (celsius + KELVIN) / FARADAY)
        return make("*", make("/", thermal, valence), make("log", make("/", outside, inside)))
    raise CannotImport(
        "unknown function",
        f"a function must be in the file or one of {', '.join((*_NAMES, *_OF_ONE, *_OF_TWO))}, got "
        f"{called} of {len(given)}",
    )
