"""The standard: spike trains on which independent engines agree, and how far off a simulator is on each."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from natrium.analysis.result import Result
from natrium.export.distance import distance_between
from natrium.export.lowered import lower_model
from natrium.export.simulators import Simulator, find_simulator, run_file
from natrium.export.targets import Target, target_of
from natrium.model import Model, ModelError, NatriumError, UnsupportedModel, loads
from natrium.model.arrays import Array
from natrium.model.checks import unknown_name

FILE = resources.files("natrium.export") / "standard.json"
DT = 0.01  # ms
COARSER = 4.0  # times: the other step, for the order
ALIASES = {"scipy": "python", "lems": "neuroml"}


@attrs.frozen(eq=False)
class StandardTrain:
    """One model of the standard, with its spikes."""

    name: str
    about: str
    text: str  # the model file, TOML
    spike_times: Array  # shape (n_spikes,): ms, to twelve digits
    engines: tuple[str, ...]  # the solvers that agree on them
    trust: float  # how far these are apart, ms

    @property
    def model(self) -> Model:
        """The model."""
        return loads(self.text)


@lru_cache(maxsize=1)
def standard() -> tuple[StandardTrain, ...]:
    """Give the standard: every model with its spikes and how far these can be trusted.

    Examples
    --------
    >>> from natrium.export.standard import standard
    >>> standard()[1].spike_times.tolist()
    [40.9484769023, 65.5871941368, 90.3864617098]
    """
    cases = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    return tuple(
        StandardTrain(
            name,
            one["about"],
            one["model"],
            np.array([float(time) for time in one["spike_times"]]),
            tuple(one["engines"]),
            one["trust"],
        )
        for name, one in cases.items()
    )


def choose_trains(names: Sequence[str]) -> tuple[StandardTrain, ...]:
    """Give the trains whose names begin so; all without any.

    Raises
    ------
    ModelError
        When none begins so.
    """
    found = dict[str, StandardTrain]()
    for name in names:
        some = {one.name: one for one in standard() if one.name.lower().startswith(name.lower())}
        if not some:
            raise ModelError(
                unknown_name("a model of the standard", name, tuple(one.name for one in standard()))
            )
        found |= some
    return tuple(found.values()) if names else standard()


@attrs.frozen(repr=False)
class StandardRow(Result):
    """What a simulator makes of one model of the standard."""

    name: str
    n_spikes: int  # true ones
    missed: int = 0
    extra: int = 0
    largest: float = math.nan  # error of a spike time at most, ms; NaN without spikes
    order: float = math.nan  # in the step, from one four times as long; NaN where there is none to tell
    seconds: float = math.nan  # from the start of the program to its end
    said: str = ""  # why there is no result; empty where there is one


@attrs.frozen(eq=False, repr=False)
class StandardRun(Result):
    """What a simulator makes of the standard."""

    target: str
    simulator: str
    dt: float  # ms
    rows: tuple[StandardRow, ...]

    def table(self) -> list[dict[str, Any]]:
        """Give a row for each model."""
        return [row.table()[0] for row in self.rows]

    def sentences(self) -> list[str]:
        """Say how many are as they should be, and the worst."""
        done = [row for row in self.rows if not row.said]
        right = [row for row in done if not (row.missed or row.extra)]
        with_spikes = [row for row in done if not math.isnan(row.largest)]
        said = [
            f"{self.simulator} at dt = {self.dt:g} ms: of {len(self.rows)} models {len(done)} ran, "
            f"{len(right)} with the right number of spikes."
        ]
        if with_spikes:
            worst = max(with_spikes, key=lambda row: row.largest)
            typical = float(np.median([row.largest for row in with_spikes]))
            said.append(
                f"The largest error of a spike time is {typical:.2g} ms in the median model and "
                f"{worst.largest:.2g} ms in {worst.name}."
            )
        orders = [row.order for row in done if not math.isnan(row.order)]
        if orders:
            said.append(f"In dt errors are of order {float(np.median(orders)):.2f} (median).")
        return said


def run_standard(
    to: str, *, dt: float = DT, names: Sequence[str] = (), simulator: Simulator | None = None
) -> Iterator[StandardRow]:
    """Run the standard in a simulator, model by model.

    Parameters
    ----------
    to : str
        A target, or ``"scipy"`` for ``"python"``.
    dt : float
        Step, ms.
    names : sequence of str
        What the models' names begin with; all without any.
    simulator : Simulator, optional
        By default wherever it is found.

    Raises
    ------
    ModelError
        When there is no such target or model.
    UnsupportedModel
        When nothing runs the target here.
    """
    target = target_of(ALIASES.get(to, to))
    if not target.simulator:
        raise UnsupportedModel(f"nothing runs {target.name!r} here: give another target")
    used = simulator or find_simulator(target.simulator)
    for train in choose_trains(names):
        try:
            yield _row(target, train, dt, used)
        except NatriumError as error:
            yield StandardRow(train.name, train.spike_times.size, said=str(error))


def _row(target: Target, train: StandardTrain, dt: float, simulator: Simulator) -> StandardRow:
    """Run one model, at two steps where there is one."""
    begin = time.perf_counter()
    found = _spikes(target, train, dt, simulator)
    seconds = time.perf_counter() - begin
    times = train.spike_times
    own = distance_between(found, times, simulator.told, train.trust)
    order = math.nan
    if target.twin is not None and own.is_complete and own.largest > 0.0:
        found = _spikes(target, train, COARSER * dt, simulator)
        other = distance_between(found, times, simulator.told, train.trust)
        if other.is_complete and other.largest > 0.0:
            order = math.log(other.largest / own.largest) / math.log(COARSER)
    return StandardRow(train.name, times.size, own.missed, own.extra, own.largest, order, seconds)


def _spikes(target: Target, train: StandardTrain, dt: float, simulator: Simulator) -> Array:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{target.suffix}"
        path.write_text(target.write(lower_model(train.model, train.name), dt), encoding="utf-8")
        return run_file(target.simulator, path, simulator)[0]
