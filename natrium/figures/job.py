"""The main job: run the reproduction, draw it, write tables and report."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from natrium.analysis import Reproduction, reproduce
from natrium.figures.notebook import plot_budget, plot_comparison, plot_ladder, plot_script
from natrium.figures.report import report_html
from natrium.figures.style import save_figure
from natrium.model import ModelError, write_whole

__all__ = ["reproduce_into"]


def reproduce_into(out: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Replay the notebook, compare it with the truth, and write all of it into a folder.

    Parameters
    ----------
    out : Path
        Made if it is not there.
    quiet : bool
        Print nothing.

    Returns
    -------
    dict
        The results as plain data, as ``results.json`` holds them.

    Raises
    ------
    ModelError
        When the folder cannot be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"cannot write into {out}: {error.strerror}; give another folder with --out"
        ) from error
    console = Console(quiet=quiet)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def tell(message: str) -> None:
            progress.update(task, description=message)
            if not console.is_terminal:
                console.print(message)

        done = reproduce(progress=tell)
        tell("drawing figures")
        figures = {item.name: _draw(item, out) for item in done}
        tell("writing tables and report")
        results = {"manifest": manifest(done), "scripts": {item.name: item.as_data() for item in done}}
        _write(out, done, figures, results)
    for item in done:
        _tell(console, item)
    report = out / "report.html"
    # A path is not to be broken over lines.
    console.print(
        f"\nReport: {report} (figures, tables and manifest beside it)", highlight=False, soft_wrap=True
    )
    return results


def manifest(done: Sequence[Reproduction]) -> dict[str, Any]:
    """Say what made the results: versions, settings, a hash of each model."""
    packages = ("natrium", "numpy", "scipy", "sympy", "matplotlib")
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "machine": platform.machine(),
        "runs": {
            item.name: {
                run: dict(trajectory.manifest) | {"rhs_evaluations": trajectory.rhs_evaluations}
                for run, trajectory in (("script", item.comparison.script), *item.comparison.truths.items())
            }
            for item in done
        },
    }


def _draw(item: Reproduction, out: Path) -> dict[str, Figure]:
    """Draw the figures of one script and write them as PNG and SVG."""
    heading = f"{item.title}: script and truth"
    figures = {
        "notebook": plot_script(item.comparison, item.title),
        "comparison": plot_comparison(item.comparison, heading),
    }
    if item.ladder:
        figures["ladder"] = plot_ladder(item.comparison, item.ladder, "Distance to the truth by step size")
    if item.budget:
        figures["budget"] = plot_budget(item.budget, "What the distance to the truth is made of")
    for kind, figure in figures.items():
        save_figure(figure, out, f"{item.name}_{kind}")
    return figures


def _write(
    out: Path, done: Sequence[Reproduction], figures: dict[str, dict[str, Figure]], results: dict[str, Any]
) -> None:
    spikes = [{"script": item.name} | row for item in done for row in item.comparison.table()]
    ladder = [
        {
            "script": item.name,
            "dt_ms": row.dt,
            "n_spikes": row.n_spikes,
            "held_steps": row.held_steps,
            "largest_difference_ms": row.largest,
        }
        for item in done
        for row in item.ladder
    ]
    write_whole(out / "spikes.csv", _csv(spikes))
    write_whole(out / "ladder.csv", _csv(ladder))
    budgets = [{"script": item.name} | row for item in done if item.budget for row in item.budget.table()]
    write_whole(out / "budget.csv", _csv(budgets))
    write_whole(out / "results.json", json.dumps(results, indent=1) + "\n")
    write_whole(out / "manifest.json", json.dumps(results["manifest"], indent=1) + "\n")
    for item in done:
        item.comparison.model.save(out / f"{item.name}.toml")
    drawn = {name: list(kinds) for name, kinds in figures.items()}
    write_whole(out / "report.html", report_html(done, drawn, out, results["manifest"]))


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _tell(console: Console, item: Reproduction) -> None:
    """Print what was found for one script."""
    console.print(f"\n[bold]{item.title}[/bold]", highlight=False)
    rows = item.comparison.table()
    if rows:
        table = Table()
        for heading in rows[0]:
            table.add_column(heading.replace("_ms", "").replace("_", " "), justify="right")
        for row in rows:
            table.add_row(*(_shown(value) for value in row.values()))
        console.print(table)
    for sentence in item.findings:
        console.print(f"• {sentence}", highlight=False, soft_wrap=not console.is_terminal)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.6f}"
