"""``natrium map``: what a neuron does over two parameters."""

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

Ranged = "NAME=LOW:HIGH"


def map_command(
    model: ModelFile,
    x: Annotated[str, typer.Option("--x", help="The parameter across, and its range.", metavar=Ranged)],
    y: Annotated[str, typer.Option("--y", help="The parameter up, and its range.", metavar=Ranged)],
    I: InputOption = None,
    rows: Annotated[int, number_option(int, help="Values of the parameter up.")] = 9,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("map"),
    as_json: JsonFlag = False,
) -> None:
    """Map where the cell rests, fires, does either or neither, with the curves between."""
    from natrium.reports import map_into

    read = read_model(model)
    across, up = read_range(read, "--x", x), read_range(read, "--y", y)
    at = read_input(read, I)
    done = map_into(read, out, name=model.name, x=across, y=up, I=at, rows=rows, quiet=as_json)
    print_json(done, as_json)
