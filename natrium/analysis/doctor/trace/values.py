"""What live values are: a user's or a library's, typed where, alike or not."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

import numpy as np

from natrium.analysis.doctor.trace.sources import functions_of, source_of

_LIBRARIES = tuple(sysconfig.get_paths()[one] for one in ("stdlib", "platstdlib", "purelib", "platlib"))
_OWN = str(Path(__file__).parents[3])
PLAIN = (bool, int, float, complex, str, bytes, type(None))


def is_own(value: Any) -> bool:
    """Tell a user's class, function or module from a library's."""
    module = value if isinstance(value, types.ModuleType) else sys.modules.get(value.__module__ or "")
    if module is None or module.__name__ == "__main__":
        return True
    file = getattr(module, "__file__", None)
    return file is not None and not str(Path(file).resolve()).startswith((*_LIBRARIES, _OWN))


def typed(value: Any) -> list[types.FunctionType]:
    """List the functions of a class that were typed with it; of a function, itself."""
    if not isinstance(value, type):
        return [value]
    found = source_of(value)
    return [one for one in functions_of(value) if found and one.__code__.co_filename == found[0].file]


def globals_of(value: Any) -> dict[str, Any]:
    """Give the names of the module that a class or function was typed in."""
    own = typed(value)
    return dict(own[0].__globals__ if own else vars(sys.modules[value.__module__]))


def cells_of(value: Any) -> dict[str, Any]:
    """Give the variables of functions around that a class or function goes on using."""
    found: dict[str, Any] = {}
    for one in typed(value):
        for name, cell in zip(one.__code__.co_freevars, one.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # one that is not set yet
                if name != "__class__" and cell.cell_contents is not value:
                    found[name] = cell.cell_contents
    return found


def import_of(name: str, value: Any) -> ast.stmt | None:
    """Write how a library's module, or a member of one, is imported."""
    if isinstance(value, types.ModuleType):
        return ast.Import(names=[ast.alias(name=value.__name__, asname=name)])
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if isinstance(value, np.ufunc):
        module = "numpy"
    if not isinstance(module, str) or not isinstance(own, str) or module == "builtins":
        return None
    if isinstance(value, (type, types.FunctionType)) and is_own(value):
        return None
    if getattr(sys.modules.get(module), own, None) is not value:
        return None
    return ast.ImportFrom(module=module, names=[ast.alias(name=own, asname=name)], level=0)


def remade(value: Any) -> tuple[dict[str, Any], Any]:
    """Make an object anew by its own attributes; None where its class asks for more, or makes another."""
    arguments: dict[str, Any] = {}
    try:
        parameters = inspect.signature(type(value)).parameters.values()
    except (TypeError, ValueError):
        return arguments, None
    for one in parameters:
        own = vars(value).get(one.name, vars(value).get(f"_{one.name}", one.empty))
        if type(own) in PLAIN:
            arguments[one.name] = own
        elif one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            return arguments, None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            again = type(value)(**arguments)
    except Exception:  # whatever its own making raises
        return arguments, None
    alike = type(again) is type(value) and vars(again).keys() == vars(value).keys()
    return arguments, again if alike else None


def same(one: Any, other: Any) -> bool:
    """Tell whether two live values hold the same."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, types.FunctionType):
        return one.__code__ is other.__code__ and same(cells_of(one), cells_of(other))
    if hasattr(one, "__dict__") and is_own(type(one)):
        return same(vars(one), vars(other))
    return bool(one == other)
