"""The folder of kept code, compiled or lowered: whose it is, who may write there, how much it holds.

What stands there is run. A checksum tells damage, not who wrote: so code is loaded only where nobody else can
have put it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path

ENVIRONMENT = "NATRIUM_CACHE_DIR"
CHECKSUM = 32  # bytes of SHA-256 that a file begins with
MOST_FILES, MOST_BYTES = 2048, 128 * 2**20  # of code of one kind; the longest unused go
SMALL = (".low", ".sym")  # lowered and derived: made sooner than a full folder is looked through
KINDS = (".bin", *SMALL)
_TIDIED: set[str] = set()  # small kinds that this process has looked through: what one makes more is little
DAY = 86_400.0  # s: a file's use is noted once a day, what a kill left half-written goes after one


class CacheRefused(UserWarning):
    """Compiled code is not kept: others could put theirs in its place."""


def cache_folder() -> Path:
    """Say where compiled code is to be kept: ``NATRIUM_CACHE_DIR``, or the user's cache folder.

    Raises
    ------
    RuntimeError
        When there is no home folder.
    """
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "natrium"


def open_store(*, told: bool = True) -> Path | None:
    """Give the folder of compiled code, made if need be; None where there can be none.

    Parameters
    ----------
    told : bool
        Whether to warn.

    Warns
    -----
    CacheRefused
        When somebody else may write there, or to a folder above it.
    """
    try:
        folder = cache_folder()
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        folder = folder.resolve()
        faults = [_fault(folder), *(_fault_above(parent) for parent in folder.parents)]
    except (OSError, RuntimeError):  # no home, read-only, a file in the way
        return None
    for fault in faults:
        if fault and told:
            _refuse(
                f"compiled code is not kept in {folder}: {fault}; give a folder of your own by {ENVIRONMENT}"
            )
        if fault:
            return None
    return folder


@cache
def _refuse(message: str) -> None:
    warnings.warn(message, CacheRefused, stacklevel=2)


def _fault(path: Path) -> str:
    """Say why a path is not the user's alone."""
    status = path.lstat()
    if not hasattr(os, "geteuid"):  # pragma: no cover - Windows keeps a user's folders apart by itself
        return ""
    if status.st_uid != os.geteuid():
        return f"{path} belongs to another user"
    if _others_write(status):
        return f"others may write to {path} (chmod go-w)"
    return ""


def _others_write(status: os.stat_result) -> bool:
    """Tell whether anybody but the user may write; a group of the user alone is nobody else."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private(status.st_gid)


@cache
def _is_private(gid: int) -> bool:
    """Tell whether a group is the user's private one, as umask 002 goes with."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _fault_above(path: Path) -> str:
    """Say why somebody else could replace what is in a folder; in a sticky one only its owner can."""
    status = path.lstat()
    if not hasattr(os, "geteuid"):  # pragma: no cover - as above
        return ""
    if status.st_uid not in (0, os.geteuid()):
        return f"{path} above it belongs to another user"
    if _others_write(status) and not status.st_mode & stat.S_ISVTX:
        return f"others may write to {path} above it"
    return ""


def read_code(name: str, *, told: bool = True) -> bytes | None:
    """Give kept code that is whole and the user's: LLVM ends the process over code that is damaged."""
    folder = open_store(told=told)
    if folder is None:
        return None
    path = folder / name
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
        if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or _others_write(status)):
            return None
        note_use(path)
    except OSError:
        return None
    checksum, code = content[:CHECKSUM], content[CHECKSUM:]
    return code if hashlib.sha256(code).digest() == checksum else None


def is_kept(name: str) -> bool:
    """Tell whether code is kept."""
    folder = open_store()
    return folder is not None and (folder / name).exists()


def keep_code(name: str, code: bytes, *, told: bool = True) -> None:
    """Write in one go; a folder that cannot be written to is no reason to fail."""
    folder = open_store(told=told)
    if folder is None:
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            try:
                file.write(hashlib.sha256(code).digest() + code)
                file.flush()
            except BaseException:
                Path(file.name).unlink()
                raise
        Path(file.name).replace(folder / name)
        kind = Path(name).suffix
        if kind not in _TIDIED:
            tidy(folder)
        if kind in SMALL:
            _TIDIED.add(kind)
    except OSError:
        return


def note_use(path: Path) -> None:
    """Note that a file is in use, at most once a day."""
    try:
        if time.time() - path.stat().st_mtime > DAY:
            os.utime(path)
    except OSError:  # read-only, or removed meanwhile
        return


def tidy(folder: Path) -> None:
    """Remove what was not used for longest, beyond the bounds, and what kills left half-written."""
    files: dict[str, list[tuple[float, int, str]]] = {kind: [] for kind in KINDS}
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:  # another process tidies too
                continue
            kind = entry.name[entry.name.rfind(".") :]
            if kind in files:
                files[kind].append((status.st_mtime, status.st_size, entry.path))
            elif entry.name.startswith("tmp") and time.time() - status.st_mtime > DAY:
                Path(entry).unlink(missing_ok=True)
    for kept in files.values():
        total = 0
        for index, (_, size, path) in enumerate(sorted(kept, reverse=True)):
            total += size
            if index >= MOST_FILES or total > MOST_BYTES:
                Path(path).unlink(missing_ok=True)
