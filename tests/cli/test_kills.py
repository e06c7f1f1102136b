"""Verbs killed at random moments, and folders that cannot be written to: nothing half-written, nothing wrong."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app

SIGNALS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM] if os.name == "posix" else [signal.SIGTERM]
# SIGINT is ignored by what a background shell starts.
RESET = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
MAIN = RESET + "from natrium.cli import main; main()"


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def killed_at(rng, longest, *arguments):
    """Run a verb and end it at a random moment."""
    process = start(*arguments)
    try:
        process.wait(rng.uniform(0.0, longest))
    except subprocess.TimeoutExpired:
        process.send_signal(rng.choice(SIGNALS))
    said = process.communicate(timeout=60)[1].decode()
    assert "Traceback" not in said or process.returncode < 0 or "KeyboardInterrupt" in said, said


def whole(path):
    """Refuse a file that is not."""
    content = path.read_bytes()
    if path.suffix == ".json":
        json.loads(content)
    elif path.suffix == ".csv":
        assert len({len(row) for row in csv.reader(io.StringIO(content.decode()))}) <= 1
    elif path.suffix == ".html":
        assert content.rstrip().endswith(b"</html>")
    elif path.suffix == ".svg":
        assert content.rstrip().endswith(b"</svg>")
    elif path.suffix == ".png":
        assert content.endswith(b"IEND\xaeB`\x82")
    elif path.suffix == ".nc":
        natrium.load_run(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "second.toml"
    natrium.notebook.lif_na().save(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [["run"], ["excitability"], ["cycle", "--input", "16"], ["phase-plane", "--input", "5"], ["doctor"]],
)
def test_a_report_killed_at_random_moments_holds_whole_files_only(tmp_path, model, verb):
    rng = random.Random(len(verb[0]))
    for number in range(5):
        out = tmp_path / f"{number}"
        killed_at(rng, 6.0, verb[0], model, *verb[1:], "--out", out)
        for path in out.rglob("*") if out.exists() else ():
            if path.is_file() and not path.name.startswith("."):
                whole(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full device is Linux's")
def test_a_full_disk_is_named(tmp_path, model, monkeypatch):
    """Every write fails as on a full disk."""

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("natrium.model.files.writing.os.fdopen", full)
    for arguments in (["run"], ["cycle", "--input", "16"]):
        result = CliRunner().invoke(
            app, [arguments[0], str(model), *arguments[1:], "--out", str(tmp_path / "o")]
        )
        assert result.exit_code == 2
        assert "No space left on device" in result.stderr
        assert "Traceback" not in result.output
    assert [path for path in (tmp_path / "o").rglob("*") if path.is_file()] == []


def test_a_target_that_is_a_file_is_named(tmp_path, model):
    (tmp_path / "o").write_text("mine")
    for verb in ("run", "cycle", "excitability", "doctor"):
        result = CliRunner().invoke(app, [verb, str(model), "--out", str(tmp_path / "o")])
        assert result.exit_code == 2
        assert "cannot write into" in result.stderr
    assert (tmp_path / "o").read_text() == "mine"
