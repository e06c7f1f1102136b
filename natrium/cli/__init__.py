"""The command line: ``natrium VERB ...``.

Heavy imports stand inside the verbs, so that ``natrium --help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import natrium.cli.fit  # its verbs join the application
import natrium.cli.sweep  # noqa: F401  # its verb joins the application
from natrium.cli.common import (
    BAD_INPUT,
    FAILED_RUN,
    FOLDER,
    INTERRUPTED,
    EndOption,
    JsonFlag,
    ModelFile,
    StepOption,
    app,
    loaded,
    printed,
    scripted,
    told,
)

if TYPE_CHECKING:
    from natrium.solvers import Trajectory


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from natrium import __version__

        typer.echo(f"natrium {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:  # pragma: no cover - no_args_is_help comes first
        raise typer.Exit(BAD_INPUT)


@app.command("run")
@told
def run_command(
    model: ModelFile,
    solver: Annotated[str | None, typer.Option(help="event, compiled, script or closed-form.")] = None,
    method: Annotated[str | None, typer.Option(help="auto, DOP853, RK45 or Radau.")] = None,
    rtol: Annotated[float | None, typer.Option(help="Relative tolerance.")] = None,
    atol: Annotated[float | None, typer.Option(help="Absolute tolerance.")] = None,
    dt: StepOption = None,
    t_end: EndOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a model file and print its spikes."""
    from natrium.solvers import run

    trajectory = run(loaded(model, solver=solver, method=method, rtol=rtol, atol=atol, dt=dt, t_end=t_end))
    typer.echo(json.dumps(_run_result(trajectory)) if as_json else _run_text(trajectory))
    if not as_json:
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
    }


def _run_text(trajectory: Trajectory) -> str:
    spikes = [f"{time:.9f}" for time in trajectory.spike_times]
    final = ", ".join(f"{name} = {value:.6g}" for name, value in trajectory.final_state.items())
    return "\n".join(
        [
            f"{trajectory.n_spikes} spike{'s' * (trajectory.n_spikes != 1)} from {trajectory.t_start:g} to "
            f"{trajectory.t_end:g} ms ({trajectory.solver}, {trajectory.method})",
            *(f"  {number:4d}  {time} ms" for number, time in enumerate(spikes, start=1)),
            f"final state: {final}",
        ]
    )


@app.command("channels")
@told
def channels_command(as_json: JsonFlag = False) -> None:
    """List the catalogue of channels with their sources."""
    from natrium.model import CHANNELS, channel_to_dict

    if as_json:
        listed = {
            name: channel_to_dict(channel) | {"source": channel.source} for name, channel in CHANNELS.items()
        }
        typer.echo(json.dumps(listed))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Channels: g relative to the leak, E in mV", show_lines=True)
    for heading in ("name", "g", "E", "gates", "rates (V in mV, per ms)", "source"):
        table.add_column(heading)
    for name, channel in CHANNELS.items():
        gates = ", ".join(f"{gate.name}^{gate.power}" for gate in channel.gates)
        rates = "\n".join(
            f"{kind}_{gate.name} = {getattr(gate, kind)}"
            for gate in channel.gates
            for kind in ("alpha", "beta")
        )
        table.add_row(name, f"{channel.g:g}", f"{channel.E:g}", gates, rates, channel.source)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@app.command("reproduce")
@told
def reproduce_command(
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("reproduction"),
    papers: Annotated[
        bool, typer.Option("--papers", help="Reproduce published results as well (a minute more).")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Replay the notebook's three scripts, solve them truly, and show the difference."""
    from natrium.figures import reproduce_into

    result = reproduce_into(out, quiet=as_json, with_papers=papers)
    printed(result, as_json)
    if not all(claim["holds"] for claim in result.get("papers", {}).get("claims", [])):
        typer.echo("natrium: a published result was not reached; see the rows that do not hold", err=True)
        raise typer.Exit(FAILED_RUN)


@app.command("compare")
@told
def compare_command(
    model: ModelFile,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("comparison"),
    dt: StepOption = None,
    t_end: EndOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a model's script and all methods with the truth: orders, work and precision.

    The script's step is the file's dt, or 0.1 ms. Ctrl-C keeps what is done so far.
    """
    from natrium.figures import compare_into

    result = compare_into(scripted(model, dt=dt, t_end=t_end), out, name=model.name, quiet=as_json)
    printed(result, as_json)
    if result["interrupted"]:
        raise typer.Exit(INTERRUPTED)


@app.command("doctor")
@told
def doctor_command(
    target: Annotated[
        str, typer.Argument(help="Model file, or the script itself with --model.", metavar="MODEL.toml")
    ],
    script: Annotated[
        str | None,
        typer.Option(
            help="Script that claims to be the model: FILE.py or FILE.py:NAME, a class or object with "
            "update(dt, current). Its code is run.",
            metavar="FILE.py[:NAME]",
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model that a script claims to be.")] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("diagnosis"),
    dt: StepOption = None,
    t_end: EndOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Say why a script's spikes are where they are: its faults, its rules, and what each costs.

    Without --script it is the model's own script (sequential Euler with the file's dt, or 0.1 ms).
    """
    from natrium.analysis.doctor import load_subject
    from natrium.figures import diagnose_into
    from natrium.model import ModelError

    if not target.endswith(".toml") and script is None:
        target, script = str(model or ""), target
    if not target:
        raise ModelError(f"a script is held against a model, got {script} alone: give --model MODEL.toml")
    path = Path(target)
    claimed = scripted(path, dt=dt, t_end=t_end)
    subject = None
    if script is not None:
        typer.echo(f"natrium: running the code in {script}, as asked", err=True)
        subject = load_subject(script, claimed)
    result = diagnose_into(subject, claimed, out, name=script or f"{path.name}'s own script", quiet=as_json)
    printed(result, as_json)


def main() -> None:
    """Run the command line."""
    app(prog_name="natrium")
