"""``natrium continue``: rests and cycles along one parameter."""

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
    read_range,
)


def continue_command(
    model: ModelFile,
    along: Annotated[
        str,
        typer.Option(
            help="The parameter and its range; of the input mV, or with units: 'I=0 pA:500 pA'.",
            metavar="NAME=LOW:HIGH",
        ),
    ],
    I: InputOption = None,
    doublings: Annotated[int, number_option(int, help="Period doublings followed, one after the other.")] = 1,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("continue"),
    as_json: JsonFlag = False,
) -> None:
    """Follow rests and cycles along one parameter: where they are born, lose their stability, and end."""
    from natrium.reports import continue_into

    read = read_model(model)
    parameter, between = read_range(read, "--along", along)
    done = continue_into(
        read,
        out,
        name=model.name,
        parameter=parameter,
        between=between,
        I=read_input(read, I),
        doublings=doublings,
        quiet=as_json,
    )
    print_json(done, as_json)
