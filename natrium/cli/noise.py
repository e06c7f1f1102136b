"""``natrium noise``: rate and regularity under noise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import (
    DEFAULT_DT,
    FOLDER,
    JsonFlag,
    ModelFile,
    number_option,
    print_json,
    read_model,
    read_values,
)


def noise_command(
    model: ModelFile,
    means: Annotated[str, typer.Option(help="Mean inputs, mV.", metavar="LOW:HIGH:COUNT")],
    intensity: Annotated[
        float | None,
        number_option(float, help="Of the noise, mV ms^(1/2); by default the noise is the file's own."),
    ] = None,
    tau: Annotated[float, number_option(float, help="Its correlation time, ms; 0 is white noise.")] = 0.0,
    step: Annotated[
        float | None,
        number_option(
            float, help="For which the runs hold each sample, ms; by default 0.1, of the model's scale."
        ),
    ] = None,
    runs: Annotated[int, number_option(int, help="Of each mean, beside the equation.")] = 0,
    t_end: Annotated[
        float | None, number_option(float, help="Of a run, ms; by default 1000, of the model's scale.")
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("noise"),
    as_json: JsonFlag = False,
) -> None:
    """Give rate and CV under noise against its mean, by the Fokker-Planck equation, with runs beside it."""
    from natrium.model import ModelError, Noise
    from natrium.model.scales import scales_of
    from natrium.reports import noise_into

    read = read_model(model)
    own = [part for part in read.stimulus.parts if isinstance(part, Noise)]
    if intensity is None and len(own) != 1:
        raise ModelError(f"give --intensity, or one noise in the file: it has {len(own)}")
    step = DEFAULT_DT * scales_of(read.neuron).time if step is None else step
    noise = own[0] if intensity is None else Noise(0.0, intensity=intensity, tau=tau, step=step, seed=0)
    done = noise_into(
        read,
        out,
        name=model.name,
        noise=noise,
        means=read_values(means),
        runs=runs,
        t_end=t_end,
        quiet=as_json,
    )
    print_json(done, as_json)
