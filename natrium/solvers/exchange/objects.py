"""Runs and ensembles as pynapple's objects: the extra ``natrium[pynapple]``."""

from __future__ import annotations

from typing import Any

import numpy as np

from natrium.model.extras import needing
from natrium.solvers.exchange.columns import columns, provenance

NEED = "pynapple's objects need"


def run_objects(run: Any, step: float | None) -> dict[str, Any]:
    """Make the objects of a run (see `Trajectory.to_pynapple`)."""
    with needing("pynapple", NEED):
        import pynapple as nap
    found, support = columns(run, step), _support(nap, run)
    states = np.array([found.values[name] for name in run.names]).T
    names, whole = list(run.names), {"time_units": "ms", "time_support": support}
    return {
        "spikes": _group(nap, [run.spike_times], support),
        "states": nap.TsdFrame(
            t=found.t,
            d=states,
            columns=names,
            metadata={"unit": [found.units[name] for name in names]},
            **whole,
        ),
        "input": nap.TsdFrame(
            t=found.t,
            d=found.values["I"][:, None],
            columns=["I"],
            metadata={"unit": [found.units["I"]]},
            **whole,
        ),
        "provenance": provenance(run),
    }


def ensemble_objects(ensemble: Any) -> dict[str, Any]:
    """Make the objects of an ensemble (see `Ensemble.to_pynapple`)."""
    with needing("pynapple", NEED):
        import pynapple as nap
    support = _support(nap, ensemble)
    found = {
        "spikes": _group(nap, list(ensemble), support, **ensemble.parameters),
        "provenance": provenance(ensemble)
        | {f"unit of {name}": unit for name, unit in ensemble.units.items()},
    }
    if ensemble.samples is not None:
        found["samples"] = nap.TsdTensor(
            t=ensemble.sample_times,
            d=np.moveaxis(ensemble.samples, -1, 0),
            time_units="ms",
            time_support=support,
        )
    return found


def _support(nap: Any, run: Any) -> Any:
    return nap.IntervalSet(run.t_start, run.t_end, time_units="ms")


def _group(nap: Any, trains: list[Any], support: Any, **told: Any) -> Any:
    """Make a group of trains, with numbers of each."""
    units = {
        index: nap.Ts(t=np.array(train, dtype=float), time_units="ms", time_support=support)
        for index, train in enumerate(trains)
    }
    return nap.TsGroup(units, time_support=support, metadata={key: list(each) for key, each in told.items()})
