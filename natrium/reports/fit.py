"""Fitting a model file to spike times: run the fit, write the model found and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from natrium.analysis import FitStep, fit
from natrium.model import Model, ModelError
from natrium.model.checks import reads_as_number
from natrium.model.stimuli.columns import read_table
from natrium.model.stimuli.recordings import is_recording, read_train
from natrium.reports.output import Output, manifest
from natrium.reports.report import write_results

T = TypeVar("T")
MAX_SPIKES, MAX_BYTES = 100_000, 10_000_000
COLUMNS = ("spike_ms", "time_ms", "spike_time_ms", "spike_times", "spike_time")


def read_spikes(path: Path, column: str | None = None) -> list[float]:
    """Read spike times (ms) from a CSV, NIX or NWB file.

    Parameters
    ----------
    path : Path
    column : str, optional
        Of a NIX or NWB file the spike train, where it holds several. Of a CSV file a column by its
        heading; by default the one column there is, one named as in `COLUMNS`, or the true times of a
        file that natrium wrote (``true_hold_ms``, ``true_clamp_ms``: the first of them). Empty cells are
        spikes that are not there.

    Raises
    ------
    ModelError
        When the file cannot be read, a value is no number (the line is named), or no column is told.
    """
    if is_recording(path):
        return _at_most(read_train(path, column or "").tolist())
    table = read_table(path, "spikes", MAX_BYTES, ModelError)
    place, heading = 0, table.heading
    if heading:
        place = _place(heading, column, path)
    elif column is not None:
        raise ModelError(f"{path.name} has no headings, got column {column!r}: leave --column out")
    spikes = []
    for number, (_, row) in enumerate(_at_most(table.rows), start=1):
        cell = row[place] if place < len(row) else ""
        if heading and not cell.strip() and len(heading) > 1:
            continue
        if not reads_as_number(cell):
            raise ModelError(f"spike {number} in {path.name} must be a number (ms), got {cell[:40]!r}")
        spikes.append(float(cell))
    return spikes


def _at_most(rows: list[T]) -> list[T]:
    """Refuse more than a fit takes."""
    if len(rows) > MAX_SPIKES:
        raise ModelError(f"a fit takes at most {MAX_SPIKES} spikes, got {len(rows)}")
    return rows


def _place(heading: list[str], column: str | None, path: Path) -> int:
    """Find the column of spike times."""
    told = [name for name in heading if name.startswith("true_") and name.endswith("_ms")]
    wanted = [column] if column is not None else [*COLUMNS, *told[:1]]
    found = next((heading.index(name) for name in wanted if name in heading), None)
    if found is None and column is None and len(heading) == 1:
        return 0
    if found is None:
        raise ModelError(
            f"{path.name} must have a column of spike times, got {', '.join(heading)}: name it with --column"
        )
    return found


def fit_into(
    model: Model,
    spikes: Sequence[float],
    parameters: Sequence[str],
    out: Path,
    *,
    name: str,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    max_evaluations: int = 200,
    quiet: bool = False,
) -> dict[str, Any]:
    """Fit a model to spike times (see `natrium.reports.report`) and write the model found; there is no page.

    Parameters
    ----------
    model : Model
        Where the search begins.
    spikes : sequence of float
        ms.
    parameters : sequence of str
        Names, as in `natrium.parameters`.
    bounds : mapping of str to (float, float), optional
    max_evaluations : int
        Runs of the model.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:

        def tell_step(step: FitStep) -> None:
            tell(f"run {step.evaluation}: {step.rms:.3g} ms from the spikes given")

        found = fit(model, spikes, parameters, bounds, max_evaluations=max_evaluations, progress=tell_step)
    output.table("parameters.csv", found.table())
    made_by = manifest(model, parameters=list(parameters), bounds=dict(bounds or {}), spikes_ms=list(spikes))
    data = write_results(output, found.data(), made_by)
    made = output.folder / "fitted.toml"
    found.model.save(made)
    title = f"{name} fitted to {len(spikes)} spikes"
    output.say(title, found.table(), [*found.sentences(), f"Model: {made}"])
    return data
