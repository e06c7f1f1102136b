"""Have numba write the driver anew, natrium/solvers/compiled/driver.zip.

    .venv/bin/python scripts/write_driver.py

The sources are natrium/solvers/compiled/lane*.py and two files beside that folder; a test tells when the
driver is not of them. It is for Linux on x86-64: elsewhere numba writes it at first use, as without the file.
"""

import sys

from natrium.solvers.compiled.driver import ARCHIVE, archive_of
from natrium.solvers.compiled.parts import PARTS, written_by_numba
from natrium.solvers.machine import system

SYSTEM = "x86_64-unknown-linux-gnu"


def main() -> None:
    """Write the archive where it changes."""
    if system() != SYSTEM:
        sys.exit(f"the driver is written on {SYSTEM}, got {system()}")
    content = archive_of({name: written_by_numba(name) for name in PARTS}, SYSTEM)
    if not ARCHIVE.exists() or ARCHIVE.read_bytes() != content:
        ARCHIVE.write_bytes(content)
    print(f"{ARCHIVE}: {len(content)} bytes")


if __name__ == "__main__":
    main()
