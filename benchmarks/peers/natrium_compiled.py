"""natrium's compiled engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import work


class Compiled(work.Peer):
    name = "natrium compiled"
    needs = ("natrium", "numba")
    install = "--editable . numba"
    note = "Taylor series"
    ensemble_note = "in lanes; spike trains only"
    ensemble_tolerances = tuple(10.0 ** (-half / 2) for half in range(8, 27))
    single_tolerances = tuple(10.0 ** (-half / 2) for half in range(11, 29))

    def missing(self) -> str:
        if absent := super().missing():
            return absent
        import natrium

        return "" if hasattr(natrium, "simulate_many") else "this version of natrium has no simulate_many"

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        import natrium
        from natrium.model import notebook

        neuron = notebook.lif_na().neuron

        def run() -> work.Trains:
            found = natrium.simulate_many(
                neuron,
                natrium.Constant(0.0),
                t_end=work.ENSEMBLE_END,
                parameters={"I": values},
                solver="compiled",
                workers=1,
                rtol=tolerance,
            )
            return np.split(found.spike_times, found.offsets[1:-1])

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        import natrium
        from natrium.model import notebook

        model = notebook.lif_na()

        prepared = natrium.Compiled(rtol=tolerance).prepare(
            model.neuron, model.stimulus, t_end=work.SINGLE_END
        )

        def run() -> np.ndarray:
            return prepared()[0]

        return run


PEER = Compiled()
