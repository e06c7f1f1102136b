"""``natrium reproduce``: the notebook's scripts beside the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from natrium.cli.common import FAILED_RUN, FOLDER, JsonFlag, print_json


def reproduce_command(
    out: Annotated[Path, typer.Option(help=FOLDER)] = Path("reproduction"),
    papers: Annotated[
        bool, typer.Option("--papers", help="Reproduce published results as well (a minute more).")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Replay the notebook's three scripts, solve them truly, and show the difference."""
    from natrium.reports import reproduce_into

    result = reproduce_into(out, quiet=as_json, with_papers=papers)
    print_json(result, as_json)
    if not all(claim["holds"] for claim in result.get("papers", {}).get("claims", [])):
        typer.echo("natrium: a published result was not reached; see the rows that do not hold", err=True)
        raise typer.Exit(FAILED_RUN)
