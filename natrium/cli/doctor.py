"""``natrium doctor``: why a script's spikes are where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FOLDER, EndOption, JsonFlag, StepOption, print_json, read_script


def doctor_command(
    target: Annotated[
        str, typer.Argument(help="Model file, or the script itself with --model.", metavar="MODEL.toml")
    ],
    script: Annotated[
        str | None,
        typer.Option(
            help="Script that claims to be the model: FILE.py or FILE.py:NAME, a class or object with "
            "update(dt, current). Its code is run.",
            metavar="FILE.py[:NAME]",
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model that a script claims to be.")] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("diagnosis"),
    dt: StepOption = None,
    t_end: EndOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Say why a script's spikes are where they are: its faults, its rules, and what each costs.

    Without --script it is the model's own script (sequential Euler with the file's dt, or 0.1 ms).
    """
    from natrium.analysis.doctor import load_subject
    from natrium.model import ModelError
    from natrium.reports import diagnose_into

    if not target.endswith(".toml") and script is None:
        target, script = str(model or ""), target
    if not target:
        raise ModelError(f"a script is held against a model, got {script} alone: give --model MODEL.toml")
    path = Path(target)
    claimed = read_script(path, dt=dt, t_end=t_end)
    subject = None
    if script is not None:
        typer.echo(f"natrium: running the code in {script}, as asked", err=True)
        subject = load_subject(script, claimed)
    result = diagnose_into(subject, claimed, out, name=script or f"{path.name}'s own script", quiet=as_json)
    print_json(result, as_json)
