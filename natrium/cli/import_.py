"""``natrium import``: a file of another simulator as a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from natrium.cli.common import JsonFlag, number_option, print_json


def import_command(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="NEURON's .mod, NeuroML's .channel.nml or XPP's .ode: nothing of it is run.", metavar="FILE"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Model file to write; by default it is printed.", metavar="MODEL.toml"
        ),
    ] = None,
    celsius: Annotated[
        float | None, number_option(float, help="Temperature, degrees Celsius; by default the file's own.")
    ] = None,
    current: Annotated[
        str | None,
        typer.Option(help="Which of several currents: ina, or ina,ik, or all; or channels.", metavar="NAME"),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            help="Import every .mod file below this folder and hold each against NEURON, which compiles "
            "and runs "
            "them.",
            metavar="FOLDER",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Read a channel or a model of another simulator; say what was read and what was assumed."""
    from natrium.model import ModelError

    if (file is None) == (check is None):
        raise ModelError(
            "import takes a FILE or --check FOLDER, got " + ("neither" if file is None else "both")
        )
    if check is not None:
        if not (out is None and celsius is None and current is None):
            raise ModelError(
                "--check FOLDER takes no other option but --json: it goes by each file's own numbers"
            )
        _check(check, as_json)
        return
    assert file is not None
    _import(file, out, celsius, current, as_json)


def _import(file: Path, out: Path | None, celsius: float | None, current: str | None, as_json: bool) -> None:
    """Import one file."""
    from natrium.imports import import_model
    from natrium.model import ModelError
    from natrium.model.files.writing import write_whole

    if out is not None and out.exists():
        raise ModelError(f"an import must not replace a file, got {out}: give another name, or remove it")
    imported = import_model(file, celsius=celsius, current=current)
    text = imported.text()
    if out is not None:
        write_whole(out, text)
    if as_json:
        print_json(imported.data(), as_json)
        return
    if out is None:
        typer.echo(text, nl=False)
    for line in imported.sentences():
        typer.echo(line, err=out is None)
    written = (
        f"{out}: natrium run {out}" if out else "-o MODEL.toml writes it; natrium run MODEL.toml runs it"
    )
    typer.echo(written, err=out is None)


def _check(folder: Path, as_json: bool) -> None:
    """Hold a folder against NEURON."""
    from natrium.imports.neuron_check.compare import check_folder

    typer.echo(f"natrium: NEURON compiles and runs the mechanisms in {folder}, as asked", err=True)
    checked = check_folder(folder, lambda line: typer.echo(line, err=True))
    if as_json:
        print_json(checked.data(), as_json)
        return
    width = max(len(one.file) for one in checked.files)
    heads = f"{'file':<{width}}  {'outcome':<12}  {'kind':<6}  steady   tau      current  spikes"
    typer.echo(f"{heads}  off by   known to  reason")
    for one in checked.files:
        errors = "  ".join(_error(value) for value in (one.steady, one.tau, one.current))
        count = "-" if one.spikes is None else str(one.spikes)
        fired = f"{count:<6}  {_error(one.spike)}  {_error(one.trust)} "
        typer.echo(
            f"{one.file:<{width}}  {one.outcome:<12}  {one.kind:<6}  {errors}  {fired}  {one.reason}".rstrip()
        )
    for line in checked.sentences():
        typer.echo(line)


def _error(value: Any) -> str:
    return "-      " if value is None else f"{value:<7.1e}"
