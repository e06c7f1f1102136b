"""``natrium parameters``: every number of a model file that can be varied, by its name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from natrium.cli.common import JsonFlag, ModelFile, print_json, read_model

if TYPE_CHECKING:
    from natrium.model import Parameter
    from natrium.model.leak import InputUnit

FACTS = 7  # of each parameter


def parameters_command(model: ModelFile, as_json: JsonFlag = False) -> None:
    """List the names by which a model's numbers are swept, fitted and differentiated by."""
    from natrium.model import ModelError, resolve
    from natrium.model.leak import input_unit
    from natrium.model.parameters import full_names

    read = read_model(model)
    told = input_unit(read.neuron)
    known = resolve(read.neuron, read.stimulus)
    rows = {name: _row(one, told) for name, one in known.items()}
    if as_json:
        print_json(rows, as_json)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Parameters of {model.name}")
    for heading in ("name", "value", "unit", "bounds", "meaning"):
        table.add_column(heading)
    for name, row in rows.items():
        also = f" ({told.show(row['value'])})" if len(row) > FACTS else ""
        table.add_row(name, f"{row['value']:.15g}", row["unit"], _bounds(row), row["meaning"] + also)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    try:
        typer.echo(f"I is short for {full_names(known, 'I')['I']}, the one amplitude of the input.")
    except ModelError:  # there is none, or there are several
        return


def _row(one: Parameter, told: InputUnit) -> dict[str, Any]:
    """Give a parameter's facts as plain data, an input also as it is told; None where there is no bound."""
    also = told.beside("value", one.value) if one.part is not None and one.unit == "mV" else {}
    own = bool(also) and told.per_mV == 1.0  # equations of one's own take it as it is
    low, high, low_excluded = one.bounds
    return {
        "value": one.value,
        "unit": told.name if own else one.unit,
        "low": low,
        "low_excluded": low_excluded,
        "high": high,
        "meaning": one.rule.meaning,
        "differentiable": one.smooth,
    } | ({} if own else also)


def _bounds(row: dict[str, Any]) -> str:
    low, high = row["low"], row["high"]
    if high is not None:
        return f"{'' if low is None else f'{low:g} to '}{high:g}"
    return "" if low is None else f"{'>' if row['low_excluded'] else '>='} {low:g}"
