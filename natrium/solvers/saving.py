"""A run into a file: NetCDF, written by SciPy alone, with the model, the solver and the dense output.

The states at the solver's own times and the spikes are variables that any reader of NetCDF shows; what makes
the run whole again stands in the attribute ``natrium`` (JSON) and in the variables ``dense`` and ``ends``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from natrium.model import Model, ModelError, write_whole
from natrium.model.arrays import Array
from natrium.model.checks import check_path
from natrium.model.files.writing import to_toml
from natrium.solvers.dense import KINDS

VERSION = 1


def write_run(run: Any, path: str | os.PathLike[str]) -> None:
    """Write a run (see `natrium.solvers.Trajectory.save`)."""
    check_path(path)
    numbers: list[Array] = []
    segments = []
    for segment in run.segments:
        dense = getattr(segment.state, "polynomials", segment.state)
        if type(dense).__name__ not in KINDS:
            raise ModelError(
                f"a saved run must be of one of natrium's own solvers, got one by {run.solver!r}: pickle it"
            )
        arrays = {field.name: np.asarray(getattr(dense, field.name)) for field in attrs.fields(type(dense))}
        numbers += [array.ravel() for array in arrays.values()]
        segments.append(
            {
                "begin": segment.begin,
                "end": segment.end,
                "n_knots": segment.knots.size,
                "kind": type(dense).__name__,
                "shapes": {name: array.shape for name, array in arrays.items()},
            }
        )
    header = {
        "version": VERSION,
        "model": _model_text(run),
        "names": run.names,
        "t_start": run.t_start,
        "t_end": run.t_end,
        "solver": run.solver,
        "method": run.method,
        "made_by": {"name": run.made_by.name, "settings": attrs.asdict(run.made_by)},
        "rhs_evaluations": run.rhs_evaluations,
        "warnings": run.warnings,
        "flags": int(run.flags),
        "statistics": run.statistics,
        "manifest": dict(run.manifest),
        "extras": sorted(run.extras),
        "segments": segments,
    }
    variables: dict[str, tuple[tuple[str, ...], Array, str]] = {
        "time": (("time",), run.t, "ms"),
        "knot": (("time",), np.concatenate([segment.knots for segment in run.segments]), "ms"),
        "spike_time": (("spike",), run.spike_times, "ms"),
        "before": (("spike", "state"), _rows([event.before for event in run.events], run), "mV, 1"),
        "after": (("spike", "state"), _rows([event.after for event in run.events], run), "mV, 1"),
        "slope": (("spike",), np.array([event.slope for event in run.events]), "mV/ms"),
        "dense": (("number",), np.concatenate([*numbers, np.empty(0)]), ""),
    }
    for name, values in zip(run.names, run.y, strict=True):
        variables[f"state_{name}"] = (("time",), values, "mV" if name == "V" else "1")
    for name in sorted(run.extras):
        variables[f"extra_{name}"] = ((f"of_{name}",), np.asarray(run.extras[name]), "")
    from scipy.io import netcdf_file  # a large import, for files only

    text = json.dumps(header)
    target = io.BytesIO()
    file: Any = netcdf_file(target, "w", version=2)
    for dims, values, _ in variables.values():
        for dim, size in zip(dims, values.shape, strict=True):
            if dim not in file.dimensions:
                file.createDimension(dim, size)
    for name, (dims, values, unit) in variables.items():
        variable = file.createVariable(name, "d", dims)
        variable[:] = values
        if unit:
            variable.units = unit
    file.title, file.natrium = "a run of natrium", text
    file.sha256 = checksum(text, {name: values for name, (_, values, _) in variables.items()})
    file.flush()
    write_whole(path, target.getvalue())


def checksum(text: str, arrays: Mapping[str, Array]) -> str:
    """Give what tells a whole file from a damaged one."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name], dtype=float).tobytes())
    return digest.hexdigest()


def _model_text(run: Any) -> str:
    return to_toml(Model(neuron=run.neuron, stimulus=run.stimulus))


def _rows(rows: list[Array], run: Any) -> Array:
    return np.array(rows).reshape(len(rows), len(run.names))
