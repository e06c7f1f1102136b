"""Scripts as people write them, read without solving what they mean."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from natrium.analysis.doctor import script
from natrium.analysis.doctor.reading.verdict import Reading, read


def taken(folder: Path, text: str, loop: int = 0) -> Reading:
    """Read a script, without solving its model; that every sample is explained is asserted."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(script, "read", lambda *args: read(*args, solve=False))
        found = script.read_script(path)[loop]
    assert found.replay.off == -1, found.replay.why
    return found


def equations(found: Reading) -> dict[str, Any]:
    return dict(found.data()["equations"])
