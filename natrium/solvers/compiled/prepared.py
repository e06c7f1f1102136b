"""One model made ready for the compiled solver: solved again and again, from any state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from natrium.model import ModelError, UnsupportedModel
from natrium.model.arrays import Array
from natrium.solvers.base import BaseSolver, Run
from natrium.solvers.compiled.engine import Settings, Work
from natrium.solvers.compiled.lane_tables import FINAL, SOLVED, STATUS
from natrium.solvers.compiled.parts import check_numba
from natrium.solvers.compiled.tables import origins
from natrium.solvers.inputs import InputTable, tabulate
from natrium.solvers.runs import Runs


class Prepared:
    """A run of one model that costs its steps alone: checks, tables and code are made beforehand.

    Made by `Compiled.prepare`. Call it with a state to start from; it may be called any number of times,
    but by one thread at a time.

    Parameters
    ----------
    solver : Compiled
    neuron : Neuron or HybridNeuron
    stimulus : Stimulus or sequence of Stimulus, optional
    t_start, t_end : float
        Span, ms.
    """

    def __init__(self, solver: BaseSolver, run: Run, settings: Callable[[InputTable], Settings]) -> None:
        check_numba()
        self.solver: Any = solver
        self.runs = Runs(neuron=run.neuron, stimulus=run.stimulus, t_start=run.t_start, t_end=run.t_end)
        inputs = tabulate(self.runs)
        if inputs.unsupported:
            raise UnsupportedModel(inputs.unsupported[0])
        self.work = Work(self.runs, inputs, settings(inputs), np.empty(0), often=True)
        self.origin = float(origins(self.runs)[0])
        self.initial = np.array(run.neuron.initial_state())

    def __reduce__(self) -> Any:
        """Copy and pickle without the machine code: it is made ready anew."""
        runs = self.runs
        span = {"t_start": runs.t_start, "t_end": runs.t_end}
        return partial(self.solver.prepare, runs.neuron, runs.stimulus, **span), ()

    def __call__(self, state: Sequence[float] | Array | None = None) -> tuple[Array, Array]:
        """Run it.

        Parameters
        ----------
        state : array_like, shape (n_states,), optional
            V in mV, below the threshold unless it goes on through that, then the others; the model's own
            initial state by default.

        Returns
        -------
        spike_times : ndarray, shape (n_spikes,)
            ms.
        final_state : ndarray, shape (n_states,)
            V in mV, then the others.

        Raises
        ------
        ModelError
            When the state is none.
        SolverError
            When the run cannot be carried through.
        """
        start = np.array(self.initial if state is None else state, dtype=float)
        if start.shape != self.initial.shape or not np.all(np.isfinite(start)):
            raise ModelError(f"a state must be {self.initial.size} finite numbers, got {state!r}")
        if start[0] >= self.runs.neuron.v_thresh and not self.work.tables.passes:
            raise ModelError(
                f"V must start below v_thresh ({self.runs.neuron.v_thresh!r} mV), got {start[0]!r} mV"
            )
        start[0] -= self.origin
        self.work.begin(start)
        out = self.work.finish()
        if out.whole[0, STATUS] != SOLVED:
            return self._elsewhere(start)
        spikes = np.minimum(self.runs.t_start + out.spike_time[: out.state[1]], self.runs.t_end)
        final = out.numbers[0, FINAL : FINAL + start.size].copy()
        final[0] += self.origin
        return spikes, final

    def _elsewhere(self, start: Array) -> tuple[Array, Array]:
        """Have a run that the lanes could not carry solved in the usual way, which says why."""
        start[0] += self.origin
        neuron = self.runs.neuron.started(start.tolist())
        made = self.solver.solve(neuron, self.runs.stimulus, t_start=self.runs.t_start, t_end=self.runs.t_end)
        return made.spike_times, made.segments[-1].values[:, -1].copy()
