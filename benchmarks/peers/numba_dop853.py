"""A scalar DOP853 loop in numba over one run after the other; the loop is in `dop853_loop`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import work


class NumbaDop853(work.Peer):
    name = "numba DOP853"
    needs = ("numba",)
    install = "numba"
    note = "a scalar loop, crossings looked for at step ends only"
    ensemble_tolerances = (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 3e-10, 1e-10, 1e-11, 3e-12, 1e-12, 3e-13)
    single_tolerances = (1e-7, 3e-8, 1e-8, 3e-9, 1e-9, 1e-10, 1e-11, 1e-12, 3e-13, 1e-13)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        from benchmarks.peers import dop853_loop

        drives, start = values - work.GAP, np.array(work.START)
        spikes = np.empty((drives.size, work.MAX_SPIKES))
        counts = np.empty(drives.size, dtype=np.int64)

        def run() -> work.Trains:
            dop853_loop.ensemble(drives, start, work.ENSEMBLE_END, tolerance, spikes, counts)
            return [train[:count] for train, count in zip(spikes, counts, strict=True)]

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        from benchmarks.peers import dop853_loop

        start, drives = np.array(work.START), np.array([0.0, work.STEP]) - work.GAP
        spikes = np.empty(work.MAX_SPIKES)

        def run() -> np.ndarray:
            count = dop853_loop.single(start, drives, work.STEP_START, work.SINGLE_END, tolerance, spikes)
            return spikes[:count]

        return run


PEER = NumbaDop853()
