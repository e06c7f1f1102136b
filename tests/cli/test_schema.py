"""``natrium schema``."""

import json

from typer.testing import CliRunner

from natrium.cli import app
from natrium.model.files.schema import schema


def test_it_is_printed_or_written(tmp_path):
    done = CliRunner().invoke(app, ["schema"])
    assert json.loads(done.output) == schema()
    path = tmp_path / "natrium.json"
    assert CliRunner().invoke(app, ["schema", "--out", str(path)]).exit_code == 0
    assert json.loads(path.read_text()) == schema()
