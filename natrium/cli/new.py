"""``natrium new``: a model file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = "lif-na"  # where a file is named and no kind


def new_command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="File to write, or a kind to print; without: the list of kinds.", metavar="[NAME]"
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--from", help="Kind: lif, lif-na, hodgkin-huxley, ...", metavar="KIND")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default the text is printed.", metavar="MODEL.toml")
    ] = None,
) -> None:
    """Write a model file to begin with: lif, adex, izhikevich, hodgkin-huxley, ..."""
    from natrium.model import ModelError
    from natrium.model.files.new import FIRST_LINE, describe_template, template, template_names, write_new

    if name is None and kind is None:
        width = max(map(len, template_names()))
        for one in template_names():
            typer.echo(f"{one:<{width}}  {describe_template(one)}")
        typer.echo("natrium new NAME --from KIND writes NAME.toml; natrium new KIND prints it.", err=True)
        return
    if name is not None and (kind is not None or name.endswith(".toml")):
        if out is not None:
            raise ModelError(f"one file is written, got {name} and {out}: leave one of them out")
        out = Path(name if name.endswith(".toml") else f"{name}.toml")
        name = kind or DEFAULT
    chosen = name or kind or DEFAULT
    if out is None:
        typer.echo(FIRST_LINE + template(chosen), nl=False)
        return
    write_new(out, chosen)
    typer.echo(f"{out}: natrium run {out}")
