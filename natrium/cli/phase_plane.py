"""``natrium phase-plane``: the phase plane of a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FOLDER, InputOption, JsonFlag, ModelFile, print_json, read_input, read_model


def phase_plane_command(
    model: ModelFile,
    I: InputOption = None,
    x: Annotated[str | None, typer.Option(help="The plane's other variable, such as Na.h.")] = None,
    reduction: Annotated[
        str, typer.Option(help="steady: all other gates at steady state; common: one x for gates of a name.")
    ] = "steady",
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("phase_plane"),
    as_json: JsonFlag = False,
) -> None:
    """Draw the phase plane: nullclines, equilibria, separatrix, threshold, certain spikes."""
    from natrium.model import ModelError
    from natrium.reports import phase_plane_into

    if reduction not in ("steady", "common"):
        raise ModelError(f"reduction must be steady or common, got {reduction!r}")
    read = read_model(model)
    done = phase_plane_into(
        read,
        out,
        name=model.name,
        I=read_input(read, I),
        x=x,
        reduction="steady" if reduction == "steady" else "common",
        quiet=as_json,
    )
    print_json(done, as_json)
