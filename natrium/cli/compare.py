"""``natrium compare``: a model's script and all methods against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import (
    FOLDER,
    INTERRUPTED,
    EndOption,
    JsonFlag,
    ModelFile,
    StepOption,
    print_json,
    read_script,
)


def compare_command(
    model: ModelFile,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("comparison"),
    dt: StepOption = None,
    t_end: EndOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a model's script and all methods with the truth: orders, work and precision.

    The script's step is the file's dt, or 0.1 ms. Ctrl-C keeps what is done so far.
    """
    from natrium.reports import compare_into

    result = compare_into(read_script(model, dt=dt, t_end=t_end), out, name=model.name, quiet=as_json)
    print_json(result, as_json)
    if result["interrupted"]:
        raise typer.Exit(INTERRUPTED)
