"""The chunks of a sweep that are done, each in a file of its own: they outlive a kill at any instant."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natrium.model import ModelError, write_whole
from natrium.solvers import Chunk

IDENTITY, LOCK = "sweep.json", "lock"
NAME = re.compile(r"runs-(\d{12})-(\d{12})\.npz")
# NotImplementedError, RuntimeError: bits of the archive's header that ask for what zipfile cannot do.
UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    SyntaxError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


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
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.folder, self.identity = folder, identity

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder if need be and keep other processes out; the lock goes with the process.

        Raises
        ------
        ModelError
            When the folder is another sweep's, is in use, or cannot be written to.
        """
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(exist_ok=True)
            lock = FileLock(self.folder / LOCK, timeout=0)
            lock.acquire()
        except Timeout:
            raise ModelError(f"{self.folder} is in use: the same sweep is running") from None
        except (OSError, NotImplementedError) as error:  # NotImplementedError: a file system without locks
            reason = getattr(error, "strerror", None) or error
            raise ModelError(f"cannot write into {self.folder}: {reason}") from error
        try:
            self._identify()
            yield
        finally:
            lock.release()

    def _identify(self) -> None:
        """Write down what the sweep is, or see that it is the one written down."""
        place = self.folder / IDENTITY
        if not place.exists() and not any(self._files()):
            write_whole(place, json.dumps(dict(self.identity)))
        try:
            theirs = json.loads(place.read_text("utf-8")) if place.exists() else {}
        except OSError as error:
            raise ModelError(f"cannot read {place}: {error.strerror or error}") from error
        except (ValueError, RecursionError):
            theirs = {}
        if theirs != self.identity:
            theirs = theirs if isinstance(theirs, dict) else {}
            raise ModelError(
                f"{self.folder} holds the beginning of another sweep (it differs in "
                f"{', '.join(differences(self.identity, theirs))}): give another --out, or remove it"
            )

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
            if (named := NAME.fullmatch(path.name)) is not None:
                yield int(named[1]), int(named[2]), path

    def chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Give every chunk that is kept, in order.

        Raises
        ------
        ModelError
            When a file was damaged since it was looked at.
        """
        for start, stop, path in self._files():
            try:
                yield start, _read(path, stop - start)
            except UNREADABLE as error:
                raise ModelError(f"{path} cannot be read ({error}): the same sweep again mends it") from error

    def missing(self, n_runs: int) -> list[tuple[int, int]]:
        """Give the runs [start, stop) that are not kept; a file that cannot be read is removed."""
        done = np.zeros(n_runs, bool)
        for start, stop, path in self._files():
            try:
                if not 0 <= start < stop <= n_runs or done[start:stop].any():
                    raise ValueError("a chunk of other runs")
                _read(path, stop - start)
            except UNREADABLE:  # power was lost: the file's name came to the disk before its content
                path.unlink()
            else:
                done[start:stop] = True
        edges = np.flatnonzero(np.diff(np.concatenate([[True], done, [True]]).astype(np.int8)))
        return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]

    def close(self) -> None:
        """Remove the folder, the chunks before what says whose they are."""
        for _, _, path in self._files():
            path.unlink(missing_ok=True)
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
        """Move what was assembled into place, where nothing has come meanwhile."""
        if out.exists():
            raise ModelError(f"{out} was written by something else meanwhile: move it, and sweep again")
        try:
            os.replace(made, out)  # noqa: PTH105 - Path.replace refuses nothing less; one call for both kinds
        except OSError as error:
            raise ModelError(f"cannot write {out}: {error.strerror or error}") from error


def _read(path: Path, size: int) -> Chunk:
    """Read a chunk of `size` runs, every array of it: each has its own checksum."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        told = json.loads(stored["messages"].tobytes().decode())
        chunk = Chunk(
            counts=stored["counts"],
            spike_times=stored["spike_times"],
            final_states=stored["final_states"],
            samples=None,
            flags=stored["flags"],
            steps=stored["steps"],
            messages={int(index): str(message) for index, message in told},
        )
    lengths = {len(array) for array in (chunk.counts, chunk.final_states, chunk.flags, chunk.steps)}
    if lengths != {size} or chunk.counts.sum() != chunk.spike_times.size:
        raise ValueError(f"it holds {sorted(lengths)} runs, not {size}")
    return chunk
