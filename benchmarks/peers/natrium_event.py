"""natrium's own event-driven solver: SciPy underneath, one run after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers import work


class EventDriven(work.Peer):
    name = "natrium EventDriven"
    needs = ("natrium",)
    install = "--editable ."
    every = 100
    ensemble_note = "every 100th input, time scaled"
    ensemble_tolerances = (1e-6, 1e-8, 1e-10, 1e-12)
    single_tolerances = (1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], work.Trains]:
        import natrium
        from natrium.model import notebook

        neuron, solver = notebook.lif_na().neuron, natrium.EventDriven(rtol=tolerance)

        def run() -> work.Trains:
            return [
                solver.solve(neuron, natrium.Constant(value), t_end=work.ENSEMBLE_END).spike_times
                for value in values
            ]

        return run

    def single(self, tolerance: float) -> Callable[[], Any]:
        import natrium
        from natrium.model import notebook

        model, solver = notebook.lif_na(), natrium.EventDriven(rtol=tolerance)
        return lambda: solver.solve(model.neuron, model.stimulus, t_end=work.SINGLE_END).spike_times


PEER = EventDriven()
