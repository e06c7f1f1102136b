"""Names within rates: numbers such as `celsius`, and what is made of them and of V, such as `alpha_m`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from natrium.model.checks import Name, Number, show
from natrium.model.errors import ModelError
from natrium.model.expressions.evaluator import NUMERIC, evaluator
from natrium.model.expressions.reader import BRANCHES, MAX_LENGTH, read

# Each name with its number, or with text of the others.
Constants = tuple[tuple[str, "float | str"], ...]

# What rates are of.
VARIABLES = ("V", "Ca")
# What means something in rates already.
_TAKEN = frozenset({*NUMERIC, *BRANCHES, "pi", "V", "t", "I", "and", "or", "not"})
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_ACTIVE: ContextVar[Constants] = ContextVar("constants", default=())


@contextmanager
def constants(values: Mapping[str, float | str]) -> Iterator[None]:
    """Name numbers for the rates that are written within the block.

    Every rate keeps those that it uses, so that they are parameters of its neuron: to change, to sweep, to
    fit.

    Parameters
    ----------
    values : mapping of str to float or str
        Numbers, or text of the others, such as ``{"celsius": 34.0, "q10": "3**((celsius - 24)/10)"}``. What
        is made of V, an ``alpha_m`` for ``alpha_m/(alpha_m + beta_m)``, is put in where its name stands.

    Raises
    ------
    ModelError
        When a name or a value cannot be one, or they go round in a circle.
    """
    token = _ACTIVE.set(as_constants(values))
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def activate(values: Any) -> None:
    """Name numbers from here on, in this context."""
    _ACTIVE.set(as_constants(values))


def as_constants(values: Any, variables: Collection[str] = VARIABLES) -> Constants:
    """Check names and values, which may be text of some variables.

    Raises
    ------
    ModelError
        When one cannot be a constant, or they go round in a circle.
    """
    if not isinstance(values, Mapping):
        raise ModelError(f"constants must be a table of names and values, got {show(values)}")
    made: list[tuple[str, float | str]] = []
    for name, value in values.items():
        Name().check("a constant's name", name)
        if name in _TAKEN:
            raise ModelError(f"a constant must not be called {name}, which means something else in rates")
        if not isinstance(value, str):
            Number().check(f"constant {name}", value)
        made.append((name, value if isinstance(value, str) else float(value)))
    known = tuple(made)
    numbers(known, variables)
    return known


def numbers(known: Constants, variables: Collection[str] = VARIABLES) -> dict[str, float]:
    """Work out every constant but those that depend on variables.

    Raises
    ------
    ModelError
        When they go round in a circle, or one has no finite value.
    """
    given, found = dict(known), dict[str, float | None]()
    free = [name for name in variables if name not in given]

    def work_out(name: str, behind: tuple[str, ...]) -> float | None:
        if name in behind:
            raise ModelError(f"constants must not go round in a circle, got {' -> '.join((*behind, name))}")
        if name not in found:
            value: float | str | None = given[name]
            if isinstance(value, str):
                needed = {word: work_out(word, (*behind, name)) for word in words(value) if word in given}
                is_open = None in needed.values() or not set(words(value)).isdisjoint(free)
                text = spell_out(value, [one for one in known if found.get(one[0], 0.0) is None])
                try:
                    tree = read(_put(text, _closed(found)), *(free if is_open else ()))
                except ModelError as error:
                    raise ModelError(f"constant {name}: {error}") from error
                value = None if is_open else float(evaluator(tree)(0.0))
                if value is not None:
                    Number().check(f"constant {name}", value)
            found[name] = value
        return found[name]

    for name in given:
        work_out(name, ())
    return _closed(found)


def _closed(found: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in found.items() if value is not None}


def merge(each: Iterable[Constants]) -> dict[str, float | str]:
    """Put the constants of several rates together.

    Raises
    ------
    ModelError
        When a name does not mean the same in all of them.
    """
    found: dict[str, float | str] = {}
    for name, value in (one for known in each for one in known):
        if found.setdefault(name, value) != value:
            raise ModelError(
                f"constant {name} must be the same in all rates, got {found[name]!r} and {value!r}"
            )
    return found


def used_in(text: str, known: Constants | None = None) -> Constants:
    """Give the constants that a text needs, those that they need in turn among them."""
    given = dict(_ACTIVE.get() if known is None else known)
    needed: set[str] = set()
    waiting = [text]
    while waiting:
        for word in words(waiting.pop()):
            if word in given and word not in needed:
                needed.add(word)
                waiting.append(str(given[word]))
    return tuple((name, value) for name, value in given.items() if name in needed)


def fill(text: str, known: Constants) -> str:
    """Put the constants' numbers into a text, and the text of those that depend on variables."""
    if not known:
        return text
    values = numbers(known)
    return _put(spell_out(text, [one for one in known if one[0] not in values]), values)


def keep_names(text: str, known: Constants, names: Collection[str]) -> str:
    """Put the constants' numbers into a text, but leave some of these names as they are.

    Those that are text of others come in by what they are made of.
    """
    kept = tuple((name, value) for name, value in known if name not in names)
    return _put(spell_out(text, known), {name: value for name, value in kept if isinstance(value, float)})


def spell_out(text: str, known: Iterable[tuple[str, float | str]]) -> str:
    """Put the text of those constants that are text into another; those that are numbers keep their names."""
    texts = {name: value for name, value in known if isinstance(value, str)}

    def put(found: re.Match[str]) -> str:
        return f"({_WORD.sub(put, texts[found[0]])})" if found[0] in texts else found[0]

    return _WORD.sub(put, text)


def words(text: str) -> list[str]:
    """List the names that a text holds; none of one that is too long to be read."""
    return _WORD.findall(text) if len(text) <= MAX_LENGTH else []


def _put(text: str, values: Mapping[str, float]) -> str:
    return _WORD.sub(lambda found: f"({values[found[0]]!r})" if found[0] in values else found[0], text)
