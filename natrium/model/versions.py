"""Versions of packages: what is kept on disk and what made a result is known by them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def version_of(package: str) -> str:
    """Give a package's version, read once in a process: with it comes all that is told of the package."""
    return version(package)
