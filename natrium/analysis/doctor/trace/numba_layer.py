"""Numba, as the script's two runs see it: left out of the traced one, given NumPy itself in the plain one."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.foreign import Foreign, loaded
from natrium.analysis.doctor.trace.numpy_layer import SafeNumPy, SafeRandom

COMPILING = frozenset(("njit", "jit", "vectorize", "guvectorize", "generated_jit"))


class Uncompiled:
    """Numba, that leaves functions as they are."""

    prange = staticmethod(range)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in COMPILING or name in ("jitclass", "cfunc"):
            return _left
        return Foreign(getattr(loaded("numba"), name))


def _left(*args: Any, **options: Any) -> Any:
    return args[0] if args and callable(args[0]) else lambda function: function


class Compiling:
    """Numba, whose functions are compiled: it knows NumPy itself alone, and no file to keep code beside."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(loaded("numba"), name)
        return _decorator(value) if name in COMPILING else value


def _decorator(decorate: Any) -> Callable[..., Any]:
    def decorated(*args: Any, **options: Any) -> Any:
        options.pop("cache", None)
        if args and isinstance(args[0], types.FunctionType):
            return decorate(_with_numpy(args[0]), *args[1:], **options)
        made = decorate(*args, **options)
        return lambda function: made(_with_numpy(function))

    return decorated


class _Globals(dict[str, Any]):
    """A script's names, of now."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__()
        self.names = names

    def __missing__(self, name: str) -> Any:
        value = self.names[name]
        if isinstance(value, SafeNumPy):
            return np
        return np.random if isinstance(value, SafeRandom) else value


def _with_numpy(function: types.FunctionType) -> types.FunctionType:
    """Give a function that finds NumPy itself under the script's name for it."""
    again = types.FunctionType(
        function.__code__,
        _Globals(function.__globals__),
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    again.__kwdefaults__, again.__module__ = function.__kwdefaults__, function.__module__
    return again
