"""Options that all verbs share: numbers that are none are shown."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from natrium.cli import app
from natrium.cli.common import BAD_INPUT


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "none.toml", "--t-end", "100,5"], "it must be a number, such as 0.5, got '100,5'"),
        (["compare", "none.toml", "--dt", "0.1 ms"], "it must be a number, such as 0.5, got '0.1 ms'"),
        (["forcing", "none.toml", "--points", "1e2"], "it must be a whole number, such as 10, got '1e2'"),
    ],
)
def test_what_is_no_number_is_shown(words: list[str], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == BAD_INPUT
    assert told in " ".join(result.stderr.split())
