"""The face of a room whose names are loaded when first asked for, each from its file and no other with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def face(
    room: str, files: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give a package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    room : str
        The package.
    files : mapping of str to sequence of str
        Its files, from the package on, each with the public names that it holds. None of these may be a file
        or folder of the package too: Python would give that one instead.
    """
    places = {name: file for file, names in files.items() for name in names}

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{places[name]}"), name)
        setattr(sys.modules[room], name, found)
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[room]), *places})

    return load, names
