"""``natrium forcing``: how a neuron locks to a periodic input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import (
    FOLDER,
    InputOption,
    JsonFlag,
    ModelFile,
    number_option,
    print_json,
    read_input,
    read_model,
    read_range,
    read_values,
)


def forcing_command(
    model: ModelFile,
    sine: Annotated[
        str | None,
        typer.Option(
            help="A sine (mV, ms) on a constant input, in place of the file's own input.",
            metavar="AMPLITUDE:PERIOD",
        ),
    ] = None,
    I: InputOption = None,
    along: Annotated[
        str | None,
        typer.Option(
            help="The parameter and its range: period=10:40, amplitude=0:5, g_Na=50:150; by default half to "
            "twice the input's period.",
            metavar="NAME=LOW:HIGH",
        ),
    ] = None,
    amplitudes: Annotated[
        str | None,
        typer.Option(help="Amplitudes (mV) at which tongues are followed.", metavar="LOW:HIGH:COUNT"),
    ] = None,
    points: Annotated[int, number_option(int, help="Values of the parameter.")] = 121,
    highest: Annotated[
        int, number_option(int, help="Most periods of a ratio whose plateau is followed.")
    ] = 4,
    period: Annotated[
        float | None, number_option(float, help="Of the file's input, ms, where it does not say.")
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("forcing"),
    as_json: JsonFlag = False,
) -> None:
    """Follow how a neuron locks to a periodic input: staircase, plateaus with exact ends, tongues."""
    from natrium.model import Constant, ModelError, Sine
    from natrium.reports import forcing_into

    read = read_model(model)
    if sine is None and I is not None:
        raise ModelError("--input goes with --sine, got it alone: the file's own input is what repeats")
    stimulus = None
    if sine is not None:
        height, _, length = sine.partition(":")
        try:
            numbers = float(height), float(length)
        except ValueError:
            numbers = 0.0, 0.0
        if not 0.0 < numbers[1] < float("inf"):
            raise ModelError(f"--sine must be AMPLITUDE:PERIOD, such as 3:20, got {sine!r}")
        base = read_input(read, I)
        level = read.largest_input() if base is None else base
        stimulus = [Constant(level), Sine(numbers[0], 1000.0 / numbers[1])]
    done = forcing_into(
        read,
        out,
        name=model.name,
        stimulus=stimulus,
        along=read_range(read, "--along", along) if along is not None else None,
        amplitudes=read_values(amplitudes) if amplitudes is not None else (),
        points=points,
        highest=highest,
        period=period,
        quiet=as_json,
    )
    print_json(done, as_json)
