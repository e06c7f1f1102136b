"""``natrium new``: a model file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new_command(
    kind: Annotated[
        str | None, typer.Argument(help="Which; without: the list of all.", metavar="[KIND]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default the text is printed.", metavar="MODEL.toml")
    ] = None,
) -> None:
    """Write a model file to begin with: lif, adex, izhikevich, hodgkin-huxley, ..."""
    from natrium.model import ModelError
    from natrium.model.files.new import describe_template, template, template_names
    from natrium.model.files.writing import write_whole

    if kind is None:
        width = max(map(len, template_names()))
        for name in template_names():
            typer.echo(f"{name:<{width}}  {describe_template(name)}")
        typer.echo("natrium new KIND --out MODEL.toml writes one.", err=True)
        return
    text = template(kind)
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise ModelError(
            f"a new model file must not replace another, got {out}: give another name, or remove it"
        )
    write_whole(out, text)
    typer.echo(f"{out}: natrium run {out}")
