"""The comparison of a model file: run the study, draw it, write tables and report."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from natrium.analysis import Study, compare
from natrium.figures.accuracy import plot_convergence, plot_spike_errors, plot_work
from natrium.figures.comparison import plot_budget, plot_comparison
from natrium.model import Model
from natrium.reports.output import Output, versions, versions_told
from natrium.reports.page import Section, page
from natrium.reports.reproduce import CAPTIONS

_CAPTIONS = CAPTIONS | {
    "convergence": (
        "Errors against the step, with the observed order of each method and its uncertainty: the lowest "
        "line over all errors, since a step whose grid happens to lie well says nothing."
    ),
    "work": "What accuracy costs: each method at several settings, in calls and in time.",
    "spikes": "The error of each spike: it grows or settles along the train.",
}


def compare_into(model: Model, out: Path, *, name: str, quiet: bool = False) -> dict[str, Any]:
    """Compare a model's script and all methods with the truth, and write all of it into a folder.

    Parameters
    ----------
    model : Model
        With `dt` and `t_end` in its simulation.
    out : Path
        Made if it is not there.
    name : str
        What the model is called in titles.
    quiet : bool
        Print nothing.

    Returns
    -------
    dict
        The results as plain data, as ``results.json`` holds them. Its ``interrupted`` tells whether the
        study was ended by Ctrl-C; what was done until then is written.

    Raises
    ------
    ModelError
        When the model has no step or end, or the folder cannot be written to.
    SolverError
        When a run cannot be carried through.
    """
    output = Output(out, quiet=quiet)
    with output.progress() as tell:
        done = compare(model, progress=tell)
        tell("drawing figures")
        figures = _figures(done, name)
        output.figures(figures)
        tell("writing tables and report")
        results = _write(output, done)
    output.say(f"{name}: script and truth", done.comparison.table(), done.findings)
    if done.interrupted:
        output.console.print("Interrupted: what was done until then is kept.")
    output.report(_report(done, figures, name, out))
    return results


def _figures(done: Study, name: str) -> dict[str, Figure]:
    figures = {"comparison": plot_comparison(done.comparison, f"{name}: script and truth")}
    if done.budget:
        figures["budget"] = plot_budget(done.budget, "What the distance to the truth is made of")
    if any(item.steps.size for item in done.convergences):
        figures["convergence"] = plot_convergence(done.convergences, "Errors against the step")
    if done.work:
        figures["work"] = plot_work(done.work, "Work and precision")
    if done.truth.spike_times.size and done.convergences:
        figures["spikes"] = plot_spike_errors(done, "Error of each spike")
    return figures


def _convergence_rows(done: Study) -> list[dict[str, Any]]:
    return [row for item in done.convergences for row in item.table()]


def _write(output: Output, done: Study) -> dict[str, Any]:
    results = {"manifest": {"versions": versions(), "truth": dict(done.truth.trajectory.manifest)}}
    results |= done.as_data()
    output.table("spikes.csv", done.comparison.table())
    output.table("budget.csv", done.budget.table() if done.budget else [])
    output.table("convergence.csv", _convergence_rows(done))
    output.table("work_precision.csv", [row.as_row() for row in done.work])
    output.data("results.json", results)
    return results


def _report(done: Study, figures: dict[str, Figure], name: str, folder: Path) -> str:
    section = Section(
        title="What was found" + (" before it was interrupted" if done.interrupted else ""),
        sentences=done.findings,
        figures={kind: _CAPTIONS[kind] for kind in figures},
        tables={
            "Spikes of the script and of the model, ms": done.comparison.table(),
            "The distance of each spike, cause by cause, ms": done.budget.table() if done.budget else [],
            "Each method at many steps": _convergence_rows(done),
            "Each method at several settings": [row.as_row() for row in done.work],
        },
    )
    intro = (
        f"<p>The model in <code>{escape(name)}</code> was run as a script would run it (sequential Euler, "
        f"dt&nbsp;=&nbsp;{done.comparison.dt:g}&nbsp;ms), by every other method there is, and truly, with an "
        "error bar on every spike.</p>"
    )
    return page(
        f"{name} and the truth", intro, [section], f"<footer>{escape(versions_told())}.</footer>", folder
    )
