"""``natrium channels``: the catalogue with its sources."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import JsonFlag


def channels_command(
    out: Annotated[
        Path | None, typer.Option(help="Draw their curves, channels.png and channels.svg, into this folder.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the catalogue of channels with their sources; draw their steady states and time constants."""
    from natrium.model import CHANNELS, channel_to_dict

    drawn = []
    if out is not None:
        from natrium.figures.channels import plot_channels
        from natrium.figures.style import save_figure
        from natrium.reports.output import Output

        drawn = save_figure(plot_channels(CHANNELS), Output(out, quiet=True).folder, "channels")

    if as_json:
        listed = {
            name: channel_to_dict(channel) | {"source": channel.source} for name, channel in CHANNELS.items()
        }
        typer.echo(json.dumps(listed))
        return
    if drawn:
        typer.echo("\n".join(map(str, drawn)))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Channels: g relative to the leak, E in mV", show_lines=True)
    for heading in ("name", "g", "E", "gates", "rates (V in mV, per ms)", "source"):
        table.add_column(heading)
    for name, channel in CHANNELS.items():
        gates = ", ".join(f"{gate.name}^{gate.power}" for gate in channel.gates)
        rates = "\n".join(
            f"{kind}_{gate.name} = {rate}"
            for gate in channel.gates
            for kind in ("alpha", "beta", "inf", "tau")
            if (rate := getattr(gate, kind)) is not None
        )
        E = f"{channel.E:g}" if channel.E is not None else "ghk" if channel.ghk else "nernst"
        table.add_row(name, f"{channel.g:g}", E, gates, rates, channel.source)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
