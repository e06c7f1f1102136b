"""numbalsoda: DOP853 in C++ with a terminal event, called from numba; `numbalsoda_loop` has the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import work


class Numbalsoda(work.Peer):
    name = "numbalsoda"
    needs = ("numbalsoda", "numba")
    install = "numbalsoda  (built from source: needs cmake, C++ and Fortran)"
    note = "DOP853 in C++ with its own events"
    ensemble_tolerances = (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 3e-10, 1e-10, 1e-11, 3e-12, 1e-12, 3e-13)
    single_tolerances = (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 1e-10, 1e-11, 1e-12, 3e-13, 1e-13)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        from benchmarks.peers import numbalsoda_loop

        drives, start = values - work.GAP, np.array(work.START)
        spikes = np.empty((drives.size, work.MAX_SPIKES))
        counts = np.empty(drives.size, dtype=np.int64)

        def run() -> work.Trains:
            numbalsoda_loop.ensemble(
                numbalsoda_loop.ADDRESSES, drives, start, work.ENSEMBLE_END, tolerance, spikes, counts
            )
            return [train[:count] for train, count in zip(spikes, counts, strict=True)]

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        from benchmarks.peers import numbalsoda_loop

        start, drives = np.array(work.START), np.array([0.0, work.STEP]) - work.GAP
        spikes = np.empty(work.MAX_SPIKES)

        def run() -> np.ndarray:
            count = numbalsoda_loop.single(
                numbalsoda_loop.ADDRESSES, start, drives, work.STEP_START, work.SINGLE_END, tolerance, spikes
            )
            return spikes[:count]

        return run


PEER = Numbalsoda()
