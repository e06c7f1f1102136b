"""The work that every peer is given, and how its answer is judged.

Both are the notebook's second model: one sodium channel, start at V = -70 mV, m = 0, h = 1.

- The *ensemble*: 1000 constant inputs evenly on [0, 40] mV, 1000 ms each; all spike times.
- *One run*: 10 mV from 20 to 100 ms; its three spike times.

This file imports neither natrium nor SymPy: a peer's first answer in a new process is not to wait for them.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import attrs
import numpy as np

DATA = Path(__file__).resolve().parents[2] / "tests" / "data"

ENSEMBLE_END = 1000.0  # ms
SINGLE_END, STEP_START, STEP = 100.0, 20.0, 10.0  # ms, ms, mV
TAU_REF = 2.0  # ms; the whole state stands still meanwhile
# The generated right-hand sides measure V from the threshold, and the input from where it leads there.
V_THRESH, V_RESET = -55.0, -70.0  # mV
U_RESET, GAP = V_RESET - V_THRESH, V_THRESH - V_RESET  # mV; the resting potential is -70 mV as well
START = (U_RESET, 0.0, 1.0)  # u, m, h
MAX_SPIKES = 500  # of one run: at least tau_ref apart

ENSEMBLE_LEVELS = (1e-3, 1e-6, 1e-8, 1e-10)  # ms: largest spike-time error allowed
SINGLE_LEVELS = (1e-6, 1e-8, 1e-12)  # ms

Trains = Sequence[np.ndarray]


@cache
def reference() -> dict[str, Any]:
    """Give the reference of the ensemble; tests/data/README.md says where it comes from."""
    return dict(json.loads((DATA / "fI_reference.json").read_text(encoding="utf-8")))


@cache
def inputs() -> np.ndarray:
    """Give the ensemble's inputs, mV."""
    values = np.linspace(0.0, 40.0, 1000)
    assert np.array_equal(values, reference()["input_mV"])
    return values


@cache
def single_reference() -> np.ndarray:
    listed = json.loads((DATA / "spike_trains.json").read_text(encoding="utf-8"))
    spikes = next(each["spikes"] for each in listed if each["id"] == "na1")
    return np.array([float(text) for text in spikes])


@attrs.frozen
class Verdict:
    """How far an answer is off: largest spike-time error, ms, and how many runs have a wrong count."""

    error: float
    wrong: int

    def meets(self, level: float) -> bool:
        return self.wrong == 0 and self.error <= level


def judge_ensemble(trains: Trains, every: int = 1) -> Verdict:
    """Compare with every spike that the reference lists: the last of each run, all of each 25th run."""
    known = reference()
    error, wrong = 0.0, 0
    indices = range(0, len(inputs()), every)
    assert len(trains) == len(indices)
    for index, train in zip(indices, trains, strict=True):
        if len(train) != known["n_spikes"][index]:
            wrong += 1
            continue
        if len(train):
            error = max(error, abs(train[-1] - known["last_spike_ms"][index]))
            listed = known["all_spikes_of_every_25th"].get(str(index))
            if listed is not None:
                error = max(error, float(np.max(np.abs(np.asarray(train) - listed))))
    return Verdict(float(error), wrong)


def judge_single(train: Any) -> Verdict:
    truth = single_reference()
    if len(train) != len(truth):
        return Verdict(0.0, 1)
    return Verdict(float(np.max(np.abs(np.asarray(train) - truth))), 0)


class Peer:
    """One solver; each file of this folder that has a `PEER` brings one.

    `ensemble` and `single` prepare (compile, allocate) and give a function without arguments that does
    the work anew each time it is called.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]  # modules to import
    install: ClassVar[str]  # what to give to pip
    note: ClassVar[str] = ""  # what the reader of the table has to know
    ensemble_note: ClassVar[str] = ""  # the same, of the ensemble
    every: ClassVar[int] = 1  # only each so-manieth input is run, and the time is scaled
    ensemble_tolerances: ClassVar[tuple[float, ...]] = ()  # tried in turn, loosest first
    single_tolerances: ClassVar[tuple[float, ...]] = ()
    only: ClassVar[str] = ""  # why it does one of the two alone

    def missing(self) -> str:
        """Say what is missing; empty when it can run."""
        for name in self.needs:
            try:
                importlib.import_module(name)
            except ImportError:
                return f"needs {name}: pip install {self.install}"
            except Exception as error:  # a package that does not fit another breaks as it likes
                return f"{name} breaks when imported ({error}): pip install {self.install}"
        return ""

    def ensemble(self, tolerance: float, values: np.ndarray) -> Callable[[], Trains]:
        raise NotImplementedError

    def single(self, tolerance: float) -> Callable[[], Any]:
        raise NotImplementedError


def with_holds(active: Any, t_end: float) -> np.ndarray:
    """Turn spike times of a clock that stands still while refractory into true ones, up to `t_end`.

    The input is constant from the first spike on, so that a hold only delays what follows.
    """
    times = np.asarray(active, dtype=float)
    times = times + TAU_REF * np.arange(times.size)
    return times[times <= t_end]
