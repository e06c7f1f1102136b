"""The lanes of a run and what comes out of them, kept for the next run like it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from natrium.solvers.compiled.lane_tables import LOADING, N_STEPS, RECORDING, words

MOST_ROOMS = 8  # kept by each thread
GROWTH = 4  # by which a buffer grows: memory that is only promised costs nothing until it is written


class Room:
    """The lanes and what comes out, with what must live as long: code knows addresses only."""

    def __init__(self, lanes: Any, kept: Any, out: Any, *, is_quick: bool) -> None:
        self.lanes, self.kept, self.out, self.is_quick = lanes, kept, out, is_quick
        self.n_steps = 0  # of the runs before this one
        self.words = [words(lanes), words(out)]

    def go_on_with(self, native: Any) -> None:
        """Put a faster step in the place of the one so far."""
        self.is_quick = False
        self.lanes, self.kept = self.lanes._replace(step=native.address), (*self.kept, native)
        self.words[0] = words(self.lanes)

    def grow(self) -> None:
        """Make what comes out longer."""
        self.out = _grow(self.out)
        self.words[1] = words(self.out)

    def clear(self) -> None:
        """Begin anew, the runs first."""
        self.n_steps += int(self.out.whole[0, N_STEPS])
        self.lanes.whole[:] = LOADING
        self.out.whole[:] = 0
        self.out.state[:RECORDING] = 0


class Rooms(threading.local):
    """Rooms of single recorded runs: to make one takes longer than such a run."""

    def __init__(self) -> None:
        self.known: dict[Any, Room] = {}

    def find(self, key: Any, make: Callable[[], Room]) -> Room:
        """Give the room of a key, cleared; made where there is none, in the place of the oldest."""
        room = self.known.pop(key, None) or make()
        if len(self.known) >= MOST_ROOMS:
            self.known.pop(next(iter(self.known)))
        self.known[key] = room
        room.clear()
        return room


def _grow(out: Any) -> Any:
    """Make the buffers longer."""

    def longer(array: Any) -> Any:
        made = np.empty((GROWTH * len(array), *array.shape[1:]), dtype=array.dtype)
        made[: len(array)] = array
        return made

    names = ["spike_run", "spike_time"] + (["record", "record_series"] if out.state[4] else [])
    return out._replace(**{name: longer(getattr(out, name)) for name in names})
