"""What peers share whose loop over runs and spikes is compiled by numba."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from benchmarks.peers import work


class NumbaLoop(work.Peer):
    """A peer whose loop is a file beside it, loaded when it is needed.

    The file holds `ensemble` and `single`, and in `GIVEN` what both are given first: addresses of functions.
    """

    loop: ClassVar[str]
    ensemble_tolerances = (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 3e-10, 1e-10, 1e-11, 3e-12, 1e-12, 3e-13)
    single_tolerances = (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 1e-10, 1e-11, 1e-12, 3e-13, 1e-13)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        loop = import_module(f"benchmarks.peers.{self.loop}")
        drives, start = values - work.GAP, np.array(work.START)
        spikes = np.empty((drives.size, work.MAX_SPIKES))
        counts = np.empty(drives.size, dtype=np.int64)

        def run() -> work.Trains:
            loop.ensemble(*loop.GIVEN, drives, start, work.ENSEMBLE_END, tolerance, spikes, counts)
            return [train[:count] for train, count in zip(spikes, counts, strict=True)]

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        loop = import_module(f"benchmarks.peers.{self.loop}")
        start, drives = np.array(work.START), np.array([0.0, work.STEP]) - work.GAP
        spikes = np.empty(work.MAX_SPIKES)

        def run() -> np.ndarray:
            ends = work.STEP_START, work.SINGLE_END
            return spikes[: loop.single(*loop.GIVEN, start, drives, *ends, tolerance, spikes)]

        return run
