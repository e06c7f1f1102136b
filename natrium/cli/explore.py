"""``natrium explore``: one page in which a model file's model lives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import EndOption, StepOption, read_model, with_options


def explore_command(
    model: Annotated[
        Path, typer.Argument(help="Model file (TOML), or a kind of natrium new.", metavar="MODEL.toml|KIND")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; by default the model file's name with .html.", metavar="FILE.html"),
    ] = None,
    dt: StepOption = None,
    t_end: EndOption = None,
) -> None:
    """Write one HTML file with sliders, run, phase plane, rates and the script beside the truth."""
    from natrium.explore import Explorer
    from natrium.model import loads
    from natrium.model.files.new import known_kind, template

    kind = None if model.exists() else known_kind(str(model))
    asked = {"dt": dt, "t_end": t_end}
    read = with_options(loads(template(kind)), **asked) if kind else read_model(model, **asked)
    path = Path(f"{kind or model.stem}.html") if out is None else out
    Explorer(read, kind or model.stem).save(path)
    typer.echo(f"{path}: open it in a browser")
