"""Modules and objects that do not remember: they are given plain numbers, what they give is wrapped."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.arrays import wrapped
from natrium.analysis.doctor.trace.elements import unwrapped
from natrium.analysis.doctor.trace.forms import Enough

_CALLS: ContextVar[tuple[Iterator[int], int] | None] = ContextVar("calls", default=None)
_TURNS: ContextVar[int] = ContextVar("turns")
_GIVING = ("numpy.random", "scipy.stats", "scipy.interpolate")  # what these make gives numbers itself


@contextmanager
def at_most(calls: int, turns: int = sys.maxsize) -> Iterator[Iterator[int]]:
    """End a run whose functions are called back oftener: an equation that is wrong may be as stiff as any.

    So is one that has more turns of loops: a condition that is wrong may never end one. What is given counts
    on from how often functions were called back.
    """
    counter = count()
    tokens = _CALLS.set((counter, calls)), _TURNS.set(turns)
    try:
        yield counter
    finally:
        _CALLS.reset(tokens[0])
        _TURNS.reset(tokens[1])


def turns_within(turns: int) -> int:
    """Give how many turns of loops a run may have, where it is one of those that are ended earlier."""
    return min(turns, _TURNS.get(turns))


def loaded(name: str) -> Any:
    """Import an installed module that the script asks for."""
    if name in sys.modules:
        return sys.modules[name]
    parent = name.rpartition(".")[0]
    if parent:
        loaded(parent)
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    if parent:
        setattr(sys.modules[parent], name.rpartition(".")[2], module)
    return module


class Clock:
    """The module time, that never waits and always says the same."""

    def __getattr__(self, name: str) -> Any:
        if name == "sleep":
            return lambda *args: None
        return lambda *args: 0.0


class Foreign:
    """A module or object whose functions take and give plain numbers."""

    def __init__(self, inner: Any) -> None:
        self.__dict__["_inner"] = inner

    def __getattr__(self, name: str) -> Any:
        return foreign(getattr(self._inner, name), name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call what is behind it."""
        return foreign(self._inner, "")(*args, **options)


class ForeignKind(Foreign):
    """A kind of objects that do not remember: they are made of plain numbers, and are of that kind."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Make one."""
        return _kept(self._inner(*unwrapped(args), **unwrapped(options)), "")

    def __instancecheck__(self, one: Any) -> bool:
        return isinstance(one._inner if isinstance(one, Foreign) else one, self._inner)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._inner,)

    def __or__(self, other: Any) -> Any:
        return self._inner | other

    def __ror__(self, other: Any) -> Any:
        return other | self._inner


def foreign(value: Any, name: str) -> Any:
    """Give a member of what does not remember."""
    if isinstance(value, types.ModuleType):
        return Foreign(value)
    if isinstance(value, type):
        return value if issubclass(value, BaseException) else ForeignKind(value)
    if callable(value):

        def call(*args: Any, **options: Any) -> Any:
            given = [called_back(one) for one in unwrapped(args)]
            named = {key: called_back(one) for key, one in unwrapped(options).items()}
            result = value(*given, **named)
            return _kept(result, name)

        return call
    return value


def _kept(made: Any, name: str) -> Any:
    """Let what was made remember from now on, or what it gives."""
    if type(made).__module__.startswith(_GIVING):
        return Foreign(made)
    return wrapped(made[()] if isinstance(made, np.ndarray) and not made.ndim else made, name)


def called_back(value: Any) -> Any:
    """Let a function of the script give plain numbers to whoever calls it; give what stands behind others."""
    if isinstance(value, Foreign):
        return value._inner
    own = (types.FunctionType, types.MethodType, partial)
    return giving_plain(value) if isinstance(value, own) else value


def giving_plain(value: Any) -> Any:
    """Let a function, or an object that is called, give plain numbers: others crash compiled code."""

    def call(*args: Any, **options: Any) -> Any:
        bound = _CALLS.get()
        if bound is not None and next(bound[0]) > bound[1]:
            raise Enough
        return unwrapped(value(*args, **options))

    return call
