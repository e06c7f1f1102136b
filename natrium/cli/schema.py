"""``natrium schema``: the JSON Schema of model files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema_command(
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default it is printed.", metavar="FILE.json")
    ] = None,
) -> None:
    """Give the JSON Schema of model files, by which editors complete and check them."""
    from natrium.model.files.schema import schema_text
    from natrium.model.files.writing import write_whole

    text = schema_text()
    if out is None:
        typer.echo(text, nl=False)
        return
    write_whole(out, text)
    typer.echo(f"{out}: name it in a model file's first line, as #:schema {out}")
