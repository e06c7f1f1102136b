"""Runs and ensembles as tables and labelled data sets, for NetCDF and Zarr files: ``natrium[data]``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from natrium.model.extras import needing
from natrium.solvers.exchange.columns import columns, provenance, unit_of
from natrium.solvers.flags import SHORT, RunFlag

if TYPE_CHECKING:
    import xarray


def run_frame(run: Any, step: float | None) -> Any:
    """Make the table of a run (see `Trajectory.to_pandas`)."""
    with needing("data", "tables need"):
        import pandas
    found = columns(run, step)
    frame = pandas.DataFrame(found.values, index=pandas.Index(found.t, name="t"))
    frame.attrs |= {"units": found.units, "spike_times": run.spike_times.tolist()} | provenance(run)
    return frame


def ensemble_frame(ensemble: Any) -> Any:
    """Make the table of an ensemble (see `Ensemble.to_pandas`)."""
    with needing("data", "tables need"):
        import pandas
    told: dict[str, Any] = dict(ensemble.parameters) | {
        "count": ensemble.counts,
        "rate": ensemble.rates,
        "first_spike": ensemble.first_spikes,
        "mean_interval": ensemble.mean_intervals,
        "cv": ensemble.cvs,
        **{f"final_{name}": ensemble.final(name) for name in ensemble.names},
        "steps": ensemble.steps,
        **{kind.replace(" ", "_"): (ensemble.flags & bit) > 0 for bit, kind in SHORT.items()},
        "message": [ensemble.messages.get(index, "") for index in range(len(ensemble))],
    }
    frame = pandas.DataFrame(told, index=pandas.RangeIndex(len(ensemble), name="run"))
    units = {"rate": "Hz", "first_spike": "ms", "mean_interval": "ms"}
    units |= {f"final_{name}": unit_of(name) for name in ensemble.names}
    frame.attrs |= {"units": dict(ensemble.units) | units} | provenance(ensemble)
    return frame


def run_dataset(run: Any, step: float | None) -> xarray.Dataset:
    """Make the data set of a run (see `Trajectory.to_xarray`)."""
    with needing("data", "labelled data need"):
        import xarray
    found = columns(run, step)
    variables: dict[str, Any] = {
        name: ("t", values, {"units": found.units[name]}) for name, values in found.values.items()
    }
    variables["spike_time"] = ("spike", run.spike_times, {"units": "ms", "long_name": "times of the spikes"})
    variables["spike_time_error"] = ("spike", run.spike_time_errors, {"units": "ms"})
    for side in ("before", "after"):
        rows = np.array([getattr(event, side) for event in run.events]).reshape(run.n_spikes, len(run.names))
        variables[f"state_{side}"] = (("spike", "state"), rows, {"long_name": f"state just {side} the spike"})
    told = {"title": "a run of natrium", "t_start_ms": run.t_start, "t_end_ms": run.t_end}
    coordinates = {
        "t": ("t", found.t, {"units": "ms", "long_name": "time"}),
        "state": ("state", np.array(run.names, dtype=object)),
    }
    return xarray.Dataset(variables, coordinates, told | provenance(run))


def dataset(ensemble: Any) -> xarray.Dataset:
    """Make the data set of an ensemble (see `Ensemble.to_xarray`)."""
    with needing("data", "labelled data need"):
        import xarray
    dims = tuple(ensemble.axes)
    variables: dict[str, Any] = {}

    def put(name: str, values: Any, *more: str, **attributes: Any) -> None:
        variables[name] = ((*dims, *more), ensemble.on_axes(values), attributes)

    put("count", ensemble.counts, long_name="number of spikes", units="1")
    put("rate", ensemble.rates, long_name="spikes per time", units="Hz")
    put("first_spike", ensemble.first_spikes, long_name="time of the first spike", units="ms")
    put("mean_interval", ensemble.mean_intervals, long_name="mean interval between spikes", units="ms")
    put("cv", ensemble.cvs, long_name="coefficient of variation of the intervals", units="1")
    put(
        "final_state", ensemble.final_states, "state", long_name="state at the end", units="mV (V), 1 (gates)"
    )
    put(
        "flags",
        ensemble.flags,
        flag_masks=np.array(list(RunFlag), np.uint8),  # the meanings in their order
        flag_meanings="grazing_threshold fallback failed not_run",
    )
    put("steps", ensemble.steps, long_name="steps of the solver", units="1")
    coordinates: dict[str, Any] = {
        name: (name, axis, {"units": unit} if (unit := ensemble.units.get(name, "")) else {})
        for name, axis in ensemble.axes.items()
    }
    coordinates["state"] = ("state", np.array(ensemble.names, dtype=object))
    if ensemble.samples is not None:
        put("sample", ensemble.samples, "state", "sample_time", long_name="state at the sample times")
        coordinates["sample_time"] = ("sample_time", ensemble.sample_times, {"units": "ms"})
    for name, values in ensemble.parameters.items():
        if name not in coordinates:
            coordinates[name] = ("run", values, {"units": ensemble.units.get(name, "")})
    # Contiguous ragged array: CF conventions 1.11, section 9.3.3.
    variables["spike_count"] = (
        ("run",),
        ensemble.counts,
        {"sample_dimension": "spike", "long_name": "number of spikes of each run", "units": "1"},
    )
    if ensemble.spike_times.size:
        variables["spike_time"] = (
            ("spike",),
            ensemble.spike_times,
            {"long_name": "times of all spikes, run after run", "units": "ms"},
        )
    told = sorted(ensemble.messages.items())
    if told:  # an axis of length 0 would leave nothing of a table of all (`to_dataframe`)
        variables["message"] = (
            ("told",),
            np.array([message for _, message in told], dtype=object),
            {"long_name": "failures and warnings"},
        )
        variables["message_run"] = (("told",), np.array([run for run, _ in told], np.int64))
    return xarray.Dataset(
        variables,
        coordinates,
        {
            "Conventions": "CF-1.11",
            "title": "ensemble of natrium runs",
            "t_start_ms": ensemble.t_start,
            "t_end_ms": ensemble.t_end,
            "axes": json.dumps(list(dims)),
            "manifest": json.dumps(dict(ensemble.manifest)),
        },
    )
