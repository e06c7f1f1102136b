"""``natrium excitability``: what kind of neuron it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FOLDER, JsonFlag, ModelFile, print_json, read_model, read_values


def excitability_command(
    model: ModelFile,
    inputs: Annotated[
        str | None, typer.Option(help="Inputs of the f-I curve, mV.", metavar="LOW:HIGH:COUNT")
    ] = None,
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("excitability"),
    as_json: JsonFlag = False,
) -> None:
    """Say what kind of neuron this is: equilibria, rheobase, rate against input, least pulses."""
    from natrium.reports import excitability_into

    chosen = None if inputs is None else read_values(inputs)
    print_json(
        excitability_into(read_model(model), out, name=model.name, inputs=chosen, quiet=as_json), as_json
    )
