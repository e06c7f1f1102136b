"""Solvers for the tests of executors: importable, so that another process finds them."""

import os
import time
from pathlib import Path

import attrs

from natrium.solvers import ClosedForm
from natrium.solvers.runs import solve_one_by_one

UNLUCKY = 30.0  # mV


@attrs.frozen
class Deadly:
    """Kills its own process at one input: once, or always where there is no file to remember it by."""

    once: str = ""
    pause: float = 0.0

    def solve(self, neuron, stimulus=None, *, t_start, t_end):
        return ClosedForm().solve(neuron, stimulus, t_start=t_start, t_end=t_end)

    def solve_runs(self, runs, sample_times):
        time.sleep(self.pause)
        if UNLUCKY in runs.varied["I_0"] and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            os._exit(1)
        return solve_one_by_one(ClosedForm(), runs, sample_times)


@attrs.frozen
class Faulty:
    """Raises at one input."""

    def solve(self, neuron, stimulus=None, *, t_start, t_end):
        raise NotImplementedError

    def solve_runs(self, runs, sample_times):
        if UNLUCKY in runs.varied["I_0"]:
            raise MemoryError("too much")
        return solve_one_by_one(ClosedForm(), runs, sample_times)
