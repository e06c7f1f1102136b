"""The modules that a script brings along: where they are, and what their imports of each other name."""

from __future__ import annotations

import ast
import importlib.util
import sys
from functools import cache
from pathlib import Path

# Never taken from beside the script.
_NOT_OWN = frozenset(("numpy", "scipy", "matplotlib", "math", "natrium", "conftest"))


class Beside:
    """The modules of a script: beside it, in the package that it is of, and where its own path says.

    Parameters
    ----------
    script : Path

    Attributes
    ----------
    file, folder : Path
        The script's own, absolute.
    names : frozenset of str
        The modules and packages that stand beside it.
    package : tuple of str
        The names of the packages that it is in, from outside in.
    """

    def __init__(self, script: Path) -> None:
        self.file = file = script.resolve()  # a run works in a folder of its own: names count from here now
        self.folder = outermost = file.parent
        inside: list[str] = []
        while (outermost / "__init__.py").is_file():
            inside.insert(0, outermost.name)
            outermost = outermost.parent
        self.package, self._outermost = tuple(inside), outermost
        self._known = frozenset(sys.path)
        held = {one.stem for one in self.folder.glob("*.py")} | {
            one.name for one in self.folder.iterdir() if one.is_dir() and any(one.glob("*.py"))
            and ((one / "__init__.py").is_file() or not is_installed(one.name))
        }  # fmt: skip
        self.names = frozenset(held | set(inside[:1])) - {file.stem} - _NOT_OWN

    def find(self, name: str) -> Path | None:
        """Find a module's file, or the folder of a package without one; None where it is not the script's."""
        top = name.split(".")[0]
        if top in _NOT_OWN or (top not in self.names and is_installed(top)):
            return None
        added = [self.folder / one for one in sys.path if one not in self._known]
        for root in (self.folder, self._outermost, *added):
            place = root.joinpath(*name.split("."))
            for one in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
                if one.is_file():
                    return one
            if place.is_dir():
                return place
        return None


@cache
def is_installed(name: str) -> bool:
    """Tell whether a module is there for whatever script; a folder that happens to be on the way is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def with_whole_names(tree: ast.Module, package: tuple[str, ...]) -> ast.Module:
    """Write a module's imports from its own package, ``from ..rates import am``, with whole names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            outer = package[: max(len(package) - node.level + 1, 0)]
            whole = (*outer, node.module) if node.module else outer
            if whole:
                node.module, node.level = ".".join(whole), 0
    return tree
