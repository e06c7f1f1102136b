"""Fixtures of the model's tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

import natrium

PATIENCE = 8.0  # seconds for all ways: a busy machine is told apart from a hang
START = 60.0  # seconds for the process to import all and to be ready

Outcomes = list[dict[str, Any]]


class Reader:
    """A process that reads texts; it is started anew when a text has hung it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self.broken = False
        self.answers: Queue[str] = Queue()

    def start(self) -> subprocess.Popen[str]:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).parent / "expressions" / "reading.py")],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(Path(natrium.__file__).parent.parent)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            self.answers = Queue()
            Thread(target=self.listen, args=(self.process, self.answers), daemon=True).start()
            self.broken = self.answer(START) != "ready\n"
        assert not self.broken, "the process that reads texts does not start"
        return self.process

    @staticmethod
    def listen(process: subprocess.Popen[str], answers: "Queue[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            answers.put(line)
        answers.put("")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def __call__(self, text: str, *ways: str) -> Outcomes:
        """Read a text in several ways; give the outcome of each."""
        process = self.start()
        assert process.stdin is not None
        process.stdin.write(json.dumps({"text": text, "ways": ways}) + "\n")
        process.stdin.flush()
        answer = self.answer(PATIENCE)
        if not answer:
            self.stop()
            pytest.fail(f"no end within {PATIENCE:g} s, or the end of the process: {text[:200]!r}")
        return json.loads(answer)

    def answer(self, patience: float) -> str:
        """Wait for a line; none at all when the process is silent or has ended."""
        try:
            return self.answers.get(timeout=patience)
        except Empty:
            return ""


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Outcomes]]:
    """Give a watched process that reads texts in an empty folder."""
    reader = Reader(tmp_path_factory.mktemp("reading"))
    yield reader
    reader.stop()


@pytest.fixture
def untouched(reader: Reader) -> Iterator[None]:
    """Hold that reading leaves no file behind."""
    yield
    assert list(reader.folder.iterdir()) == []
