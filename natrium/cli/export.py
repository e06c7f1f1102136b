"""``natrium export``: a model file written for another program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import EndOption, ModelFile, number_option, read_model


def export_command(
    model: ModelFile,
    to: Annotated[
        str | None, typer.Option("--to", help="Which program; without: the list of all.", metavar="TARGET")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write; by default the text is printed.", metavar="FILE"),
    ] = None,
    dt: Annotated[
        float | None,
        number_option(
            float,
            help="Step of a target that has one, ms; by default the file's, or 0.01, of the model's scale.",
        ),
    ] = None,
    t_end: EndOption = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Run the file, and tell how far its spikes are as measured.")
    ] = False,
) -> None:
    """Write a model for another program, with what means something else there and how far spikes move."""
    from natrium.export import TARGETS, export

    if to is None:
        width = max(map(len, TARGETS))
        for one in TARGETS.values():
            typer.echo(f"{one.name:<{width}}  {one.about}")
        typer.echo("natrium export MODEL.toml --to TARGET -o FILE writes one.", err=True)
        return
    read = read_model(model, t_end=t_end, dt=dt)
    written = export(read, to, dt=dt, name=model.stem, measure=measure)
    if out is None:
        typer.echo(written.text, nl=False)
    else:
        written.save(out)
        typer.echo(f"written: {out}")
    for line in written.distance.sentences() if written.distance is not None else ():
        typer.echo(line, err=True)
