"""``natrium excitability``: what kind of neuron it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FOLDER, JsonFlag, ModelFile, print_json, read_inputs, read_model


def excitability_command(
    model: ModelFile,
    inputs: Annotated[
        str | None,
        typer.Option(
            help="Inputs of the f-I curve, mV, or with units: '0 pA:500 pA:11'.", metavar="LOW:HIGH:COUNT"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("excitability"),
    as_json: JsonFlag = False,
) -> None:
    """Say what kind of neuron this is: equilibria, rheobase, rate against input, least pulses."""
    from natrium.reports import excitability_into

    read = read_model(model)
    chosen = None if inputs is None else read_inputs(read, inputs)
    print_json(excitability_into(read, out, name=model.name, inputs=chosen, quiet=as_json), as_json)
