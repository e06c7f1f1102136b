"""Lowered functions, kept on disk: the code of each by what it was lowered from.

To write a function of expressions takes SymPy some twenty milliseconds, to read its code back one. What is
kept is Python's own code, which names nothing but functions that the kernel knows; it is used where nobody
else can have written it, see `store.py`.
"""

from __future__ import annotations

import builtins
import hashlib
import marshal
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import sympy

from natrium.model.store import keep_code, read_code
from natrium.model.versions import version_of

DUMMY = "sympy.core.symbol.Dummy"
SOURCES = ("kernel.py", "printers.py", "branches.py", "kept.py")  # that say how functions are lowered


def kept_function(said: str, known: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """Give a function of which the code is kept, or make it and keep its code.

    Parameters
    ----------
    said : str
        All that it is made of: see `describe`.
    known : mapping of str to object
        What its code may call by name.
    make : callable
        Makes it; one that needs what is not known is not kept.
    """
    if DUMMY in said:  # another one in every process
        return make()
    name = f"{hashlib.sha256(f'{versions()} {said}'.encode()).hexdigest()[:32]}.low"
    content = read_code(name, told=False)
    if content is not None:
        code = marshal.loads(content)
        return FunctionType(code, {one: known[one] for one in code.co_names if one in known})
    function = make()
    if _is_known(function, known):
        code = function.__code__.replace(co_filename="<lowered>")  # there it has a number
        keep_code(name, marshal.dumps(code), told=False)
    return function


def _is_known(function: Any, known: Mapping[str, Any]) -> bool:
    """Tell whether a function's code is all there is to it: no defaults, no code within, known names."""
    code, seen = function.__code__, function.__globals__
    if function.__defaults__ or function.__closure__:
        return False
    if any(isinstance(constant, CodeType) for constant in code.co_consts):
        return False
    return all(
        known[name] is seen.get(name) if name in known else name not in seen and hasattr(builtins, name)
        for name in code.co_names
    )


def describe(*parts: Any) -> str:
    """Say what expressions are, each of their parts once.

    Two that are said alike are equal; two that are equal may be said otherwise.

    Parameters
    ----------
    *parts : sympy.Basic, str, bool, or nested tuples of these
    """
    places: dict[tuple[type, Any], int] = {}
    lines: list[str] = []

    def place(expr: Any) -> str:
        if isinstance(expr, tuple):
            return f"[{','.join(map(place, expr))}]"
        if not isinstance(expr, sympy.Basic):
            return repr(expr)
        key = (type(expr), expr)  # of a Float and an Integer, which some versions take for equal
        if key not in places:
            inner = f"({','.join(map(place, expr.args))})" if expr.args else repr(expr._hashable_content())
            kind: Any = type(expr)
            lines.append(f"{kind.__module__}.{kind.__qualname__}{inner}")
            places[key] = len(lines)
        return f"#{places[key]}"

    whole = place(parts)
    return ";".join([*lines, whole])


@cache
def versions() -> str:
    """Say what lowers: Python, SymPy, NumPy and the files here that say how."""
    here = Path(__file__).parent
    sources = hashlib.sha256(b"".join((here / name).read_bytes() for name in SOURCES)).hexdigest()
    return f"{MAGIC_NUMBER.hex()} {version_of('sympy')} {version_of('numpy')} {sources}"
