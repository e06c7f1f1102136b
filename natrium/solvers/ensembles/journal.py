"""The chunks of a sweep that are done, each in a file of its own: they outlive a kill at any instant."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrium.model import ModelError, write_whole
from natrium.solvers import Chunk

IDENTITY, LOCK = "sweep.json", "lock"
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Name what differs between two sweeps' identities."""
    return [key for key in sorted({*ours, *theirs}) if ours.get(key) != theirs.get(key)]


class Journal:
    """A folder beside a sweep's file, one file per chunk in it.

    A chunk's file appears whole or not at all, and to be there is to be done: a kill at any instant loses
    the chunks under way and no other.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    identity : mapping
        What the sweep is: a folder of another one is refused.

    Raises
    ------
    ModelError
        When the folder is another sweep's, is in use, or cannot be written to.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.folder = folder
        place = folder / IDENTITY
        try:
            folder.mkdir(exist_ok=True)
            theirs = json.loads(place.read_text("utf-8")) if place.exists() else None
        except OSError as error:
            raise ModelError(f"cannot write into {folder}: {error.strerror or error}") from error
        except ValueError:
            theirs = {}
        if theirs is None:
            write_whole(place, json.dumps(dict(identity)))
        elif theirs != identity:
            raise ModelError(
                f"{folder} holds the beginning of another sweep (it differs in "
                f"{', '.join(differences(identity, theirs))}): give another --out, or remove it"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second process from doing the same work; the lock goes with the process."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCK, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise ModelError(f"{self.folder} is in use: the same sweep is running") from None
        except OSError as error:
            raise ModelError(f"cannot write into {self.folder}: {error.strerror or error}") from error
        try:
            yield
        finally:
            lock.release()

    def keep(self, start: int, chunk: Chunk) -> None:
        """Write a chunk whose first run has the index `start`."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "counts": chunk.counts,
            "spike_times": chunk.spike_times,
            "final_states": chunk.final_states,
            "flags": chunk.flags,
            "steps": chunk.steps,
            "messages": np.frombuffer(json.dumps(list(chunk.messages.items())).encode(), np.uint8),
        }
        content = io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]  # arrays by name, as the stubs do not say
        stop = start + chunk.counts.size
        write_whole(self.folder / f"runs-{start:012d}-{stop:012d}.npz", content.getvalue())

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        for path in sorted(self.folder.glob("runs-*.npz")):
            _, start, stop = path.stem.split("-")
            yield int(start), int(stop), path

    def chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Give every chunk that is kept, in order."""
        for start, _, path in self._files():
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                told = json.loads(stored["messages"].tobytes().decode())
                yield (
                    start,
                    Chunk(
                        counts=stored["counts"],
                        spike_times=stored["spike_times"],
                        final_states=stored["final_states"],
                        samples=None,
                        flags=stored["flags"],
                        steps=stored["steps"],
                        messages={int(index): str(message) for index, message in told},
                    ),
                )

    def missing(self, n_runs: int) -> list[tuple[int, int]]:
        """Give the runs [start, stop) that are not kept; a file that cannot be read is removed."""
        done = np.zeros(n_runs, bool)
        for start, stop, path in self._files():
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    whole = stored["counts"].size == stop - start
            except UNREADABLE:  # power was lost: the file's name came to the disk before its content
                whole = False
            if whole:
                done[start:stop] = True
            else:
                path.unlink()
        edges = np.flatnonzero(np.diff(np.concatenate([[True], done, [True]]).astype(np.int8)))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def place(self, name: str) -> Path:
        """Give a place within the folder for what is being assembled, whatever lay there removed."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        return path

    def publish(self, made: Path, out: Path) -> None:
        """Move what was assembled into place."""
        try:
            os.replace(made, out)  # noqa: PTH105 - Path.replace refuses nothing less; one call for both kinds
        except OSError as error:
            raise ModelError(f"cannot write {out}: {error.strerror or error}") from error
