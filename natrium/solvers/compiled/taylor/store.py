"""Where compiled code is kept: a bounded folder of the user's own, used while nobody else may write there.

Code that is loaded is run. A checksum tells a damaged file from a whole one, not whose it is: so folder and
files must belong to the user, and no other user may be able to write to them or move them away.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

ENVIRONMENT = "NATRIUM_CACHE_DIR"
CHECKSUM = 32  # bytes of SHA-256 that a file begins with
OTHERS = stat.S_IWGRP | stat.S_IWOTH
# Of native steps: the oldest unused go. A file is 20 to 200 kB, an engine 2 MB.
MOST_FILES, MOST_BYTES, MOST_ENGINES = 300, 64 * 2**20, 4
LEFT_OVER = 3600.0  # s: a temporary file of this age is of a process that was killed


def cache_folder() -> Path:
    """Say where compiled code is kept: ``NATRIUM_CACHE_DIR``, or the user's cache folder."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "natrium"


def open_folder() -> Path | None:
    """Give the folder, made if it is not there; None where it cannot be had or is not the user's alone."""
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: there is no home
        return None
    if os.environ.get(ENVIRONMENT) is None:
        with suppress(OSError):  # an earlier version made it as the user's umask says
            folder.chmod(0o700)
    reason = distrust(folder)
    if reason:
        _warn(f"{folder}: {reason}")
        return None
    return folder


@cache
def _warn(text: str) -> None:
    """Say once what is not used."""
    warnings.warn(
        f"compiled code is not kept in {text}; give {ENVIRONMENT} a folder of your own that nobody else may "
        "write to (chmod 700)",
        RuntimeWarning,
        stacklevel=2,
    )


def distrust(path: Path) -> str:
    """Say why code from a folder or file must not be run; nothing where it may."""
    if not hasattr(os, "geteuid"):
        return ""  # Windows: the user's profile is the user's
    try:
        own = path.lstat()
        if stat.S_ISLNK(own.st_mode):
            return "it is a link"
        if own.st_uid != os.geteuid():
            return "it belongs to another user"
        if own.st_mode & OTHERS:
            return "others may write there"
        for parent in path.resolve().parents:
            found = parent.stat()
            if found.st_uid not in (0, os.geteuid()):
                return f"{parent} belongs to another user"
            if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
                return f"others may move it away in {parent}"
    except OSError as error:
        return f"it cannot be looked at ({error.strerror})"
    return ""


def read_code(key: str) -> bytes | None:
    """Give the code that is kept under a key: ours, and whole, or LLVM ends the process."""
    folder = open_folder()
    if folder is None:
        return None
    path = folder / f"{key}.bin"
    try:
        with open(path, "rb", opener=_without_links) as file:
            own = os.fstat(file.fileno())
            if hasattr(os, "geteuid") and (own.st_uid != os.geteuid() or own.st_mode & OTHERS):
                return None
            content = file.read()
        os.utime(path)  # used just now
    except OSError:
        return None
    checksum, code = content[:CHECKSUM], content[CHECKSUM:]
    return code if hashlib.sha256(code).digest() == checksum else None


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def keep_code(key: str, code: bytes) -> None:
    """Write in one go; a folder that cannot be written to is no reason to fail."""
    folder = open_folder()
    if folder is None:
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                file.write(hashlib.sha256(code).digest() + code)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        Path(file.name).replace(folder / f"{key}.bin")
        _make_room(folder)
    except OSError:
        return


def engine_folder(digest: str) -> str:
    """Give the folder for what numba compiles, made if it is not there; none where there is no such place."""
    folder = open_folder()
    if folder is None:
        return ""
    place, own = folder / f"engine-{digest}", folder.stat().st_uid
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        place.chmod(0o700)  # so that the modes of numba's own files do not matter
        foreign = any(path.is_symlink() or path.stat().st_uid != own for path in place.rglob("*"))
        if foreign or not os.access(place, os.W_OK):
            return ""
        os.utime(place)
        for old in _oldest_first(folder, "engine-*")[:-MOST_ENGINES]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:
        return ""
    return str(place)


def _make_room(folder: Path) -> None:
    """Remove what was used longest ago, beyond the bounds, and what killed processes left."""
    for path in folder.glob("tmp*"):
        with suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime > LEFT_OVER:
                path.unlink()
    files = _oldest_first(folder, "*.bin")
    sizes = list(_sizes(files))
    total, count = sum(sizes), len(files)
    for path, size in zip(files, sizes, strict=True):
        if count <= MOST_FILES and total <= MOST_BYTES:
            return
        with suppress(OSError):
            path.unlink()
        total, count = total - size, count - 1


def _oldest_first(folder: Path, pattern: str) -> list[Path]:
    def used(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:  # another process removed it
            return 0.0

    return sorted(folder.glob(pattern), key=used)


def _sizes(files: list[Path]) -> Iterator[int]:
    for path in files:
        try:
            yield path.stat().st_size
        except OSError:
            yield 0
