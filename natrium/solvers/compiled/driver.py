"""The lanes' driver as numba wrote it, kept beside its sources: a first run need not wait for numba.

It is LLVM's bitcode, optimised, for no processor in particular: at first use it is compiled for the one at
hand, in a twentieth of the time that numba takes. It counts only for the sources that it was written of, and
for the system that it was made on; else numba writes it anew. `python scripts/write_driver.py` makes it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ARCHIVE = HERE / "driver.zip"
SOURCES, SYSTEM = "sources", "system"  # what the archive says of itself, beside the parts
MADE = (1980, 1, 1, 0, 0, 0)  # the date in the archive: the same driver gives the same file


def source_files() -> tuple[Path, ...]:
    """Give all files of which the driver is written."""
    return (*sorted(HERE.glob("lane*.py")), *(HERE.parent / name for name in ("inputs.py", "machine.py")))


@cache
def sources_digest() -> str:
    """Give a digest of these."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in source_files())).hexdigest()


def read_part(name: str, system: str) -> bytes | None:
    """Give the bitcode of a part; None where it was not written for this system, or of other sources."""
    return _read(system).get(name)


@cache
def _read(system: str) -> Mapping[str, bytes]:
    import zipfile  # where there is something to compile only

    try:
        with zipfile.ZipFile(ARCHIVE) as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # there is none, or a damaged one: what its reader then meets cannot be foreseen
        return {}
    told = (held.pop(SOURCES, b""), held.pop(SYSTEM, b""))
    return held if told == (sources_digest().encode(), system.encode()) else {}


def archive_of(parts: Mapping[str, bytes], system: str) -> bytes:
    """Give what the archive is to hold.

    Parameters
    ----------
    parts : mapping of str to bytes
        Bitcode by name.
    system : str
        LLVM's triple.
    """
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        told = {SOURCES: sources_digest().encode(), SYSTEM: system.encode()}
        for name, part in {**told, **parts}.items():
            archive.writestr(zipfile.ZipInfo(name, MADE), part, zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()
