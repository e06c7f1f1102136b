"""Runs and ensembles as Neo's blocks, and by Neo as NWB files: the extras ``natrium[neo]``, ``[nwb]``."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from natrium.model import ModelError, write_whole
from natrium.model.arrays import Array
from natrium.model.checks import check_path
from natrium.model.extras import needing
from natrium.solvers.exchange.columns import (
    GATE_UNIT,
    Columns,
    columns,
    parameters_of,
    provenance,
    title_of,
    unit_of,
)


def run_block(run: Any, step: float | None) -> Any:
    """Make the block of a run (see `Trajectory.to_neo`)."""
    block, segment = _block(run, "a run of natrium"), _segment("run")
    block.segments.append(segment)
    found = columns(run, step)
    for name in found.values:
        _put(segment, _signal(found, name))
    errors = run.spike_time_errors
    segment.spiketrains.append(_train(run, run.spike_times, "spikes", error_ms=errors))
    return block


def ensemble_block(ensemble: Any) -> Any:
    """Make the block of an ensemble (see `Ensemble.to_neo`)."""
    block = _block(ensemble, "runs of natrium")
    for index, spikes in enumerate(ensemble):
        told = {"run": index, "flags": int(ensemble.flags[index])} | parameters_of(ensemble, index)
        if index in ensemble.messages:
            told["message"] = ensemble.messages[index]
        segment = _segment(title_of(ensemble, index), **told)
        block.segments.append(segment)
        if ensemble.samples is not None:
            units = {name: unit_of(name) for name in ensemble.names}
            rows = dict(zip(ensemble.names, ensemble.samples[index], strict=True))
            for name in ensemble.names:
                _put(segment, _signal(Columns(ensemble.sample_times, rows, units, None), name))
        segment.spiketrains.append(_train(ensemble, spikes, f"spikes of run {index}"))
    return block


def write_nwb(block: Any, path: str | os.PathLike[str], started: Any) -> None:
    """Write a block into an NWB file by Neo; it is there whole or not at all.

    Raises
    ------
    ModelError
        When the file cannot be written, or the time has no zone.
    """
    with needing("nwb", "NWB files need"):
        import pynwb  # noqa: F401 - Neo needs it
        from neo.io import NWBIO
    check_path(path)
    if started is None:
        started = datetime.now(UTC)
    if not isinstance(started, datetime) or started.tzinfo is None:
        raise ModelError(f"session_start_time must be a datetime with a time zone, got {started!r}")
    told = {
        "session_start_time": started,
        "session_description": block.name,
        "identifier": Path(path).name,
        "notes": json.dumps(block.annotations),
    }
    with tempfile.TemporaryDirectory() as folder, _silent():
        made = Path(folder, "run.nwb")
        NWBIO(str(made), "w", **told).write_all_blocks([block], validate=False)
        write_whole(path, made.read_bytes())


@contextmanager
def _silent() -> Iterator[None]:
    """Let Neo name its signals anew without a warning for each."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


def _neo() -> tuple[Any, Any]:
    """Give Neo, and the package of its units."""
    with needing("neo", "Neo's blocks need"):
        import neo
        import quantities
    return neo, quantities


def _block(run: Any, name: str) -> Any:
    return _neo()[0].Block(name=name, **provenance(run))


def _segment(name: str, **annotations: Any) -> Any:
    return _neo()[0].Segment(name=name, **annotations)


def _put(segment: Any, signal: Any) -> None:
    """Append a signal where its kind belongs."""
    regular = signal.__class__.__name__ == "AnalogSignal"
    (segment.analogsignals if regular else segment.irregularlysampledsignals).append(signal)


def _signal(found: Columns, name: str) -> Any:
    """Make the signal of one column: at regular times where there is a step."""
    neo, pq = _neo()
    unit = found.units[name]
    values = found.values[name].reshape(-1, 1) * _unit(pq, unit)
    told = {"name": name, "nwb_group": "stimulus" if name == "I" else "acquisition"}
    if found.step is not None:
        return neo.AnalogSignal(
            values, sampling_period=found.step * pq.ms, t_start=float(found.t[0]) * pq.ms, **told
        )
    return neo.IrregularlySampledSignal(found.t * pq.ms, values, **told)


def _unit(pq: Any, unit: str) -> Any:
    """Give a unit as Neo knows it; one that is a product stands for itself."""
    if unit == GATE_UNIT:
        return pq.dimensionless
    return getattr(pq, unit) if hasattr(pq, unit) else pq.CompoundUnit(unit.replace("^", "**"))


def _train(run: Any, spikes: Array, name: str, **of_each: Array) -> Any:
    neo, pq = _neo()
    return neo.SpikeTrain(
        np.array(spikes, dtype=float) * pq.ms,
        t_start=run.t_start * pq.ms,
        t_stop=run.t_end * pq.ms,
        name=name,
        array_annotations=of_each,
    )
