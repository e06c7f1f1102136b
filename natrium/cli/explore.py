"""``natrium explore``: one page in which a model file's model lives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import EndOption, ModelFile, StepOption, read_model


def explore_command(
    model: ModelFile,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; by default the model file's name with .html.", metavar="FILE.html"),
    ] = None,
    dt: StepOption = None,
    t_end: EndOption = None,
) -> None:
    """Write one HTML file with sliders, run, phase plane, rates and the script beside the truth."""
    from natrium.explore import Explorer

    path = Path(model.with_suffix(".html").name) if out is None else out
    Explorer(read_model(model, dt=dt, t_end=t_end), model.stem).save(path)
    typer.echo(f"{path}: open it in a browser")
