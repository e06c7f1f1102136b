"""The command line: ``natrium VERB ...``, a file per verb.

Heavy imports stand inside the verbs, so that ``natrium --help`` answers at once.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable
from typing import Annotated

import typer

from natrium.cli.channels import channels_command
from natrium.cli.common import BAD_INPUT, with_messages
from natrium.cli.compare import compare_command
from natrium.cli.continuation import continue_command
from natrium.cli.cycle import cycle_command
from natrium.cli.doctor import doctor_command
from natrium.cli.excitability import excitability_command
from natrium.cli.explore import explore_command
from natrium.cli.export import export_command
from natrium.cli.fit import fit_command
from natrium.cli.forcing import forcing_command
from natrium.cli.import_ import import_command
from natrium.cli.new import new_command
from natrium.cli.noise import noise_command
from natrium.cli.parameters import parameters_command
from natrium.cli.phase_plane import phase_plane_command
from natrium.cli.plane_map import map_command
from natrium.cli.reproduce import reproduce_command
from natrium.cli.run import run_command
from natrium.cli.schema import schema_command
from natrium.cli.standard import standard_command
from natrium.cli.sweep import sweep_command

# How much is made between two looks for garbage, and how many of these make a look at what is older (700 and
# 10 are usual): what a verb loads lives until its end, and looking through it takes a twentieth of its time.
COLLECTIONS = (1_000_000, 20, 20)

VERBS: dict[str, Callable[..., None]] = {
    "new": new_command,
    "import": import_command,
    "run": run_command,
    "explore": explore_command,
    "export": export_command,
    "standard": standard_command,
    "reproduce": reproduce_command,
    "doctor": doctor_command,
    "compare": compare_command,
    "phase-plane": phase_plane_command,
    "excitability": excitability_command,
    "cycle": cycle_command,
    "continue": continue_command,
    "map": map_command,
    "forcing": forcing_command,
    "noise": noise_command,
    "fit": fit_command,
    "sweep": sweep_command,
    "parameters": parameters_command,
    "schema": schema_command,
    "channels": channels_command,
}
"""All verbs by their names; a new one is a file beside this one and a line here."""

app = typer.Typer(
    name="natrium",
    help="Leaky integrate-and-fire neurons with sodium channels, solved to the digits asked for.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _verb in VERBS.items():
    app.command(_name)(with_messages(_verb))


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from natrium import __version__

        typer.echo(f"natrium {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:  # pragma: no cover - no_args_is_help comes first
        raise typer.Exit(BAD_INPUT)


def main() -> None:
    """Run the command line."""
    gc.set_threshold(*COLLECTIONS)
    atexit.register(gc.freeze)  # else Python looks through all of it at the end, a quarter of a short verb
    app(prog_name="natrium")
