"""An ensemble as a labelled xarray data set, for NetCDF and Zarr files: the extra ``natrium[data]``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from natrium.model import ModelError
from natrium.solvers.flags import RunFlag

if TYPE_CHECKING:
    import xarray

MISSING = 'labelled data need xarray: pip install "natrium[data]"'


def dataset(ensemble: Any) -> xarray.Dataset:
    """Make the data set of an ensemble (see `Ensemble.to_xarray`)."""
    try:
        import xarray
    except ImportError:
        raise ModelError(MISSING) from None
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
