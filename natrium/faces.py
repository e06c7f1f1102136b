"""The face of a package: names loaded when first asked for, each from its file and no other with it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


def face(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give ``__getattr__`` and ``__dir__`` of a package whose file says ``from file import name as name``.

    What stands so under ``if TYPE_CHECKING`` is loaded when asked for: checkers and this function read the
    same lines. No such name may be that of a file or folder of the package: Python would give that one.
    """

    @cache
    def places() -> dict[str, str]:
        text = Path(str(sys.modules[package].__file__)).read_text(encoding="utf-8")
        return {
            alias.name: str(line.module)
            for line in ast.walk(ast.parse(text))
            if isinstance(line, ast.ImportFrom)
            for alias in line.names
            if alias.asname == alias.name
        }

    def load(name: str) -> Any:
        if name == "__all__":
            return names()
        if name not in places():
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(places()[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    def names() -> list[str]:
        return sorted(places())

    return load, names
