"""``natrium fit``: parameters from spike times."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FAILED_RUN, EndOption, JsonFlag, ModelFile, print_json, read_model


def fit_command(
    model: ModelFile,
    spikes: Annotated[
        Path,
        typer.Argument(help="Spike times: a column of CSV (ms), a NIX or NWB file.", metavar="SPIKES.csv"),
    ],
    parameter: Annotated[
        list[str],
        typer.Option(
            "--parameter", "-p", help="To be fitted, such as g_Na, tau_m or I_0.", metavar="NAME[=LOW:HIGH]"
        ),
    ],
    t_end: EndOption = None,
    column: Annotated[
        str | None, typer.Option(help="Column of SPIKES.csv, or spike train of SPIKES.nwb.", metavar="NAME")
    ] = None,
    max_evaluations: Annotated[int, typer.Option(help="Runs of the model, at most.", min=1)] = 200,
    out: Annotated[Path, typer.Option(help="Folder for the fitted model and its tables.")] = Path("fit"),
    as_json: JsonFlag = False,
) -> None:
    """Fit parameters of a model to spike times, by gradients of the spike times.

    Ends with exit code 1 where the search did not converge; what it reached is written all the same.
    """
    from natrium.model import ModelError
    from natrium.reports import fit_into, read_spikes

    names, bounds = [], {}
    for item in parameter:
        name, _, limits = item.partition("=")
        names.append(name)
        if limits:
            low, _, high = limits.partition(":")
            try:
                bounds[name] = (float(low), float(high))
            except ValueError:
                raise ModelError(f"bounds must be NAME=LOW:HIGH, got {item!r}") from None
    given = read_spikes(spikes, column)
    done = fit_into(
        read_model(model, t_end=t_end),
        given,
        names,
        out,
        name=model.name,
        bounds=bounds,
        max_evaluations=max_evaluations,
        quiet=as_json,
    )
    print_json(done, as_json)
    if not done["converged"]:
        typer.echo("natrium: the fit did not converge; see the message above, or --max-evaluations", err=True)
        raise typer.Exit(FAILED_RUN)
