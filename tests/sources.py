"""The package's source files, as the rules of the house read them."""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "natrium"


@functools.cache
def sources() -> tuple[tuple[str, str], ...]:
    """Give each file of the package: its path from the root, its text."""
    files = sorted(PACKAGE.rglob("*.py"))
    assert files, f"no Python file under {PACKAGE.name}/"
    return tuple((file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files)


@functools.cache
def nodes_of(text: str) -> tuple[ast.AST, ...]:
    """Give all that a file's text is made of."""
    return tuple(ast.walk(ast.parse(text)))


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
