"""``natrium standard``: the standard of spike times, and how far off a simulator is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from natrium.cli.common import JsonFlag, number_option, print_json

if TYPE_CHECKING:
    from natrium.export.standard import StandardRow, StandardTrain


def standard_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="What the models' names begin with; all by default.", metavar="[NAME]..."),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run", help="Run them: scipy, script, brian2, xpp, neuron, nest, neuroml.", metavar="TARGET"
        ),
    ] = None,
    dt: Annotated[float, number_option(float, help="Step of a target that has one, ms.")] = 0.01,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the models and their files for every target.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell the standard of spike times; run it in a simulator and say how far off that is."""
    from natrium.export.simulators import find_simulator
    from natrium.export.standard import ALIASES, StandardRun, choose_trains, run_standard
    from natrium.export.targets import target_of
    from natrium.model import ModelError
    from natrium.reports.plain import plain

    if not dt > 0.0:
        raise ModelError(f"--dt must be positive, got {dt!r} ms")
    trains = choose_trains(names or ())
    if out is not None:
        _write(trains, out, dt, as_json)
    if run is None:
        _tell(trains, as_json)
        return
    target = target_of(ALIASES.get(run, run))
    told = find_simulator(target.simulator).told if target.simulator else ""
    rows = []
    for row in run_standard(run, dt=dt, names=names or ()):
        rows.append(row)
        if not as_json:
            typer.echo(_line(row))
    result = StandardRun(target.name, told, dt, tuple(rows))
    print_json(plain(result.data()), as_json)
    for line in () if as_json else result.sentences():
        typer.echo(line)


def _line(row: StandardRow) -> str:
    start = f"{row.name:<34} {row.n_spikes:>3} spikes"
    if row.said:
        return f"{start}  {row.said}"
    return (
        f"{start}  missed {row.missed}  extra {row.extra}  largest error {row.largest:8.2g} ms  "
        f"order {row.order:5.2f}  {row.seconds:5.1f} s"
    )


def _tell(trains: tuple[StandardTrain, ...], as_json: bool) -> None:
    if as_json:
        each = {
            one.name: {
                "about": one.about, "spike_times": one.spike_times.tolist(), "engines": list(one.engines),
                "trust": one.trust, "model": one.text,
            }
            for one in trains
        }  # fmt: skip
        print_json({"natrium_standard": 1, "cases": each}, as_json)
        return
    for one in trains:
        typer.echo(
            f"{one.name:<34} {one.spike_times.size:>3} spikes  {len(one.engines)} engines, "
            f"{one.trust:g} ms apart  {one.about}"
        )


def _write(trains: tuple[StandardTrain, ...], out: Path, dt: float, quiet: bool) -> None:
    """Write each model, and its file for every target that can say it."""
    import re

    from natrium.export.targets import TARGETS
    from natrium.export.writing import export
    from natrium.model import ModelError, UnsupportedModel, write_whole

    count = 0
    for one in trains:
        folder = out / re.sub(r"\W+", "_", one.name).lower()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ModelError(f"cannot write into {folder}: {error.strerror}; give another folder") from None
        write_whole(folder / "model.toml", one.text)
        for target in TARGETS.values():
            try:
                written = export(one.model, target.name, dt=dt, name=one.name)
            except UnsupportedModel:
                continue
            written.save(folder / f"{target.name}{target.suffix}")
            count += 1
    if not quiet:
        typer.echo(f"written: {out} ({len(trains)} models, {count} files of other programs)")
