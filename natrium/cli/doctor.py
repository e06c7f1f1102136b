"""``natrium doctor``: what a script integrates, how, and why its spikes are where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from natrium.cli.common import FOLDER, EndOption, JsonFlag, StepOption, print_json, read_script


def doctor_command(
    target: Annotated[
        str,
        typer.Argument(
            help="Script or notebook, or FILE.py:NAME for a class or function of it; or a model file.",
            metavar="SCRIPT.py|MODEL.toml",
        ),
    ],
    script: Annotated[
        str | None,
        typer.Option(
            help="Script that claims to be the model: FILE.py, FILE.ipynb or FILE.py:NAME; its code is run. "
            "Or what one left: FILE.csv, times (ms) and V (mV).",
            metavar="FILE.py[:NAME]",
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model that a script claims to be.")] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the model that the script means.", metavar="MODEL.toml")
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("diagnosis"),
    dt: StepOption = None,
    t_end: EndOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what a script integrates, by which scheme, its faults by line, and what each rule costs.

    A script alone is run with numbers that remember where they came from, and its model is read off. With a
    model file it is held against that. A model file alone: the model's own script (sequential Euler with the
    file's dt, or 0.1 ms; less for spikes without reset that run away by it).
    """
    if not target.endswith(".toml") and script is None:
        target, script = str(model or ""), target
    claimed = read_script(Path(target), dt=dt, t_end=t_end, tried=script is None) if target else None
    from natrium.analysis.doctor import is_table

    if script is not None and not is_table(script):
        typer.echo(f"natrium: running the code in {script}, as asked", err=True)
    if script is None:
        result = _own(claimed, target, out, write, as_json)
    else:
        result = _read(script, claimed, out, write, as_json)
    print_json(result, as_json)


def _read(script: str, claimed: Any, out: Path, write: Path | None, quiet: bool) -> dict[str, Any]:
    """Trace a script and read it; where it cannot be traced, what it leaves is read as a recording."""
    from natrium.analysis.doctor import NothingMoves, Recording, is_table, load_subject, recording_of_csv
    from natrium.analysis.doctor import read_script as read_traced
    from natrium.model import ModelError, UnsupportedModel
    from natrium.reports import diagnose_into, read_into, unmoved_into

    if is_table(script):
        if claimed is None or write is not None:
            raise ModelError(
                f"a recording is held against a model and gives none, got {script} alone: natrium doctor "
                f"MODEL.toml --script {script}"
            )
        return diagnose_into(recording_of_csv(script), claimed, out, name=script, quiet=quiet)
    try:
        readings = read_traced(script, claimed)
    except NothingMoves as error:
        return unmoved_into(error.result, out, quiet=quiet)
    except UnsupportedModel as error:
        if claimed is None or write is not None or ".py:" in script or not script.endswith(".py"):
            raise
        try:
            left = load_subject(script)
        except ModelError:  # it leaves nothing to be read: why it was not traced is what is to be told
            raise error from None
        if not isinstance(left, Recording):
            raise
        typer.echo(f"natrium: {error}; what {script} leaves is read as a recording", err=True)
        return diagnose_into(left, claimed, out, name=script, fallback=str(error), quiet=quiet)
    return read_into(readings, out, model_file=write, quiet=quiet)


def _own(claimed: Any, target: str, out: Path, write: Path | None, quiet: bool) -> dict[str, Any]:
    """Diagnose a model's own script."""
    from natrium.model import ModelError
    from natrium.reports import diagnose_into

    if write is not None:
        raise ModelError("--write is for the model that a script means, got no script; give SCRIPT.py")
    return diagnose_into(None, claimed, out, name=f"{Path(target).name}'s own script", quiet=quiet)
