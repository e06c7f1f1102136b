"""What all tests share: the list of findings that are still open."""

from pathlib import Path

import pytest

FINDINGS = [
    line
    for line in (Path(__file__).parent / "open_findings.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def pytest_collection_modifyitems(items):
    """Expect the open findings to fail."""
    exact = set(FINDINGS)
    for item in items:
        if item.nodeid in exact or item.nodeid.split("[")[0] in exact:
            # Not strict: some fail by what hypothesis happens to draw, or by a second on a busy machine.
            item.add_marker(pytest.mark.xfail(reason="an open finding", strict=False))
