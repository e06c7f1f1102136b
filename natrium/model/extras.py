"""Packages that natrium works without: what is missing is named with the extra that has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from natrium.model.errors import ModelError


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Say which extra to install where an import within fails.

    Parameters
    ----------
    extra : str
        Of natrium.
    what : str
        What needs the package, for the message: ``"labelled data need"``.

    Raises
    ------
    ModelError
        When a package cannot be imported.
    """
    try:
        yield
    except ImportError as error:
        name = (error.name or str(error)).partition(".")[0]
        raise ModelError(f'{what} {name}: pip install "natrium[{extra}]"') from None
