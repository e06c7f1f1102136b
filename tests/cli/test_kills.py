"""Verbs killed at random moments, and folders that cannot be written to: nothing half-written, nothing wrong."""

import csv
import io
import json
import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

import natrium
from natrium.cli import app, main

SIGNALS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM] if os.name == "posix" else [signal.SIGTERM]


def verb_apart(arguments, said):
    """Run a verb in a process of its own that a signal ends as it ends a command."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["natrium", *arguments]
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT), 2)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - to the process's end
    main()


def killed_at(fresh, said, rng, longest, *arguments):
    """Run a verb and end it at a random moment."""
    process = fresh.Process(target=verb_apart, args=([*map(str, arguments)], said))
    process.start()
    process.join(rng.uniform(0.0, longest))
    number = rng.choice(SIGNALS)
    if process.is_alive():
        with suppress(ProcessLookupError):  # it was faster
            os.kill(process.pid, number)
    process.join(60.0)
    text = said.read_text() if said.exists() else ""
    assert "Traceback" not in text or process.exitcode < 0 or "KeyboardInterrupt" in text, text


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
def test_a_report_killed_at_random_moments_holds_whole_files_only(tmp_path, fresh, model, verb):
    rng = random.Random(len(verb[0]))
    for number in range(5):
        out = tmp_path / f"{number}"
        killed_at(fresh, tmp_path / f"{number}.txt", rng, 4.0, verb[0], model, *verb[1:], "--out", out)
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
