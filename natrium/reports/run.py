"""One run of a model file, written: figure, trace, spikes, and the run itself to be loaded again."""

from __future__ import annotations

from pathlib import Path

from natrium.figures.style import new_figure
from natrium.figures.trajectory import plot_trajectory
from natrium.model import Model
from natrium.reports.output import Output, manifest
from natrium.reports.report import write_results
from natrium.solvers import Trajectory

SAMPLES = 2000  # of the trace
SIZE = (7.0, 5.6)  # inches


def run_into(model: Model, run: Trajectory, out: Path, *, name: str) -> None:
    """Write a run: ``run.png`` and ``.svg``, ``trace.csv``, ``spikes.csv``, ``results.json``, ``run.nc``.

    Parameters
    ----------
    model : Model
    run : Trajectory
        Of the model.
    out : Path
        Folder, made if it is not there.
    name : str
        What the model is called in the title.
    """
    output = Output(out, quiet=True)
    figure = new_figure(*SIZE)
    plot_trajectory(run, gates=True, input=True, fig=figure)
    figure.suptitle(name)
    output.figures({"run": figure})
    t, y = run.sample((run.t_end - run.t_start) / SAMPLES)
    units = ["V_mV", *run.names[1:]]
    output.table(
        "trace.csv",
        [
            {"time_ms": time} | dict(zip(units, state, strict=True))
            for time, state in zip(t.tolist(), y.T.tolist(), strict=True)
        ],
    )
    errors = run.spike_time_errors.tolist()
    spikes = [
        {"spike": number, "spike_ms": time, "error_ms": error}
        for number, (time, error) in enumerate(zip(run.spike_times.tolist(), errors, strict=True), start=1)
    ]
    output.table("spikes.csv", spikes)
    data = {"spikes": spikes, "final_state": run.final_state, "warnings": run.warnings}
    write_results(output, data, manifest(model) | {"run": dict(run.manifest)})
    run.save(out / "run.nc")
