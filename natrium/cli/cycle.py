"""``natrium cycle``: periodic firing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import (
    FOLDER,
    InputOption,
    JsonFlag,
    ModelFile,
    number_option,
    print_json,
    read_input,
    read_model,
    read_values,
)


def cycle_command(
    model: ModelFile,
    I: InputOption = None,
    period: Annotated[
        int | None,
        number_option(
            int,
            help="Spikes per cycle (without resets, rises of V); by default, after how many its own firing "
            "repeats.",
        ),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(help="A parameter of the reset and its values.", metavar="NAME=LOW:HIGH:COUNT"),
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("cycle"),
    as_json: JsonFlag = False,
) -> None:
    """Find periodic firing: return map, multipliers, phase response, the reset's bifurcations."""
    from natrium.reports import cycle_into

    varied = None
    if vary is not None:
        name, _, values = vary.partition("=")
        varied = (name, read_values(values))
    read = read_model(model)
    at = read_input(read, I)
    done = cycle_into(read, out, name=model.name, I=at, period=period, vary=varied, quiet=as_json)
    print_json(done, as_json)
