"""``natrium run``: run a model file and print its spikes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from natrium.cli.common import (
    EndOption,
    JsonFlag,
    ModelFile,
    StepOption,
    check_options,
    number_option,
    read_model,
)

if TYPE_CHECKING:
    from natrium.solvers import Trajectory


def run_command(
    model: ModelFile,
    solver: Annotated[str | None, typer.Option(help="event, compiled, script or closed-form.")] = None,
    method: Annotated[str | None, typer.Option(help="auto, DOP853, RK45, Radau or Radau13.")] = None,
    rtol: Annotated[float | None, number_option(float, help="Relative tolerance.")] = None,
    atol: Annotated[float | None, number_option(float, help="Absolute tolerance.")] = None,
    dt: StepOption = None,
    t_end: EndOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a figure, the trace, the spikes and the run itself.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a model file and print its spikes."""
    from natrium.solvers import run, solver_of

    read = read_model(model, solver=solver, method=method, rtol=rtol, atol=atol, dt=dt, t_end=t_end)
    chosen = solver_of(read.simulation)
    check_options(chosen, read.simulation.solver, method=method, rtol=rtol, atol=atol, dt=dt)
    trajectory = run(read, chosen)
    if out is not None:
        from natrium.reports import run_into

        run_into(read, trajectory, out, name=model.name)
    typer.echo(json.dumps(_run_result(trajectory)) if as_json else _run_text(trajectory))
    if not as_json:
        if out is not None:
            files = "run.png, run.svg, trace.csv, spikes.csv, run.nc, results.json, manifest.json"
            typer.echo(f"written: {out} ({files})")
        for warning in trajectory.warnings:
            typer.echo(f"warning: {warning}", err=True)


def _run_result(trajectory: Trajectory) -> dict[str, Any]:
    """Give a run as the JSON object that outside scripts rely on."""
    return {
        "spike_times": trajectory.spike_times.tolist(),
        "n_spikes": trajectory.n_spikes,
        "t_start": trajectory.t_start,
        "t_end": trajectory.t_end,
        "solver": trajectory.solver,
        "method": trajectory.method,
        "final_state": trajectory.final_state,
        "rhs_evaluations": trajectory.rhs_evaluations,
        "warnings": list(trajectory.warnings),
    } | ({"units": units} if (units := _units(trajectory)) else {})


def _units(trajectory: Trajectory) -> list[str]:
    """Say how absolute units became those of the equations; nothing where there are none."""
    from natrium.model import Neuron

    neuron = trajectory.neuron
    if isinstance(neuron, Neuron):
        return neuron.conversions()
    return [f"I is in {neuron.input_unit}"] if neuron.input_unit else []


def _run_text(trajectory: Trajectory) -> str:
    spikes = [f"{time:.9f}" for time in trajectory.spike_times]
    final = ", ".join(f"{name} = {value:.6g}" for name, value in trajectory.final_state.items())
    return "\n".join(
        [
            f"{trajectory.n_spikes} spike{'s' * (trajectory.n_spikes != 1)} from {trajectory.t_start:g} to "
            f"{trajectory.t_end:g} ms ({trajectory.solver}, {trajectory.method})",
            *(f"  {number:4d}  {time} ms" for number, time in enumerate(spikes, start=1)),
            f"final state: {final}",
            *(f"units: {line}" for line in _units(trajectory)),
        ]
    )
