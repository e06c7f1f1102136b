"""Foreign files as text: bounded, and read once."""

from __future__ import annotations

import os
from pathlib import Path

from natrium.model.checks import check_path
from natrium.model.errors import CannotImport, ModelError

MAX_BYTES = 200_000  # a channel's file has some thousands


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a file as text; bytes that are no UTF-8 are taken as Latin-1.

    Raises
    ------
    ModelError
        When it cannot be read, or is too long.
    """
    check_path(path)
    if Path(path).exists() and not Path(path).is_file():  # a pipe would be waited for
        raise ModelError(f"a file to import must be a plain file, got {os.fspath(path)}")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ModelError(
            f"cannot read {os.fspath(path)}: {getattr(error, 'strerror', None) or error}"
        ) from error
    if len(content) > MAX_BYTES:
        raise CannotImport("too large", f"a file to import may have at most {MAX_BYTES} bytes, got more")
    try:
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return content.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
