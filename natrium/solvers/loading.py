"""A saved run back from its file."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from natrium.model import ModelError, loads
from natrium.model.arrays import Array
from natrium.solvers.dense import KINDS
from natrium.solvers.flags import RunFlag
from natrium.solvers.history import Event, History, Segment
from natrium.solvers.limits import Limits
from natrium.solvers.saving import VERSION, checksum
from natrium.solvers.simulate import SOLVERS
from natrium.solvers.trajectory import Trajectory


def load_run(path: str | os.PathLike[str]) -> Trajectory:
    """Read a run that `Trajectory.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    Trajectory
        The same in every double, dense output included.

    Raises
    ------
    ModelError
        When the file cannot be read, is no saved run, or is damaged.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError, TypeError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"cannot read {path}: {reason}") from None
    try:
        text, variables, told = _read(content)
        header = json.loads(text)
        if header["version"] != VERSION:
            raise ModelError(f"a saved run must be of version {VERSION}, got {header['version']!r}")
        if told != checksum(text, variables):
            raise ModelError(f"{path} is damaged: its checksum is not that of its content")
        return _run(header, variables)
    except ModelError:
        raise
    except Exception as error:  # what a foreign or damaged file makes of its reader cannot be foreseen
        raise ModelError(
            f"{path} is no run that natrium saved, or it is damaged ({type(error).__name__}: {error})"
        ) from None


def _read(content: bytes) -> tuple[str, dict[str, Array], str]:
    from scipy.io import netcdf_file  # a large import, for files only

    file: Any = netcdf_file(io.BytesIO(content), "r", mmap=False)
    variables = {name: np.array(one[:], dtype=float) for name, one in file.variables.items()}
    return file.natrium.decode(), variables, file.sha256.decode()


def _run(header: dict[str, Any], variables: dict[str, Array]) -> Trajectory:
    model, made_by = loads(header["model"]), header["made_by"]
    names = tuple(header["names"])
    settings = made_by["settings"] | {"limits": Limits(**made_by["settings"]["limits"])}
    y = np.array([variables[f"state_{name}"] for name in names])
    events = zip(
        variables["spike_time"].tolist(),
        variables["before"],
        variables["after"],
        variables["slope"].tolist(),
        strict=True,
    )
    return Trajectory(
        neuron=model.neuron,
        stimulus=model.stimulus,
        names=names,
        t_start=header["t_start"],
        t_end=header["t_end"],
        history=History.of(
            _segments(header["segments"], variables["knot"], y, variables["dense"]),
            [Event(*one) for one in events],
        ),
        solver=header["solver"],
        method=header["method"],
        made_by=SOLVERS[made_by["name"]](**settings),
        rhs_evaluations=header["rhs_evaluations"],
        warnings=tuple(header["warnings"]),
        flags=RunFlag(header["flags"]),
        statistics=header["statistics"],
        extras={name: variables[f"extra_{name}"] for name in header["extras"]},
        manifest=header["manifest"],
    )


def _segments(told: list[dict[str, Any]], knots: Array, y: Array, numbers: Array) -> list[Segment]:
    found, first, place = [], 0, 0
    for one in told:
        arrays = {}
        for name, shape in one["shapes"].items():
            size = int(np.prod(shape))
            arrays[name] = numbers[place : place + size].reshape(shape)
            place += size
        here = slice(first, first + one["n_knots"])
        first = here.stop
        dense = KINDS[one["kind"]](**arrays)
        found.append(Segment(one["begin"], one["end"], knots[here], y[:, here], dense))
    return found
